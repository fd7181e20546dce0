"""Whole rounds of every algorithm on a device, and trainings that are gone on with there."""

import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import nn

from device.check import Check, Place, Result
from device.models import Sizes, text
from seqgan.algorithm_settings import section_of, shared_settings
from seqgan.build import build_discriminator, build_generator
from seqgan.data.text import Text
from seqgan.discriminators import DISCRIMINATORS
from seqgan.objectives import ALGORITHMS, Algorithm, FixedGenerator, Relaxed, Sampled, SelfPlay
from seqgan.runs import create_run
from seqgan.runs.directory import open_run
from seqgan.settings.adversarial import USUAL_ALGORITHM, AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.training.adversarial import make_players, train_adversarially
from seqgan.training.credit import CREDITS
from seqgan.training.engine import seeded

SMALL = Sizes(vocabulary=0, hidden=8, rows=0, length=0, filters=0.03)  # the vocabulary and lengths are the text's
NAMED = ("name", "state_noise", "per_view", "per_token")
"""What a form keeps of its algorithm's players; the rest are sizes."""
OFF = 10
"""What a resumed training's weights may differ by, in units of two undisturbed ones' difference."""


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Form(NamedTuple):
    """An algorithm, as it is tried."""

    algorithm: Algorithm
    conditional: bool = False
    shared: Mapping[str, Any] = NOTHING
    """Settings that differ from the algorithm's own."""
    players: Mapping[str, dict[str, Any]] = NOTHING
    """Settings of generator and discriminator, likewise."""


def forms() -> dict[str, Form]:
    """By name: every algorithm; the usual one with each other credit, and for pairs; recurrent players of those that
    bound the critic's slope."""
    made = {name: Form(algorithm, needs_pairs(algorithm)) for name, algorithm in ALGORITHMS.items()}
    usual = ALGORITHMS[USUAL_ALGORITHM]
    for credit in (each for each in CREDITS if each != shared_settings(usual).credit):
        judge = {"discriminator": {"name": "rnn", "per_token": True}} if credit == "token" else {}
        made[f"{usual.name}-{credit}"] = Form(usual, False, {"credit": credit}, judge)
    made[f"{usual.name}-pairs"] = Form(usual, True)
    recurrent = {"generator": {"name": "gru", "state_noise": 1.0}, "discriminator": {"name": "rnn"}}
    for name, algorithm in ALGORITHMS.items():
        if isinstance(algorithm, Relaxed) and algorithm.bounds_slope:
            made[f"{name}-recurrent"] = Form(algorithm, False, {}, recurrent)
    return made


def needs_pairs(algorithm: Algorithm) -> bool:
    """Whether it makes sense for sentences with sources alone."""
    judge = algorithm.defaults.get("discriminator", {}).get("name")
    return shared_settings(algorithm).discriminator_share < 1 or (
        judge is not None and DISCRIMINATORS[judge].source == "always"
    )


def checks() -> list[Check]:
    return [
        Check(
            f"round/{name}",
            "A warm-up, if there is one, and a round run there, leave finite weights, move them, and draw from a "
            "generator of random numbers on that device.",
            20.0,
            partial(round_is_played, form),
        )
        for name, form in forms().items()
    ]


def resume_checks() -> list[Check]:
    """One of each kind of algorithm: the first of plain text."""
    plain = [each for each in ALGORITHMS.values() if not needs_pairs(each)]
    firsts = [next(each for each in plain if isinstance(each, kind)) for kind in (Sampled, Relaxed, SelfPlay)]
    return [
        Check(
            f"resume/{algorithm.name}",
            "A training that is ended after a round and gone on with has the weights of an undisturbed one.",
            30.0,
            partial(goes_on_alike, algorithm),
        )
        for algorithm in firsts
    ]


def settings(form: Form) -> AdversarialConfig:
    """Shared settings of two short rounds."""
    algorithm, small = form.algorithm, {"rounds": 2, "batch_size": 8, "evaluate_every": 1, "evaluate_samples": 4}
    if not isinstance(algorithm, SelfPlay):
        small |= {"discriminator_pool": 8, "discriminator_steps": 1}
    if isinstance(algorithm, Sampled):
        small |= {"warmup_steps": 2}
    asked = {**small, **form.shared}
    if isinstance(algorithm, Sampled) and shared_settings(algorithm, **asked).credit == "rollouts":
        asked |= {"rollouts": 2}
    return shared_settings(algorithm, **asked)


