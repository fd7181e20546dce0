"""Which flag is meant by one that a command does not have: in another case, or by the name that it has elsewhere."""

from typing import Any, get_type_hints

import msgspec

from seqgan.errors import plain

NICKNAMES = {
    "lr": ("--pretrain.learning-rate", "--adversarial.generator-learning-rate"),
    "learning-rate": ("--pretrain.learning-rate", "--adversarial.generator-learning-rate"),
    "n": ("--count",),
    "num": ("--count",),
    "num-samples": ("--count",),
    "out": ("--output", "--json", "--run"),
    "o": ("--output", "--json", "--run"),
    "temp": ("--temperature",),
    "data": ("--corpus",),
    "batch-size": ("--pretrain.batch-size", "--adversarial.batch-size"),
}
"""What other programs call a flag, and the flags that it may be here: the first one that the command has."""


def meant_flag(given: str, record: type) -> str | None:
    """The flag that is meant; None where none is known to be.

    Args:
        given: a flag that the command does not have, with its dashes.
        record: the command's options.
    """
    name, flags = plain(given).lstrip("-"), flags_of(record)
    known = [flag for flag in flags if plain(flag).lstrip("-") == name]
    # Of another section, where one alone has a setting of that name.
    last = name.rpartition(".")[2]
    elsewhere = [flag for flag in flags if "." in name and plain(flag).lstrip("-").rpartition(".")[2] == last]
    moved = elsewhere if len(elsewhere) == 1 else []
    return next((flag for flag in (*known, *NICKNAMES.get(name, ()), *moved) if flag in flags), None)


def flags_of(record: type, prefix: str = "--") -> list[str]:
    """All flags of a record of options, those of its sections and their short names as well."""
    found: list[str] = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        flag = f"{prefix}{name.replace('_', '-')}"
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            found += flags_of(hint, f"{flag}.")
            continue
        marks: tuple[Any, ...] = getattr(hint, "__metadata__", ())
        found += [flag, *(alias for mark in marks for alias in getattr(mark, "aliases", None) or ())]
    return found
