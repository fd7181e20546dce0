"""Controls of an adversarial run: what maximum likelihood gives with as many weights, and at the same cost of drawing.

A run is two models, and where samples are taken from several candidates it has the time of these. A larger generator
that is pretrained alone has either for itself. Each control is an ordinary pretrained run in the run's own folder, of
the same text and with the settings of the run's parent, but for its sizes and its dropout: a larger model overfits
sooner, so that of a few shares of dropout the one with the best validation text is kept. No test text decides anything.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch

from seqgan.build import build_generator, count_generator_parameters
from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.drawing_cost import cost_ratio, drawing_cost
from seqgan.evaluation.opponents import COST, EQUAL, PARAMETERS
from seqgan.files import read_json, replace_folder, write_file
from seqgan.jobs.control_sizes import enlarged, nearest_size, scaled_sizes, shown_sizes, size_of_ratio, unit_of
from seqgan.jobs.pretrain import pretrain_run
from seqgan.model_settings import generator_kind
from seqgan.objectives import ALGORITHMS, SelfPlay
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import CONTROLS_NAME, Run, child_runs, is_run, open_run, write_config
from seqgan.runs.load import load_discriminator, load_generator, load_model
from seqgan.runs.lock import locked
from seqgan.runs.metric_log import read_metrics
from seqgan.runs.moved import check_there
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig

DROPOUTS = (0.0, 0.2, 0.4)
"""Tried beside the parent's own."""
SEARCH_ROWS = 128
"""Sequences that are drawn at once while a size is searched: of large generators the usual number takes long, and a
sequence hardly less."""
OTHER_START = ("dropout", "initial_std", "state_noise", "greedy")
"""Settings that may differ between a run and its parent though the weights are of the same shapes."""


class Control(NamedTuple):
    """One of them."""

    kind: str
    """`PARAMETERS` or `COST` of `seqgan.evaluation.opponents`, as its folder is called."""
    run: Run | None
    """None where it makes no sense for this run."""
    about: Mapping[str, Any]
    """Its sizes, its number of parameters, the dropouts that were tried, and what was measured."""
    left_out: str = ""
    """Why there is none."""


class Sizes(NamedTuple):
    """What was found for a control."""

    generator: GeneratorConfig
    about: Mapping[str, Any]
    """Of the search."""


def parent_of(run: Run) -> Run:
    """The pretrained run in whose folder a run lies.

    Raises:
        ConfigError: the run was pretrained only.
        RunError: it lies in none.
    """
    if not run.is_adversarial:
        inside = [name for name in child_runs(run.folder) if open_run(run.folder / name).is_adversarial]
        name = f"such as {run.folder / inside[0]}" if inside else "as seqgan adversarial makes"
        raise ConfigError(
            f"--controls is of runs that two players made, and {run.folder} was pretrained only: name one, {name}."
        )
    folder = run.folder.resolve().parent
    if not is_run(folder):
        raise RunError(
            f"{run.folder} lies in the folder of no pretrained run, whose generator the controls are enlarged from: "
            "name the one that it began with by --compare."
        )
    return open_run(folder if run.folder.name in ("", "..") else run.folder.parent)


def check_controls(run: Run, parent: Run) -> None:
    """That there are controls for a run; asked before any work.

    Args:
        run: the one that is judged.
        parent: the pretrained run that it began with.

    Raises:
        ConfigError: there are none, and why.
    """
    if not run.is_adversarial:
        parent_of(run)  # which says it
    if parent.is_adversarial:
        raise ConfigError(
            f"Controls are enlarged from the pretrained run that {run.folder} began with, and {parent.folder} is none: "
            "two players made it."
        )
    if run.source_vocabulary is not None:
        raise ConfigError(
            f"--controls compares at equal diversity over temperatures, and {run.folder} is a run of pairs, whose "
            "answers are compared without: leave it out."
        )
    ours, theirs = (
        {name: value for name, value in msgspec.to_builtins(each.config.generator).items() if name not in OTHER_START}
        for each in (run, parent)
    )
    for name, value in ours.items():
        if value != theirs[name]:
            raise ConfigError(
                f"{run.folder} has generator.{name} {value!r} and {parent.folder} {theirs[name]!r}: it did not begin "
                "with that run; name the one that it did by --compare."
            )
    scaled_sizes(parent.config.generator)  # or says that there are none
    if parent.config.pretrain.start is not None:
        raise ConfigError(
            f"{parent.folder} began with the weights of {parent.config.pretrain.start}, which a larger generator "
            "cannot have: there are no controls for it."
        )


