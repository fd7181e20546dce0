"""How trained players read text that nobody trained on: lines, and what they answer, to ids."""

from collections.abc import Sequence
from typing import NamedTuple

from seqgan.data.batches import encode_sentences, encode_sources
from seqgan.data.lines import RETURNS
from seqgan.data.pairs import TURN_SEPARATOR, last_turns
from seqgan.data.sequences import Sequences
from seqgan.data.source_cut import Lost, SourceCut, fit_sources
from seqgan.data.token_ids import Vocabulary
from seqgan.data.tokenizers import Tokenizer
from seqgan.errors import CorpusError


class Reading(NamedTuple):
    """What a run decided about text: all that turns lines into what its players read."""

    tokenizer: Tokenizer
    """Sentences to tokens and back."""
    vocabulary: Vocabulary
    """Tokens to ids and back."""
    source_tokenizer: Tokenizer | None = None
    """Of sources; None where there are none."""
    source_vocabulary: Vocabulary | None = None
    """Of sources: `vocabulary` itself where it is shared, None where there are none."""
    max_length: int = 0
    """T, most tokens of a sentence, its end symbol included."""
    max_source_length: int = 0
    """L, most tokens of a source."""
    turn_separator: str = TURN_SEPARATOR
    """The token between the turns of a source."""
    turns: int = 0
    """How many of a source's last turns are kept; 0 keeps all."""
    source_cut: str = "end"
    """What a source without turns loses where it is too long; see `SourceCut`."""
    blank_sources: str = "refuse"
    """What is done with a source that says nothing; "keep" reads it as the token between turns alone."""

    @property
    def cut(self) -> SourceCut:
        """What sources lose that are too long."""
        return SourceCut(self.source_cut, self.turn_separator)


class Read(NamedTuple):
    """What was met while lines were read. Counts, so that those of several parts can be added."""

    lines: int = 0
    """Lines in all."""
    blank: int = 0
    """Lines without a token: read as empty sentences."""
    cut: int = 0
    """Lines of more tokens than a sentence may have."""
    unknown: int = 0
    """Tokens that the vocabulary has not."""
    tokens: int = 0
    """Tokens in all, end symbols left out."""
    cut_turns: int = 0
    """Sources of more tokens than one may have that were read without their oldest turns."""
    cut_beginnings: int = 0
    """Such sources without their beginning."""
    cut_ends: int = 0
    """Such sources without their end."""
    unknown_of_sources: int = 0
    """Tokens of sources that their vocabulary has not."""
    tokens_of_sources: int = 0
    """Tokens of sources in all."""
    returns: int = 0
    """Lines that hold a carriage return, or whose sources do."""

    def plus(self, other: "Read") -> "Read":
        """Both together."""
        return Read(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def notes(self, max_length: int, max_source_length: int = 0) -> list[str]:
        """What a user should know of it, a sentence each."""
        said = []
        if self.blank:
            said.append(f"{self.blank:,} of {self.lines:,} lines are blank: read as empty sentences.")
        if self.returns:
            said.append(f"{self.returns:,} of {self.lines:,} lines have a carriage return inside: {RETURNS}.")
        if self.cut:
            said.append(f"{self.cut:,} of {self.lines:,} lines exceed {max_length} tokens: judged by their first ones.")
        if self.unknown:
            said.append(f"{self.unknown:,} of {self.tokens:,} tokens are not in the vocabulary: read as unknown ones.")
        lost = Lost(self.cut_turns, self.cut_beginnings, self.cut_ends)
        said += lost.note(self.lines, "sources", max_source_length)
        if self.unknown_of_sources:
            said.append(
                f"{self.unknown_of_sources:,} of {self.tokens_of_sources:,} tokens of the sources are not in their "
                "vocabulary: read as unknown ones."
            )
        return said


def read_text(
    reading: Reading,
    lines: Sequence[str],
    sources: Sequence[str] | None = None,
    *,
    name: str = "the text",
    first: int = 1,
) -> tuple[Sequences, Read]:
    """Lines as the players of a run read them: one sequence a line, whatever the line holds.

    A blank line is an empty sentence: an end symbol and nothing before it. A line that is too long keeps its first
    tokens and has no end symbol.

    Args:
        reading: of the run.
        lines: one at least.
        sources: what they answer or translate, one each; None for plain text.
        name: of the file that they are of, for messages.
        first: the number of the first line there.

    Returns:
        Ids and masks, and what was met.

    Raises:
        CorpusError: no sequence can be made of a line: a blank source; or, of a run on ids, a token that is none, or
            no token at all.
    """
    vocabulary = reading.vocabulary
    tokens = [reading.tokenizer.tokenize(line) for line in lines]
    if vocabulary.end is None:
        for number, ids in enumerate(tokens, start=first):
            if not ids:
                raise CorpusError(f"{name}, line {number}: blank, and a sequence of ids cannot be empty: fill it.")
            try:
                vocabulary.encode(ids)
            except CorpusError as error:
                raise CorpusError(f"{name}, line {number}: {error}") from error
    sequences, cut = encode_sentences(tokens, vocabulary, reading.max_length, "cut")
    unknown = sum(vocabulary.encode(ids).count(vocabulary.unknown) for ids in tokens) if vocabulary.unknown else 0
    returns = sum("\r" in line for line in lines)
    read = Read(len(lines), sum(not ids for ids in tokens), cut, unknown, sum(map(len, tokens)), returns=returns)
    if sources is None:
        return sequences, read
    assert reading.source_tokenizer is not None
    assert reading.source_vocabulary is not None
    kept = [last_turns(source, reading.turn_separator, reading.turns) for source in sources]
    if reading.blank_sources == "keep":
        kept = [source if source.strip() else reading.turn_separator for source in kept]
    of_sources = []
    for number, source in enumerate(kept, start=first):
        of_sources.append(reading.source_tokenizer.tokenize(source) if source.strip() else [])
        if not of_sources[-1]:
            raise CorpusError(f"{name}, line {number}: the source is blank, and its line answers it: fill it.")
    longest = reading.max_source_length
    fitted, lost = fit_sources(kept, reading.source_tokenizer, longest, reading.cut, of_sources)
    condition, _ = encode_sources(fitted, reading.source_vocabulary, longest)
    known = reading.source_vocabulary
    unknown_of_sources = sum(known.encode(each).count(known.unknown) for each in of_sources) if known.unknown else 0
    read = read._replace(
        cut_turns=lost.turns,
        cut_beginnings=lost.beginning,
        cut_ends=lost.end,
        unknown_of_sources=unknown_of_sources,
        tokens_of_sources=sum(map(len, of_sources)),
        returns=sum("\r" in line or "\r" in source for line, source in zip(lines, sources, strict=True)),
    )
    return sequences._replace(condition=condition), read
