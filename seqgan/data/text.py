"""A corpus made ready for training: tokenizer, vocabulary, and every split as ids. Strings become ids here only.

Sources have a tokenizer and a vocabulary of their own, or share those of their sentences.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from seqgan.data.batches import (
    automatic_max_length,
    automatic_source_length,
    encode_pairs,
    encode_sentences,
)
from seqgan.data.corpus import Corpus
from seqgan.data.folders import SPLIT_NAMES, split_files_of
from seqgan.data.lines import raw_lines
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.pairs import TURN_SEPARATOR
from seqgan.data.sequences import AnySequences, Sequences
from seqgan.data.source_cut import SourceCut, decided, fit_sources
from seqgan.data.spaces import unspaced_note
from seqgan.data.token_ids import Vocabulary, fingerprint_of
from seqgan.data.tokenizers import Numbers, Tokenizer, Words, vocabulary_within
from seqgan.data.unseen import unseen_ids
from seqgan.data.vocabulary import build_ids, build_vocabulary
from seqgan.errors import ConfigError, CorpusError


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
    train: AnySequences
    """Ids of the training sentences, in memory or on the disk."""
    valid: Sequences
    """Ids of the held-out sentences that decide when to stop."""
    notes: list[str]
    """What the user should know of how the text was read."""
    source_tokenizer: Tokenizer | None = None
    """Sources to tokens; None without sources."""
    source_vocabulary: Vocabulary | None = None
    """Tokens of sources to ids: `vocabulary` itself where it is shared, None without sources."""
    max_source_length: int = 0
    """L, most tokens of a source; 0 without sources."""
    source_cut: SourceCut = SourceCut()
    """What longer sources lose."""

    @property
    def symbols(self) -> tuple[Tokenizer, Vocabulary, Tokenizer | None, Vocabulary | None]:
        """Tokenizer and vocabulary of the sentences, and of the sources: what a run is made with."""
        return self.tokenizer, self.vocabulary, self.source_tokenizer, self.source_vocabulary

    @property
    def vocabulary_fingerprint(self) -> str:
        """Of the vocabularies that weights belong to."""
        return fingerprint_of(self.vocabulary, self.source_vocabulary)


def encode_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer | None = None,
    vocabulary: Vocabulary | None = None,
    *,
    min_count: int = 1,
    max_vocabulary: int = 0,
    max_length: int = 0,
    too_long: str = "cut",
    source_tokenizer: Tokenizer | None = None,
    source_vocabulary: Vocabulary | None = None,
    shared_vocabulary: bool = False,
    max_source_length: int = 0,
    source_cut: str = "auto",
    turn_separator: str = TURN_SEPARATOR,
) -> Text:
    """Tokenize a corpus, build the vocabulary from its training sentences, and encode its splits.

    Args:
        corpus: from `load_corpus`.
        tokenizer: by default, words.
        vocabulary: an existing one, where a run goes on; None builds one.
        min_count: rarer tokens become the unknown symbol.
        max_vocabulary: at most this many tokens, the most frequent; 0 keeps all. Of each vocabulary, if there are two.
        max_length: T; 0 takes the longest training sentence, at most 256.
        too_long: "cut" or "drop" longer sentences, with their sources.
        source_tokenizer: of sources; by default `tokenizer`.
        source_vocabulary: an existing one of sources; None builds one.
        shared_vocabulary: one tokenizer and one vocabulary, of the tokens of both sides, for sources and sentences.
        max_source_length: L; 0 takes the longest training source, at most 256. Longer ones are cut.
        source_cut: what those lose that have no turns, one of `source_cut.ENDS`; those with turns lose the oldest.
        turn_separator: the token between turns.

    Raises:
        CorpusError: nothing can be learnt from this text, and why; or it has sources, and ids were asked for.
        ConfigError: settings of sources for a text that has none.
    """
    tokenizer = tokenizer or Words()
    max_size = max_vocabulary or None
    train = [tokenizer.tokenize(line) for line in corpus.train]
    valid = [tokenizer.tokenize(line) for line in corpus.valid]
    train_sources, valid_sources = list[list[str]](), list[list[str]]()
    if corpus.sources is None:
        refuse_source_settings(corpus, source_tokenizer is not None, shared_vocabulary, max_source_length, source_cut)
    else:
        source_tokenizer = tokenizer if shared_vocabulary else source_tokenizer or tokenizer
        refuse_ids(corpus, tokenizer.name, source_tokenizer.name)
        train_sources = [source_tokenizer.tokenize(line) for line in corpus.sources.train]
        valid_sources = [source_tokenizer.tokenize(line) for line in corpus.sources.valid]
    is_new = vocabulary is None
    if vocabulary is None:
        vocabulary = _vocabulary(
            tokenizer,
            [*train_sources, *train] if shared_vocabulary else train,
            min_count,
            max_size,
            lambda number: place_of(corpus, "train", number),
        )
    if vocabulary.end is None:
        max_length = _common_length(corpus, vocabulary, train, valid, max_length)
    max_length = max_length or automatic_max_length(train)
    notes = list(corpus.notes)
    if is_new:
        notes += unspaced_note(tokenizer.name, corpus.train, () if corpus.sources is None else corpus.sources.train)
    cut = SourceCut()
    if corpus.sources is None or source_tokenizer is None:
        train_ids, train_long = encode_sentences(train, vocabulary, max_length, too_long)
        valid_ids, valid_long = encode_sentences(valid, vocabulary, max_length, too_long)
    else:
        if shared_vocabulary:
            source_vocabulary = vocabulary
        elif source_vocabulary is None:
            source_vocabulary = _source_vocabulary(source_tokenizer, train_sources, min_count, max_size)
        max_source_length = max_source_length or automatic_source_length(train_sources)
        cut = SourceCut(decided(source_cut, corpus.sources.train, turn_separator), turn_separator)
        fit = (source_tokenizer, max_source_length, cut)
        train_sources, train_lost = fit_sources(corpus.sources.train, *fit, train_sources)
        valid_sources, valid_lost = fit_sources(corpus.sources.valid, *fit, valid_sources)
        how = (source_vocabulary, vocabulary, max_source_length, max_length, too_long)
        train_ids, train_long, _ = encode_pairs(train_sources, train, *how)
        valid_ids, valid_long, _ = encode_pairs(valid_sources, valid, *how)
        notes += train_lost.note(len(train_sources), "training sources", max_source_length)
        notes += valid_lost.note(len(valid_sources), "held-out sources", max_source_length)

    if is_new:
        vocabulary.unseen = unseen_ids(train_ids, len(vocabulary), vocabulary.end)
    notes += changed_note(tokenizer, valid, corpus.valid)
    verb = "dropped" if too_long == "drop" else "cut"
    for name, long, all_sentences in (("training", train_long, train), ("held-out", valid_long, valid)):
        if long:
            notes.append(f"{long:,} of {len(all_sentences):,} {name} sentences exceed {max_length} tokens: {verb}.")
    notes += unknown_note(valid_ids, vocabulary)
    if valid_ids.condition is not None and source_vocabulary is not None:
        unknown, total = _unknown(*valid_ids.condition, source_vocabulary)
        if unknown:
            notes.append(f"{unknown:,} of {total:,} tokens of held-out sources are not in the vocabulary.")
    return Text(
        corpus,
        tokenizer,
        vocabulary,
        max_length,
        train_ids,
        valid_ids,
        notes,
        source_tokenizer,
        source_vocabulary,
        max_source_length,
        cut,
    )


def refuse_source_settings(
    corpus: Corpus,
    source_tokenizer: bool,
    shared_vocabulary: bool,
    max_source_length: int,
    source_cut: str = "auto",
) -> None:
    """That plain text is given no settings of sources.

    Raises:
        ConfigError: names the first of them.
    """
    settings = {
        "source_tokenizer": source_tokenizer,
        "shared_vocabulary": shared_vocabulary,
        "max_source_length": max_source_length,
        "source_cut": source_cut in ("beginning", "end"),
    }
    for name, given in settings.items():
        if given:
            raise ConfigError(
                f"data.{name} is of sources, and {corpus.name} is plain text: leave it out, or give sentence pairs."
            )


def refuse_ids(corpus: Corpus, *tokenizers: str) -> None:
    """That the sides of pairs are text.

    Raises:
        CorpusError: one of the tokenizers is that of ids, which have one length and no end.
    """
    if corpus.sources is not None and Numbers.name in tokenizers:
        raise CorpusError(
            f"{corpus.name} has sources, and the tokenizer ids is for plain sequences of one length: use --tokenizer "
            "words, to which numbers are words as well."
        )


def _vocabulary(
    tokenizer: Tokenizer,
    sentences: Sequence[Sequence[str]],
    min_count: int,
    max_size: int | None,
    place: Callable[[int], str] = "Training sequence {}".format,
) -> Vocabulary:
    within = vocabulary_within(tokenizer)
    if within is not None:
        return within
    if isinstance(tokenizer, Numbers):
        return build_ids(sentences, max_size, place)
    return build_vocabulary(sentences, min_count=min_count, max_size=max_size)


def _source_vocabulary(
    tokenizer: Tokenizer, sources: Sequence[Sequence[str]], min_count: int, max_size: int | None
) -> Vocabulary:
    try:
        return _vocabulary(tokenizer, sources, min_count, max_size)
    except CorpusError as error:
        raise CorpusError(f"In the sources: {error}") from error


def changed_note(tokenizer: Tokenizer, tokens: Sequence[Sequence[str]], lines: Sequence[str]) -> list[str]:
    """What is said of held-out sentences that a pretrained model's tokenizer does not give back; nothing of others."""
    if not isinstance(tokenizer, ModelTokenizer):
        return []
    changed = sum(tokenizer.detokenize(each) != line for each, line in zip(tokens, lines, strict=True))
    if not changed:
        return []
    return [
        f"{changed:,} of {len(lines):,} held-out sentences do not come back as they were from this tokenizer; "
        "samples are compared with them as they are."
    ]


