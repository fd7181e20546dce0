"""Runs: folders that hold everything a training made, and all that the next command needs."""

from seqgan.runs.checkpoint import load_state, load_weights, save_state, save_weights
from seqgan.runs.directory import Run, check_new, create_run, open_run, write_config
from seqgan.runs.metric_log import MetricLog, read_metrics
from seqgan.runs.newest import newest_run

__all__ = [
    "MetricLog",
    "Run",
    "check_new",
    "create_run",
    "load_state",
    "load_weights",
    "newest_run",
    "open_run",
    "read_metrics",
    "save_state",
    "save_weights",
    "write_config",
]
