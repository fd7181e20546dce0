"""`seqgan evaluate`: the metric table of a run, or of any file of sentences."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import tyro
from msgspec import Meta

from seqgan.cli.memory import Memory, check_memory, holding_to
from seqgan.cli.options import CommonFlags, Switch, check_flags, check_target, parse, run_or_newest, with_positional
from seqgan.cli.verdict import check_comparison, compare_as_asked, compares
from seqgan.data.lines import count
from seqgan.errors import ConfigError, RunError
from seqgan.progress import SILENT, Progress, printable
from seqgan.settings.types import MOST, Seed

if TYPE_CHECKING:
    from seqgan.metrics import Report
    from seqgan.runs.directory import Run


MANY = 2000
"""Lines of a file of samples from which on progress is shown: fewer take some seconds."""
OF_COMPARISON = ("compare", "temperatures", "sets", "equal-budget", "seeds-of", "table-only")
"""Flags that say nothing of a run that was only compared with."""


class EvaluateFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan evaluate` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to judge; by default the one under runs/ that was trained last."""
    samples: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Judge these sentences, of any system, instead of a run; needs --references."""
    references: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Held-out sentences to judge against; by default the run's test split, or else its validation split."""
    corpus: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE|FOLDER")] = None
    """Where the text of the runs is now, if it was moved. With --references it need not be there at all."""
    compare: Annotated[str | None, tyro.conf.arg(metavar="RUN")] = None
    """Another run, judged in the same way, in a column beside; and over temperatures, for the verdict."""
    temperatures: tuple[float, ...] = ()
    """Of the sweep, which is made with --compare, or if these are given; by default eight from 0.5 to 1.2."""
    sets: Annotated[int, Meta(ge=2, le=MOST)] = 4
    """Sets of --count samples at each temperature of the sweep, whose spread gives the intervals; where they are a
    little too wide for a verdict, twice as many are made."""
    equal_budget: Annotated[str, tyro.conf.arg(metavar="updates|time|none")] = "updates"
    """With --compare of the pretrained run, its training goes on for as many updates, or as long, as the adversarial
    phase took, and is judged beside."""
    seeds_of: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN...")] = ()
    """Runs like --run with other seeds: the verdict is then of their mean, and holds for other seeds."""
    table_only: Switch = False
    """Leave out the sweep and the verdict."""
    count: Annotated[int, Meta(ge=2, le=MOST)] = 1000
    """Sentences to generate. Self-BLEU and others depend on it: compare at equal counts only."""
    training: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """For --samples: what the system was trained on, for copied, novelty, lm-score and the like."""
    real: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """For --samples: other real sentences, judged in a column beside."""
    draws: Annotated[int, Meta(ge=0, le=MOST)] = 0
    """Draws of its noise that a noisy generator's likelihood is averaged over; 0 for 2000, or 100 of one that steps."""
    beam: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """For runs of pairs: how answers are found. 1, the default, takes the likeliest token at each step, more is a beam
    search, and 0 samples."""
    metrics: tuple[str, ...] = ()
    """Only these, for example: bleu self-bleu distinct nll; or all. What trains a model to judge takes minutes."""
    features: Annotated[str, tyro.conf.arg(metavar="lm|lm-last|sentence-transformers:NAME")] = "lm"
    """What makes vectors of sentences for frechet and mauve: a small language model of the training text, or other."""
    tokenizer: Annotated[str, tyro.conf.arg(metavar="words|characters")] = "words"
    """What a token is, for --samples."""
    sacrebleu_tokenize: Annotated[str | None, tyro.conf.arg(metavar="13a|intl|char|zh|ja-mecab|ko-mecab|none")] = None
    """What sacreBLEU takes for tokens; by default char where the tokenizer is characters or fewer than half of the
    references have a space, else 13a."""
    memory: Memory = 0.0
    """GiB that a run's samples may take at once; with less there are more passes, whose random numbers are others. 0
    takes half of what is free."""
    seed: Seed = 0
    """Decides the samples."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write the numbers as JSON, - for standard output in place of the table."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, judge, print."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(
        parse("evaluate", "The metric table of a run, or of a file of sentences.", EvaluateFlags(), arguments)
    )
    if flags.samples is not None and (flags.run is not None or flags.compare is not None):
        raise ConfigError("--samples judges a file and --run and --compare judge runs: give one or the other.")
    if flags.samples is not None and flags.corpus is not None:
        raise ConfigError("--corpus is of runs; for --samples the training text is --training FILE.")
    if flags.samples is not None and flags.references is None:
        raise ConfigError("--samples needs --references FILE: held-out sentences to judge against.")
    for name in ("training", "real"):
        if flags.samples is None and getattr(flags, name) is not None:
            raise ConfigError(f"--{name} is for --samples; a run knows its own text.")
    if flags.samples is None and flags.tokenizer != "words":
        raise ConfigError("--tokenizer is for --samples; a run is judged with its own.")
    if flags.samples is not None and flags.memory:
        raise ConfigError("--memory is of runs, whose samples are drawn; --samples has them: leave it out.")
    if flags.sacrebleu_tokenize is not None:
        from seqgan.metrics.translation import check_tokenization

        check_tokenization(flags.sacrebleu_tokenize, "--sacrebleu-tokenize")
    check_comparison(flags)
    if flags.json is not None:
        check_target("--json", flags.json, what_is_read(flags), overwrite=flags.overwrite)
    reports: dict[str, Path] = {}
    lines: list[str] = []
    with holding_to(flags.memory):
        columns, about = judge_file(flags) if flags.samples is not None else judge_runs(flags, reports, lines)

    from seqgan.files import write_file
    from seqgan.metrics import SPECIFICATION, table

    main_column = about.pop("column")
    kind = about.pop("text", "")
    weights = about.pop("weights", {})
    result = {
        **about,
        **weights.get(main_column, {}),
        "specification": SPECIFICATION,
        "metrics": columns[main_column].to_json(),
    }
    others = {name: report.to_json() for name, report in columns.items() if name != main_column}
    if others:
        result["compared"] = others
    compared = None
    if lines:
        result["comparisons"] = lines
    if compares(flags) and kind == "plain":
        given = None if flags.references is None else read_references(flags)
        with holding_to(flags.memory):
            compared = compare_as_asked(about["run"], flags, given)
        result |= compared.to_json()
    text = json.dumps(result, indent=2) + "\n"
    if flags.json == "-":
        print(text, end="")
    else:
        print(table({printable(name): report for name, report in columns.items()}))
        for line in lines:
            print(f"\n{printable(line)}")
        if compared is not None:
            print(f"\n{compared.page()}")
    if flags.json not in (None, "-"):
        write_file(Path(flags.json), text)
    for name, path in reports.items():
        content = kept_report(name, columns, asked_for(flags), lines, weights[name])
        content = with_those_before(content, path, flags.progress)
        try:
            write_file(path, json.dumps(content, indent=2) + "\n")
        except RunError as error:
            flags.progress.note(f"{error} The numbers above are not kept in the run.")
    if compared is not None:
        compared.write(flags.progress)


def what_is_read(flags: EvaluateFlags) -> dict[str, str | None]:
    """Files and folders that the flags name, and those that the settings of the runs do.

    Raises:
        SeqganError: a run is not there.
    """
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by

    texts = {f"--{name}": getattr(flags, name) for name in ("samples", "references", "training", "real")}
    if flags.samples is not None:
        return texts
    named = (run_or_newest(flags.run), flags.compare, *flags.seeds_of)
    return {**texts, **read_by(*(open_run(folder) for folder in named if folder is not None))}


def kept_report(
    name: str,
    columns: "Mapping[str, Report]",
    asked: Mapping[str, Any],
    lines: Sequence[str] = (),
    weights: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a run's report.json holds: as the JSON of the command, without what sweep.json and verdict.json have.

    Args:
        name: of the run.
        columns: all that were judged with it, the run that was asked for last. To that one all others are written;
            to a run that it was compared with, real text alone.
        asked: see `asked_for`.
        lines: what was said below the table.
        weights: what `runs.weights.said_of` says.
    """
    from seqgan.metrics import SPECIFICATION
    from seqgan.reporting.read import REAL

    is_main = name == list(columns)[-1]
    others = [other for other in columns if other != name and (is_main or other in REAL)]
    compared = {other: columns[other].to_json() for other in others}
    flags = {flag: value for flag, value in asked.items() if is_main or flag not in OF_COMPARISON}
    further = {"compared": compared, "comparisons": list(lines) if is_main else [], "flags": flags}
    return {
        "run": name,
        "checkpoint": "generator.safetensors",
        **(weights or {}),
        "specification": SPECIFICATION,
        "metrics": columns[name].to_json(),
        **{key: value for key, value in further.items() if value},
    }


