"""What a run left behind, as records for a page. Reads files and nothing else; what is missing is None or empty.

Beside the files that every run has, two may lie in a run's folder:

``sweep.json``, quality against diversity over sampling temperatures::

    {"metrics": {"quality": "bleu-4", "diversity": "self-bleu-4", "sharper": 1},
     "points": [{"temperature": 0.8,
                 "quality": {"value": 0.41, "low": 0.40, "high": 0.42},
                 "diversity": {"value": 0.38, "low": 0.37, "high": 0.39}}, ...], ...}

A value that is not defined is null. ``sharper`` is 1 where the measure of diversity rises as samples grow alike, -1
where it falls. Without ``metrics`` the points hold ``bleu-N`` and ``self-bleu-N`` in place of ``quality`` and
``diversity``.
``low``, ``high`` and all other keys may be missing.

``verdict.json``, whether the adversarial phase helped::

    {"sentence": "No difference: ...", "compared_with": "runs/mine", "evidence": {...}, ...}

Evidence is a mapping of names to numbers, texts and mappings, nested as may be, or a list of sentences. Where a run was
compared with controls, it has these besides::

    {"controls_sentence": "At equal diversity ...",
     "controls": [{"opponent": "parameters", "kind": "better", "nll": 4.31, "nll_of": "generator",
                   "metrics": {"quality": "bleu-4", "diversity": "self-bleu-4"},
                   "at_equal_diversity": {"difference": {"value": 0.02, "low": 0.01, "high": 0.03}, ...}, ...},
                  {"opponent": "cost", "kind": null, "left_out": "..."}, ...], ...}

``opponent`` is one of `seqgan.evaluation.opponents`; ``nll`` and ``at_equal_diversity`` may be null or missing.

They and ``report.json`` say of which weights they are, ``{"weights": {"sha256": "...", "phase": "adversarial", "step":
40}, ...}``, and in ``weights_of`` likewise of the runs that were compared with, by their place beside the run.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from seqgan.errors import CheckpointError, ConfigError, SeqganError
from seqgan.evaluation.opponents import OPPONENTS
from seqgan.files import read_file
from seqgan.metrics import Report
from seqgan.runs.directory import Run, child_runs, open_run
from seqgan.runs.metric_log import read_metrics
from seqgan.runs.weights import others_outdated, outdated
from seqgan.settings.run import RunConfig

Logged = dict[str, Any]
"""A line of a metric log."""
Found = TypeVar("Found")
REAL = ("real text", "references")
"""Heads of the columns of real sentences."""
GREATEST = 1e100
"""Of the numbers in a log that are drawn; what is beyond is missing."""
ORDERS = (4, 3, 2, 5)
"""Which order of BLEU stands for quality: the first that there is."""


class Checkpoint(NamedTuple):
    """Samples of a kept checkpoint."""

    round: int
    size: int
    """Sentences in its file."""
    sentences: list[str]
    """The first of them."""
    sources: list[str] | None = None
    """What they answer, one for each; None for plain text."""


class Evaluation(NamedTuple):
    """A run's last evaluation."""

    checkpoint: str
    report: Report
    compared: dict[str, Report]
    """Other columns that were judged with it, by name: real text, the run that it was compared with."""
    comparisons: list[str]
    """What was said of runs of pairs below the table."""
    flags: dict[str, Any]
    """What was asked for beside the defaults, by the names of the flags."""


class Measured(NamedTuple):
    """A number and the interval that it may be in."""

    value: float
    low: float | None = None
    high: float | None = None


class SweepPoint(NamedTuple):
    """A sampling temperature and what it gave."""

    temperature: float
    quality: Measured
    diversity: Measured


class Sweep(NamedTuple):
    """Quality against diversity over temperatures."""

    quality: str
    """Name of the measure: bleu-4."""
    diversity: str
    """Likewise: self-bleu-4."""
    sharper: int
    """1 if the measure of diversity rises as samples grow alike, -1 if it falls."""
    points: list[SweepPoint]
    """By temperature."""
    undefined: Sequence[float] = ()
    """Temperatures at which a measure is not defined: they are no points."""


class Verdict(NamedTuple):
    """Whether the adversarial phase helped."""

    sentence: str
    evidence: list[tuple[str, str]]
    """What was measured, by name; of plain sentences the name is empty."""


