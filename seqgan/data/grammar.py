"""The embedded corpora: probabilistic grammars, seeded draws from them, and the exact probability of a sentence.

A corpus drawn from a grammar has a known distribution: whether a generated sentence is grammatical, and how probable
it is, are facts and not estimates. The grammars are text files in ``corpora/``, read by NLTK. Parsing is done here:
NLTK's probabilistic chart parsers need a tenth of a second for a caption and list parses one by one, where the
bottom-up sum of `Grammar.log_probability` needs a tenth of a millisecond.
"""

import math
import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate
from pathlib import Path
from typing import Any

from seqgan.errors import CorpusError, nearest

LONGEST = 30
"""Tokens in the longest sentence that is drawn."""
ATTEMPTS = 1_000
"""Draws in a row that may be too long, or known already, before the grammar is said to have no more sentences."""

_PACKAGE = Path(__file__).resolve().parent.parent


def _folder() -> Path:
    # A wheel carries the corpora inside the package; a source checkout has them beside it.
    packed = _PACKAGE / "corpora"
    return packed if packed.is_dir() else _PACKAGE.parent / "corpora"


def embedded_corpora() -> list[str]:
    """Names of the corpora that are drawn from a grammar, sorted; `seqgan.data.embedded` knows those of pairs too."""
    return sorted(path.stem for path in _folder().glob("*.pcfg"))


def load_grammar(name: str = "captions") -> "Grammar":
    """The grammar of an embedded corpus.

    Raises:
        CorpusError: no embedded corpus has this name.
    """
    known = embedded_corpora()
    if name not in known:
        listed = ", ".join(known) or f"none, {_folder()} has no .pcfg file"
        raise CorpusError(f"Unknown embedded corpus {name!r}.{nearest(name, known)} Known corpora: {listed}.")
    path = _folder() / f"{name}.pcfg"
    return Grammar(path.read_text(encoding="utf-8"), origin=str(path))


