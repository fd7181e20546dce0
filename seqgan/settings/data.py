"""The settings of a text: what is read, what is a token, what is held out."""

from typing import Annotated

import tyro

from seqgan.errors import ConfigError
from seqgan.settings.types import Count, Length, Positive, Section, Seed, Size


class DataConfig(Section, frozen=True, kw_only=True):
    """The text to learn."""

    corpus: Annotated[str, tyro.conf.arg(aliases=["--corpus"], metavar="NAME|FILE|FOLDER|hf:NAME")] = "captions"
    """An embedded corpus, a file with a sentence a line, a folder with train.*, valid.* and test.*, or a data set."""
    valid: Annotated[str | None, tyro.conf.arg(aliases=["--valid"], metavar="FILE")] = None
    """Held-out sentences; without it the corpus's own, or some that are split off from the training text."""
    source: Annotated[str | None, tyro.conf.arg(aliases=["--source"], metavar="FILE|EXT")] = None
    """What the sentences answer or translate: a file, beside a corpus that is one; or, for a folder of aligned files,
    the extension of the sources. A corpus whose name ends in .tsv holds source TAB target and needs none."""
    target: Annotated[str | None, tyro.conf.arg(aliases=["--target"], metavar="EXT")] = None
    """The extension of the sentences in such a folder, as in --source en --target de."""
    valid_source: Annotated[str | None, tyro.conf.arg(aliases=["--valid-source"], metavar="FILE")] = None
    """What the held-out sentences answer or translate, where valid is not itself of pairs."""
    set_configuration: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Of a data set hf:NAME that has several configurations, such as pairs of languages: which."""
    set_split: Annotated[str | None, tyro.conf.arg(metavar="SPLIT")] = None
    """The split of a data set that is the training text, a part of it included, as in train[:10%]; by default train."""
    set_revision: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A branch, tag or commit of a data set's repository."""
    set_folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The folder of a data set that has the data."""
    blank_sources: Annotated[str, tyro.conf.arg(metavar="refuse|keep")] = "refuse"
    """What happens to pairs whose source is blank: refused, or kept; a source that says nothing is then read as
    turn_separator alone."""
    tokenizer: Annotated[
        str, tyro.conf.arg(aliases=["--tokenizer"], metavar="words|characters|sentencepiece|ids|huggingface")
    ] = "words"
    """What a token is; ids are numbers with a space between them, all sequences of one length and without an end. With
    a generator huggingface, its own."""
    tokenizer_path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For the tokenizer huggingface: the folder with its tokenizer.json, and beside it the tokenizer_config.json that
    names what ends a text; by default the generator's."""
    own_tokenizers: Annotated[tuple[str, ...], tyro.conf.Suppress] = ()
    """Names of tokenizers that a program gave, where tokenizer or source_tokenizer is own; a note, from which nothing
    is imported."""
    min_count: Positive = 1
    """Rarer tokens become the unknown symbol."""
    max_vocabulary: Count = 0
    """Keep at most this many tokens, the most frequent ones; 0 keeps all. For ids: how many there are."""
    pieces: Size = 1000
    """Pieces that the sentencepiece tokenizer learns."""
    max_length: Length = 0
    """Most tokens a sentence may have, its end symbol included; 0 takes the longest training sentence, at most 256."""
    too_long: Annotated[str, tyro.conf.arg(metavar="cut|drop")] = "cut"
    """What happens to longer sentences: cut (they then have no end symbol), or dropped."""
    source_tokenizer: Annotated[str | None, tyro.conf.arg(metavar="words|characters|sentencepiece")] = None
    """What a token of a source is; by default as for sentences."""
    shared_vocabulary: bool = False
    """One tokenizer and one vocabulary for sources and sentences."""
    max_source_length: Length = 0
    """Most tokens a source may have; 0 takes the longest training source, at most 256. Longer ones lose their oldest
    turns or, if they have none, what source_cut says."""
    source_cut: Annotated[str, tyro.conf.arg(metavar="auto|beginning|end")] = "auto"
    """What a longer source without turns loses: its beginning, its end, or, auto, its beginning where other sources of
    the text have turns, else its end. A last turn that is too long alone loses its beginning."""
    turn_separator: str = "__eou__"
    """The token between the turns of a source."""
    turns: Count = 0
    """Keep the last turns of each source; 0 keeps all."""
    streaming: Annotated[str, tyro.conf.arg(metavar="auto|always|never")] = "auto"
    """Read plain text, and a data set's sentences, from the disk and not into memory: auto does so from 256 MiB of
    training text on."""
    cache: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """Where such a text is kept encoded; by default what SEQGAN_CACHE names, or ~/.cache/seqgan. No file says it."""
    workers: Count = 0
    """Processes that read and tokenize it; 0 for one per processor, at most 16."""
    split: Annotated[str, tyro.conf.Suppress] = "lines"
    """How some of the text is split off where nothing is held out: lines, drawn at random; distinct, sentences whose
    copies are then left out: that of runs made before."""
    split_seed: Seed = 0
    """Decides what is split off where nothing is held out; the same whatever the seed is, so that runs with several
    seeds are judged by one text."""
    fingerprint: Annotated[str, tyro.conf.Suppress] = ""
    """Of the text that was read, so that no later command reads another; filled in by pretrain."""
    begun_in: Annotated[str, tyro.conf.Suppress] = ""
    """The run's own folder when the files of its text were named, so that both may be moved together; filled in."""


def check_pairs(data: DataConfig) -> None:
    """That the settings of sources do not contradict each other; what is in the files is looked at when they are read.

    Raises:
        ConfigError: which do.
    """
    if data.target is not None and data.source is None:
        raise ConfigError(
            f"--target {data.target} is given without --source: aligned files need both extensions, as in --source en "
            "--target de."
        )
    if data.target is not None and data.source == data.target:
        raise ConfigError(f"--source and --target are both {data.source!r}: sources and targets are different files.")
    if data.valid_source is not None and data.valid is None:
        raise ConfigError(f"--valid-source {data.valid_source} has no targets: give --valid the file of them.")
    if data.shared_vocabulary and data.source_tokenizer not in (None, data.tokenizer):
        raise ConfigError(
            f"data.shared_vocabulary has one tokenizer for both sides, but data.tokenizer is {data.tokenizer!r} and "
            f"data.source_tokenizer is {data.source_tokenizer!r}: leave one of them out."
        )
    if data.source_tokenizer == "ids" or (data.tokenizer == "ids" and data.source is not None):
        raise ConfigError(
            "The tokenizer ids is for plain sequences of one length, without sources: use words, to which numbers are "
            "words as well."
        )
    if not data.turn_separator or data.turn_separator.split() != [data.turn_separator]:
        raise ConfigError(
            f"data.turn_separator is {data.turn_separator!r}, but it is a token between turns: give one without spaces."
        )
