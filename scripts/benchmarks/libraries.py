"""Which library multiplies: the field's programs take torch's own choice."""

from contextlib import contextmanager

from seqgan.tensors import products


@contextmanager
def torchs_choice():
    """Within the block all products are made as torch makes them (see `seqgan.tensors.products`)."""
    before = products._wide_amd_processor
    products._wide_amd_processor = lambda: False
    try:
        yield
    finally:
        products._wide_amd_processor = before