class Opponent(NamedTuple):
    """What a run was compared with."""

    title: str
    answer: str
    """better, no-difference and the like; empty where it was left out."""
    nll: float | None = None
    """Of held-out text, nats a token."""
    nll_of: str = ""
    """What it is of: a generator, or a generator times a discriminator."""
    difference: Measured | None = None
    """Of quality at equal diversity: the run's less the opponent's."""
    left_out: str = ""
    """Why there is no answer."""


class Controls(NamedTuple):
    """A run beside all its opponents."""

    sentence: str
    quality: str
    """Name of the measure: bleu-4."""
    diversity: str
    """Likewise: self-bleu-4."""
    own: Opponent
    """The run itself, with its likelihood alone."""
    opponents: Sequence[Opponent]


class RunRecord(NamedTuple):
    """All that a page shows of a run."""

    label: str
    """The folder as it was named."""
    config: RunConfig
    settings: str
    """Its settings file."""
    log: list[Logged]
    pretraining: list[Logged]
    """Log of the maximum-likelihood phase: its own, or that of the run it came from."""
    origin: str
    """The folder of the run with that phase; empty where there is none."""
    samples: list[Checkpoint]
    evaluation: Evaluation | None
    parent: "RunRecord | None"
    """The run that this one started from."""
    sweep: Sweep | None
    verdict: Verdict | None
    children: list[str]
    """Adversarial runs in its folder."""
    paired: bool = False
    """Whether it answers or translates sources."""
    outdated: Sequence[str] = ()
    """What was measured of weights that are no longer the run's, and is left out for that reason."""
    controls: Controls | None = None
    """Its opponents, where it was compared with controls."""

    @property
    def rounds(self) -> list[Logged]:
        """Log lines of the adversarial phase."""
        return [line for line in self.log if line["phase"] == "adversarial"]

    @property
    def warmup(self) -> list[Logged]:
        """Log lines of the discriminator's warm-up."""
        return [line for line in self.log if line["phase"] == "warmup"]


def read_runs(folders: Sequence[str], samples: int) -> list[RunRecord]:
    """The records of some runs.

    Args:
        folders: of the runs.
        samples: sentences that are read of each checkpoint.

    Raises:
        SeqganError: one is no run, is named twice, or holds a damaged file.
    """
    if not folders:
        raise ConfigError("seqgan report needs the folder of a run, such as runs/captions.")
    resolved = [str(Path(folder).resolve()) for folder in folders]
    for number, folder in enumerate(folders):
        if resolved[number] in resolved[:number]:
            raise ConfigError(f"{folder} is named twice: name each run once.")
    return [read_run(folder, samples) for folder in folders]


def read_run(folder: str | Path, samples: int) -> RunRecord:
    """The record of a run.

    Args:
        folder: of the run.
        samples: sentences that are read of each checkpoint.

    Raises:
        SeqganError: it is no run, or holds a damaged file.
    """
    run = open_run(folder)
    log = [_drawable(line) for line in read_metrics(run.metrics_path)]
    parent = _parent(run, samples)
    own = [line for line in log if line["phase"] == "pretrain"]
    from_parent = parent is not None and not own
    older: list[str] = []
    return RunRecord(
        label=str(folder),
        config=run.config,
        settings=_read_bytes(run.folder / "config.yaml").decode(),
        log=log,
        pretraining=parent.pretraining if from_parent and parent is not None else own,
        origin=parent.origin if from_parent and parent is not None else str(folder) if own else "",
        samples=read_samples(run.samples_folder, samples),
        evaluation=_without_older(_of_these_weights(read_evaluation, run.report_path, run, older), run, older),
        parent=parent,
        sweep=_of_these_weights(read_sweep, run.sweep_path, run, older),
        verdict=_of_these_weights(read_verdict, run.verdict_path, run, older, compares=True),
        children=child_runs(run.folder),
        paired=run.source_vocabulary is not None,
        outdated=older,
        controls=_of_these_weights(read_controls, run.verdict_path, run, [], compares=True),  # said of the verdict
    )


