"""Generators: distributions over token sequences behind four methods (`protocol.py`)."""

from seqgan.generators.gru import GRUGenerator
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.protocol import Generator
from seqgan.generators.transformer import TransformerGenerator

GENERATORS = {"gru": GRUGenerator, "lstm": LSTMGenerator, "transformer": TransformerGenerator}
"""Generators by the name that `--generator` takes."""

__all__ = ["GENERATORS", "GRUGenerator", "Generator", "LSTMGenerator", "TransformerGenerator"]
