"""The metric table of a file of sentences, of any system."""

from pathlib import Path

from seqgan.data.lines import ends_hint, read_lines, returns_note
from seqgan.data.tokenizers import make_tokenizer
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import chosen_families, judge_sentences, needing, usual_families
from seqgan.evaluation.trained import Judges
from seqgan.jobs.judging import Judging, lines_of, note_unequal, without_those_of_more
from seqgan.metrics import Report
from seqgan.metrics.metric import every_metric
from seqgan.progress import SILENT, Progress

MANY = 2000
"""Lines of a file of samples from which on progress is shown: fewer take some seconds."""


def judge_file(asked: Judging, progress: Progress) -> dict[str, Report]:
    """Reports of other real sentences, where there are some, and of the file's; the last one is the file's.

    Args:
        asked: checked; names the file.
        progress: where to report.

    Raises:
        ConfigError: metrics that such files have no part in, or too few lines.
        CorpusError: a file cannot be read.
    """
    assert asked.samples is not None
    if asked.tokenizer == "sentencepiece":
        raise ConfigError("--tokenizer sentencepiece belongs to a run; for --samples choose words or characters.")
    known = {"model": False, "references": True, "training": asked.training is not None, "grammar": False}
    families = chosen_families(asked.metrics, **known) or usual_families()
    if asked.sacrebleu_tokenize is not None and "sacrebleu" not in families:
        raise ConfigError("--sacrebleu-tokenize is of sacreBLEU, which is not asked for: add --metrics sacrebleu.")
    judges = Judges(asked.features, progress=progress)
    tokenizer = make_tokenizer(asked.tokenizer, [])
    samples = _read_samples(asked, progress)
    references = _read_beside(asked, len(samples), needing("aligned", families), progress)
    others = [] if asked.real is None else lines_of(asked.real, progress)[: len(samples)]
    there = [len(samples), len(references), *([len(others)] if asked.real is not None else [])]
    families = without_those_of_more(asked.metrics, families, min(there), progress)
    training = None if asked.training is None else lines_of(asked.training, progress)
    blank = sum(not line.strip() for line in samples)
    if blank:
        progress.note(f"{blank:,} of {len(samples):,} lines of {asked.samples} are blank: judged as empty outputs.")
    columns = {}
    shown = progress if len(samples) >= MANY else SILENT
    if asked.real is not None:
        if len(others) < 2:
            raise ConfigError(f"--real {asked.real} has one line: give at least 2 sentences, one a line.")
        of_real = [family for family in families if every_metric()[family].of_real]
        if of_real:
            note_unequal(len(others), len(samples), progress, drawn=False)
            columns["real text"] = judge_sentences(
                others, references, training, tokenizer, of_real, judges=judges, progress=shown
            )
        else:
            progress.note(f"--real {asked.real} has no part in {' and '.join(families)}.")
    columns[asked.samples] = judge_sentences(
        samples,
        references,
        training,
        tokenizer,
        families,
        judges=judges,
        sacrebleu_tokens=asked.sacrebleu_tokenize,
        progress=shown,
    )
    return columns


def _read_samples(asked: Judging, progress: Progress) -> list[str]:
    assert asked.samples is not None
    # A blank line is an empty output of the system, and counts as one.
    samples = read_lines(Path(asked.samples), keep_blank=True)
    if len(samples) < 2:
        hint = ends_hint("".join(samples))
        raise ConfigError(f"--samples {asked.samples} has one line: give at least 2 sentences, one a line.{hint}")
    if asked.count != Judging().count:
        progress.note(
            f"--count is of runs, whose samples are drawn: all {len(samples):,} lines of {asked.samples} are judged."
        )
    for note in returns_note(samples, asked.samples):
        progress.note(note)
    return samples


def _read_beside(asked: Judging, samples: int, aligned: list[str], progress: Progress) -> list[str]:
    """The references; where a metric takes one for each sample, as many as there are samples."""
    # Where lines belong together none may be skipped.
    assert isinstance(asked.references, str)
    references = (
        read_lines(Path(asked.references), keep_blank=True) if aligned else lines_of(asked.references, progress)
    )
    if aligned and samples != len(references):
        verb = "takes" if len(aligned) == 1 else "take"
        raise ConfigError(
            f"{' and '.join(aligned)} {verb} a reference for each sample, and {asked.samples} has {samples:,} "
            f"lines where {asked.references} has {len(references):,}: give aligned files, or leave out these metrics."
        )
    return references