def _of_these_weights(
    read: "Callable[[Path], Found | None]", path: Path, run: Run, older: list[str], *, compares: bool = False
) -> "Found | None":
    """What a file of a run says, if it is of the weights that the run has now.

    Args:
        read: reads it.
        path: of the file.
        run: whose it is.
        older: gets why it is left out, where it is.
        compares: whether the weights of the runs that it was measured with decide, too.
    """
    found = read(path)
    content = None if found is None else _read_json(path, "make it again")
    if content is None:
        return None
    why = outdated(content, path, run) or (others_outdated(content, path, run) if compares else "")
    if why:
        older.append(why)
        return None
    return found


def _without_older(evaluation: Evaluation | None, run: Run, older: list[str]) -> Evaluation | None:
    """An evaluation without the columns of other runs, where the weights of one changed."""
    content = None if evaluation is None else _read_json(run.report_path, "run seqgan evaluate again")
    why = "" if content is None else others_outdated(content, run.report_path, run)
    if evaluation is None or not why:
        return evaluation
    older.append(why)
    kept = {name: report for name, report in evaluation.compared.items() if name in REAL}
    return evaluation._replace(compared=kept, comparisons=[])


def _drawable(line: Logged) -> Logged:
    """The same, without numbers that no axis can show: the perplexity of a training that diverged may be one."""
    return {
        name: None if isinstance(value, int | float) and abs(value) > GREATEST else value
        for name, value in line.items()
    }


def read_samples(folder: Path, count: int) -> list[Checkpoint]:
    """The first sentences of each file of samples, in the order of their rounds.

    ``round-000010.txt`` holds a sentence a line, ``round-000010.tsv`` of pairs a source, a tab and its answer.
    """
    checkpoints = []
    for path in [*folder.glob("round-*.txt"), *folder.glob("round-*.tsv")]:
        number = path.stem.removeprefix("round-")
        if not number.isdecimal():
            continue
        # Only a line feed ends a line; and a byte that is no text is shown as such.
        lines = _read_bytes(path).decode("utf-8", errors="replace").split("\n")[:-1]
        shown = lines[:count]
        if path.suffix == ".tsv":
            cut = [line.partition("\t") for line in shown]
            answers, sources = [answer for _, _, answer in cut], [source for source, _, _ in cut]
            checkpoints.append(Checkpoint(int(number), len(lines), answers, sources))
        else:
            checkpoints.append(Checkpoint(int(number), len(lines), shown))
    return sorted(checkpoints, key=lambda checkpoint: checkpoint.round)


def read_evaluation(path: Path) -> Evaluation | None:
    """A run's report.json; None where it was not evaluated.

    Raises:
        CheckpointError: it is damaged.
    """
    content = _read_json(path, "run seqgan evaluate again")
    if content is None:
        return None
    try:
        compared = {str(name): Report.from_json(each) for name, each in content.get("compared", {}).items()}
        report = Report.from_json(content["metrics"])
        for each in (report, *compared.values()):
            _check_numbers(each)
        comparisons = [str(line) for line in content.get("comparisons", [])]
        flags = dict(content.get("flags", {}))
    except (SeqganError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error, "run seqgan evaluate again") from error
    return Evaluation(str(content.get("checkpoint", "")), report, compared, comparisons, flags)


def read_sweep(path: Path) -> Sweep | None:
    """A run's sweep.json, as the docstring of this file defines it; None where there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    content = _read_json(path, "make it again")
    if content is None:
        return None
    try:
        points = content["points"]
        if "metrics" in content:
            quality, diversity, sharper = (content["metrics"][key] for key in ("quality", "diversity", "sharper"))
            if sharper not in (1, -1):
                raise TypeError(f"sharper is {sharper!r}, expected 1 or -1")
            keys = "quality", "diversity"
        else:
            order = next(n for n in ORDERS if all(f"bleu-{n}" in p and f"self-bleu-{n}" in p for p in points))
            quality, diversity, sharper = f"bleu-{order}", f"self-bleu-{order}", 1
            keys = quality, diversity
        known = [p for p in points if all(p[key]["value"] is not None for key in keys)]
        read = [SweepPoint(_number(p["temperature"]), _measured(p[keys[0]]), _measured(p[keys[1]])) for p in known]
        undefined = sorted(_number(p["temperature"]) for p in points if p not in known)
    except (AttributeError, KeyError, TypeError, StopIteration) as error:
        raise _damaged(path, error, "make it again") from error
    return Sweep(str(quality), str(diversity), sharper, sorted(read, key=lambda point: point.temperature), undefined)


def read_verdict(path: Path) -> Verdict | None:
    """A run's verdict.json, as the docstring of this file defines it; None where there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    content = _read_json(path, "make it again")
    if content is None:
        return None
    sentence, evidence = content.get("sentence"), content.get("evidence", [])
    if not isinstance(sentence, str) or not isinstance(evidence, list | dict):
        raise _damaged(path, KeyError("sentence"), "make it again")
    if isinstance(evidence, dict):
        return Verdict(sentence, list(_flat(evidence)))
    return Verdict(sentence, [("", str(line)) for line in evidence])


