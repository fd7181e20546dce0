"""The record that an adversarial algorithm is: one kind for each way in which the generator's gradient arrives.

A record says all that is the algorithm's own: its functions, its settings, the values that it has in place of the
shared settings' defaults, and facts that other parts go by. No other part of the package knows an algorithm by name.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor

from seqgan.errors import ConfigError, PlayerError, nearest, shown
from seqgan.settings.types import Section

Critic = Callable[[Tensor, Tensor], Tensor]
"""Distributions [B, T, V] and their mask [B, T] to logits [B], positive for real: a discriminator, or what wraps it."""

Defaults = Mapping[str, Mapping[str, Any]]
"""Sections of a run's settings, and in each the values that an algorithm has in place of the general defaults. Those of
`data` and `generator` are for runs that start from nothing."""
SECTIONS = ("data", "generator", "discriminator", "adversarial")
"""The sections that an algorithm may have defaults in."""
NO_DEFAULTS: Defaults = MappingProxyType({})


class OwnSettings(Section, frozen=True, kw_only=True):
    """Settings that belong to one algorithm: a subclass has typed fields with defaults, and a sentence under each.

    They are the flags ``--algorithm.FIELD`` where the algorithm is named, and stand under `algorithm` in `config.yaml`.
    """


def remade(algorithm: Any, values: Mapping[str, Any], where: str = "") -> Any:
    """The same algorithm with other values of its own settings. What was replaced in it stays replaced.

    Args:
        algorithm: a record.
        values: by name; the others stay as they are.
        where: the values came from, for messages.

    Raises:
        ConfigError: it has no such setting, or the value is of another type or out of range.
        PlayerError: the record is not whole.
    """
    check_record(algorithm)
    own, name = algorithm.settings, algorithm.name
    place = f"In {where}: " if where else ""
    for key in values:
        if key not in own.__struct_fields__:
            known = ", ".join(own.__struct_fields__)
            has = f"Known: {known}." if known else f"{name} has no settings of its own: leave it out."
            near = nearest(key, own.__struct_fields__)
            raise ConfigError(f"{place}algorithm.{key} is no setting of {name}.{near} {has}")
        if isinstance(values[key], float) and not math.isfinite(values[key]):
            raise ConfigError(f"{place}algorithm.{key} is {values[key]}, expected a finite number.")
    given = {**msgspec.to_builtins(own), **values}
    try:
        # Not strict: YAML reads 1e-3 as a string.
        settings = msgspec.convert(given, type(own), strict=False)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `$.")
        key, expected = at.rstrip("`"), what.replace("`", "").removeprefix("Expected ")
        raise ConfigError(f"{place}algorithm.{key} is {shown(given.get(key))}, expected {expected}.") from error
    if settings == own:
        return algorithm
    usual = algorithm.made(own)
    replaced = {
        field: value
        for field, value in algorithm._asdict().items()
        if field != "settings" and not _is_same(value, getattr(usual, field))
    }
    return algorithm.made(settings)._replace(**replaced)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two parts of records are alike. A function that is made anew for other settings is the same function."""
    if isinstance(one, partial) and isinstance(other, partial):
        return _is_same(one.func, other.func)
    code = getattr(one, "__code__", None)
    return one == other or (code is not None and code is getattr(other, "__code__", None))