def unknown_note(valid: Sequences, vocabulary: Vocabulary) -> list[str]:
    """What is said of held-out tokens that the vocabulary lacks; nothing where there are none.

    Raises:
        CorpusError: it lacks all.
    """
    unknown, total = _unknown(valid.tokens, valid.mask, vocabulary)
    if not unknown:
        return []
    if unknown == total:
        raise CorpusError(
            f"None of the {total:,} held-out tokens is in the vocabulary of the training text: nothing could be judged "
            "on them. Give held-out sentences of the same kind with --valid, or leave it out."
        )
    return [f"{unknown:,} of {total:,} held-out tokens are not in the vocabulary; they are left out of likelihoods."]


def _unknown(tokens: Tensor, mask: Tensor, vocabulary: Vocabulary) -> tuple[int, int]:
    """How many tokens the vocabulary has not, and how many there are."""
    unknown = 0 if vocabulary.unknown is None else int((mask & (tokens == vocabulary.unknown)).sum())
    return unknown, int(mask.sum())


def place_of(corpus: Corpus, split: str, number: int) -> str:
    """Where a sentence stands: a file and the line in it, as far as it was read from one.

    Args:
        corpus: that has it.
        split: "train" or "valid".
        number: of the sentence there, from 1.
    """
    line = getattr(corpus, split)[number - 1]
    for origin in map(Path, corpus.origin):
        files = [origin]
        if origin.is_dir():
            files = [path for each in SPLIT_NAMES for path in split_files_of(origin, each, [])]
        for path in files:
            if path.is_file():
                lines = raw_lines(path, "")
                if line in lines:
                    return f"{path}, line {lines.index(line) + 1}"
    return f"{'Training' if split == 'train' else 'Held-out'} sequence {number}"


def _common_length(
    corpus: Corpus, vocabulary: Vocabulary, train: list[list[str]], valid: list[list[str]], limit: int
) -> int:
    """The one length of sequences that have no end symbol, or the limit to which all are cut.

    Raises:
        CorpusError: held-out sequences have another length, or something else than ids.
    """
    length = len(train[0])
    for number, tokens in enumerate(valid, start=1):
        try:
            vocabulary.encode(tokens)
        except CorpusError as error:
            raise CorpusError(f"{place_of(corpus, 'valid', number)}: {error}") from error
        if len(tokens) != length:
            raise CorpusError(
                f"{place_of(corpus, 'valid', number)} has {len(tokens)} ids and the training sequences have {length}: "
                "ids have no end symbol, so that all sequences need one length. Use --tokenizer words for others."
            )
    return min(length, limit or length)
