"""What a sweep searches: settings by dotted names, each with the values it may take, checked before anything starts."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from seqgan.errors import ConfigError, nearest
from seqgan.objectives import ALGORITHMS
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.before import present_name
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "data": DataConfig,
    "generator": GeneratorConfig,
    "pretrain": PretrainConfig,
    "discriminator": DiscriminatorConfig,
    "adversarial": AdversarialConfig,
}
ALGORITHM = "algorithm"
"""The section of the algorithm's name and its own settings, whose types are those of its record."""
OF_COMMAND = {
    "pretrain": ("data", "generator", "pretrain"),
    "adversarial": ("discriminator", ALGORITHM, "adversarial"),
    "from nothing": ("data", "generator", "discriminator", ALGORITHM, "adversarial"),
    "both": (*SECTIONS, ALGORITHM),
}
"""The sections that a trial decides: those of a run that it starts from are that run's."""
BOUNDS = ("low", "high", "log", "step")
MOST_CORNERS = 256
"""Corners of a space that are all checked; of a greater one each setting's ends, the others at theirs in turn."""

Value = None | bool | int | float | str


class Dimension(NamedTuple):
    """A setting and the values it may take: choices, or a range."""

    name: str
    """Dotted: adversarial.rollouts."""
    choices: tuple[Value, ...] = ()
    """Empty for a range."""
    low: float = 0
    high: float = 0
    """Included."""
    whole: bool = False
    """Whether the range is of whole numbers."""
    log: bool = False
    """Whether equal factors, and not equal distances, are equally likely."""
    step: float | None = None

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that are checked: all choices, or both ends."""
        return self.choices or tuple(dict.fromkeys((self.low, self.high)))

    @property
    def points(self) -> tuple[Value, ...] | None:
        """All values, for a grid; None where there are endlessly many."""
        if self.choices:
            return self.choices
        if self.low == self.high:
            return (self.low,)
        if self.step is None:
            return None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        values = [self.low + place * self.step for place in range(count)]
        return tuple(int(value) if self.whole else value for value in values)


def read_space(space: Mapping[str, Any], sections: Sequence[str], where: str) -> list[Dimension]:
    """The settings to search, in the order of the file.

    Args:
        space: of the sweep's file.
        sections: those that a trial decides.
        where: the file, for messages.

    Raises:
        ConfigError: no such setting, or values that it cannot take.
    """
    return [_dimension(name, values, sections, f"{where}: space.{name}") for name, values in space.items()]


def _dimension(name: str, values: Any, sections: Sequence[str], where: str) -> Dimension:
    kind = _type_of(name, sections, where)
    if isinstance(values, list):
        if not values:
            raise ConfigError(f"{where} has no choices: give some, or low and high.")
        choices = tuple(_converted(value, kind, f"{where}[{place}]") for place, value in enumerate(values))
        if len({(type(choice), choice) for choice in choices}) < len(choices):
            raise ConfigError(f"{where} is {values!r} and has a choice twice: give each once.")
        return Dimension(name, choices)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where} is {values!r}, expected a list of choices, or low and high.")
    for key in values:
        if key not in BOUNDS:
            raise ConfigError(f"{where}: unknown key {key!r}.{nearest(str(key), BOUNDS)} Known: {', '.join(BOUNDS)}.")
    if not {"low", "high"} <= values.keys():
        raise ConfigError(f"{where} is {dict(values)!r}, expected both low and high.")
    kinds = _kinds(kind)
    whole = inspect.IntType in kinds and inspect.FloatType not in kinds
    if not {inspect.IntType, inspect.FloatType} & kinds:
        raise ConfigError(f"{where} has low and high, but is no number: give a list of choices.")
    low, high = (_converted(values[end], kind, f"{where}.{end}") for end in ("low", "high"))
    log, step = values.get("log", False), values.get("step")
    if low is None or high is None or not low <= high:  # type: ignore[operator]
        raise ConfigError(f"{where}: low is {low} and high is {high}, expected low to be the lower one.")
    if not isinstance(log, bool):
        raise ConfigError(f"{where}.log is {log!r}, expected true or false.")
    if log and (step is not None or float(low) <= 0):
        what = "has no steps: leave step out" if step is not None else "begins above 0: raise low, or leave log out"
        raise ConfigError(f"{where}: a range with log {what}.")
    if step is not None:
        step = _converted(step, int if whole else float, f"{where}.step")
        if not isinstance(step, int | float) or step <= 0:
            raise ConfigError(f"{where}.step is {step!r}, expected a number above 0.")
        steps = (float(high) - float(low)) / step
        if abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"{where}: from low {low} no whole number of steps of {step} leads to high {high}: make them agree."
            )
    elif whole and not log:
        step = 1
    return Dimension(name, (), float(low) if not whole else int(low), _number(high, whole), whole, log, step)


def _number(value: Any, whole: bool) -> float:
    return int(value) if whole else float(value)


def _type_of(name: str, sections: Sequence[str], where: str) -> Any:
    """The type of a setting, with its range.

    Raises:
        ConfigError: there is no such setting, or it is none that a trial decides.
    """
    section, dot, field = present_name(name).partition(".")
    if name == "seed":
        raise ConfigError(
            f"{where}: each trial is trained with all of seeds: name them there, and take it out of space."
        )
    if section not in (*SECTIONS, ALGORITHM) or not dot:
        known = [f"{each}.{key}" for each in sections for key in _types_in(each)]
        raise ConfigError(f"{where} is no setting.{nearest(name, known)} Names are like adversarial.rollouts.")
    types = _types_in(section)
    if field not in types or name == "data.fingerprint":
        raise ConfigError(f"{where} is no setting.{nearest(field, types)} Known in {section}: {', '.join(types)}.")
    if section not in sections:
        raise ConfigError(
            f"{where}: {section} is not for these trials to decide, only {', '.join(sections)}: take it out, or change "
            "command and run."
        )
    return types[field]


def _types_in(section: str) -> dict[str, Any]:
    """The settings of a section, each with its type; of the algorithms the own ones of all."""
    if section != ALGORITHM:
        return {each.name: each.type for each in msgspec.structs.fields(SECTIONS[section])}
    own = (each for algorithm in ALGORITHMS.values() for each in msgspec.structs.fields(type(algorithm.settings)))
    return {"name": str, **{each.name: each.type for each in own}}


def _kinds(kind: Any) -> set[type]:
    found = inspect.type_info(kind)
    parts = found.types if isinstance(found, inspect.UnionType) else (found,)
    return {type(part) for part in parts}


def _converted(value: Any, kind: Any, where: str) -> Value:
    """The value as its setting takes it.

    Raises:
        ConfigError: it does not.
    """
    try:
        # YAML reads 1e-3 as a string, and a setting that is text has no other way to be a number.
        converted = msgspec.convert(value, kind, strict=isinstance(value, bool))
    except msgspec.ValidationError as error:
        expected = str(error).replace("`", "").removeprefix("Expected ")
        raise ConfigError(f"{where} is {value!r}, expected {expected}.") from error
    if isinstance(converted, float) and not math.isfinite(converted):
        raise ConfigError(f"{where} is {value!r}, expected a finite number.")
    return converted


def grid(space: Sequence[Dimension], where: str) -> list[dict[str, Value]]:
    """All points of a space, the last setting changing first.

    Raises:
        ConfigError: a range of it has endlessly many values.
    """
    for dimension in space:
        if dimension.points is None:
            raise ConfigError(
                f"{where}: sampler is grid, and space.{dimension.name} is a range with endlessly many values: give it "
                "step, or a list of choices."
            )
    return list(_products(space, [dimension.points or () for dimension in space]))


def corners(space: Sequence[Dimension]) -> Iterator[dict[str, Value]]:
    """The points of a space that are checked before anything starts: its corners, or enough of them to see each end."""
    ends = [dimension.ends for dimension in space]
    if math.prod(map(len, ends)) <= MOST_CORNERS:
        yield from _products(space, ends)
        return
    for place, own in enumerate(ends):
        for value in own:
            for which in (0, -1):
                others = {dimension.name: of[which] for dimension, of in zip(space, ends, strict=True)}
                yield others | {space[place].name: value}


def _products(space: Sequence[Dimension], values: Sequence[Sequence[Value]]) -> Iterator[dict[str, Value]]:
    names = [dimension.name for dimension in space]
    for combination in itertools.product(*values):
        yield dict(zip(names, combination, strict=True))


def with_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by sections, with some replaced that are given by dotted names."""
    merged = {name: dict(part) if isinstance(part, Mapping) else part for name, part in settings.items()}
    for name, value in values.items():
        section, _, field = name.partition(".")
        if not isinstance(merged.get(section), dict):
            merged[section] = {}  # a pretrained run's file says nothing of the players, as null
        merged[section][field] = value
    return merged
