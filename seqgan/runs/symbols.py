"""Tokenizers and vocabularies of a folder: of a run, or of a model that left one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from seqgan.data.model_tokenizer import TOKENIZER_FILE, ModelTokenizer
from seqgan.data.tokenizers import (
    OWN,
    TOKENIZERS,
    Characters,
    Numbers,
    SentencePiece,
    Tokenizer,
    Words,
    is_own,
)
from seqgan.data.unseen import read_unseen, write_unseen
from seqgan.data.vocabulary import Vocabulary, read_vocabulary, write_vocabulary
from seqgan.errors import CheckpointError, ConfigError
from seqgan.files import read_file, write_file
from seqgan.settings.data import DataConfig

Symbols: TypeAlias = tuple[Tokenizer, Vocabulary, Tokenizer | None, Vocabulary | None]
"""Tokenizer and vocabulary of the sentences, and of their sources, which are None in plain text."""

JUDGE_TOKENIZER_FILE = "discriminator_tokenizer.json"
"""Of a discriminator that is a pretrained model, which reads texts."""


def write_symbols(folder: Path, symbols: Symbols, *, shared: bool) -> None:
    """Write vocabularies, what the training text has not of the sentences', and tokenizers that were learnt; those of
    sources only where they are not shared.

    Raises:
        CorpusError: a token cannot be written.
        RunError: the folder may not be written, or the disk is full.
    """
    tokenizer, vocabulary, source_tokenizer, source_vocabulary = symbols
    write_vocabulary(vocabulary, folder / "vocabulary.txt")
    if vocabulary.unseen is not None:
        write_unseen(vocabulary.unseen, folder)
    if isinstance(tokenizer, SentencePiece):
        write_file(folder / "tokenizer.model", tokenizer.model)
    if isinstance(tokenizer, ModelTokenizer):
        write_file(folder / TOKENIZER_FILE, tokenizer.text)
    if source_vocabulary is not None and not shared:
        write_vocabulary(source_vocabulary, folder / "source_vocabulary.txt")
    if isinstance(source_tokenizer, SentencePiece) and not shared:
        write_file(folder / "source_tokenizer.model", source_tokenizer.model)


def with_own_tokenizers(config: DataConfig, symbols: Symbols) -> DataConfig:
    """The settings with a note of tokenizers that are a program's own: of such a run no command makes them again.

    Raises:
        ConfigError: one is called like a tokenizer of this package, which it is not.
    """
    tokenizer, _, source_tokenizer, _ = symbols
    given = {"tokenizer": tokenizer, "source_tokenizer": source_tokenizer}
    own = {name: each for name, each in given.items() if each is not None and is_own(each)}
    for each in own.values():
        if each.name in (*TOKENIZERS, OWN):
            raise ConfigError(
                f"A tokenizer of your own is called {each.name!r}, as one of this package is: give it another name."
            )
    if not own:
        return config
    names = tuple(dict.fromkeys(each.name for each in own.values()))
    # Where sources are not said to be read otherwise, they would be taken to be read as their sentences are.
    kinds = {name: OWN if name in own else each.name for name, each in given.items() if each is not None}
    return msgspec.structs.replace(config, **kinds, own_tokenizers=names)


def read_symbols(
    folder: Path,
    config: DataConfig,
    settings: str,
    own: Sequence[Tokenizer] = (),
) -> Symbols:
    """Read what `write_symbols` wrote. A shared vocabulary is one object.

    Args:
        folder: where they are.
        config: says which there are: sources where `max_source_length` is not 0.
        settings: name of the file that it was read from, for messages.
        own: the tokenizers that are a program's own.

    Raises:
        ConfigError: no such tokenizer; or those of one's own are not those that the settings name.
        CheckpointError: a vocabulary or tokenizer is missing or damaged.
    """
    names = ", ".join(map(repr, config.own_tokenizers))
    if sorted(each.name for each in own) != sorted(config.own_tokenizers):
        raise ConfigError(
            f"{folder} was made with a tokenizer of one's own, called {names}, which is code and in no run: give it in "
            "Python, as in open_run(FOLDER, tokenizers=[...])."
            if names
            else f"{folder} has all its tokenizers, and none of one's own is needed: leave out tokenizers."
        )
    named = {each.name: each for each in own}
    tokenizer = _read_tokenizer(folder, "tokenizer", config.tokenizer, settings, named, config.own_tokenizers[:1])
    vocabulary = read_vocabulary(folder / "vocabulary.txt")
    vocabulary.unseen = read_unseen(folder, len(vocabulary), vocabulary.end)
    if not config.max_source_length:
        return tokenizer, vocabulary, None, None
    if config.shared_vocabulary:
        return tokenizer, vocabulary, tokenizer, vocabulary
    source_kind = config.source_tokenizer or config.tokenizer
    source_tokenizer = _read_tokenizer(
        folder, "source_tokenizer", source_kind, settings, named, config.own_tokenizers[-1:]
    )
    return tokenizer, vocabulary, source_tokenizer, read_vocabulary(folder / "source_vocabulary.txt")


def _read_tokenizer(
    folder: Path, name: str, kind: str, settings: str, own: Mapping[str, Tokenizer], called: Sequence[str]
) -> Tokenizer:
    """The tokenizer of that setting's name and value; of subwords, from the file NAME.model; or that of one's own."""
    if kind == OWN and called:
        return own[called[0]]
    if kind == "words":
        return Words()
    if kind == "characters":
        return Characters()
    if kind == "ids":
        return Numbers()
    if kind == "sentencepiece":
        path = folder / f"{name}.model"
        try:
            tokenizer = SentencePiece(read_file(path))
            if not tokenizer.pieces():
                raise RuntimeError("it has no pieces")
            return tokenizer
        except (OSError, RuntimeError, ValueError) as error:  # pieces that are no text, too
            raise CheckpointError(f"{path} cannot be read as a SentencePiece model: restore it from a copy.") from error
    if kind == "huggingface":
        return read_tokenizer_file(folder / TOKENIZER_FILE)
    raise ConfigError(
        f"{folder / settings}: data.{name} is {kind!r}; expected words, characters, sentencepiece, ids or huggingface."
    )


def read_tokenizer_file(path: Path) -> ModelTokenizer:
    """The tokenizer of a pretrained model in a run.

    Raises:
        CheckpointError: it is missing or damaged.
        ConfigError: the library is missing.
    """
    try:
        return ModelTokenizer(read_file(path).decode())
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as a tokenizer: restore it from a copy.") from error