def make_controls(
    run: Run, parent: Run, text: Text | None = None, *, device: str = "auto", progress: Progress = SILENT
) -> list[Control]:
    """Both controls of a run, trained where they are not there yet; what an interruption left is gone on with.

    Args:
        run: the one that is judged.
        parent: the pretrained run that it began with.
        text: theirs, for how long it will take; None leaves that unsaid.
        device: where to train. The cost of drawing is measured on the CPU.
        progress: where to report.

    Raises:
        ConfigError: as `check_controls`.
        Interrupted: a signal came; a state is saved.
        SeqganError: a run or its text cannot be read, or a control cannot be made; or training diverged.
    """
    check_controls(run, parent)
    with locked(run.folder / CONTROLS_NAME):
        return [make(run, parent, text, device, progress) for make in (_equal_parameters, _equal_cost)]


def _equal_parameters(run: Run, parent: Run, text: Text | None, device: str, progress: Progress) -> Control:
    """A generator with as many weights as both players have together."""
    if isinstance(ALGORITHMS.get(run.config.algorithm_name or ""), SelfPlay):
        return Control(PARAMETERS, None, {}, f"{run.folder} has no discriminator, whose parameters it would have")
    start = parent.config.generator
    judge = sum(parameter.numel() for parameter in load_discriminator(run).parameters())
    target = _parameters(start, parent) + judge

    def search() -> Sizes:
        size = nearest_size(
            lambda size: _parameters(enlarged(start, size), parent),
            target,
            getattr(start, scaled_sizes(start)[0]),
            unit_of(start),
        )
        return Sizes(enlarged(start, size), {})

    return _made(PARAMETERS, run, parent, {"parameters": target}, search, text, device, progress)


def _equal_cost(run: Run, parent: Run, text: Text | None, device: str, progress: Progress) -> Control:
    """A generator that takes as much processor time a sentence as the run's model, whose candidates are judged."""
    model = load_model(run)
    candidates = int(getattr(model, "candidates", 1))  # of one that draws several for each
    if candidates == 1:
        why = f"a sentence of {run.folder} is one draw of its generator, and costs what one of {parent.folder} costs"
        return Control(COST, None, {}, why)
    against = {"candidates": candidates, "discriminator": msgspec.to_builtins(run.config.discriminator)}
    start, max_length = parent.config.generator, parent.config.data.max_length

    def search() -> Sizes:
        progress.note(f"Measuring what a sentence of {run.folder} takes, and of larger generators.")
        tokens = drawing_cost(model, max_length, torch.Generator().manual_seed(0)).tokens

        def ratio(size: int) -> float:
            generator = build_generator(enlarged(start, size), parent.vocabulary, max_length, trained=False).eval()
            return cost_ratio(generator, model, max_length, tokens=tokens, rows=SEARCH_ROWS)

        size, found = size_of_ratio(ratio, getattr(start, scaled_sizes(start)[0]), unit_of(start))
        return Sizes(enlarged(start, size), {"cost_ratio_untrained": found})

    control = _made(COST, run, parent, against, search, text, device, progress)
    if control.run is not None and "cost_ratio" not in control.about:
        # By its own sentences: those of the search were as long as the model's, and of no sense.
        measured = cost_ratio(load_generator(control.run), model, max_length)
        about = {**control.about, "cost_ratio": measured}
        _write(run, COST, about)
        control = control._replace(about=about)
    return control


def _parameters(config: GeneratorConfig, parent: Run) -> int:
    return count_generator_parameters(config, parent.vocabulary, parent.config.data.max_length)


