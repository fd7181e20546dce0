"""Values of a record that are within their ranges."""

import math
from collections.abc import Callable
from typing import TypeVar

import msgspec

from seqgan.errors import ConfigError

Record = TypeVar("Record", bound=msgspec.Struct)


def in_range(record: Record, shown: Callable[[str], str] = str) -> Record:
    """The same record, its fields' types and ranges checked.

    Args:
        record: of numbers, texts and tuples of them.
        shown: how a field's name is written in a message.

    Raises:
        ConfigError: names the field that is out of range.
    """
    for name in record.__struct_fields__:
        value = getattr(record, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, float) and not math.isfinite(each):
                raise ConfigError(f"{shown(name)} is {each}, expected a finite number.")
    try:
        return msgspec.convert(msgspec.to_builtins(record), type(record))
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        expected = what.replace("`", "").removeprefix("Expected ")
        found: object = record
        for part in name.split("."):
            found = getattr(found, part, None)
        raise ConfigError(f"{shown(name)} is {found!r}, expected {expected}.") from error
