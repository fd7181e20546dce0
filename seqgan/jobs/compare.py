"""A run and the one it is to beat: the sweep of both over temperatures, and whether the one helped.

`seqgan evaluate --compare` and the end of `seqgan adversarial` say it.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.opponents import BUDGET, OPPONENTS, PARENT
from seqgan.evaluation.temperatures import TEMPERATURES, TemperatureSweep, check_sweep
from seqgan.evaluation.verdict import Verdict
from seqgan.evaluation.verdict_looks import looks_line
from seqgan.files import write_file
from seqgan.jobs.compare_opponents import (
    TWO_SEEDS,
    Opponent,
    likelihood_at_1,
    opponents_table,
    with_opponents,
)
from seqgan.jobs.compare_samples import Contender, Samples, cannot_compare, contender_of, judge_samples
from seqgan.jobs.compare_table import likelihood_line, sweep_table
from seqgan.jobs.controls import Control, check_controls, make_controls, parent_of
from seqgan.progress import Progress, Shown, printable, progress_of
from seqgan.runs.directory import Run, open_run
from seqgan.runs.rules import loss_note
from seqgan.runs.weights import OWN, said_of
from seqgan.training.equal_budget import TrainedOn, budget_of, train_on

EQUAL_BUDGETS = ("updates", "time", "none")
"""What maximum likelihood is given as much of as the adversarial phase had."""
QUICK_TEMPERATURES = (0.6, 0.75, 0.9, 1.0, 1.15)
"""After a training: fewer, and rather the lower ones, as adversarial training sharpens."""
QUICK_SETS = 3
"""And of fewer sets of samples."""


class Comparison(NamedTuple):
    """How runs are compared."""

    sentences: int = 1000
    """In a set of samples."""
    temperatures: Sequence[float] = TEMPERATURES
    """Of the sweep; 1 is added where it is missing."""
    sets: int = 4
    """At each temperature, as planned: fewer where the answer is clear, at most twice as many where it is not."""
    seed: int = 0
    """Of the samples."""
    device: str = "auto"
    """Where to compute."""
    references: Sequence[str] | None = None
    """Held-out sentences; by default the runs' own."""
    equal_budget: str = "updates"
    """One of `EQUAL_BUDGETS`."""
    seeds_of: Sequence[Run] = ()
    """More runs like the judged one."""
    likelihood: bool = True
    """Whether held-out text is scored at each temperature."""
    controls: bool = False
    """Whether the run is compared with larger generators that are pretrained alone, too; see `seqgan.jobs.controls`."""