def _made(
    kind: str,
    run: Run,
    parent: Run,
    against: Mapping[str, Any],
    search: Callable[[], Sizes],
    text: Text | None,
    device: str,
    progress: Progress,
) -> Control:
    """A control, with the record of how it was made. What is there and answers the same question is kept.

    Args:
        kind: which.
        run: whose it is.
        parent: from whose settings it is made.
        against: what its sizes are to equal.
        search: finds them.
        text: of both runs.
        device: where to train.
        progress: where to report.
    """
    asked = {
        "against": dict(against),
        "generator": msgspec.to_builtins(parent.config.generator),
        "pretrain": msgspec.to_builtins(_pretraining(parent)),
        "vocabulary": parent.vocabulary_fingerprint,
        "max_length": parent.config.data.max_length,
        "seed": parent.config.seed,
        "text": parent.config.data.fingerprint,
    }
    about = _read(run, kind)
    if about.get("asked") != asked:
        sizes = search()
        about = {
            **{"format": 1, "kind": kind, "asked": asked},
            **{"sizes": dict(shown_sizes(sizes.generator)), "parameters": _parameters(sizes.generator, parent)},
            **sizes.about,
            "tried": {},
        }
        _write(run, kind, about)
    lead = scaled_sizes(parent.config.generator)[0]
    generator = enlarged(parent.config.generator, about["sizes"][lead])
    place = run.folder / CONTROLS_NAME / kind
    left = [share for share in _dropouts(generator) if f"{share:g}" not in about["tried"]]
    chosen = _best(about["tried"]) if not left else None
    if chosen is not None and _is_made(place, _settings(parent, generator, chosen)):
        if about.get("dropout") != chosen:  # it was stopped before it said so
            about = {**about, "dropout": chosen}
            _write(run, kind, about)
        return Control(kind, open_run(place), about)
    _refuse_loss(place)
    check_there(parent.folder, parent.config.data)
    _say_before(kind, about, parent, text, left or [chosen], progress)
    tried = place.with_name(f"{kind}-tried")
    for share in left:
        nll, epochs = _train(tried / f"dropout-{share:g}", _settings(parent, generator, share), device, progress)
        about["tried"][f"{share:g}"] = {"dropout": share, "nll": nll, "epochs": epochs}
        _write(run, kind, about)
    chosen = _best(about["tried"])
    best = tried / f"dropout-{chosen:g}"
    if not _is_made(best, _settings(parent, generator, chosen)):  # somebody took the control away
        known = about["tried"].pop(f"{chosen:g}")  # until it is at its end again: it may be interrupted
        _write(run, kind, about)
        _train(best, _settings(parent, generator, chosen), device, progress)
        about["tried"][f"{chosen:g}"] = known
    if open_run(best).vocabulary_fingerprint != parent.vocabulary_fingerprint:
        raise RunError(
            f"{best} was trained on other symbols than {parent.folder}, whose text or tokenizer changed: pretrain that "
            "one again, and what came of it."
        )
    about = {**about, "dropout": chosen}
    about.pop("cost_ratio", None)  # of other weights
    _write(run, kind, about)
    replace_folder(best, place)
    made = open_run(place)
    data = msgspec.structs.replace(made.config.data, begun_in="")
    write_config(made, msgspec.structs.replace(made.config, data=data))  # which says the folder anew
    shutil.rmtree(tried, ignore_errors=True)
    return Control(kind, made, about)


def _dropouts(generator: GeneratorConfig) -> list[float]:
    """The shares that are tried, ascending; of a generator without dropout its own, which means nothing."""
    if not generator_kind(generator).takes("dropout"):
        return [generator.dropout]
    return sorted({*DROPOUTS, generator.dropout})


def _best(tried: Mapping[str, Mapping[str, float]]) -> float:
    """The dropout with the best validation text; of equals the smaller."""
    return min((each["nll"], each["dropout"]) for each in tried.values())[1]


def _settings(parent: Run, generator: GeneratorConfig, dropout: float) -> RunConfig:
    """The parent's, with another generator."""
    lead = scaled_sizes(generator)[0]
    larger = enlarged(generator, getattr(generator, lead), dropout)
    return RunConfig(seed=parent.config.seed, data=parent.config.data, generator=larger, pretrain=_pretraining(parent))


