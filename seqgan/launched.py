"""What a launcher such as torchrun tells each process that it starts. Nothing is imported for it."""

import os


def launched() -> int:
    """How many processes were started together, on all hosts; 1 without a launcher."""
    told = all(name in os.environ for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"))
    return max(1, _number("WORLD_SIZE", 1)) if told else 1


def launched_rank() -> int:
    """Which of them this one is; 0 without a launcher."""
    return _number("RANK", 0) if launched() > 1 else 0


def launched_local_rank() -> int:
    """Which of those on this host; 0 without a launcher."""
    return _number("LOCAL_RANK", 0) if launched() > 1 else 0


def speaks() -> bool:
    """Whether this process writes files and messages: one of those that were started together does."""
    return launched_rank() == 0


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default
