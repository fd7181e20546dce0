"""A language model of counts: interpolated Kneser-Ney, for likelihoods that need no training.

The probability of a token after a context of k tokens is its discounted count there, plus what was discounted times
the probability after the context without its first token. Below the greatest order a count is the number of distinct
tokens that stand before the n-gram; below order 1 all symbols are equally likely.

NLTK's KneserNeyInterpolated has the same recursion, and walks through all n-grams of an order for each one that it
scores, which ten thousand sentences forbid. Trained by its own pipeline it has the same probabilities at order 2 alone:
above, it predicts what it pads with, too, the second start after the first, and its counts are others. Given only the
n-grams that end at a token or at the first end, it agrees at all orders.

Words that the vocabulary lacks are one symbol of the model. As a symbol it is frequent, so that a text of random
non-words would be rated above real text: a `Spelling` says how probable each is among the unknown words.
"""

from collections import Counter
from collections.abc import Container, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.ngrams import Ints, Tokens, check_order, check_sentences, look_up

END, UNKNOWN, SPECIALS = 0, 1, 2
"""Numbers of the two special symbols, and how many there are."""


class NgramModel(NamedTuple):
    """What `fit_ngram_model` learnt."""

    vocabulary: dict[Hashable, int]
    """A number for each known token, from 2 on."""
    order: int
    """Tokens of the longest n-gram."""
    contexts: list[tuple[Ints, Ints, Ints]]
    """For n-grams of order 1, 2, ...: keys of their contexts, ascending; the sum of counts after each, and how many
    distinct tokens follow."""
    ngrams: list[tuple[Ints, Ints]]
    """For orders 1, 2, ...: keys of the n-grams, ascending, and their counts."""
    discounts: list[float]
    """What is taken from each count, by order from 1."""

    @property
    def symbols(self) -> int:
        """Symbols that can come next: the known tokens, the end and the unknown symbol."""
        return len(self.vocabulary) + SPECIALS


def ngram_vocabulary(sentences: Sequence[Tokens], min_count: int = 2) -> dict[Hashable, int]:
    """Numbers for the tokens that stand at least `min_count` times in some sentences, in the order in which they come.

    Rarer ones are left to the unknown symbol, so that it has a probability of its own.
    """
    counts = Counter(token for sentence in sentences for token in sentence)
    known = [token for token, count in counts.items() if count >= min_count]
    return {token: number for number, token in enumerate(known, start=SPECIALS)}


def fit_ngram_model(
    sentences: Sequence[Tokens],
    vocabulary: dict[Hashable, int] | None = None,
    order: int = 5,
    discounts: Sequence[float] | None = None,
) -> NgramModel:
    """Count the n-grams of a text.

    Args:
        sentences: token lists.
        vocabulary: what `ngram_vocabulary` gave; by default that of these sentences.
        order: greatest order.
        discounts: for each order from 1; by default n1 / (n1 + 2 n2), where n1 and n2 n-grams of the order have the
            counts 1 and 2 (Ney, Essen and Kneser 1994), and 0.5 where none has the count 1.

    Raises:
        SeqganError: no sentences, strings in place of token lists, an order below 1, or discounts that are not one
            for each order between 0 and 1.

    Source: Kneser and Ney 1995; interpolated, Chen and Goodman 1999.
    """
    check_sentences(sentences)
    check_order(order)
    if discounts is not None and (len(discounts) != order or not all(0 <= discount <= 1 for discount in discounts)):
        raise SeqganError(f"The discounts are {list(discounts)}, but {order} numbers from 0 to 1 were expected.")
    vocabulary = ngram_vocabulary(sentences) if vocabulary is None else vocabulary
    padded, places, _ = _padded(sentences, vocabulary, order)
    symbols = len(vocabulary) + SPECIALS
    # An n-gram's number is its place among the distinct ones of its order; it is made of that of its last n-1 tokens.
    number, context = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
    ngrams: list[tuple[Ints, Ints]] = []
    context_keys: list[Ints] = []
    context_of: list[Ints] = []  # of each distinct n-gram
    for n in range(1, order + 1):
        keys = number * (symbols + 1) + padded[places - n + 1]
        table, first, next_number, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        if n > 1:
            # Each distinct n-gram is one distinct token before an (n-1)-gram.
            ngrams[-1] = (ngrams[-1][0], np.bincount(number[first], minlength=len(ngrams[-1][0])))
            context = context * (symbols + 1) + padded[places - n + 1]
        context_table, context = np.unique(context, return_inverse=True)
        context_keys.append(context_table)
        context_of.append(context[first])
        ngrams.append((table, counts))
        number = next_number
    contexts = []
    for keys_of_order, owner, (_, counts) in zip(context_keys, context_of, ngrams, strict=True):
        totals = np.bincount(owner, counts, len(keys_of_order)).astype(np.int64)
        contexts.append((keys_of_order, totals, np.bincount(owner, minlength=len(keys_of_order))))
    if discounts is None:
        discounts = [_discount(counts) for _, counts in ngrams]
    return NgramModel(vocabulary, order, contexts, ngrams, list(discounts))


