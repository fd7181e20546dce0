"""Tokenizers and vocabularies of a folder: of a run, or of a model that left one."""

from pathlib import Path
from typing import TypeAlias

from seqgan.config import DataConfig
from seqgan.data.pretrained import TOKENIZER_FILE, Pretrained
from seqgan.data.tokenizers import Characters, Numbers, SentencePiece, Tokenizer, Words
from seqgan.data.unseen import read_unseen, write_unseen
from seqgan.data.vocabulary import Vocabulary, read_vocabulary, write_vocabulary
from seqgan.errors import CheckpointError, ConfigError
from seqgan.files import read_file, write_file

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
    if isinstance(tokenizer, Pretrained):
        write_file(folder / TOKENIZER_FILE, tokenizer.text)
    if source_vocabulary is not None and not shared:
        write_vocabulary(source_vocabulary, folder / "source_vocabulary.txt")
    if isinstance(source_tokenizer, SentencePiece) and not shared:
        write_file(folder / "source_tokenizer.model", source_tokenizer.model)


def read_symbols(folder: Path, config: DataConfig, settings: str) -> Symbols:
    """Read what `write_symbols` wrote. A shared vocabulary is one object.

    Args:
        folder: where they are.
        config: says which there are: sources where `max_source_length` is not 0.
        settings: name of the file that it was read from, for messages.

    Raises:
        ConfigError: no such tokenizer.
        CheckpointError: a vocabulary or tokenizer is missing or damaged.
    """
    tokenizer = _read_tokenizer(folder, "tokenizer", config.tokenizer, settings)
    vocabulary = read_vocabulary(folder / "vocabulary.txt")
    vocabulary.unseen = read_unseen(folder, len(vocabulary), vocabulary.end)
    if not config.max_source_length:
        return tokenizer, vocabulary, None, None
    if config.shared_vocabulary:
        return tokenizer, vocabulary, tokenizer, vocabulary
    source_kind = config.source_tokenizer or config.tokenizer
    source_tokenizer = _read_tokenizer(folder, "source_tokenizer", source_kind, settings)
    return tokenizer, vocabulary, source_tokenizer, read_vocabulary(folder / "source_vocabulary.txt")


def _read_tokenizer(folder: Path, name: str, kind: str, settings: str) -> Tokenizer:
    """The tokenizer of that setting's name and value; of subwords, from the file NAME.model."""
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


def read_tokenizer_file(path: Path) -> Pretrained:
    """The tokenizer of a pretrained model in a run.

    Raises:
        CheckpointError: it is missing or damaged.
        ConfigError: the library is missing.
    """
    try:
        return Pretrained(read_file(path).decode())
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as a tokenizer: restore it from a copy.") from error
