"""The page of one or several runs: pictures first, then numbers, samples, settings and how to repeat it."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from seqgan.algorithm_settings import with_algorithm
from seqgan.data.lines import count
from seqgan.generators import GENERATORS
from seqgan.metrics import Report
from seqgan.objectives import ALGORITHMS
from seqgan.reporting.charts import Chart, charts, controls_chart, sweep_chart, trajectory_chart
from seqgan.reporting.figures import swatch
from seqgan.reporting.findings import log_findings, rule_findings
from seqgan.reporting.html import (
    Cell,
    Row,
    code,
    escape,
    figure,
    findings_list,
    name_head,
    page,
    paragraph,
    scroller,
    shortened,
    shorter,
    table,
)
from seqgan.reporting.metric_table import metric_table, number
from seqgan.reporting.read import Checkpoint, Opponent, RunRecord
from seqgan.runs.health import USUAL, circumstances_of
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.run import RunConfig

MOST_CHECKPOINTS = 24
"""Columns of samples; of more checkpoints, so many at equal distances."""
COPYING = ("copied", "longest-copied")
"""Families of metrics that the part on memorisation shows."""


def run_page(runs: Sequence[RunRecord]) -> str:
    """The whole page.

    Args:
        runs: from `read_runs`, at least one.
    """
    names = ", ".join(shorter(run.label) for run in runs)
    title = f"{len(runs)} runs: {names}" if len(runs) > 1 else names
    parts = [
        ("curves", "Curves of both players", curves_part(runs)),
        ("plane", "Quality and diversity", plane_part(runs)),
        ("metrics", "Metrics", metrics_part(runs)),
        ("health", "Health", health_part(runs)),
        ("samples", "Samples", samples_part(runs)),
        ("memorisation", "Memorisation", memorisation_part(runs)),
        ("settings", "Settings", settings_part(runs)),
        ("repeat", "To repeat it", repeat_part(runs)),
    ]
    return page(title, lead(runs), parts)


def lead(runs: Sequence[RunRecord]) -> str:
    """What the runs are, and what is known of their worth."""
    sentences = "".join(paragraph(escape(summary(run, named=len(runs) > 1)), "lead") for run in runs)
    verdicts = [verdict_box(run) for run in runs if run.verdict is not None]
    return sentences + "".join(verdicts) + "".join(map(older_box, (run for run in runs if run.outdated)))


def summary(run: RunRecord, *, named: bool) -> str:
    """A run in a sentence, with its name or without."""
    config = run.config
    about = f"{config.data.tokenizer} of {corpus_of(config)}, generator {config.generator.name}"
    if config.adversarial is None or config.discriminator is None:
        done = run.pretraining[-1]["step"] if run.pretraining else 0
        text = f"maximum likelihood, {count(done, 'epoch')}, on {about}, seed {config.seed}."
    else:
        done = run.rounds[-1]["step"] if run.rounds else 0
        came = f"from {run.origin}" if run.origin else "from nothing"
        text = (
            f"{config.algorithm_name} {came}, {done:,} of {count(config.adversarial.rounds, 'round')}, on {about}, "
            f"discriminator {config.discriminator.name}, seed {config.seed}."
        )
    return f"{run.label}: {text}" if named else text[0].upper() + text[1:]


def corpus_of(config: RunConfig) -> str:
    """A corpus by its last name, for reading."""
    name = config.data.corpus.removeprefix("embedded:")
    return name if name.startswith("hf:") else Path(name).name or name


def verdict_box(run: RunRecord) -> str:
    """The verdict on a run, as it was written."""
    assert run.verdict is not None
    sentences = "".join(f"<li>{shortened(text)}</li>" for name, text in run.verdict.evidence if not name)
    rows: list[Row] = [[escape(shorter(name)), shortened(text)] for name, text in run.verdict.evidence if name]
    listed = f"<ul>{sentences}</ul>" if sentences else ""
    if rows:
        listed += f"<details><summary>The evidence</summary>{table('What was compared', ['', ''], rows)}</details>"
    return (
        f'<div class="verdict" role="note" aria-label="Verdict on {escape(run.label)}"><p><strong>'
        f"{shortened(run.verdict.sentence)}</strong></p>{listed}</div>"
    )


def older_box(run: RunRecord) -> str:
    """What was measured before the weights changed, which is shown nowhere."""
    listed = "".join(f"<li>{shortened(why)}.</li>" for why in run.outdated)
    return (
        f'<div class="verdict" role="note" aria-label="Left out of {escape(run.label)}">'
        f"<p>Of {escape(shorter(run.label))} some was measured before its weights changed, and is left out. To measure "
        f"it again: <code>{escape(evaluate_command(run))}</code></p><ul>{listed}</ul></div>"
    )


def legend(runs: Sequence[RunRecord], parents: Sequence[RunRecord] = ()) -> str:
    """Which line is which run; nothing where there is one.

    Args:
        runs: in their colours.
        parents: runs they came from, in the colour of text.
    """
    named: list[tuple[int | None, RunRecord]] = [*enumerate(runs), *((None, parent) for parent in parents)]
    if len(named) == 1:
        return ""
    items = "".join(f"<li>{swatch(place)}<span>{escape(shorter(run.label))}</span></li>" for place, run in named)
    return f'<ul class="legend" aria-label="Lines of the pictures">{items}</ul>'


def pictures(drawn: Iterable[Chart], kind: str = "charts") -> str:
    """Pictures side by side."""
    figures = "".join(figure(chart.svg, chart.title, chart.summary, chart.key) for chart in drawn)
    return f'<div class="{kind}">{figures}</div>'


def curves_part(runs: Sequence[RunRecord]) -> str:
    """Everything that was logged worth looking at."""
    drawn = charts(runs)
    if not drawn:
        return paragraph("The log is empty: the run stopped before its first line.")
    shaded = paragraph("Phases stand side by side, those before the last one shaded; each has its own unit.", "muted")
    return shaded + legend(runs) + pictures(drawn) + evaluated_table(runs)


def evaluated_table(runs: Sequence[RunRecord]) -> str:
    """The evaluations during training as numbers, closed at first."""
    tables = []
    for run in runs:
        lines = [line for line in run.rounds if any(name.startswith("eval/") for name in line)]
        names = sorted({name for line in lines for name in line if name.startswith("eval/")})
        if not names:
            continue
        head = ["round", *(escape(name.removeprefix("eval/")) for name in names)]
        rows: list[Row] = [
            [str(line["step"]), *(Cell(number(line.get(name)), number=True) for name in names)] for line in lines
        ]
        caption = f"{escape(run.label)}: evaluations during training, on the validation text"
        tables.append(table(caption, head, rows, "counts"))
    if not tables:
        return ""
    return f"<details><summary>The evaluations as numbers</summary>{''.join(tables)}</details>"


def plane_part(runs: Sequence[RunRecord]) -> str:
    """Quality against diversity: over temperatures, and along the training."""
    drawn = [chart for chart in (sweep_chart(runs), trajectory_chart(runs)) if chart is not None]
    text = paragraph(
        "A generator is better when it is better in quality and not worse in diversity. A lower sampling temperature "
        "gains BLEU and loses diversity for free: a run that lies on its parent's temperature curve is sharper, not "
        "better. The two pictures are of different samples and references, and are not to be laid over one another."
    )
    parents = [run for run in with_parents(runs) if run.sweep is not None and run.label not in {r.label for r in runs}]
    content = text + legend(runs, parents) + pictures(drawn, "charts wide") if drawn else ""
    if not drawn and any(map(has_temperature, runs)):
        content = text
    missing = [run for run in runs if run.sweep is None]
    without = [run for run in missing if not has_temperature(run)]
    if without:
        content += paragraph(
            f"{_codes(without)} {'has' if len(without) == 1 else 'have'} no temperature curve: it is of generators "
            "that draw token by token without a source."
        )
    missing = [run for run in missing if has_temperature(run)]
    if missing:
        content += paragraph(
            f"No temperature curve of {_codes(missing)} yet. It is read from <code>sweep.json</code>, which is made "
            "when an adversarial run is compared with the one that it came from:"
        )
        content += code("\n".join(map(sweep_command, missing)))
    return content + "".join(controls_part(run, place) for place, run in enumerate(runs))


def controls_part(run: RunRecord, place: int) -> str:
    """A run beside each of its opponents, where it was compared with controls: a sentence, a picture and a table.

    Args:
        run: the run.
        place: its number on the page.
    """
    controls = run.controls
    if controls is None:
        return ""
    chart = controls_chart(controls, place)
    rows: list[Row] = [opponent_row(each) for each in (controls.own, *controls.opponents)]
    head = ["opponent", "nll, nats a token", "of", f"{escape(controls.quality)}: the run less it", "answer"]
    caption = f"{escape(shorter(run.label))}: all opponents at equal {escape(controls.diversity)}"
    drawn = pictures([chart], "charts wide") if chart is not None else ""
    return (
        f"<h3>{escape(shorter(run.label))} beside each opponent</h3>{paragraph(shortened(controls.sentence))}{drawn}"
        f"{table(caption, head, rows, 'counts')}"
    )


def opponent_row(opponent: Opponent) -> Row:
    """A row of the table of opponents."""
    difference = opponent.difference
    cell = "–" if difference is None else f"{difference.value:+.4f}"
    if difference is not None and difference.low is not None and difference.high is not None:
        cell += f" [{difference.low:+.4f}, {difference.high:+.4f}]"
    answer = shortened(f"left out: {opponent.left_out}") if opponent.left_out else escape(opponent.answer)
    numbers = (number(opponent.nll), escape(opponent.nll_of), cell)
    return [escape(opponent.title), *(Cell(each, number=True) for each in numbers), answer]


def _codes(runs: Sequence[RunRecord]) -> str:
    return ", ".join(f"<code>{escape(run.label)}</code>" for run in runs)


def has_temperature(run: RunRecord) -> bool:
    """Whether a run's generator can be sampled at several temperatures and judged as plain text."""
    generator = run.config.generator
    kind = GENERATORS.get(generator.name or "")  # one of somebody's own need not be here where the page is made
    at_once = kind is not None and kind.at_once
    return not (run.paired or at_once or generator.state_noise or generator.greedy)


