"""Text to tokens and back: words, characters, or subwords, behind one small interface."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from seqgan.data.vocabulary import UNKNOWN_TEXT
from seqgan.errors import ConfigError, CorpusError, nearest

TOKENIZERS = ("words", "characters", "sentencepiece")
"""The names that `--tokenizer` takes."""


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
        return self._processor.encode(line, out_type=str)

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
        return "".join([*text, self._processor.decode(known)])

    def pieces(self) -> list[str]:
        """All pieces that text can be made of, in the model's order; single bytes among them, if it has them."""
        processor = self._processor
        numbers = range(processor.get_piece_size())
        return [processor.id_to_piece(n) for n in numbers if not (processor.is_unknown(n) or processor.is_control(n))]


def train_sentencepiece(lines: Iterable[str], vocabulary_size: int = 1000, seed: int = 0) -> SentencePiece:
    """Learn a unigram model of subwords.

    No normalisation and no dummy space in front, so that any line comes back as it was: molecules and music as well
    as prose. Single bytes stand in for characters that the text lacks where there is room for their 256 pieces.

    Args:
        lines: the training text.
        vocabulary_size: pieces to learn; fewer when the text does not have so many.
        seed: of the training.

    Raises:
        CorpusError: nothing can be learnt from these lines.
    """
    import io

    import sentencepiece

    lines = list(lines)
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
            # By default longer lines are left out without a word.
            max_sentence_length=max(len(line.encode()) for line in lines) + 1,
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
    return SentencePiece(buffer.getvalue())


def make_tokenizer(name: str, lines: Iterable[str] = (), *, vocabulary_size: int = 1000, seed: int = 0) -> Tokenizer:
    """The tokenizer of that name; one that learns does so from `lines`.

    Raises:
        ConfigError: there is none; the nearest is suggested.
        CorpusError: nothing can be learnt from these lines.
    """
    if name == "words":
        return Words()
    if name == "characters":
        return Characters()
    if name == "sentencepiece":
        return train_sentencepiece(lines, vocabulary_size, seed)
    raise ConfigError(f"No tokenizer is called {name!r}.{nearest(name, TOKENIZERS)} Known: {', '.join(TOKENIZERS)}.")


def metric_tokens(tokenizer: Tokenizer, line: str) -> list[str]:
    """The tokens that metrics count: characters for `Characters`, else words, also where the model knows subwords."""
    return list(line) if tokenizer.name == "characters" else line.split()