def check_record(algorithm: Any, key: str | None = None) -> None:
    """That an algorithm is a record, and whole.

    Args:
        algorithm: what is to be one.
        key: its name in `ALGORITHMS`; None where it is not looked up there.

    Raises:
        PlayerError: it is none, or has settings or defaults that are none, or another name.
    """
    place = "The algorithm" if key is None else f"ALGORITHMS[{key!r}]"
    if not isinstance(algorithm, Algorithm):
        raise PlayerError(
            f"{place} is {shown(algorithm)}, expected a record, such as seqgan.objectives.ALGORITHMS['seqgan']."
        )
    if key is not None and algorithm.name != key:
        raise PlayerError(
            f"{place} is called {algorithm.name!r}: give it its name in the registry, as in _replace(name={key!r})."
        )
    if not isinstance(algorithm.settings, OwnSettings):
        raise PlayerError(
            f"{place} has the settings {shown(algorithm.settings)}, expected an instance of a subclass of "
            "seqgan.objectives.OwnSettings."
        )
    fields = algorithm.settings.__struct_fields__
    if fields and (algorithm.made is None or "name" in fields):
        what = "a setting called name, which is the algorithm's own" if "name" in fields else "settings and no `made`"
        mend = "call it otherwise" if "name" in fields else "give it the function that makes the record of other values"
        raise PlayerError(f"{place} has {what}: {mend}.")
    for section in algorithm.defaults:
        if section not in SECTIONS:
            raise PlayerError(
                f"{place} has defaults of {section!r}.{nearest(section, SECTIONS)} Known: {', '.join(SECTIONS)}."
            )


class Sampled(NamedTuple):
    """An algorithm whose generator learns by REINFORCE on sampled tokens: three small functions.

    Everything else (sampling, rollouts, the loop, checkpoints, evaluation) is shared and knows no algorithm's name.
    An ablation is one line: ``SEQGAN._replace(reward=my_reward)``.
    """

    reward: Callable[[Tensor], Tensor]
    """Discriminator logits to rewards, elementwise."""
    advantages: Callable[[Tensor, Tensor, Tensor | float], Tensor]
    """Rewards [N, ..., S, T], mask [..., S, T] and a baseline to advantages [..., S, T]."""
    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B] and fake logits [B] to a loss []."""
    weighs: bool = False
    """Whether rewards are logarithms of weights that samples are compared by. Such a reward cannot be mixed with
    another, and its baseline counts in units of the mean weight."""
    compares: bool = False
    """Whether the discriminator is trained on pairs, so that only differences of its logits mean something."""
    needs_log_odds: bool = False
    """Whether what the update is said to do rests on logits that tell the log-odds of data over the generator as it
    now is: exactly, or up to a constant where samples are compared. What bends them is then refused."""
    name: str = "this algorithm"
    """What messages call it, and `--algo` where it is in `ALGORITHMS`."""
    settings: OwnSettings = OwnSettings()
    """The values of its own settings, of which the functions above were made."""
    made: Callable[[Any], "Sampled"] | None = None
    """Makes the record from other values of them; None where there are none."""
    defaults: Defaults = NO_DEFAULTS
    """What it has in place of the shared settings' defaults."""

    def with_settings(self, **values: Any) -> "Sampled":
        """The same with other values of its own settings.

        Raises:
            ConfigError: it has no such setting, or the value is of another type or out of range.
        """
        return remade(self, values)


def _constant(progress: float) -> float:  # noqa: ARG001
    return 1.0