def sweep_command(run: RunRecord) -> str:
    """What makes a run's temperature curve."""
    if run.parent is not None:
        return evaluate_command(run)
    if run.config.adversarial is not None:
        return f"{evaluate_command(run)} --temperatures 0.6 0.8 1.0 1.2"
    child = f"{run.label}/{run.children[0] if run.children else 'seqgan'}"
    return f"seqgan evaluate --run {shlex.quote(child)} --compare {shlex.quote(run.label)}"


def with_parents(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs, each after the one it came from, none twice."""
    found: dict[Path, RunRecord] = {}
    for run in runs:
        for each in (run.parent, run):
            if each is not None:
                found.setdefault(Path(each.label).resolve(), each)
    return list(found.values())


def metrics_part(runs: Sequence[RunRecord]) -> str:
    """The last evaluation of each run and of those they came from."""
    columns = evaluated_columns(runs)
    missing = [run for run in runs if run.evaluation is None]
    content = metric_table(columns) if columns else ""
    said = [line for run in runs if run.evaluation is not None for line in run.evaluation.comparisons]
    content += "".join(paragraph(shortened(line)) for line in said)
    if missing:
        these = " with these weights" if any(run.outdated for run in missing) else ""
        yet = f"Not evaluated{these} yet"
        content += paragraph(f"{yet}:" if len(missing) > 1 or columns else f"{yet}. To do so:")
        content += code("\n".join(evaluate_command(run) for run in missing))
    return content


def evaluated_columns(runs: Sequence[RunRecord]) -> dict[str, Report]:
    """The last evaluations of runs and of those they came from, behind what was judged with them: real text first.

    Real text that was judged anew with other numbers, as many as another run had, is a column of its own.
    """
    shown = with_parents(runs)
    own = {Path(run.label).resolve() for run in shown if run.evaluation is not None}
    beside: dict[str, Report] = {}
    for run in shown:
        for name, report in run.evaluation.compared.items() if run.evaluation is not None else ():
            if Path(name).resolve() in own:
                continue
            known = beside.setdefault(name, report)
            if list(known) != list(report):
                beside[f"{name}, beside {run.label}"] = report
    return beside | {run.label: run.evaluation.report for run in shown if run.evaluation is not None}


def evaluate_command(run: RunRecord, label: str = "", parent: str = "") -> str:
    """What makes a run's metric table, with the flags that its last one was made with.

    Args:
        run: which.
        label: its folder, where it is another one.
        parent: likewise of the run that it came from.
    """
    words = ["seqgan", "evaluate", "--run", label or run.label]
    if run.parent is not None:
        words += ["--compare", parent or run.parent.label]
    for flag, value in run.evaluation.flags.items() if run.evaluation is not None else ():
        if flag == "compare" and run.parent is not None:
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        words += [f"--{flag}", *map(str, values)]
    return shlex.join(words)


def health_part(runs: Sequence[RunRecord]) -> str:
    """What the logs say."""
    parts = []
    for run in runs:
        rounds = run.config.adversarial.rounds if run.config.adversarial is not None else 0
        before = run.pretraining if run.origin != run.label else []
        both, about = run.config.adversarial, USUAL
        if both is not None:
            algorithm = ALGORITHMS.get(run.config.algorithm_name or "")
            about = circumstances_of(both, algorithm, from_nothing=not run.pretraining)
        of_rules = rule_findings(run.config, pretrained=bool(run.pretraining))
        found = [*of_rules, *log_findings([*before, *run.log], rounds, about)]
        heading = f"<h3>{escape(shorter(run.label))}</h3>" if len(runs) > 1 else ""
        parts.append(heading + (findings_list(found) if found else paragraph("The log holds nothing to judge by.")))
    return "".join(parts)


def samples_part(runs: Sequence[RunRecord]) -> str:
    """Samples of each kept checkpoint, side by side."""
    parts = [paragraph("The first sentences of each kept checkpoint, as they were drawn; none was chosen.", "muted")]
    for run in runs:
        heading = f"<h3>{escape(shorter(run.label))}</h3>" if len(runs) > 1 else ""
        if not run.samples:
            why = "A pretrained run keeps none" if run.config.adversarial is None else "None are kept yet"
            command = f"seqgan sample --run {shlex.quote(run.label)}{' --source FILE' if run.paired else ''}"
            more = f": <code>{escape(command)}</code> draws some."
            parts.append(heading + paragraph(why + more))
            continue
        shown = at_equal_distances(run.samples, MOST_CHECKPOINTS)
        left_out = len(run.samples) - len(shown)
        note = paragraph(f"{left_out:,} checkpoints between these are left out.", "muted") if left_out else ""
        columns = "".join(map(sample_column, shown))
        label = f"Samples of {run.label}, scrolls sideways"
        parts.append(heading + note + scroller(f'<div class="samples">{columns}</div>', label))
    return "".join(parts)


def sample_column(checkpoint: Checkpoint) -> str:
    """The samples of a checkpoint."""
    sources = checkpoint.sources or [""] * len(checkpoint.sentences)
    items = "".join(
        f"<li>{source_of(source) if checkpoint.sources else ''}<bdi>{shortened(line) if line.strip() else EMPTY}</bdi>"
        "</li>"
        for source, line in zip(sources, checkpoint.sentences, strict=True)
    )
    listed = f"<ol>{items}</ol>" if items else paragraph("The file is empty.", "muted")
    return f"<section><h4>Round {checkpoint.round:,}</h4>{listed}</section>"


def source_of(text: str) -> str:
    """What a sample answers, above it."""
    return f'<bdi class="source muted">{shortened(text) if text.strip() else EMPTY}</bdi>'


EMPTY = '<span class="muted">(empty)</span>'


def at_equal_distances(checkpoints: Sequence[Checkpoint], most: int) -> list[Checkpoint]:
    """So many of them at most, the first and the last among them."""
    count = len(checkpoints)
    if count <= most:
        return list(checkpoints)
    return [checkpoints[round(place * (count - 1) / (most - 1))] for place in range(most)]


def memorisation_part(runs: Sequence[RunRecord]) -> str:
    """What was copied from the training text."""
    columns = evaluated_columns(runs)
    entries = {
        name: Report(entry for entry in report if entry.name.startswith(COPYING)) for name, report in columns.items()
    }
    known = {name: report for name, report in entries.items() if len(report)}
    if not known:
        command = f"seqgan evaluate --run {shlex.quote(runs[0].label)} --metrics copied longest-copied"
        return paragraph("Not measured yet. To do so:") + code(command)
    text = paragraph(
        "<code>copied</code> is the share of samples that are training sentences, token by token; "
        "<code>longest-copied</code> the mean length of the longest n-gram of a sample that stands in the training "
        "text. A model that copies has a perfect BLEU."
    )
    return text + metric_table(known, arrows=True)


def settings_part(runs: Sequence[RunRecord]) -> str:
    """What differs from the defaults or between the runs, and all settings."""
    flat = [flat_settings(run.config) for run in runs]
    usual = [flat_settings(defaults_of(run.config)) for run in runs]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    rows: list[Row] = []
    for name in names:
        values = [settings.get(name, "") for settings in flat]
        differs = any(value != default.get(name, "") for value, default in zip(values, usual, strict=True))
        if differs or len(set(map(str, values))) > 1:
            rows.append([f"<code>{escape(name)}</code>", *(Cell(shortened(shown(value), 200)) for value in values)])
    head = ["setting", *(name_head(run.label) for run in runs)]
    beside = " or between the runs" if len(runs) > 1 else ""
    listed = (
        table(f"What differs from the defaults{beside}", head, rows) if rows else paragraph("All are the defaults.")
    )
    whole = "".join(
        f"<details><summary>All settings of {escape(shorter(run.label))}, as its config.yaml has them</summary>"
        f"{code(run.settings)}</details>"
        for run in runs
    )
    return listed + whole


def defaults_of(config: RunConfig) -> RunConfig:
    """The settings of a run of that algorithm that was given none."""
    if config.adversarial is None:
        return RunConfig()
    base = RunConfig(discriminator=DiscriminatorConfig(), adversarial=AdversarialConfig())
    if config.algorithm_name not in ALGORITHMS:
        return base  # an algorithm of one's own, which this process does not know
    return with_algorithm(base, config.algorithm_name, ("discriminator", "adversarial", "data", "generator"))


def flat_settings(config: RunConfig) -> dict[str, Any]:
    """Settings by their whole name, ``generator.hidden_size``; sections that a run has not are left out."""
    flat: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(config).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        elif value is not None and name != "format":
            flat[name] = value
    for name in ("data.fingerprint", "data.begun_in"):  # of what was read, and where, and no choice
        flat.pop(name, None)
    return flat


def shown(value: object) -> str:
    """A setting's value as YAML has it."""
    return (
        {True: "true", False: "false", None: "null"}.get(value, str(value))
        if isinstance(value, bool | None)
        else str(value)
    )


def repeat_part(runs: Sequence[RunRecord]) -> str:
    """The commands that make the same again."""
    text = paragraph(
        "Every random choice follows from the seeds in the settings: with the same text, versions and kind of device "
        "these commands give the same weights. Settings are read from the runs' own <code>config.yaml</code>, which "
        "is printed above."
    )
    return text + code("\n".join(commands(runs)))


def commands(runs: Sequence[RunRecord]) -> list[str]:
    """Each run made again under another name, judged and reported; a run's parent comes before it."""
    lines = []
    again: dict[Path, str] = {}
    for run in with_parents(runs):
        folder = Path(run.label)
        config = shlex.quote(str(folder / "config.yaml"))
        if run.config.adversarial is None:
            target = f"{run.label}-again"
            lines.append(f"seqgan pretrain --config {config} --run {shlex.quote(target)}")
        elif run.parent is None:
            target = f"{run.label}-again"
            corpus = shlex.quote(run.config.data.corpus)
            lines.append(f"seqgan adversarial --corpus {corpus} --config {config} --run {shlex.quote(target)}")
        else:
            parent = again[Path(run.parent.label).resolve()]
            target = str(Path(parent) / folder.resolve().name)
            name = shlex.quote(folder.resolve().name)
            lines.append(f"seqgan adversarial --run {shlex.quote(parent)} --config {config} --name {name}")
        again[folder.resolve()] = target
    for run in with_parents(runs):
        parent = "" if run.parent is None else again[Path(run.parent.label).resolve()]
        lines.append(evaluate_command(run, again[Path(run.label).resolve()], parent))
    lines.append("seqgan report " + " ".join(shlex.quote(again[Path(run.label).resolve()]) for run in runs))
    return lines
