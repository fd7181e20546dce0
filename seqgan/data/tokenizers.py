"""Text to tokens and back: words, characters, or subwords, behind one small interface.

Tokens become ids in `seqgan.data.vocabulary`, which knows nothing of how they were made.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from seqgan.data.model_tokenizer import ModelTokenizer, read_model_tokenizer
from seqgan.data.token_ids import UNKNOWN_TEXT, Vocabulary
from seqgan.errors import ConfigError, CorpusError, nearest

OWN = "own"
"""What the settings of a run say of a tokenizer that a program gave, and gives again whenever the run is opened."""
TOKENIZERS = ("words", "characters", "sentencepiece", "ids", "huggingface")
"""The names that `--tokenizer` takes."""
HIDDEN = {0x2581: 0xFDD0, 0x2585: 0xFDD1}
"""Characters that mean something to SentencePiece, and what it gets in their place."""
SHOWN = {stand_in: character for character, stand_in in HIDDEN.items()}

logger = logging.getLogger(__name__)


class Tokenizer(Protocol):
    """Splits a line into tokens, and joins tokens to a line."""

    name: str

    def tokenize(self, line: str) -> list[str]:
        """The tokens of a line."""

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The line that has these tokens."""


class Words:
    """What white space separates. Joined by one space each: runs of white space come back as one space."""

    name = "words"

    def tokenize(self, line: str) -> list[str]:
        """The words of a line."""
        return line.split()

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The words with a space between them."""
        return " ".join(tokens)


class Numbers(Words):
    """Ids that were written as numbers with a space between them: each is its own id. See `vocabulary.Ids`."""

    name = "ids"


class Characters:
    """Unicode characters, spaces among them. The line comes back exactly."""

    name = "characters"

    def tokenize(self, line: str) -> list[str]:
        """The characters of a line."""
        return list(line)

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The characters in a row."""
        return "".join(tokens)


class SentencePiece:
    """Subwords of a SentencePiece model. The line comes back exactly, its spaces included.

    The library reads U+2581 as a space, and leaves lines with U+2585 out of training. So that a text may hold them,
    they go in as U+FDD0 and U+FDD1, which Unicode reserves for such internal uses; a text with those changes.

    Args:
        model: a trained model, as its file holds it.

    Raises:
        RuntimeError: the bytes are no SentencePiece model.
    """

    name = "sentencepiece"

    def __init__(self, model: bytes):
        import sentencepiece

        self.model = model
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def tokenize(self, line: str) -> list[str]:
        """The pieces of a line. A character that the model lacks is a piece of its own, unknown to vocabularies."""
        return self._processor.encode(line.translate(HIDDEN), out_type=str)

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The text of pieces."""
        # The processor would write an unknown piece as " ⁇ "; between runs of known pieces it stays what it is.
        text: list[str] = []
        known: list[str] = []
        for token in tokens:
            if token == UNKNOWN_TEXT:
                text += [self._processor.decode(known), UNKNOWN_TEXT]
                known = []
            else:
                known.append(token)
        return "".join([*text, self._processor.decode(known)]).translate(SHOWN)

    def pieces(self) -> list[str]:
        """All pieces that a line can be made of, in the model's order; single bytes among them, if it has them."""
        processor = self._processor
        numbers = range(processor.get_piece_size())
        normal = [n for n in numbers if not (processor.is_unknown(n) or processor.is_control(n))]
        # The byte of a line feed is in no line, and a generator that could choose it would make two lines of a sample.
        return [piece for piece in map(processor.id_to_piece, normal) if piece != "<0x0A>"]


def train_sentencepiece(lines: Iterable[str], vocabulary_size: int = 1000, seed: int = 0) -> SentencePiece:
    """Learn a unigram model of subwords.

    No normalisation and no dummy space in front, so that any line comes back as it was: molecules and music as well
    as prose. Single bytes stand in for characters that the text lacks where there is room for their 256 pieces.

    Args:
        lines: the training text.
        vocabulary_size: pieces to learn. Fewer are learnt when the text does not have so many, and more when it has
            more characters; either is said in a log message.
        seed: of the training.

    Raises:
        CorpusError: nothing can be learnt from these lines.
    """
    import io

    import sentencepiece

    lines = [line.translate(HIDDEN) for line in lines]
    characters = len(set().union(*lines)) if lines else 0
    if characters < 2:
        raise CorpusError("Nothing to learn: the text has fewer than two distinct characters.")
    sentencepiece.set_random_generator_seed(seed)
    buffer = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=buffer,
            model_type="unigram",
            vocab_size=max(vocabulary_size, characters + 1),
            hard_vocab_limit=False,
            character_coverage=1.0,
            byte_fallback=vocabulary_size >= characters + 300,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            # By default longer lines are left out without a word. Less than 10 is refused.
            max_sentence_length=max(10, *(len(line.encode()) + 1 for line in lines)),
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise CorpusError(
            f"SentencePiece could not learn from this text ({' '.join(str(error).split())}): "
            "use --tokenizer words or characters, or fewer --data.pieces."
        ) from error
    tokenizer = SentencePiece(buffer.getvalue())
    reached = len(tokenizer.pieces())
    # One of the pieces asked for is the unknown one, and the line feed's may be another.
    if not vocabulary_size - 2 <= reached <= vocabulary_size:
        why = "the text has no more" if reached < vocabulary_size else "each character needs one"
        logger.warning(f"SentencePiece has {reached:,} pieces and not the {vocabulary_size:,} asked for: {why}.")
    return tokenizer


def make_tokenizer(
    name: str,
    lines: Iterable[str] = (),
    *,
    vocabulary_size: int = 1000,
    seed: int = 0,
    folder: Path | None = None,
) -> Tokenizer:
    """The tokenizer of that name; one that learns does so from `lines`, and a pretrained model's is in its `folder`.

    Raises:
        ConfigError: there is none; the nearest is suggested.
        CorpusError: nothing can be learnt from these lines.
    """
    if name == "words":
        return Words()
    if name == "characters":
        return Characters()
    if name == "ids":
        return Numbers()
    if name == "sentencepiece":
        return train_sentencepiece(lines, vocabulary_size, seed)
    if name == "huggingface":
        if folder is None:
            raise ConfigError(
                "The tokenizer huggingface is that of a pretrained model, and none is named: give its folder as "
                "generator.path or data.tokenizer_path."
            )
        return read_model_tokenizer(folder)
    raise ConfigError(f"No tokenizer is called {name!r}.{nearest(name, TOKENIZERS)} Known: {', '.join(TOKENIZERS)}.")


def is_own(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer is a program's own, and none of this package, which a run could make again."""
    return type(tokenizer) not in (Words, Numbers, Characters, SentencePiece, ModelTokenizer)


def vocabulary_within(tokenizer: Tokenizer) -> Vocabulary | None:
    """The vocabulary that a tokenizer of subwords was made with; None where the training text decides.

    It has all pieces, also those that the training text shows only inside longer ones.
    """
    if isinstance(tokenizer, SentencePiece):
        return Vocabulary(tokenizer.pieces())
    return tokenizer.vocabulary() if isinstance(tokenizer, ModelTokenizer) else None


def metric_tokens(tokenizer: Tokenizer, line: str) -> list[str]:
    """The tokens that metrics count: characters for `Characters`, else words, also where the model knows subwords."""
    return list(line) if tokenizer.name == "characters" else line.split()