def ngram_log_probs(model: NgramModel, sentences: Sequence[Tokens]) -> tuple[np.ndarray, Ints]:
    """Log-probability of each sentence with its end, in nats, and its tokens, the end counted.

    Unknown tokens are read and scored as the unknown symbol.

    Returns:
        [sentences], [sentences]

    Raises:
        SeqganError: no sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    padded, places, sentence = _padded(sentences, model.vocabulary, model.order)
    probability = np.full(len(places), 1 / model.symbols)
    number, context = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
    width = model.symbols + 1
    for n, ((context_keys, totals, followers), (keys, counts)) in enumerate(
        zip(model.contexts, model.ngrams, strict=True), start=1
    ):
        before = padded[places - n + 1]
        # What was not found at a lesser order is not found at this one: no key is below -1.
        number = look_up(keys, np.where(number >= 0, number * width + before, -2))
        if n > 1:
            context = look_up(context_keys, np.where(context >= 0, context * width + before, -2))
        known, seen = context >= 0, number >= 0
        discount = model.discounts[n - 1]
        count = np.where(seen, np.append(counts, 0)[number], 0)
        total = np.where(known, np.append(totals, 1)[context], 1)
        left_over = discount * np.append(followers, 0)[context]
        interpolated = (np.maximum(count - discount, 0.0) + left_over * probability) / total
        # After a context that was never seen, the shorter one decides.
        probability = np.where(known, interpolated, probability)
    with np.errstate(divide="ignore"):  # without a discount of order 1 a symbol that was not seen has no probability
        log_probs = np.log(probability)
    return np.bincount(sentence, log_probs, len(sentences)), np.bincount(sentence, minlength=len(sentences))


class Spelling(NamedTuple):
    """How unknown words are spelt: characters given those before them, learnt from the rare words of a text."""

    model: NgramModel
    """Of characters; a word's end is its end symbol."""
    known: frozenset[Hashable]
    """Words that are symbols of their own and are not spelt."""


SPELLING_ORDER = 3
"""Greatest order of the models of spelling."""


def fit_spelling(sentences: Sequence[Tokens], known: Container[Hashable]) -> Spelling:
    """Learn how the words of a text are spelt that a vocabulary lacks; all words, where it lacks none.

    Together with the unknown symbol's probability it makes one distribution over all words, known ones spelt once more
    among them and all characters that the text lacks being one, so that no word is cheaper for being unknown.

    Args:
        sentences: the text that the vocabulary is of.
        known: words that the vocabulary has.

    Raises:
        SeqganError: there is no word.
    """
    words = list(dict.fromkeys(token for tokens in sentences for token in tokens))
    rare = [str(word) for word in words if word not in known]
    letters = ngram_vocabulary(list(map(list, map(str, words))), min_count=1)
    spelt = [list(word) for word in rare] or [list(str(word)) for word in words]
    return Spelling(fit_ngram_model(spelt, letters, SPELLING_ORDER), frozenset(word for word in words if word in known))


def spelling_log_probs(spelling: Spelling, sentences: Sequence[Tokens]) -> np.ndarray:
    """Log-probability of how the unknown words of each sentence are spelt, in nats; 0 where it has none. [sentences]"""
    spelt: dict[Hashable, int] = {}
    places = [
        [spelt.setdefault(token, len(spelt)) for token in tokens if token not in spelling.known] for tokens in sentences
    ]
    if not spelt:
        return np.zeros(len(sentences))
    of_words = ngram_log_probs(spelling.model, [list(str(word)) for word in spelt])[0]
    return np.array([of_words[words].sum() for words in places])


def unknown_share(sentences: Sequence[Tokens], known: Container[Hashable]) -> float:
    """The share of a text's tokens that a vocabulary lacks; 0 where there are none."""
    tokens = [token not in known for sentence in sentences for token in sentence]
    return sum(tokens) / max(1, len(tokens))


def _discount(counts: Ints) -> float:
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return once / (once + 2 * twice) if once else 0.5


def _padded(sentences: Sequence[Tokens], vocabulary: dict[Hashable, int], order: int) -> tuple[Ints, Ints, Ints]:
    """Numbers of all symbols, with starts before and an end after each sentence; where what is predicted stands; and
    the sentence of each such place. [all symbols], [tokens and ends], [tokens and ends]
    """
    starts = [len(vocabulary) + SPECIALS] * (order - 1)
    numbers: list[int] = []
    for tokens in sentences:
        numbers += starts
        numbers += [vocabulary.get(token, UNKNOWN) for token in tokens]
        numbers.append(END)
    padded = np.array(numbers, np.int64)
    lengths = np.fromiter((len(tokens) + 1 for tokens in sentences), np.int64, len(sentences))
    sentence = np.repeat(np.arange(len(sentences)), lengths)
    return padded, np.arange(len(sentence)) + (sentence + 1) * (order - 1), sentence
