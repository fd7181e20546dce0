"""Keeps the data set library from printing."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, warnings and log lines of the data set library: what went wrong is in its exceptions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets
        import huggingface_hub.utils as hub

        levels = {name: logging.getLogger(name).level for name in ("datasets", "huggingface_hub")}
        shown = [bars for bars in (datasets, hub) if not bars.are_progress_bars_disabled()]
        try:
            for name in levels:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
            for bars in shown:
                bars.disable_progress_bars()
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            for bars in shown:
                bars.enable_progress_bars()
