"""The tokenizer of a pretrained model: a `tokenizer.json`, as the `tokenizers` library reads it.

Nothing of it is code, and nothing is unpickled. Strings that look like a special symbol, such as "</s>", are text here
like any other: the end of a sentence is decided by the model and never by what a line holds.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.odd_characters import kind_of
from seqgan.data.token_ids import UNKNOWN_TEXT, ModelVocabulary, SymbolNumbers
from seqgan.errors import ConfigError, CorpusError
from seqgan.files import read_file, read_json

TOKENIZER_FILE = "tokenizer.json"
"""Its name in the folder of a model, and in a run's."""
NO_TEXT = ("control character", "replacement character")
"""Kinds of characters that a piece decodes to which is no text by itself; `odd_characters` names them."""
EXTRA = "It needs the extra hf: pip install 'seqgan[hf]'."


class Specials(NamedTuple):
    """How a tokenizer spells the symbols that a model's files name; None where there is none."""

    start: str | None
    """Beginning of a text: bos, or cls."""
    end: str | None
    """End of a text: eos, or sep."""


class ModelTokenizer:
    """Subwords of a pretrained model. Most such tokenizers give a line back exactly; those that lower-case do not.

    Args:
        text: of a `tokenizer.json`.
        specials: the model's, where a vocabulary is to be made.

    Raises:
        ConfigError: the library is missing.
        ValueError: the text is no such file.
    """

    name = "huggingface"

    def __init__(self, text: str, specials: Specials | None = None):
        tokenizers = require_tokenizers()
        self.text, self.specials = text, specials
        content = json.loads(text)
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises no kind of its own
            raise ValueError(" ".join(str(error).split())) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # "</s>" in a line is four characters, and not the end of the sentence.
        self._tokenizer.encode_special_tokens = True
        self._special = {token["id"] for token in content.get("added_tokens") or () if token["special"]}
        self.unknown = _unknown_number(content.get("model", {}), self._tokenizer.get_vocab())

    def tokenize(self, line: str) -> list[str]:
        """The pieces of a line, no special symbols among them but the one for what is unknown."""
        return self._tokenizer.encode(line, add_special_tokens=False).tokens

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The text of pieces."""
        numbers = [self._number(token) for token in tokens]
        return self._tokenizer.decode([n for n in numbers if n is not None], skip_special_tokens=False)

    def numbers(self, line: str) -> list[int]:
        """The tokenizer's own numbers of a line's pieces."""
        return self._tokenizer.encode(line, add_special_tokens=False).ids

    def all_numbers(self, lines: Sequence[str]) -> list[list[int]]:
        """`numbers` of several lines."""
        return [each.ids for each in self._tokenizer.encode_batch(list(lines), add_special_tokens=False)]

    def number_of(self, token: str | None) -> int | None:
        """The tokenizer's own number of a symbol; None where there is none."""
        return None if token is None else self._tokenizer.token_to_id(token)

    def symbol_of(self, number: int) -> str | None:
        """How the tokenizer spells its number; None where it has no such number."""
        return self._tokenizer.id_to_token(number)

    def text_of(self, number: int) -> str:
        """The text of one number; a special symbol's is its spelling."""
        return self._tokenizer.decode([number], skip_special_tokens=False)

    def vocabulary(self) -> ModelVocabulary:
        """All pieces that a line can be made of, in the tokenizer's order, with their numbers.

        Special symbols are left out, and so are pieces that hold a line feed: no line does, and a generator that could
        choose one would make two lines of a sample.

        Raises:
            CorpusError: the model's files name no symbol that ends a text.
        """
        specials = self.specials or Specials(None, None)
        end = self.number_of(specials.end)
        if end is None:
            raise CorpusError(
                f"This tokenizer has no symbol that ends a text (found {specials.end!r}): name one as eos_token in "
                "tokenizer_config.json."
            )
        before, after = self._frame()
        line = self.numbers("\n")
        start = self.number_of(specials.start)
        every = sorted((number, token) for token, number in self._tokenizer.get_vocab().items())
        kept = [(n, token) for n, token in every if n not in self._special and n not in (end, self.unknown)]
        texts = self._tokenizer.decode_batch([[number] for number, _ in kept], skip_special_tokens=False)
        kept = [pair for pair, text in zip(kept, texts, strict=True) if "\n" not in text and "\n" not in pair[1]]
        symbols = SymbolNumbers(
            end=end,
            unknown=self.unknown,
            start=tuple(before) or (end if start is None else start,),
            before=tuple(before),
            after=tuple(after),
            line=tuple(line) if line and self.unknown not in line else (end,),
        )
        return ModelVocabulary([token for _, token in kept], [number for number, _ in kept], symbols)

    def are_text(self, tokens: Sequence[str]) -> list[bool]:
        """Whether each piece, by itself, is text: no part of a character, no control character or line separator."""
        texts = self._tokenizer.decode_batch(
            [[self._tokenizer.token_to_id(token)] for token in tokens], skip_special_tokens=False
        )
        return [not any(kind_of(character) in NO_TEXT for character in text) for text in texts]

    def _frame(self) -> tuple[list[int], list[int]]:
        """The special symbols that the model was trained to see before and after a text."""
        encoding = self._tokenizer.encode("a", add_special_tokens=True)
        inside = [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
        if not inside:
            return [], []
        return encoding.ids[: inside[0]], encoding.ids[inside[-1] + 1 :]

    def _number(self, token: str) -> int | None:
        if token == UNKNOWN_TEXT and self.unknown is not None:
            return self.unknown
        return self._tokenizer.token_to_id(token)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ModelTokenizer":
        return self  # it never changes

    def __reduce__(self) -> tuple[Any, ...]:
        # The library's own copy for another process would take "</s>" in a line for the end again.
        return ModelTokenizer, (self.text, self.specials)


def require_tokenizers() -> Any:
    """The `tokenizers` library.

    Raises:
        ConfigError: it is missing; names the extra.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ConfigError(f"The tokenizer of a pretrained model is asked for. {EXTRA}") from error
    return tokenizers


def read_model_tokenizer(folder: Path) -> ModelTokenizer:
    """The tokenizer in the folder of a model.

    Raises:
        ConfigError: there is none that can be read, or the library is missing.
    """
    require_tokenizers()
    path = folder / TOKENIZER_FILE
    try:
        return ModelTokenizer(read_file(path).decode(), _specials(folder))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder} has no {TOKENIZER_FILE}: load the tokenizer with transformers' AutoTokenizer and "
            "save_pretrained it there."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{path} cannot be read as a tokenizer, with tokenizer_config.json beside it ({error}): restore them "
            "from a copy."
        ) from error


def _specials(folder: Path) -> Specials:
    """How the model's files spell start and end: the tokenizer's settings first, then the model's numbers."""
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file():
            named = read_json(path)
            if not isinstance(named, dict):
                raise ValueError(f"{name} beside it holds no settings")
            settings |= {key: value for key, value in named.items() if value}

    def spelt(*names: str) -> str | None:
        found = next((settings[name] for name in names if settings.get(name)), None)
        spelling = found.get("content") if isinstance(found, Mapping) else found
        if not isinstance(spelling, str | None):
            raise ValueError(f"{names[0]} is {str(spelling)[:40]}, and no text")
        return spelling

    return Specials(spelt("bos_token", "cls_token"), spelt("eos_token", "sep_token"))


def _unknown_number(model: Mapping[str, Any], numbers: Mapping[str, int]) -> int | None:
    """The number of the symbol for what is unknown; None for tokenizers of bytes, to which nothing is."""
    if isinstance(model.get("unk_id"), int):
        return model["unk_id"]
    token = model.get("unk_token")
    return None if token is None else numbers.get(token)