class Compared(NamedTuple):
    """What came of it."""

    run: Run
    reference: Run | None
    sweeps: dict[str, TemperatureSweep]
    """By the runs' folders, and a name for what has none; the judged run last."""
    kept: list[Run]
    """Those whose sweeps are written into their folders."""
    verdict: Verdict | None
    """None where there is nothing to compare with."""
    note: str = ""
    """Why something was left out."""
    weights: Mapping[str, Mapping[str, Any]] = {}
    """By the folders of the runs, what `runs.weights.said_of` said before they were read; of the judged one, with those
    that it was compared with."""

    def to_json(self) -> dict[str, Any]:
        """What `evaluate --json` says of it."""
        content: dict[str, Any] = {"sweep": {name: self._sweep_to_json(name) for name in self.sweeps}}
        if self.verdict is not None:
            content["verdict"] = self._verdict_to_json(self.verdict)
        elif self.reference is not None:
            content["verdict"] = None
        return content

    def _sweep_to_json(self, folder: str) -> dict[str, Any]:
        """The content of a run's sweep.json, with the weights that it is of; of what has no folder, without."""
        own = {key: said for key, said in self.weights.get(folder, {}).items() if key == OWN}
        return {**self.sweeps[folder].to_json(), **own}

    def _verdict_to_json(self, verdict: Verdict) -> dict[str, Any]:
        """The content of verdict.json."""
        assert self.reference is not None
        return {**verdict.to_json(str(self.reference.folder)), **self.weights.get(str(self.run.folder), {})}

    def lines(self) -> list[str]:
        """For the reader: the verdict, and below it what was left out or found beside, and the likelihoods."""
        lines = [printable(self.verdict.sentence)] if self.verdict is not None else []
        lines += [printable(self.note)] if self.note else []
        if self.verdict is not None:
            likelihoods = self.verdict.evidence["nll"]
            if likelihoods["candidate"] is not None and likelihoods["reference"] is not None:
                lines.append(likelihood_line(self.verdict.evidence))
            lines += map(printable, self.verdict.evidence.get("loss", ()))
            lines.append(looks_line(self.verdict.evidence))
            if self.verdict.evidence["candidates"] == 2:
                lines.append(TWO_SEEDS)
        if self.verdict is not None and self.verdict.controls:
            lines += ["\n".join(opponents_table(self.verdict)), printable(self.verdict.controls_sentence)]
        return lines

    def page(self) -> str:
        """The table of the sweep, and below it `lines`."""
        table = ["\n".join(sweep_table(self.sweeps))] if self.sweeps else []
        return "\n\n".join([*table, *self.lines()])

    def write(self, progress: Progress) -> None:
        """Keep it in the runs' folders; one that may not be written is only said."""
        contents = [(run.sweep_path, self._sweep_to_json(str(run.folder))) for run in self.kept]
        if self.verdict is not None:
            contents.append((self.run.verdict_path, self._verdict_to_json(self.verdict)))
        for path, content in contents:
            try:
                write_file(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
            except RunError as error:
                progress.note(f"{error} The sweep above is not kept in the run.")


def compare(
    run: Run | str | Path,
    reference: Run | str | Path | None = None,
    *,
    sentences: int = 1000,
    temperatures: Sequence[float] = TEMPERATURES,
    sets: int = 4,
    seed: int = 0,
    device: str = "auto",
    references: Sequence[str] | None = None,
    equal_budget: str = "updates",
    seeds_of: Sequence[Run | str | Path] = (),
    controls: bool = False,
    progress: Shown = None,
) -> Verdict:
    """Whether one run is better than another, as `seqgan evaluate --run RUN --compare REFERENCE` says it.

    Args:
        run: the run, or its folder.
        reference: the one that it is to beat, usually the pretrained run that it went on from; by default the one in
            whose folder it lies.
        sentences: in a set of samples.
        temperatures: at which both are sampled; 1 is added where it is missing.
        sets: of samples at each temperature, whose spread gives the intervals, as planned: fewer are made where the
            answer is clear, at most twice as many where the intervals are a little wide.
        seed: of the samples.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        references: held-out sentences; by default the runs' own.
        equal_budget: "updates" or "time": what maximum likelihood is given as much of as the adversarial phase had, so
            that its result is judged as well; "none" for no such control.
        seeds_of: more runs like the judged one, with other seeds.
        controls: compare with larger generators that are pretrained alone as well, of as many parameters as both
            players, and of the run's cost of drawing a sentence. Where they are not there yet they are trained, which
            takes several times as long as the reference's training; see `seqgan.jobs.controls`.
        progress: where to report: False for nowhere; by default on a terminal and in a notebook.

    Returns:
        The verdict: its `sentence`, its `kind` and the `evidence`; with controls its `controls` and
        `controls_sentence` as well. Nothing is written into the runs but controls, into the folder of that name.

    Raises:
        ConfigError: numbers that make no sweep, or runs that do not compare.
        SeqganError: a run, or its text, cannot be read.
    """
    check_equal_budget(equal_budget, "equal_budget")
    check_references(references)
    others = [_opened(each) for each in seeds_of]
    settings = Comparison(
        sentences, temperatures, sets, seed, device, references, equal_budget, others, controls=controls
    )
    judged = _opened(run)
    opponent = parent_of(judged) if reference is None else _opened(reference)
    compared = compare_runs(judged, opponent, settings, progress_of(progress))
    if compared.verdict is None:
        raise ConfigError(compared.note)
    return compared.verdict


def _opened(run: Run | str | Path) -> Run:
    return run if isinstance(run, Run) else open_run(run)


def check_references(references: Sequence[str] | None) -> None:
    """That references are sentences, where there are some.

    Raises:
        ConfigError: they are the name of a file.
    """
    if isinstance(references, str):
        raise ConfigError(f"references is {references[:40]!r}, expected a list of sentences: read the file's lines.")


def check_equal_budget(equal_budget: str, name: str) -> None:
    """That there is such a budget.

    Raises:
        ConfigError: there is none; `name` says where it was named.
    """
    if equal_budget not in EQUAL_BUDGETS:
        raise ConfigError(f"{name} is {equal_budget!r}: choose {', '.join(EQUAL_BUDGETS)}.")


def compare_runs(run: Run, reference: Run | None, settings: Comparison, progress: Progress) -> Compared:
    """Sweep both runs over temperatures and judge; without another run, sweep the one.

    Each sweep samples and measures sets times temperatures times sentences: of an LSTM of 256 and 5,000 words half a
    minute on one core, with eight temperatures and four sets of 1,000; at most twice that. Where the run had an
    adversarial phase and the other had none, maximum likelihood goes on for an equal budget, and is swept as well.

    Raises:
        ConfigError: numbers that make no sweep.
        SeqganError: a run, or its text, cannot be read.
    """
    temperatures = sorted({*settings.temperatures, 1.0})
    check_sweep([*settings.temperatures], settings.sentences, settings.sets)
    if settings.controls:
        check_has_controls(run, reference, settings.seeds_of)
    beside = [*settings.seeds_of, *([reference] if reference else [])]
    weights = {str(each.folder): said_of(each) for each in beside} | {str(run.folder): said_of(run, beside)}
    contenders = [contender_of(each, settings.references, settings.device) for each in (run, *beside)]
    why_not = cannot_compare(contenders)
    if why_not is not None:
        return Compared(run, reference, {}, [], None, f"No verdict: {why_not}")
    controls = _controls(run, reference, contenders[-1].text, settings, progress)
    for each in controls:
        if each.run and reference is not None:  # where the text is now, the reference knows
            data = msgspec.structs.replace(each.run.config.data, corpus=reference.config.data.corpus)
            data = msgspec.structs.replace(data, valid=reference.config.data.valid)
            each.run.config = msgspec.structs.replace(each.run.config, data=data)
    of_controls = [contender_of(each.run, settings.references, settings.device) for each in controls if each.run]
    weights |= {str(each.run.folder): said_of(each.run) for each in of_controls}
    weights[str(run.folder)] |= said_of(run, [*beside, *(each.run for each in of_controls)])
    folders = ", ".join(str(each.run.folder) for each in (*contenders, *of_controls))
    progress.note(
        f"Sampling{_planned(settings, reference)} {settings.sets} sets of {settings.sentences:,} sentences at "
        f"{count(len(temperatures), 'temperature')} of {folders}."
    )

    def samples_of(contender: Contender) -> Samples:
        how = (temperatures, settings.sentences, settings.seed)
        return Samples(contender, *how, likelihood=settings.likelihood, progress=progress)

    samples = [samples_of(each) for each in contenders]
    if reference is None:
        sweep = samples[0].first_sets(settings.sets)
        return Compared(run, None, {str(run.folder): sweep}, [run], None, weights=weights)
    *judged, start = samples
    names = _names(run, reference)

    def judge(opponent: Samples, name: str) -> Verdict:
        return judge_samples(judged, opponent, settings.sets, (names[0], name), progress)

    losses = [note for each in (run, reference) if (note := loss_note(each)) is not None]
    verdict = judge(start, names[1])
    opponents = [Opponent(PARENT, str(reference.folder), verdict)]
    sweeps = {str(reference.folder): start.all_sets()}
    note = ""
    if settings.equal_budget != "none" and run.is_adversarial and not reference.is_adversarial:
        try:
            trained, goes_on = _equal_budget(run, start.contender, settings, progress)
        except RunError as error:
            note = f"Maximum likelihood was not given an equal budget: {error}"
            verdict.evidence["equal_budget"] = {"budget": settings.equal_budget, "left_out": note}
            opponents.append(Opponent(BUDGET, "", None, "the log does not say what it was"))
        else:
            about: dict[str, Any] = {"budget": settings.equal_budget, **trained._asdict()}
            made = f"{trained.updates:,} updates"
            note = f"Maximum likelihood went on for {made}; no weights on the way were better by held-out text."
            if trained.best_update:
                more = f"{names[1]} after {trained.best_update:,} more updates"
                of_more = samples_of(goes_on)
                other = judge(of_more, more)
                opponents.append(Opponent(BUDGET, "", other, about=dict(about)))
                sweeps[more] = of_more.all_sets()
                # To have helped is to be better than both; what else it is, it is beside the run it came from.
                aside, name = other, more
                if verdict.kind == "better":
                    verdict, aside, name = other, verdict, str(reference.folder)
                about["other_opponent"] = {
                    **{"reference": name, "kind": aside.kind, "sentence": aside.sentence},
                    **{key: aside.evidence[key] for key in ("sets", "looks")},
                }
                note = f"Against {name}: {aside.sentence}"
            else:
                why = "no weights on the way were better by held-out text than those that it began with"
                opponents.append(Opponent(BUDGET, "", None, why))
            verdict.evidence["equal_budget"] = about
    else:
        opponents.append(Opponent(BUDGET, "", None, "none was asked for"))
    if settings.controls:
        swept = {str(each.run.folder): samples_of(each) for each in of_controls}
        opponents += [_judged_control(each, swept, judge) for each in controls]
        nll = likelihood_at_1([each.contender for each in judged], verdict)
        verdict = with_opponents(verdict, names[0], opponents, nll)
        sweeps |= {folder: each.all_sets() for folder, each in swept.items()}
    if losses:
        verdict.evidence["loss"] = losses
    own = [(each.contender.run, each.all_sets()) for each in judged]
    sweeps |= {str(each.folder): sweep for each, sweep in reversed(own)}
    kept = [reference, *(each.run for each in of_controls), *(each for each, _ in own)]
    return Compared(run, reference, sweeps, kept, verdict, note, weights)


def _judged_control(
    control: Control, swept: Mapping[str, Samples], judge: Callable[[Samples, str], Verdict]
) -> Opponent:
    """What came of a control, or why there is none.

    Args:
        control: one of the run's.
        swept: the samples of those that there are, by their folders.
        judge: gives the verdict on the run beside samples of something that is called so.
    """
    if control.run is None:
        return Opponent(control.kind, "", None, control.left_out)
    folder = str(control.run.folder)
    verdict = judge(swept[folder], OPPONENTS[control.kind])
    return Opponent(control.kind, folder, verdict, about=control.about)


def check_has_controls(run: Run, reference: Run | None, seeds_of: Sequence[Run] = ()) -> None:
    """That a run can be compared with controls, and those with other seeds with the same ones.

    Raises:
        ConfigError: it cannot, and why.
    """
    if reference is None:
        raise ConfigError("Controls are compared beside the pretrained run that a run began with: name that one, too.")
    check_controls(run, reference)
    for other in seeds_of:
        for name in ("generator", "discriminator", "algorithm"):
            if getattr(other.config, name) != getattr(run.config, name):
                raise ConfigError(
                    f"{other.folder} has other settings of the {name} than {run.folder}: controls are made for one "
                    "kind of model, of which --seeds-of names more seeds."
                )


def _controls(run: Run, reference: Run | None, text: Text, settings: Comparison, progress: Progress) -> list[Control]:
    """The controls of the judged run, which are those of its other seeds, too: all began with the same kind of model,
    and the interval is of the run's seeds."""
    if not settings.controls or reference is None:
        return []
    return make_controls(run, reference, text, device=settings.device, progress=progress)


def _planned(settings: Comparison, reference: Run | None) -> str:
    """Whether there may be fewer sets of samples, or more."""
    at_once = reference is None or settings.seeds_of
    return "" if at_once else ", as planned,"


def _equal_budget(run: Run, start: Contender, settings: Comparison, progress: Progress) -> tuple[TrainedOn, Contender]:
    """The pretrained model after as much more maximum likelihood as the run's adversarial phase had."""
    budget = budget_of(run)
    if not start.text.corpus.train:
        raise RunError(f"the text of {start.run.folder} is not there to go on with; --corpus says where it is.")
    by_time = settings.equal_budget == "time"
    shown = f"{budget.seconds:,.0f} seconds" if by_time else f"{budget.updates:,} updates"
    progress.note(f"Maximum likelihood of {start.run.folder} goes on for at most {shown}.")
    goes_on = start._replace(generator=copy.deepcopy(start.generator))
    trained = train_on(
        stepping(goes_on.generator),
        start.text,
        # The control is maximum likelihood, also where the start was made by a loss that was none.
        msgspec.structs.replace(start.run.config.pretrain, weighting="text"),
        updates=None if by_time else budget.updates,
        seconds=budget.seconds if by_time else None,
        seed=run.config.seed,
        progress=progress,
    )
    goes_on.generator.eval()
    return trained, goes_on


def _names(run: Run, reference: Run) -> tuple[str, str]:
    """What the two are called in a sentence: what was pretrained only is maximum likelihood."""
    names = [each.folder.resolve().name if each.is_adversarial else "MLE" for each in (run, reference)]
    if names[0] == names[1]:
        names = [str(run.folder), str(reference.folder)]
    return printable(names[0]), printable(names[1])
