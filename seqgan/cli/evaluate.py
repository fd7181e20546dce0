"""`seqgan evaluate`: the metric table of a run, or of any file of sentences."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from msgspec import Meta

from seqgan.cli.options import CommonFlags, check_flags, parse
from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from seqgan.metrics import Report


class EvaluateFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan evaluate` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to judge; by default the newest pretrained one under runs/."""
    samples: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Judge these sentences, of any system, instead of a run; needs --references."""
    references: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Held-out sentences to judge against; by default the run's test split, or else its validation split."""
    compare: Annotated[str | None, tyro.conf.arg(metavar="RUN")] = None
    """Another run, judged in the same way, in a column beside."""
    count: Annotated[int, Meta(ge=2)] = 1000
    """Sentences to generate. Self-BLEU and others depend on it: compare at equal counts only."""
    metrics: tuple[str, ...] = ()
    """Only these, for example: bleu self-bleu distinct nll."""
    tokenizer: Annotated[str, tyro.conf.arg(metavar="words|characters")] = "words"
    """What a token is, for --samples."""
    seed: Annotated[int, Meta(ge=0)] = 0
    """Of the samples."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write the numbers as JSON, - for standard output in place of the table."""


def main(arguments: Sequence[str]) -> None:
    """Parse, judge, print."""
    flags = check_flags(
        parse("evaluate", "The metric table of a run, or of a file of sentences.", EvaluateFlags(), arguments)
    )
    if flags.samples is not None and (flags.run is not None or flags.compare is not None):
        raise ConfigError("--samples judges a file and --run and --compare judge runs: give one or the other.")
    if flags.samples is not None and flags.references is None:
        raise ConfigError("--samples needs --references FILE: held-out sentences to judge against.")
    columns, about = judge_file(flags) if flags.samples is not None else judge_runs(flags)

    from seqgan.files import write_file
    from seqgan.metrics import table

    main_column = about.pop("column")
    result = {**about, "metrics": columns[main_column].to_json()}
    others = {name: report.to_json() for name, report in columns.items() if name != main_column}
    if others:
        result["compared"] = others
    text = json.dumps(result, indent=2) + "\n"
    if flags.json == "-":
        print(text, end="")
        return
    if flags.json is not None:
        write_file(Path(flags.json), text)
    print(table(columns))


def judge_file(flags: EvaluateFlags) -> tuple[dict[str, "Report"], dict[str, str]]:
    """The report of a file of sentences, and what the JSON says of it."""
    from seqgan.data.corpus import read_lines
    from seqgan.data.tokenizers import make_tokenizer
    from seqgan.evaluation.evaluate import FAMILIES, judge_sentences

    assert flags.samples is not None
    assert flags.references is not None
    if flags.tokenizer == "sentencepiece":
        raise ConfigError("--tokenizer sentencepiece belongs to a run; for --samples choose words or characters.")
    samples, references = read_lines(Path(flags.samples)), read_lines(Path(flags.references))
    tokenizer = make_tokenizer(flags.tokenizer, [])
    report = judge_sentences(samples, references, None, tokenizer, flags.metrics or FAMILIES)
    return {flags.samples: report}, {"samples": flags.samples, "column": flags.samples}


def judge_runs(flags: EvaluateFlags) -> tuple[dict[str, "Report"], dict[str, str]]:
    """The reports of real text, the run to compare with, and the run; and what the JSON says of the run."""
    from seqgan.data.corpus import read_lines
    from seqgan.evaluation.evaluate import (
        FAMILIES,
        MODEL_FAMILIES,
        evaluate_generator,
        grammar_of,
        held_out,
        judge_sentences,
    )
    from seqgan.files import write_file
    from seqgan.metrics import Report
    from seqgan.runs.directory import newest_run, open_run
    from seqgan.runs.load import load_generator, load_text
    from seqgan.training.engine import choose_device

    progress = flags.progress
    device = choose_device(flags.device)
    run = open_run(flags.run or newest_run(Path("runs")))
    runs = [run] if flags.compare is None else [open_run(flags.compare), run]
    generators = [load_generator(each).to(device) for each in runs]  # before the work: they may be damaged
    families = flags.metrics or (*FAMILIES, *MODEL_FAMILIES)
    columns: dict[str, Report] = {}
    for each, generator in zip(runs, generators, strict=True):
        text = load_text(each)
        held = held_out(text)
        references = held.references if flags.references is None else read_lines(Path(flags.references))
        if not columns and held.real:
            real = held.real[: flags.count]
            progress.note(f"Judging {len(real):,} real held-out sentences against {len(references):,} others.")
            columns["real"] = judge_sentences(
                real, references, text.corpus.train, text.tokenizer, families, grammar_of(text)
            )
        progress.note(f"Judging {flags.count:,} samples of {each.folder} against {len(references):,} sentences.")
        report = evaluate_generator(
            generator, text, flags.count, seed=flags.seed, references=references, families=families, progress=progress
        )
        name = str(each.folder)
        columns[name] = report
        about = {"run": name, "checkpoint": each.generator_path.name}
        write_file(each.report_path, json.dumps({**about, "metrics": report.to_json()}, indent=2) + "\n")
    return columns, {**about, "column": name}
