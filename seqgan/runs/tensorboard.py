"""A run's log for TensorBoard as well. Wherever a folder `tensorboard` lies beside `metrics.jsonl`, events go there.

So that a resumed run goes on with them, the folder itself says that they are wanted; `--tensorboard` makes it. Each
phase has a folder of its own in it, since steps are epochs in one and rounds in another; the names are the log's own.
"""

import math
import weakref
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"

Writer = Callable[[str, int, Mapping[str, float]], None]
"""Takes what `MetricLog.log` takes: phase, step, values."""


def check_installed() -> None:
    """That the package is there; asked before a run is made.

    Raises:
        ConfigError: it is not; names the extra that brings it.
    """
    if find_spec("tensorboard") is None:
        raise ConfigError(
            "--tensorboard needs the package tensorboard, which is not installed: pip install 'seqgan[tensorboard]'."
        )


def want_events(run_folder: Path) -> None:
    """Make the folder that says so; what a run that was replaced left in it is gone with that run."""
    (run_folder / FOLDER).mkdir(exist_ok=True)


def event_writer(run_folder: Path, last_steps: Mapping[str, int]) -> Writer | None:
    """What writes a run's events; None where none are wanted.

    Args:
        run_folder: of the run.
        last_steps: of each phase that the log has kept lines of; events behind them are made again.

    Raises:
        ConfigError: they are wanted, and the package is not installed.
    """
    folder = run_folder / FOLDER
    if not folder.is_dir():
        return None
    if find_spec("tensorboard") is None:
        raise ConfigError(
            f"{folder} asks for events, and the package tensorboard is not installed: pip install "
            "'seqgan[tensorboard]', or delete the folder."
        )
    writers: dict[str, SummaryWriter] = {}

    def write(phase: str, step: int, values: Mapping[str, float]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        if phase not in writers:
            writers[phase] = SummaryWriter(str(folder / phase), purge_step=last_steps.get(phase, -1) + 1)
            weakref.finalize(write, writers[phase].close)
        for name, value in values.items():
            if math.isfinite(value):
                writers[phase].add_scalar(name, value, step)
        writers[phase].flush()

    return write
