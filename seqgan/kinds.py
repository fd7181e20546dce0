"""What a kind of player is: a record that says how it is built, which settings it reads and what it can do.

`seqgan.generators.GENERATORS` and `seqgan.discriminators.DISCRIMINATORS` hold those that there are. No other part of
the package knows a kind by its name, so that one of your own is its class and one line:
``GENERATORS["mine"] = GeneratorKind("mine", Mine, source="always")``.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

from seqgan.errors import ConfigError, nearest

Source = Literal["never", "always", "either"]
"""Whether a kind reads a source: of plain text, of pairs, or of both."""
HuggingFaceKind = Literal["causal", "seq2seq", "encoder"]
"""What a model of Hugging Face transformers is."""


Player = TypeVar("Player")


@dataclass(frozen=True)
class Kind(Generic[Player]):
    """What generators' and discriminators' records have in common. Calling the record makes a player.

    Raises:
        ConfigError: when it is made: `make` asks for what nothing gives, or a field names what does not exist.
    """

    name: str
    """What ``--generator`` or ``--discriminator`` takes."""
    make: Callable[..., Player] | None = None
    """Makes the player, from those arguments by name that it takes: see `sizes` and `given`. None of pretrained ones,
    which are made from their files."""
    source: Source = "never"
    """Whether it reads a source."""
    heads_divide: str | None = None
    """Of one with heads of attention the size that they divide."""
    pretrained: HuggingFaceKind | None = None
    """What model of transformers it is, whose sizes and tokens are its own; None of all that are built here."""

    player: ClassVar[str] = ""
    """What it is a kind of."""
    sizes: ClassVar[tuple[str, ...]] = ()
    """Settings that some kinds have and others have not, and that `make` may take."""
    given: ClassVar[tuple[str, ...]] = ()
    """What `make` may take besides, which no setting says: it follows from the text or from the algorithm."""
    of_pretrained: ClassVar[tuple[str, ...]] = ()
    """Settings of pretrained kinds, and of no others."""

    def __post_init__(self) -> None:
        if self.source not in get_args(Source):
            raise ConfigError(
                f"The {self.player} {self.name!r} has source={self.source!r}, expected {', '.join(get_args(Source))}."
            )
        if (self.make is None) == (self.pretrained is None):
            raise ConfigError(
                f"The {self.player} {self.name!r} needs make, which makes one, or pretrained, and not both."
            )
        for name, parameter in self._parameters.items():
            optional = parameter.default is not parameter.empty or parameter.kind in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            )
            if not optional and name not in (*self.sizes, *self.given):
                raise ConfigError(
                    f"make of the {self.player} {self.name!r} asks for {name!r}, which nothing gives."
                    f"{nearest(name, (*self.sizes, *self.given))} Give it a default, or take of "
                    f"{', '.join((*self.given, *self.sizes))}."
                )
        self._check_size("heads_divide", self.heads_divide)

    def _check_size(self, field: str, name: str | None) -> None:
        if name is not None and name not in self.sizes:
            raise ConfigError(
                f"{field} of the {self.player} {self.name!r} is {name!r}, expected a setting: {', '.join(self.sizes)}."
            )

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        if self.make is None:
            return {}
        try:
            return inspect.signature(self.make).parameters
        except (TypeError, ValueError) as error:
            called = getattr(self.make, "__name__", repr(self.make))
            raise ConfigError(
                f"make of the {self.player} {self.name!r} is {called}, expected a class or function of Python, whose "
                "arguments have names."
            ) from error

    def takes(self, name: str) -> bool:
        """Whether `make` takes an argument of that name."""
        any_name = any(parameter.kind is parameter.VAR_KEYWORD for parameter in self._parameters.values())
        return any_name or name in self._parameters

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The settings that it reads."""
        return self.of_pretrained if self.pretrained else tuple(name for name in self.sizes if self.takes(name))

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Of all that could be said of a player, what `make` takes."""
        return {name: value for name, value in values.items() if self.takes(name)}

    def reads(self, *, conditional: bool) -> bool:
        """Whether it is for text with sources, or for text without."""
        return self.source == "either" or (self.source == "always") == conditional

    def __call__(self, *sizes: Any, **options: Any) -> Player:
        """A player with fresh weights. Arguments as of `make`.

        Raises:
            ConfigError: it is made from a pretrained model's files.
        """
        if self.make is None:
            raise ConfigError(f"The {self.player} {self.name!r} is made from files: seqgan.build makes it.")
        return self.make(*sizes, **options)


Record = TypeVar("Record", bound=Kind)


def kind_called(kinds: Mapping[str, Record], name: str, record: type[Record]) -> Record:
    """The record of that name.

    Args:
        kinds: the list that it is in.
        name: as the settings have it.
        record: what the list holds.

    Raises:
        ConfigError: there is none, and the nearest is suggested; or what stands there is no record, or that of
            another name.
    """
    known = f"{record.player.upper()}S"
    if name not in kinds:
        raise ConfigError(
            f"No {record.player} is called {name!r}.{nearest(name, kinds)} Known: {', '.join(sorted(kinds))}."
        )
    kind = kinds[name]
    if not isinstance(kind, record):
        raise ConfigError(
            f"{known}[{name!r}] is {'a class' if isinstance(kind, type) else f'a {type(kind).__name__}'}, expected a "
            f"record: {known}[{name!r}] = {record.__name__}({name!r}, ...)."
        )
    if kind.name != name:
        raise ConfigError(f"{known}[{name!r}] is the record of {kind.name!r}: give both one name.")
    return kind


def built_kinds(kinds: Mapping[str, Record], *, conditional: bool) -> dict[str, Record]:
    """Those that are built here, for text with sources or for text without."""
    return {name: kind for name, kind in kinds.items() if not kind.pretrained and kind.reads(conditional=conditional)}