def read_controls(path: Path) -> Controls | None:
    """The opponents in a run's verdict.json, as the docstring of this file defines them; None where there are none.

    Raises:
        CheckpointError: it is damaged.
    """
    content = _read_json(path, "make it again")
    if content is None or "controls" not in content:
        return None
    try:
        opponents = [_opponent(each) for each in content["controls"]]
        metrics: Mapping[str, Any] = next((each["metrics"] for each in content["controls"] if "metrics" in each), {})
        quality, diversity = (str(metrics.get(name, name)) for name in ("quality", "diversity"))
        own = content["evidence"].get("nll_at_temperature_1", {})
        mine = Opponent("the run", "", _or_none(own.get("value")), str(own.get("of", "")))
        return Controls(str(content["controls_sentence"]), quality, diversity, mine, opponents)
    except (AttributeError, KeyError, TypeError) as error:
        raise _damaged(path, error, "make it again") from error


def _opponent(content: Mapping[str, Any]) -> Opponent:
    title = OPPONENTS.get(content["opponent"], "another")
    if content["kind"] is None:
        return Opponent(title, "", left_out=str(content.get("left_out", "")))
    at = content.get("at_equal_diversity")
    difference = None if at is None else _measured(at["difference"])
    return Opponent(
        title, str(content["kind"]), _or_none(content.get("nll")), str(content.get("nll_of", "")), difference
    )


def _or_none(value: object) -> float | None:
    return None if value is None else _number(value)


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """What a nested mapping holds, by names from the outside in; lists are left out."""
    for key, value in content.items():
        name = f"{before}{key}".replace("_", " ")
        if isinstance(value, dict) and {"value", "low", "high"} <= value.keys():
            yield name, f"{_short(value['value'])} [{_short(value['low'])}, {_short(value['high'])}]"
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}: ")
        elif not isinstance(value, list):
            yield name, _short(value)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "–" if value is None else str(value)


def _measured(content: Mapping[str, Any]) -> Measured:
    low, high = content.get("low"), content.get("high")
    if low is None or high is None:
        return Measured(_number(content["value"]))
    return Measured(_number(content["value"]), _number(low), _number(high))


def _number(value: object) -> float:
    """The same number.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"found {value!r}, expected a number")
    return float(value)


def _parent(run: Run, samples: int) -> RunRecord | None:
    """The run in whose folder this one lies, if it does."""
    folder = run.folder.resolve().parent
    if not run.is_adversarial or not (folder / "config.yaml").is_file() or not (folder / "vocabulary.txt").is_file():
        return None
    shown = run.folder.parent if run.folder.name not in ("", "..") else folder
    return read_run(shown if shown.resolve() == folder else folder, samples)


def _check_numbers(report: Report) -> None:
    """That values are numbers or missing.

    Raises:
        TypeError: one is neither.
    """
    for entry in report:
        for value in (entry.value, entry.low, entry.high):
            if value is not None:
                _number(value)


def _read_json(path: Path, mend: str) -> dict[str, Any] | None:
    try:
        content = json.loads(read_file(path))
    except FileNotFoundError:
        return None
    except (ValueError, OSError, RecursionError) as error:
        raise _damaged(path, error, mend) from error
    if not isinstance(content, dict):
        raise _damaged(path, TypeError("no JSON object"), mend)
    return content


def _read_bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}. Restore it from a copy.") from error


def _damaged(path: Path, error: Exception, mend: str) -> CheckpointError:
    what = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    return CheckpointError(f"{path} cannot be read ({what}): {mend}, or delete the file.")
