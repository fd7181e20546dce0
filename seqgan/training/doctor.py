"""The training doctor at work: hears each line of the log, says what begins and what is over, remembers where all was
well. What it finds is decided in `seqgan.runs.health`."""

from collections.abc import Callable
from typing import Any

from seqgan.runs.health import (
    FEWEST,
    LAST,
    OF_GENERATOR,
    USUAL,
    Circumstances,
    Diagnosis,
    Logged,
    condensed,
    diagnose,
    since_return,
)

UNITS = {"pretrain": "Epoch", "adversarial": "Round"}


class Doctor:
    """What is wrong with a training so far.

    Args:
        note: is told of each diagnosis, once when it begins, and when it is over.
        about: what the log does not say.

    Attributes:
        returns: how often the training went back to its best checkpoint.
        gave_up: why it was ended after so many returns; empty before, and once it is gone on with all the same.
        best: the newest evaluated round at which nothing was wrong with the generator, and its training state's number.
    """

    def __init__(self, note: Callable[[str], None], about: Circumstances = USUAL):
        self._note, self._about = note, about
        self._lines: list[Logged] = []
        self._found: dict[str, Diagnosis] = {}
        self._said: dict[str, tuple[str, str, int]] = {}  # by check: what was said, its level, when it last held
        self.returns = 0
        self.gave_up = ""
        self.best: tuple[int, int] | None = None

    def hear(self, line: Logged) -> None:
        """Take in a line of the log, and say what is new."""
        if self._lines and self._lines[0]["phase"] != line["phase"]:
            self._lines, self._said = [], {}
        self._lines = condensed([*self._lines, line])
        self._found = diagnose(self._lines, self._about)
        where, step = f"{UNITS.get(line['phase'], 'Warm-up')} {line['step']}", line["step"]
        for check, found in self._found.items():
            name, level, _ = self._said.get(check, ("", "", 0))
            eased = level == "problem" and found.level != "problem"
            if name != found.name and not eased:
                self._note(f"{where}: {found.level}: {found.name}. {found.text} {found.mend}")
                name, level = found.name, found.level
            self._said[check] = (name, level, step)
        for check, (name, _, last) in list(self._said.items()):
            # What comes and goes from round to round is said once.
            if check not in self._found and step - last >= LAST:
                self._note(f"{where}: over: {name}.")
                del self._said[check]

    @property
    def collapse(self) -> Diagnosis | None:
        """The first diagnosis that is a collapse."""
        return next((found for found in self._found.values() if found.level == "problem"), None)

    def healthy(self) -> bool:
        """Whether nothing is wrong with the generator, as far as enough rounds can tell; before the first one, too."""
        harmed = self._found.keys() & {check.__name__ for check in OF_GENERATOR}
        last: Logged = self._lines[-1] if self._lines else {"phase": "", "step": 0}
        started = last["phase"] == "adversarial" and last["step"] > 0
        return not harmed and (not started or len(since_return(self._lines)) >= FEWEST)

    def state(self) -> dict[str, Any]:
        """What it remembers, for a checkpoint."""
        return {
            "lines": [dict(line) for line in self._lines],
            "said": {check: list(said) for check, said in self._said.items()},
            "returns": self.returns,
            "gave_up": self.gave_up,
            "best": None if self.best is None else list(self.best),
        }

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from what `state` gave; from training states that hold none, without a memory."""
        if state is None:
            return
        self._lines = state["lines"]
        self._found = diagnose(self._lines, self._about)
        self._said = {check: (name, level, last) for check, (name, level, last) in state["said"].items()}
        self.returns = state["returns"]
        self.gave_up = str(state.get("gave_up", ""))  # earlier versions did not say
        self.best = None if state["best"] is None else (state["best"][0], state["best"][1])
