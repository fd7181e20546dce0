"""The types of settings: a kind of number and its range, each under one name."""

from typing import Annotated

import msgspec
from msgspec import Meta

MOST = 10_000_000
"""Bounds what there may be of anything in memory at once: no experiment has so many, and a typing error is told."""
Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Size = Annotated[int, Meta(ge=1, le=1_000_000)]
Length = Annotated[int, Meta(ge=0, le=1_000_000)]
Layers = Annotated[int, Meta(ge=1, le=1_000)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0, lt=1)]
Rate = Annotated[float, Meta(gt=0, le=10)]
Weight = Annotated[float, Meta(ge=0)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections of settings have in common."""
