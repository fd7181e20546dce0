"""Which library multiplies: the field's programs take torch's own choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from seqgan.tensors import products


@contextmanager
def torchs_choice() -> Iterator[None]:
    """Within the block all products are made as torch makes them (see `seqgan.tensors.products`)."""
    with patch.object(products, "_wide_amd_processor", lambda: False):
        yield


@contextmanager
def onednns_choice(least: int) -> Iterator[None]:
    """Within the block all products of at least so many multiplications are given to oneDNN, on every processor."""
    with patch.object(products, "_wide_amd_processor", lambda: True), patch.object(products, "LEAST_PRODUCTS", least):
        yield
