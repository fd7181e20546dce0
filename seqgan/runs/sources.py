"""Sources as a run reads them: lines that its generator is to answer or to translate."""

from collections.abc import Callable, Sequence

from seqgan.data.reading import Reading
from seqgan.evaluation.generate import read_sources
from seqgan.progress import SILENT
from seqgan.tensors.condition import Condition


def sources_as_read(
    reading: Reading, lines: Sequence[str], *, name: str = "the sources", note: Callable[[str], None] = SILENT.note
) -> Condition:
    """Lines as the generator of a run of pairs reads them, N rows.

    Args:
        reading: of the run, or of what was exported from it.
        lines: a source each.
        name: of the file that they are of, for messages.
        note: told of what was cut, and of words that the vocabulary has not.

    Raises:
        ConfigError: a line is blank, and such are refused.
    """
    assert reading.source_tokenizer is not None
    assert reading.source_vocabulary is not None
    return read_sources(
        lines,
        reading.source_tokenizer,
        reading.source_vocabulary,
        reading.max_source_length,
        turn_separator=reading.turn_separator,
        turns=reading.turns,
        source_cut=reading.source_cut,
        blank_sources=reading.blank_sources,
        name=name,
        note=note,
    )
