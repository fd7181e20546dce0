"""What follows a collapse, as `adversarial.on_collapse` asks: an end, or a return to the best checkpoint."""

import copy
from collections.abc import Callable
from typing import Any

from seqgan.errors import ConfigError, TrainingError
from seqgan.progress import Progress
from seqgan.runs.checkpoint import KEPT, load_state_of
from seqgan.runs.directory import Run
from seqgan.runs.health import RESTORED
from seqgan.runs.metric_log import MetricLog
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.doctor import Doctor
from seqgan.training.players import Players

ON_COLLAPSE = ("warn", "stop", "restore")
"""What `adversarial.on_collapse` takes."""
RETURNS = 3
"""Times that a training goes back to its best checkpoint; what collapses once more would do so again."""
SLOWER = 0.5
"""What the learning rates are multiplied by at each return: at the same ones the same would happen again."""


def check_on_collapse(config: AdversarialConfig) -> None:
    """That there is such an answer to a collapse.

    Raises:
        ConfigError: not.
    """
    if config.on_collapse not in ON_COLLAPSE:
        raise ConfigError(f"adversarial.on_collapse is {config.on_collapse!r}: choose {', '.join(ON_COLLAPSE)}.")


class Recovery:
    """The best checkpoint, and the way back to it.

    Best is the newest evaluated round at which nothing was wrong with the generator. The lowest held-out NLL would next
    to always be that of the pretrained generator, and the highest BLEU the sharpest.

    Args:
        config: of both players.
        players: that go back.
        doctor: who says what is a collapse, and remembers which round was best.
        run: keeps the training states; without one the best is kept in memory.
        log: is told of each return, on a line of its own.
        progress: where to report.
    """

    def __init__(
        self,
        config: AdversarialConfig,
        players: Players,
        doctor: Doctor,
        run: Run | None,
        log: MetricLog,
        progress: Progress,
    ):
        self.config, self.players, self.doctor = config, players, doctor
        self.run, self.log, self.progress = run, log, progress
        self._in_memory: dict[str, Any] = {}
        self._bests: dict[int, int | None] = {-1: self.best_step}  # of the states on the disk; first a resumed one's

    @property
    def best_step(self) -> int | None:
        """The number of the best training state; None before there is one."""
        return None if self.doctor.best is None else self.doctor.best[1]

    def remember(self, step: int) -> None:
        """Take the state of an evaluated round, which is about to be saved, as the best one, if it is.

        Args:
            step: of that state.
        """
        if self.config.on_collapse != "warn" and self.players.judged and self.doctor.healthy():
            self.doctor.best = self.players.rounds, step
            if self.run is None and self.config.on_collapse == "restore":
                self._in_memory = copy.deepcopy(self.players.state())

    def spared(self, step: int) -> set[int]:
        """The states that are gone back to from the state that is about to be saved, or from the one before it.

        Args:
            step: of the state that is about to be saved.
        """
        before = [(other, best) for other, best in self._bests.items() if other != step][1 - KEPT :]
        self._bests = {**dict(before), step: self.best_step}
        return {best for best in self._bests.values() if best is not None}

    def after_round(self, keep: Callable[[], None]) -> None:
        """Go back or stop, where the last round was a collapse and that is asked for.

        Raises:
            TrainingError: it is to stop, or has gone back often enough, now or before it was resumed.
        """
        if self.doctor.gave_up:
            if self.config.on_collapse == "restore":
                raise TrainingError(self.doctor.gave_up)
            self.progress.note(f"In spite of what ended it: {self.doctor.gave_up}")
            self.doctor.gave_up = ""
        if self.doctor.collapse is not None and self.config.on_collapse != "warn":
            self.treat(f"{self.doctor.collapse.name}. {self.doctor.collapse.text}", keep)

    def treat(self, collapse: str, keep: Callable[[], None]) -> None:
        """Go back to the best checkpoint, and on from there more slowly; or stop.

        Weights, optimisers and baseline go back. The number of the round does not, nor do the random numbers: what
        follows is another attempt.

        Args:
            collapse: what happened.
            keep: saves the run.

        Raises:
            TrainingError: it is to stop, or has gone back often enough.
        """
        rounds, doctor = self.players.rounds, self.doctor
        if self.config.on_collapse == "stop" or doctor.best is None:
            keep()
            back = ", from the best checkpoint with --resume --on-collapse restore," if doctor.best is not None else ""
            raise TrainingError(
                f"Stopped after round {rounds}: {collapse} Its weights and training state are saved. Go on in spite of "
                f"it with --resume --on-collapse warn{back} or begin anew with other settings."
            )
        best, step = doctor.best
        doctor.returns += 1
        slower = SLOWER**doctor.returns
        state = self._in_memory if self.run is None else load_state_of(self.run.checkpoints_folder, step)
        self.players.go_back(state, slower)
        doctor.hear(self.log.log("adversarial", rounds, {RESTORED: best}, shown=False))
        if doctor.returns > RETURNS:
            # In the state, too: resumed as it was, it would play on at ever lower rates, and nobody would know why.
            doctor.gave_up = (
                f"Stopped after round {rounds}: it went back {RETURNS} times, and again: {collapse} Its weights are "
                f"those of round {best}. Go on from them at {slower:g} of the learning rates with --resume "
                "--on-collapse warn, or stop, or begin anew with other settings."
            )
            keep()
            raise TrainingError(doctor.gave_up)
        keep()
        self.progress.note(
            f"After round {rounds}: {collapse} Both players went back to round {best}, the newest evaluated one with "
            f"nothing wrong, and go on at {slower:g} of their learning rates: return {doctor.returns} of {RETURNS}."
        )