def players_of(form: Form, of_text: Text, device: torch.device) -> tuple[nn.Module, nn.Module]:
    """Small players of a form, with the weights that they begin with."""
    named = {}
    for player in ("generator", "discriminator"):
        usual = form.algorithm.defaults.get(player, {})
        named[player] = {name: usual[name] for name in NAMED if name in usual} | form.players.get(player, {})
    if isinstance(form.algorithm, Relaxed):
        named["generator"]["drawn"] = form.algorithm.gumbel
    generator = GeneratorConfig(**SMALL.generator(**named["generator"]))
    judge = DiscriminatorConfig(**SMALL.discriminator(**named["discriminator"]))
    symbols, length, source = of_text.vocabulary, of_text.max_length, of_text.source_vocabulary
    made = (
        build_generator(generator, symbols, length, 1, source),
        build_discriminator(judge, symbols, length, 2, source, of_text.max_source_length),
    )
    return made[0].to(device), made[1].to(device)


def round_is_played(form: Form, place: Place) -> Result:
    device = place.device
    of_text = text(place.folder / "texts", conditional=form.conditional)
    generator, discriminator = players_of(form, of_text, device)
    before = [weights(generator), weights(discriminator)]
    with seeded(3, device) as rng:
        players = make_players(generator, discriminator, of_text, form.algorithm, settings(form), rng)
        numbers = players.own_rng.get_state()
        if not players.warmed_up:
            players.warm_up_discriminator()
        values = players.play_round()
        drawn = not torch.equal(numbers, players.own_rng.get_state())
        there = players.own_rng.device.type == device.type
    after = [weights(generator), weights(discriminator)]
    finite = all(bool(each.isfinite().all()) for each in after)
    moved = [not torch.equal(*each) for each in zip(before, after, strict=True)]
    still = isinstance(form.algorithm, FixedGenerator)
    enough = moved[0] != still and (moved[1] or isinstance(form.algorithm, SelfPlay))
    faults = [
        fault
        for fault, absent in {
            "weights are not finite": finite,
            "a player has learnt nothing": enough,
            f"random numbers are drawn on {players.own_rng.device}": there,
            "its generator of random numbers was not drawn from": drawn,
        }.items()
        if not absent
    ]
    learner = "discriminator" if still else "generator"
    says = "; ".join(faults) or f"finite, {learner}'s loss {values[f'{learner}/loss']:.3g}"
    return Result(not faults, says)


def weights(model: nn.Module) -> torch.Tensor:
    """All parameters in a row, on the CPU."""
    return torch.cat([each.detach().cpu().flatten() for each in model.parameters()])


# Going on


class Stopped(Exception):
    """Ends a training in the midst of it."""


def goes_on_alike(algorithm: Algorithm, place: Place) -> Result:
    """Two undisturbed trainings and one that is ended in its second round, before that is saved, and goes on.

    Where the two are equal in all bits, so must be the third. Where the device's sums come out in an order of their
    own, it may differ from the first by OFF times as much as the second does.
    """
    form, of_text = Form(algorithm), text(place.folder / "texts", conditional=False)
    folder = place.folder / "resumed"

    def trained(*, stops: bool = False) -> torch.Tensor:
        shutil.rmtree(folder, ignore_errors=True)
        config = RunConfig(algorithm=section_of(algorithm), adversarial=settings(form))
        create_run(folder, config, of_text.tokenizer, of_text.vocabulary)
        if stops:
            with suppress(Stopped):
                train(on_round=stop_in_second)
        players = train(resume=stops)
        return torch.cat([weights(each) for each in players])

    def train(**how: Any) -> tuple[nn.Module, nn.Module]:
        players = players_of(form, of_text, place.device)
        train_adversarially(
            *players, of_text, algorithm, settings(form), run=open_run(folder), progress=False, from_nothing=True, **how
        )
        return players

    with same_order() as orders:
        first, second, third = trained(), trained(), trained(stops=True)
    shutil.rmtree(folder, ignore_errors=True)
    own, error = ((each - first).abs().max().item() for each in (second, third))
    left = f"; torch has no deterministic form of {', '.join(sorted(orders))}" if orders else ""
    return Result(error <= OFF * own, f"off by {error:.1e}, two undisturbed ones by {own:.1e}{left}")


def stop_in_second(number: int, values: dict[str, float]) -> None:  # noqa: ARG001 (what a training gives it)
    if number == 2:
        raise Stopped


@contextmanager
def same_order() -> Iterator[set[str]]:
    """Within the block torch sums in the same order each time, where it can; gives the operations of which it cannot.

    On CUDA matrix products ask for the variable CUBLAS_WORKSPACE_CONFIG besides, which `scripts/device_check` sets.
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    orders: set[str] = set()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield orders
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            orders |= {str(each.message).split()[0] for each in said if "deterministic" in str(each.message)}