def with_those_before(content: dict[str, Any], path: Path, progress: Progress) -> dict[str, Any]:
    """The content of a run's report.json, and of the one before what was measured of the same weights and not now.

    Args:
        content: to be written.
        path: of the file; what cannot be read of it is as good as not there.
        progress: is told what was kept.
    """
    from seqgan.files import read_json
    from seqgan.reporting.read import REAL

    try:
        before = read_json(path)
        same = all(before.get(key) == content.get(key) for key in ("weights", "specification", "checkpoint"))
        if "weights" not in content or not same:
            return content
        kept = [name for name in before["metrics"] if name not in content["metrics"]]
        now_of, before_of = content.get("weights_of", {}), before.get("weights_of", {})
        changed = any(now_of[place] != weights for place, weights in before_of.items() if place in now_of)
        beside = {name: report for name, report in before.get("compared", {}).items() if name in REAL or not changed}
        compared = {**beside, **content.get("compared", {})}
        compared |= {name: {**report, **compared[name]} for name, report in beside.items()}
        asked, now = before.get("flags", {}), content.get("flags", {})
        flags = {**{flag: value for flag, value in asked.items() if flag in OF_COMPARISON}, **now}
        if kept and "metrics" in asked and "metrics" in now:
            flags["metrics"] = list(dict.fromkeys([*asked["metrics"], *now["metrics"]]))
        elif kept:
            flags.pop("metrics", None)
        merged = {
            **content,
            "metrics": {**before["metrics"], **content["metrics"]},
            "compared": compared,
            "comparisons": content.get("comparisons") or ([] if changed else before.get("comparisons", [])),
            "flags": flags,
            "weights_of": {**before_of, **now_of},
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return content
    if kept:
        progress.note(f"{path} keeps what was measured before of the same weights: {', '.join(kept)}.")
    return {name: value for name, value in merged.items() if value or name in content}


def asked_for(flags: EvaluateFlags) -> dict[str, Any]:
    """The flags that were given and decide the numbers, by their names: what it takes to make them again."""
    usual = EvaluateFlags()
    elsewhere = ("run", "json", "overwrite", "quiet", "debug", "device", "samples")
    names = (name for name in flags.__struct_fields__ if name not in elsewhere)
    given = {
        name.replace("_", "-"): getattr(flags, name) for name in names if getattr(flags, name) != getattr(usual, name)
    }
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def judge_file(flags: EvaluateFlags) -> tuple[dict[str, "Report"], dict[str, Any]]:
    """The report of a file of sentences, and what the JSON says of it."""
    from seqgan.data.lines import ends_hint, read_lines, returns_note
    from seqgan.data.tokenizers import make_tokenizer
    from seqgan.evaluation.evaluate import chosen_families, judge_sentences, needing, usual_families
    from seqgan.evaluation.trained import Judges
    from seqgan.metrics.metric import every_metric

    assert flags.samples is not None
    assert flags.references is not None
    if flags.tokenizer == "sentencepiece":
        raise ConfigError("--tokenizer sentencepiece belongs to a run; for --samples choose words or characters.")
    known = {"model": False, "references": True, "training": flags.training is not None, "grammar": False}
    families = chosen_families(flags.metrics, **known) or usual_families()
    if flags.sacrebleu_tokenize is not None and "sacrebleu" not in families:
        raise ConfigError("--sacrebleu-tokenize is of sacreBLEU, which is not asked for: add --metrics sacrebleu.")
    judges = Judges(flags.features, progress=flags.progress)
    tokenizer = make_tokenizer(flags.tokenizer, [])
    # A blank line is an empty output of the system, and counts as one.
    samples = read_lines(Path(flags.samples), keep_blank=True)
    if len(samples) < 2:
        hint = ends_hint("".join(samples))
        raise ConfigError(f"--samples {flags.samples} has one line: give at least 2 sentences, one a line.{hint}")
    if flags.count != EvaluateFlags().count:
        flags.progress.note(
            f"--count is of runs, whose samples are drawn: all {len(samples):,} lines of {flags.samples} are judged."
        )
    for note in returns_note(samples, flags.samples):
        flags.progress.note(note)
    aligned = needing("aligned", families)
    # Where lines belong together none may be skipped.
    references = read_lines(Path(flags.references), keep_blank=True) if aligned else read_references(flags)
    if aligned and len(samples) != len(references):
        verb = "takes" if len(aligned) == 1 else "take"
        raise ConfigError(
            f"{' and '.join(aligned)} {verb} a reference for each sample, and {flags.samples} has {len(samples):,} "
            f"lines where {flags.references} has {len(references):,}: give aligned files, or leave out these metrics."
        )
    others = [] if flags.real is None else lines_of(flags.real, flags)[: len(samples)]
    there = [len(samples), len(references), *([len(others)] if flags.real is not None else [])]
    families = without_those_of_more(flags, families, min(there))
    training = None if flags.training is None else lines_of(flags.training, flags)
    blank = sum(not line.strip() for line in samples)
    if blank:
        flags.progress.note(
            f"{blank:,} of {len(samples):,} lines of {flags.samples} are blank: judged as empty outputs."
        )
    columns = {}
    shown = flags.progress if len(samples) >= MANY else SILENT
    if flags.real is not None:
        if len(others) < 2:
            raise ConfigError(f"--real {flags.real} has one line: give at least 2 sentences, one a line.")
        of_real = [family for family in families if every_metric()[family].of_real]
        if of_real:
            note_unequal(flags, len(others), len(samples))
            columns["real text"] = judge_sentences(
                others, references, training, tokenizer, of_real, judges=judges, progress=shown
            )
        else:
            flags.progress.note(f"--real {flags.real} has no part in {' and '.join(families)}.")
    columns[flags.samples] = judge_sentences(
        samples,
        references,
        training,
        tokenizer,
        families,
        judges=judges,
        sacrebleu_tokens=flags.sacrebleu_tokenize,
        progress=shown,
    )
    return columns, {"samples": flags.samples, "column": flags.samples}


def without_those_of_more(flags: EvaluateFlags, families: tuple[str, ...], there: int) -> tuple[str, ...]:
    """Of the metrics that "all" stands for, those that so few samples or references suffice for; the others are told.
    One that is named stays, and is refused where it is computed."""
    from seqgan.evaluation.evaluate import ALL
    from seqgan.evaluation.trained import LEAST

    if ALL not in flags.metrics:
        return families
    left_out = [name for name in families if LEAST.get(name, 0) > there and name not in flags.metrics]
    for name in left_out:
        flags.progress.note(f"{name} is left out: it needs {LEAST[name]} samples and references, and has {there}.")
    return tuple(name for name in families if name not in left_out)


def note_unequal(flags: EvaluateFlags, real: int, samples: int) -> None:
    """Say that the real sentences are fewer than the samples, where they are."""
    if real < samples:
        mend = f"--count {real}" if flags.samples is None else f"the first {real:,} lines of each"
        verb = "is" if real == 1 else "are"
        flags.progress.note(
            f"There {verb} only {count(real, 'real sentence')} beside {samples:,} samples. Most metrics depend on the "
            f"number: judge {mend} to compare."
        )


def read_references(flags: EvaluateFlags) -> list[str]:
    """The held-out sentences that `--references` names; what was skipped is said."""
    assert flags.references is not None
    return lines_of(flags.references, flags)


def lines_of(name: str, flags: EvaluateFlags) -> list[str]:
    """The sentences of a file; what was skipped is said."""
    from seqgan.data.lines import read_lines

    notes: list[str] = []
    lines = read_lines(Path(name), notes)
    for note in notes:
        flags.progress.note(note)
    return lines


def at_place(runs: "Sequence[Run]", corpus: str | None) -> None:
    """Have runs read their text from another place, where `--corpus` names one; of others, those of the same text as
    the last one."""
    from seqgan.runs.moved import moved_to

    for run in runs if corpus is not None else ():
        if run.config.data.fingerprint == runs[-1].config.data.fingerprint:
            run.config = msgspec.structs.replace(run.config, data=moved_to(run.config.data, str(corpus)))


def judge_runs(
    flags: EvaluateFlags, reports: dict[str, Path], lines: list[str]
) -> tuple[dict[str, "Report"], dict[str, Any]]:
    """The reports of real text, the run to compare with, and the run; and what the JSON says of the run.

    Args:
        flags: of the command.
        reports: gets the files that keep the runs' reports.
        lines: gets what is said below the table of runs of pairs.
    """
    from seqgan.cli.pairs import judge_pair_runs
    from seqgan.decoding.states import stepping
    from seqgan.evaluation.evaluate import (
        chosen_families,
        evaluate_generator,
        grammar_of,
        held_out,
        judge_real,
        needing,
        usual_families,
    )
    from seqgan.evaluation.trained import Judges
    from seqgan.metrics import Report
    from seqgan.runs.directory import open_run
    from seqgan.runs.load import load_generator, load_text, load_text_or_none
    from seqgan.runs.weights import said_of
    from seqgan.training.engine import choose_device

    progress = flags.progress
    device = choose_device(flags.device)
    run = open_run(run_or_newest(flags.run, progress))
    runs = [run] if flags.compare is None else [open_run(flags.compare), run]
    at_place(runs, flags.corpus)
    # Before they are read: what changes them in the meantime is then told.
    weights = {str(each.folder): said_of(each, runs[:-1] if each is run else ()) for each in runs}
    if len({str(each.folder.resolve()) for each in runs}) < len(runs):
        raise ConfigError(f"--compare names the run itself, {run.folder}: name another.")
    check_memory(flags.memory, runs)
    generators = [load_generator(each).to(device) for each in runs]  # before the work: they may be damaged
    checkpoint = runs[-1].generator_path.name
    paired = [each.source_vocabulary is not None for each in runs]
    if any(paired):
        if not all(paired):
            raise ConfigError(
                "One of --run and --compare is a run of pairs, and the other one of plain text: name two alike."
            )
        pair_columns, below = judge_pair_runs(flags, runs, list(map(stepping, generators)), reports)
        lines += below
        return pair_columns, {
            "run": str(run.folder),
            "checkpoint": checkpoint,
            "column": str(run.folder),
            "text": "pairs",
            "weights": weights,
        }
    if flags.beam is not None:
        raise ConfigError("--beam is of runs of pairs; of plain text, samples are judged.")
    if flags.sacrebleu_tokenize is not None:
        raise ConfigError("--sacrebleu-tokenize is of runs of pairs and of --samples; this run has no references each.")
    judges = Judges(flags.features, progress=progress)
    for family in needing("aligned", flags.metrics):
        raise ConfigError(f"{family} takes a reference for each sample, which only --samples can have.")
    columns: dict[str, Report] = {}
    for each, generator in zip(runs, generators, strict=True):
        text = load_text(each, progress) if flags.references is None else load_text_or_none(each, progress)
        held = held_out(text)
        there = bool(text.corpus.train)
        if not there and "all" in flags.metrics:
            raise ConfigError(
                "--metrics all takes the training sentences, which are not there: name metrics, or give --corpus."
            )
        references = held.references if flags.references is None else read_references(flags)
        known_grammar = grammar_of(text) is not None
        known = {"model": True, "references": True, "training": there, "grammar": known_grammar}
        families = chosen_families(flags.metrics, **known) or usual_families(model=True)
        families = without_those_of_more(flags, families, min(flags.count, len(references)))
        if not columns and held.split == "valid" and flags.references is None:
            progress.note(
                "The corpus has no test text: judged against its validation text, which decided when to stop."
            )
        sampled = len(text.corpus.train)
        if not columns and sampled < text.train.sentences and needing("training", families):
            progress.note(
                f"The training text is on the disk: a sample of {sampled:,} of its {text.train.sentences:,} sentences "
                "stands for it in what is compared with it."
            )
        if not columns and there:
            wanted = min(flags.count, len(held.real) + len(text.corpus.train))
            drawn = max(0, wanted - len(held.real))
            among = f", {drawn:,} of them training sentences," if drawn else ""
            note_unequal(flags, wanted, flags.count)
            progress.note(f"Judging {wanted:,} real sentences{among} against {count(len(references), 'other')}.")
            real = judge_real(text, references, flags.count, families, flags.seed, judges=judges)
            if len(real):  # a likelihood is a generator's alone
                columns["real text"] = real
        progress.note(f"Judging {flags.count:,} samples of {each.folder} against {count(len(references), 'sentence')}.")
        report = evaluate_generator(
            generator,
            text,
            flags.count,
            seed=flags.seed,
            references=references,
            families=families,
            draws=flags.draws,
            progress=progress,
            judges=judges,
        )
        name = str(each.folder)
        columns[name] = report
        reports[name] = each.report_path
    return columns, {"run": name, "checkpoint": checkpoint, "column": name, "text": "plain", "weights": weights}
