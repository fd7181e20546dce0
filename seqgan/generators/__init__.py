"""Generators: distributions over token sequences behind four methods, or behind one (`protocol.py`)."""

from seqgan.generators.gru import GRUGenerator
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.protocol import Generator, OneShotGenerator
from seqgan.generators.relational import RelationalGenerator
from seqgan.generators.residual_conv import ResidualConvGenerator
from seqgan.generators.transformer import TransformerGenerator

GENERATORS = {
    "gru": GRUGenerator,
    "lstm": LSTMGenerator,
    "relational": RelationalGenerator,
    "transformer": TransformerGenerator,
}
"""Generators by the name that `--generator` takes."""

ONE_SHOT_GENERATORS = {"residual-conv": ResidualConvGenerator}
"""Generators that make all positions at once, from noise, by name. They have no likelihood to pretrain with."""

__all__ = [
    "GENERATORS",
    "ONE_SHOT_GENERATORS",
    "GRUGenerator",
    "Generator",
    "LSTMGenerator",
    "OneShotGenerator",
    "RelationalGenerator",
    "ResidualConvGenerator",
    "TransformerGenerator",
]
