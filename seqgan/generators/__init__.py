"""Generators: distributions over token sequences behind four methods (`protocol.py`)."""

from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.protocol import Generator

GENERATORS = {"lstm": LSTMGenerator}
"""Generators by the name that `--generator` takes."""

__all__ = ["GENERATORS", "Generator", "LSTMGenerator"]