class Relaxed(NamedTuple):
    """An algorithm whose generator learns through what the discriminator reads: distributions in place of ids.

    Two losses, and how a sequence is relaxed; `seqgan.decoding.relaxed_sample` takes the latter under the same names.
    """

    generator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B], which need no graph, and fake logits [B] to a loss []."""
    discriminator_loss: Callable[[Critic, Tensor, Tensor, Tensor, Tensor, torch.Generator], Tensor]
    """The critic, real and fake distributions [B, T, V], their masks [B, T] and the random numbers of interpolation to
    a loss []. No gradient goes into the fake ones."""
    gumbel: bool = False
    """Add Gumbel noise to the logits: the likeliest symbol is then a sample. Without, the softmax itself is judged."""
    hard: bool = False
    """The discriminator reads one-hot vectors, whose gradient is taken to be the softmax's (straight through)."""
    feed_tokens: bool = False
    """The generator reads the symbol that it chose, without a gradient, in place of what the discriminator reads."""
    ends: bool = True
    """What follows an end symbol is hidden. False: padding is text like any other, which the generator has to make."""
    temperature: Callable[[float], float] = _constant
    """Share of the training that is done, from 0 to 1, to what logits are divided by."""
    annealing_rounds: int = 0
    """Rounds of the whole training by which that share is counted, also if fewer are made; 0: those of the run."""
    compares: bool = False
    """Whether only differences of the discriminator's logits mean something."""
    bounds_slope: bool = False
    """Whether the discriminator is a critic whose slope is bounded, which is a property of one logit a sequence."""
    needs_clamp: bool = False
    """Whether nothing but `adversarial.weight_clamp` bounds it."""
    name: str = "this algorithm"
    """What messages call it, and `--algo` where it is in `ALGORITHMS`."""
    settings: OwnSettings = OwnSettings()
    """The values of its own settings, of which the functions above were made."""
    made: Callable[[Any], "Relaxed"] | None = None
    """Makes the record from other values of them; None where there are none."""
    defaults: Defaults = NO_DEFAULTS
    """What it has in place of the shared settings' defaults."""

    def with_settings(self, **values: Any) -> "Relaxed":
        """The same with other values of its own settings.

        Raises:
            ConfigError: it has no such setting, or the value is of another type or out of range.
        """
        return remade(self, values)

    @property
    def anneals(self) -> bool:
        """Whether the temperature depends on the share of the training that is done."""
        return self.temperature(0.0) != self.temperature(1.0)


class SelfPlay(NamedTuple):
    """An algorithm whose generator plays against its own past, without a discriminator."""

    loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """Log-probabilities of real sequences [B] under the generator and under its past, and of that past's samples [B]
    under both, to a loss []."""
    iteration_rounds: int = 50
    """Rounds after which the generator takes the place of its past."""
    name: str = "this algorithm"
    """What messages call it, and `--algo` where it is in `ALGORITHMS`."""
    settings: OwnSettings = OwnSettings()
    """The values of its own settings, of which the functions above were made."""
    made: Callable[[Any], "SelfPlay"] | None = None
    """Makes the record from other values of them; None where there are none."""
    defaults: Defaults = NO_DEFAULTS
    """What it has in place of the shared settings' defaults."""

    def with_settings(self, **values: Any) -> "SelfPlay":
        """The same with other values of its own settings.

        Raises:
            ConfigError: it has no such setting, or the value is of another type or out of range.
        """
        return remade(self, values)


class FixedGenerator(NamedTuple):
    """An algorithm whose generator stands still: its discriminator alone learns, and is used when text is drawn.

    The run's model is the generator times exp of the discriminator's logit: a sentence is one of several samples, taken
    by its odds.
    """

    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B] and fake logits [B] to a loss []; its minimum is at the log-odds of data over generator."""
    candidates: int = 16
    """Samples of which one is taken, where nothing else is asked for."""
    tau: float = 1.0
    """What logits are divided by when one is taken."""
    patience: int = 10
    """Rounds without a lower loss on held-out text after which the training ends; 0: all rounds are made."""
    weight_decay: float = 0.0
    """Of all the discriminator's weights, decoupled from the gradient."""
    name: str = "this algorithm"
    """What messages call it, and `--algo` where it is in `ALGORITHMS`."""
    settings: OwnSettings = OwnSettings()
    """The values of its own settings, of which the functions above were made."""
    made: Callable[[Any], "FixedGenerator"] | None = None
    """Makes the record from other values of them; None where there are none."""
    defaults: Defaults = NO_DEFAULTS
    """What it has in place of the shared settings' defaults."""

    def with_settings(self, **values: Any) -> "FixedGenerator":
        """The same with other values of its own settings.

        Raises:
            ConfigError: it has no such setting, or the value is of another type or out of range.
        """
        return remade(self, values)


Algorithm = Sampled | Relaxed | SelfPlay | FixedGenerator
"""A record of any kind."""


def only_compares(algorithm: Algorithm | None) -> bool:
    """Whether the discriminator's logits have no zero of their own, so that only their differences mean something."""
    return isinstance(algorithm, Sampled | Relaxed) and algorithm.compares
