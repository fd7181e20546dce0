"""Sizes of an enlarged generator: in the proportion of another one's, and as large as something asks for."""

from collections.abc import Callable, Mapping

import msgspec

from seqgan.errors import ConfigError
from seqgan.model_settings import generator_kind
from seqgan.settings.generator import GeneratorConfig

SCALED = ("hidden_size", "embedding_size")
"""Settings that grow together; the first of them that a kind has is what is searched for."""
MOST_TIMES = 64
"""No size is searched beyond so many times the first one."""
NEAR = 0.03
"""A ratio so near to 1 is not searched further: two measurements of one generator differ by as much."""
FINEST = 1.04
"""Nor between two sizes of which one is less than so many times the other."""


def scaled_sizes(config: GeneratorConfig) -> list[str]:
    """The settings of a generator that an enlarged one has other values of; first the one that is searched for.

    Raises:
        ConfigError: it has none: it is a pretrained model, whose sizes are in its files, or knows no such size.
    """
    kind = generator_kind(config)
    found = [] if kind.pretrained else [name for name in SCALED if kind.takes(name)]
    if not found:
        raise ConfigError(
            f"A generator {kind.name} has no {' or '.join(SCALED)} that could be enlarged: leave --controls out, and "
            "compare with --compare."
        )
    return found


def unit_of(config: GeneratorConfig) -> int:
    """What the size that is searched for is a multiple of: the number of heads, where they divide it."""
    return config.heads if generator_kind(config).heads_divide == scaled_sizes(config)[0] else 1


def enlarged(config: GeneratorConfig, size: int, dropout: float | None = None) -> GeneratorConfig:
    """A generator of the same kind and proportions.

    Args:
        config: of the generator that is enlarged.
        size: of what `scaled_sizes` names first; a multiple of `unit_of`.
        dropout: another share of values dropped in training; by default the same.
    """
    lead, *others = scaled_sizes(config)
    divided = generator_kind(config).heads_divide
    sizes = {lead: size}
    for name in others:
        unit = config.heads if divided == name else 1
        sizes[name] = unit * max(1, round(getattr(config, name) * size / getattr(config, lead) / unit))
    kind, usual = generator_kind(config), GeneratorConfig()
    # What nothing reads came from a preset; a run that names none may not have it.
    unread = {name: getattr(usual, name) for name in kind.sizes if name not in kind.settings}
    dropped = {} if dropout is None or not kind.takes("dropout") else {"dropout": dropout}
    return msgspec.structs.replace(config, **{**unread, **sizes, **dropped})


def shown_sizes(config: GeneratorConfig) -> Mapping[str, int]:
    """The sizes that were searched, by their names."""
    return {name: getattr(config, name) for name in scaled_sizes(config)}


def nearest_size(count: Callable[[int], int], target: int, first: int, unit: int = 1) -> int:
    """The size whose count is nearest to a number; of two that are equally near the smaller.

    Args:
        count: of a size; it does not fall as the size grows.
        target: the number. It is not below the count of `first`, or `first` is the answer.
        first: the least size that is looked at.
        unit: what sizes are multiples of.
    """
    low, high = first, first
    while count(high) < target and high < MOST_TIMES * first:
        low, high = high, 2 * high
    while high - low > unit:
        middle = low + (high - low) // (2 * unit) * unit
        low, high = (middle, high) if count(middle) < target else (low, middle)
    return min((low, high), key=lambda size: abs(count(size) - target))


def size_of_ratio(ratio: Callable[[int], float], first: int, unit: int = 1) -> tuple[int, float]:
    """The size whose measured ratio is nearest to 1, and that ratio; of few measurements, as each takes a while.

    Args:
        ratio: of a size; it grows with the size, but for what is left to chance.
        first: the least size that is looked at.
        unit: what sizes are multiples of.
    """
    found = {first: ratio(first)}
    low = high = first
    while found[high] < 1 - NEAR and high < MOST_TIMES * first:
        low, high = high, 2 * high
        found[high] = ratio(high)
    while high - low > unit and high > FINEST * low and all(abs(value - 1) > NEAR for value in found.values()):
        middle = low + (high - low) // (2 * unit) * unit
        found[middle] = ratio(middle)
        low, high = (middle, high) if found[middle] < 1 else (low, middle)
    best = min(found, key=lambda size: (abs(found[size] - 1), size))
    return best, found[best]