def _pretraining(parent: Run) -> PretrainConfig:
    """The parent's, by the present rules, and with as many epochs and as much patience as is usual at least: a control
    is maximum likelihood to its end, also where the parent was made by a loss that was none, or had few epochs."""
    usual, own = PretrainConfig(), parent.config.pretrain
    return msgspec.structs.replace(
        own,
        epochs=max(own.epochs, usual.epochs),
        patience=own.patience or usual.patience,
        weighting=usual.weighting,
        draws=usual.draws,
    )


def _refuse_loss(place: Path) -> None:
    """That no run which somebody made within a control is lost with it.

    Raises:
        RunError: one would be.
    """
    there = child_runs(place) if is_run(place) else []
    if there:
        raise RunError(
            f"{place} is a control of other settings, and would be replaced with {', '.join(there)} in it: move them "
            "away first, or delete it."
        )


def _is_made(place: Path, config: RunConfig) -> bool:
    """Whether a run of these settings is there, with weights."""
    return is_run(place) and (place / "generator.safetensors").is_file() and _agrees(open_run(place).config, config)


def _agrees(known: RunConfig, config: RunConfig) -> bool:
    """Whether two settings train the same weights, wherever their text is."""
    same = ("seed", "generator", "pretrain")
    alike = all(getattr(known, name) == getattr(config, name) for name in same)
    return alike and known.data.fingerprint == config.data.fingerprint


def _train(folder: Path, config: RunConfig, device: str, progress: Progress) -> tuple[float, int]:
    """Pretrain into a folder, or go on there: nats a token of validation text with the best weights, and the epochs."""
    known = open_run(folder).config if is_run(folder) else None
    resume = known is not None and _agrees(known, config)
    # A text that was moved is read where it is now; the run knows it by its fingerprint.
    settings = known if known is not None and resume else config
    done = pretrain_run(
        settings, folder, resume=resume, overwrite=known is not None and not resume, device=device, progress=progress
    )
    return done.result.best_nll, done.result.epochs


def _say_before(
    kind: str, about: Mapping[str, Any], parent: Run, text: Text | None, dropouts: list[Any], progress: Progress
) -> None:
    """What will be trained, and for about how long: as the parent's epochs took, by the number of parameters."""
    sizes = " and ".join(f"{name} {size:,}" for name, size in about["sizes"].items())
    said = (
        f"Control of equal {EQUAL[kind]}: a generator of {sizes} with {about['parameters']:,} parameters, pretrained "
        f"with {count(len(dropouts), 'dropout')}, {', '.join(f'{share:g}' for share in dropouts)}"
    )
    lines = [line for line in read_metrics(parent.metrics_path) if line["phase"] == "pretrain"]
    speeds = [line["tokens_per_second"] for line in lines if line.get("tokens_per_second")]
    if text is not None and text.train.sentences and speeds:
        of_parent = text.train.sentences * text.train.mean_length * sum(1 / speed for speed in speeds)
        times = about["parameters"] / _parameters(parent.config.generator, parent)
        said += f": about {_minutes(of_parent * times * len(dropouts))}, as {parent.folder} took {_minutes(of_parent)}"
    progress.note(f"{said}.")


def _minutes(seconds: float) -> str:
    return count(round(seconds), "second") if seconds < 90 else count(round(seconds / 60), "minute")


def _record_path(run: Run, kind: str) -> Path:
    return run.folder / CONTROLS_NAME / f"{kind}.json"


def _read(run: Run, kind: str) -> dict[str, Any]:
    """The record of a control; one that is missing or damaged is empty, and the control is made again."""
    try:
        content = read_json(_record_path(run, kind))
        lacking = not isinstance(content, dict) or not {"asked", "sizes", "parameters", "tried"} <= content.keys()
    except (OSError, ValueError):
        return {}
    return {} if lacking else content


def _write(run: Run, kind: str, about: Mapping[str, Any]) -> None:
    path = _record_path(run, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(about, indent=2) + "\n")
