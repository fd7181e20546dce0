"""A corpus made ready for training: tokenizer, vocabulary, and every split as ids. Strings become ids here only."""

from typing import NamedTuple

from seqgan.data.batches import Sequences, automatic_max_length, encode_sentences
from seqgan.data.corpus import Corpus
from seqgan.data.tokenizers import Numbers, SentencePiece, Tokenizer, Words
from seqgan.data.vocabulary import Vocabulary, build_ids, build_vocabulary
from seqgan.errors import CorpusError


class Text(NamedTuple):
    """What the trainers read."""

    corpus: Corpus
    """The sentences themselves."""
    tokenizer: Tokenizer
    """Sentences to tokens and back."""
    vocabulary: Vocabulary
    """Tokens to ids and back."""
    max_length: int
    """T, most tokens of a sentence, its end symbol included."""
    train: Sequences
    """Ids of the training sentences."""
    valid: Sequences
    """Ids of the held-out sentences that decide when to stop."""
    notes: list[str]
    """What the user should know of how the text was read."""
    source_tokenizer: Tokenizer | None = None
    source_vocabulary: Vocabulary | None = None
    max_source_length: int = 0


def encode_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer | None = None,
    vocabulary: Vocabulary | None = None,
    *,
    min_count: int = 1,
    max_vocabulary: int = 0,
    max_length: int = 0,
    too_long: str = "cut",
) -> Text:
    """Tokenize a corpus, build the vocabulary from its training sentences, and encode its splits.

    Args:
        corpus: from `load_corpus`.
        tokenizer: by default, words.
        vocabulary: an existing one, where a run goes on; None builds one.
        min_count: rarer tokens become the unknown symbol.
        max_vocabulary: at most this many tokens, the most frequent; 0 keeps all.
        max_length: T; 0 takes the longest training sentence, at most 256.
        too_long: "cut" or "drop" longer sentences.

    Raises:
        CorpusError: nothing can be learnt from this text, and why.
    """
    tokenizer = tokenizer or Words()
    train = [tokenizer.tokenize(line) for line in corpus.train]
    valid = [tokenizer.tokenize(line) for line in corpus.valid]
    if vocabulary is None and isinstance(tokenizer, SentencePiece):
        # All pieces, also those that the training text shows only inside longer ones.
        vocabulary = Vocabulary(tokenizer.pieces())
    elif vocabulary is None and isinstance(tokenizer, Numbers):
        vocabulary = build_ids(train, max_vocabulary or None)
    elif vocabulary is None:
        vocabulary = build_vocabulary(train, min_count=min_count, max_size=max_vocabulary or None)
    if vocabulary.end is None:
        max_length = _common_length(train, valid, max_length)
    max_length = max_length or automatic_max_length(train)
    train_ids, train_long = encode_sentences(train, vocabulary, max_length, too_long)
    valid_ids, valid_long = encode_sentences(valid, vocabulary, max_length, too_long)

    notes = list(corpus.notes)
    verb = "dropped" if too_long == "drop" else "cut"
    for name, long, all_sentences in (("training", train_long, train), ("held-out", valid_long, valid)):
        if long:
            notes.append(f"{long:,} of {len(all_sentences):,} {name} sentences exceed {max_length} tokens: {verb}.")
    unknown = 0 if vocabulary.unknown is None else int((valid_ids.tokens == vocabulary.unknown).sum())
    if unknown:
        notes.append(
            f"{unknown:,} of {int(valid_ids.mask.sum()):,} held-out tokens are not in the vocabulary; they are left "
            "out of likelihoods."
        )
    return Text(corpus, tokenizer, vocabulary, max_length, train_ids, valid_ids, notes)


def _common_length(train: list[list[str]], valid: list[list[str]], limit: int) -> int:
    """The one length of sequences that have no end symbol, or the limit to which all are cut.

    Raises:
        CorpusError: held-out sequences have another length.
    """
    length = len(train[0])
    for number, tokens in enumerate(valid, start=1):
        if len(tokens) != length:
            raise CorpusError(
                f"Held-out sequence {number} has {len(tokens)} ids and the training sequences have {length}: ids have "
                "no end symbol, so that all sequences need one length. Use --tokenizer words for others."
            )
    return min(length, limit or length)