class Grammar:
    """A probabilistic context-free grammar over words.

    Attributes:
        text: as below.
        words: the words that sentences are made of, sorted.
        longest: tokens in the longest sentence that `draw` returns.

    Args:
        text: the grammar in NLTK's PCFG format; its first left-hand side is the start symbol. Probabilities are
            divided by their sum per left-hand side, which NLTK lets miss 1 by 0.01.
        longest: as above.
        origin: what error messages call the grammar.

    Raises:
        CorpusError: the text is not such a grammar; a symbol has no production; a right-hand side is empty; or a
            symbol can become itself again, so that a sentence would have endlessly many parses.
    """

    def __init__(self, text: str, longest: int = LONGEST, origin: str = "grammar") -> None:
        from nltk.grammar import PCFG, is_terminal  # here, because importing NLTK takes half a second

        try:
            pcfg = PCFG.fromstring(text)
        except ValueError as error:
            found = " ".join(str(error).split())  # NLTK's message may have two lines
            raise CorpusError(f"{origin}: {found}. Expected lines like: NP -> 'a' Noun [0.6] | 'some' [0.4]") from error
        self.text = text
        self.longest = longest
        self._origin = origin
        # Words and nonterminals become numbers: NLTK's symbols hash slowly, and a word may be spelt like a nonterminal.
        number: dict[Any, int] = {}
        productions: dict[int, list[tuple[tuple[int, ...], float]]] = defaultdict(list)
        for rule in pcfg.productions():
            symbols = [number.setdefault(symbol, len(number)) for symbol in (rule.lhs(), *rule.rhs())]
            if len(symbols) == 1:
                raise CorpusError(f"{origin}: {rule.lhs()} has an empty right-hand side; give it at least one symbol.")
            if rule.prob() > 0:
                productions[symbols[0]].append((tuple(symbols[1:]), rule.prob()))
        missing = [str(s) for s, i in number.items() if not is_terminal(s) and i not in productions]
        if missing:
            raise CorpusError(f"{origin}: no production for {', '.join(missing)}. Quote words: '{missing[0]}'.")
        self.words = tuple(sorted(symbol for symbol in number if is_terminal(symbol)))
        self._number_of_word = {word: number[word] for word in self.words}
        self._start = number[pcfg.start()]
        self._prepare_draws(productions)
        self._prepare_sums(productions, count=len(number))

    def draw(self, rng: random.Random) -> list[str]:
        """One sentence, as tokens.

        A sentence of more than `longest` tokens is thrown away and another is drawn. A sentence that can be drawn
        is therefore drawn with its probability under the grammar divided by one constant, the probability that the
        grammar's sentences are not longer.

        Raises:
            CorpusError: hardly any sentence is short enough.
        """
        for _ in range(ATTEMPTS):
            sentence = self._expand(rng)
            if sentence is not None:
                return sentence
        raise CorpusError(
            f"{self._origin}: {ATTEMPTS:,} draws in a row had more than {self.longest} tokens. "
            "Make the recursive productions less probable, or allow longer sentences."
        )

    def parses(self, tokens: Sequence[str]) -> bool:
        """Whether the grammar has a parse of the whole sentence, of any length."""
        return self._log_sum(tokens) is not None

    def log_probability(self, tokens: Sequence[str]) -> float:
        """Natural logarithm of the sentence's probability under the grammar, summed over its parses.

        Minus infinity when there is no parse. Nothing is renormalised for the sentences that `draw` throws away.
        """
        log_sum = self._log_sum(tokens)
        return -math.inf if log_sum is None else log_sum

    def _prepare_draws(self, productions: Mapping[int, list[tuple[tuple[int, ...], float]]]) -> None:
        self._word_of_number = {number: word for word, number in self._number_of_word.items()}
        # Per nonterminal: cumulated probabilities, and right-hand sides backwards, as a stack wants them.
        self._choices = {
            left: (list(accumulate(p for _, p in rules)), [right[::-1] for right, _ in rules])
            for left, rules in productions.items()
        }

    def _expand(self, rng: random.Random) -> list[str] | None:
        stack, sentence = [self._start], list[str]()
        while stack:
            # Each symbol that waits becomes a token at least: this bounds the work, even where a grammar may not end.
            if len(sentence) + len(stack) > self.longest:
                return None
            symbol = stack.pop()
            if symbol in self._word_of_number:
                sentence.append(self._word_of_number[symbol])
            else:
                bounds, sides = self._choices[symbol]
                stack.extend(sides[bisect(bounds, rng.random() * bounds[-1], hi=len(bounds) - 1)])
        return sentence

    def _prepare_sums(self, productions: Mapping[int, list[tuple[tuple[int, ...], float]]], count: int) -> None:
        # Longer right-hand sides are joined from the left, two and two; the numbers from `count` on stand for their
        # beginnings, which productions share.
        beginnings: dict[tuple[int, int], int] = {}
        joins: dict[int, dict[int, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
        parents: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for left, rules in productions.items():
            total = sum(p for _, p in rules)
            for (first, *rest), p in rules:
                for symbol in rest[:-1]:
                    if (first, symbol) not in beginnings:
                        beginnings[first, symbol] = count + len(beginnings)
                        joins[first][symbol].append((beginnings[first, symbol], 0.0))
                    first = beginnings[first, symbol]
                if rest:
                    joins[first][rest[-1]].append((left, math.log(p / total)))
                else:
                    parents[first].append((left, p / total))
        self._joins = {first: dict(row) for first, row in joins.items()}
        # What a symbol can be alone, over any chain of productions with one symbol on the right: itself, its parents,
        # their parents, each with the summed probability of the chains.
        try:
            order = list(TopologicalSorter({s: [q for q, _ in above] for s, above in parents.items()}).static_order())
        except CycleError as error:
            raise CorpusError(
                f"{self._origin}: a symbol can become itself again by productions of one symbol."
            ) from error
        chains: dict[int, dict[int, float]] = {}
        for symbol in order:  # parents first
            chains[symbol] = reach = {symbol: 1.0}
            for parent, p in parents.get(symbol, ()):
                for ancestor, q in chains[parent].items():
                    reach[ancestor] = reach.get(ancestor, 0.0) + p * q
        self._ancestors = {s: [(a, math.log(q)) for a, q in reach.items()] for s, reach in chains.items()}

    def _log_sum(self, tokens: Sequence[str]) -> float | None:
        """The inside algorithm; None when there is no parse, which a probability of 0 could not tell from underflow.

        ``ending[k]`` lists the spans that end before token k, each with the log-probability of every symbol that
        covers it; spans that nothing covers are not there, so that ungrammatical text is done with quickly.
        Source: Baker 1979, "Trainable grammars for speech recognition"; here from left to right, with the chart sparse.
        """
        ending: list[list[tuple[int, dict[int, float]]]] = [[]]
        for end, token in enumerate(tokens, start=1):
            if token not in self._number_of_word:
                return None
            joined: list[dict[int, float]] = [{} for _ in range(end)]
            joined[-1][self._number_of_word[token]] = 0.0
            ending.append([])
            for start in reversed(range(end)):  # all that ends here and starts later has been joined into joined[start]
                if not joined[start]:
                    continue
                right: dict[int, float] = {}
                for symbol, p in joined[start].items():
                    for ancestor, q in self._ancestors.get(symbol, ((symbol, 0.0),)):
                        _log_add(right, ancestor, p + q)
                ending[end].append((start, right))
                for left_start, left in ending[start]:
                    for symbol, p in left.items():
                        row = self._joins.get(symbol, {})
                        for other in row.keys() & right.keys():
                            for result, q in row[other]:
                                _log_add(joined[left_start], result, p + right[other] + q)
        return next((span[self._start] for start, span in ending[-1] if start == 0 and self._start in span), None)


def _log_add(sums: dict[int, float], key: int, value: float) -> None:
    known = sums.get(key)
    if known is not None:
        value = max(known, value) + math.log1p(math.exp(-abs(known - value)))
    sums[key] = value


def draw_splits(grammar: Grammar, sizes: Mapping[str, int], seed: int) -> dict[str, list[list[str]]]:
    """Splits of a corpus: distinct sentences, none twice within a split or in two of them.

    Sentences are drawn until enough have been seen, repetitions are passed over, and the whole is shuffled and cut.
    So the splits are alike, and none is left with what the others had not taken. It differs from independent draws
    in that a probable sentence comes once where chance would repeat it; improbable ones keep their share among
    themselves.

    Args:
        sizes: sentences of each split, by the split's name.
        seed: the same seed and sizes give the same splits.

    Raises:
        CorpusError: a size is negative, or the grammar cannot give that many distinct sentences.
    """
    if min(sizes.values(), default=0) < 0:
        raise CorpusError(f"Split sizes {dict(sizes)} count sentences and cannot be negative.")
    rng = random.Random(seed)
    wanted = sum(sizes.values())
    distinct: dict[tuple[str, ...], None] = {}  # in the order of drawing, which a set would lose
    known_in_a_row = 0
    while len(distinct) < wanted:
        sentence = tuple(grammar.draw(rng))
        known_in_a_row = known_in_a_row + 1 if sentence in distinct else 0
        if known_in_a_row == ATTEMPTS:
            raise CorpusError(
                f"{len(distinct):,} distinct sentences drawn, but the splits need {wanted:,}, and {ATTEMPTS:,} draws "
                "in a row brought nothing new. Ask for smaller splits."
            )
        distinct[sentence] = None
    sentences = [list(sentence) for sentence in distinct]
    rng.shuffle(sentences)
    rest = iter(sentences)
    return {name: [next(rest) for _ in range(size)] for name, size in sizes.items()}
