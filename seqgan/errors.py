"""The errors that a user can mend. Each message says what was found, where, what was expected, and the mend.

The command line prints such an error as one line and exits with code 2; anything else is a fault of ours. The
kinds are ``ValueError``s as well, so that callers in Python need not know this file.
"""

import difflib
from collections.abc import Iterable


class SeqganError(ValueError):
    """Something that the user can mend: a file, a line, a flag, a setting, a run folder."""


class ConfigError(SeqganError):
    """A setting, flag or combination of them that cannot work."""


class CorpusError(SeqganError):
    """A text that cannot be read as a corpus."""


class TrainingError(SeqganError):
    """A training that cannot go on: its numbers are not finite, or it collapsed and was to stop then."""


class PlayerError(SeqganError):
    """A generator, discriminator or reward of one's own that lacks a method, or gives something else than is asked."""


class LostProcessError(SeqganError):
    """Of several processes of one training another one has ended, or does not answer."""


class RunError(SeqganError):
    """A run folder that is missing, in the way, or of another kind."""


class NoRoomError(RunError):
    """A file that the disk has no room for.

    Args:
        found: which, and what room there is.
        place: how another place is chosen; empty where there is no choice.
        again: what to do once there is room.
    """

    def __init__(self, found: str, place: str = "", again: str = "then call the command again."):
        super().__init__(f"{found} Free some space{f' or {place}' if place else ''}, {again}")
        self.found = found


class CheckpointError(SeqganError):
    """A file of a run that is damaged or does not belong to it."""


def shown(value: object) -> str:
    """A value that was found, short enough for a line."""
    if isinstance(value, int) and value.bit_length() >= 300:
        return "a number of very many digits"
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def nearest(name: str, known: Iterable[str]) -> str:
    """``" Did you mean 'x'?"`` for a misspelt name, whatever its case, or nothing when no known name is near."""
    by_plain = {plain(each): each for each in known}
    matches = difflib.get_close_matches(plain(name), list(by_plain), n=1)
    return f" Did you mean {by_plain[matches[0]]!r}?" if matches else ""


def plain(name: str) -> str:
    """A name without what people mistake in it: its case, and which of the two lines joins its words."""
    return name.lower().replace("_", "-")
