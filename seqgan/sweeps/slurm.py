"""What a sweep's file may have a worker's job ask Slurm for: sizes and names, and nothing that is run or written.

submitit and Slurm take much more, such as lines of shell before the job, options of srun, files for what it says, and
whom to write to. A sweep's file may come from anywhere, so that it chooses from a list.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqgan.errors import ConfigError, nearest

SIZES = {
    "timeout_min": "timeout_min",
    "cpus_per_task": "cpus_per_task",
    "gpus_per_node": "gpus_per_node",
    "mem_gb": "mem_gb",
}
"""Whole numbers, by the names that submitit has for them."""
NAMES = {
    "name": "name",
    **{name: f"slurm_{name}" for name in ("partition", "qos", "account", "constraint", "gres", "nodelist", "exclude")},
}
"""Names of things that a cluster has, and of the job."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,:+&|*@=()\[\]-]{0,199}")
"""Such as gpu:a100:2, node[01-04] or ib&avx512."""
MOST = 10_000_000
"""Of whichever unit."""


def check_asked(asked: Mapping[str, Any], path: Path) -> None:
    """That jobs ask for nothing but sizes and names.

    Args:
        asked: what the sweep's file has under `slurm`.
        path: the file, for messages.

    Raises:
        ConfigError: they do; says which, and what there is.
    """
    for key, value in asked.items():
        if key not in SIZES and key not in NAMES:
            known = [*SIZES, *NAMES]
            raise ConfigError(
                f"{path}: slurm.{key} is not what a file may have a job ask for.{nearest(key, known)} Choose "
                f"{', '.join(known)}; say the rest with Slurm's own variables, such as SBATCH_RESERVATION."
            )
        if key in SIZES and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST):
            raise ConfigError(f"{path}: slurm.{key} is {value!r}, expected a whole number.")
        if key in NAMES and not (isinstance(value, str) and NAME.fullmatch(value)):
            raise ConfigError(
                f"{path}: slurm.{key} is {value!r}, expected a name as the cluster has it: letters, digits and "
                "_.,:+&|*@=()[]- without spaces."
            )


def parameters_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same for submitit, which knows some by one name for all clusters, and those of Slurm alone by a prefix."""
    return {{**SIZES, **NAMES}[key]: value for key, value in asked.items()}
