"""Generators: distributions over token sequences behind four methods, or behind one (`protocol.py`)."""

from seqgan.generators.gru import GRUGenerator
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.masked import masked
from seqgan.generators.protocol import Generator, OneShotGenerator
from seqgan.generators.relational import RelationalGenerator
from seqgan.generators.residual_conv import ResidualConvGenerator
from seqgan.generators.seq2seq import Seq2SeqGRU, Seq2SeqLSTM
from seqgan.generators.seq2seq_transformer import Seq2SeqTransformer
from seqgan.generators.transformer import TransformerGenerator

GENERATORS = {
    "gru": GRUGenerator,
    "lstm": LSTMGenerator,
    "relational": RelationalGenerator,
    "transformer": TransformerGenerator,
}
"""Generators by the name that `--generator` takes."""

CONDITIONAL_GENERATORS = {
    "seq2seq-gru": Seq2SeqGRU,
    "seq2seq-lstm": Seq2SeqLSTM,
    "seq2seq-transformer": Seq2SeqTransformer,
}
"""Generators that write a sequence from a source, by name. Their first argument is the source's vocabulary size."""

ONE_SHOT_GENERATORS = {"residual-conv": ResidualConvGenerator}
"""Generators that make all positions at once, from noise, by name. They have no likelihood to pretrain with."""

__all__ = [
    "CONDITIONAL_GENERATORS",
    "GENERATORS",
    "ONE_SHOT_GENERATORS",
    "GRUGenerator",
    "Generator",
    "LSTMGenerator",
    "OneShotGenerator",
    "RelationalGenerator",
    "ResidualConvGenerator",
    "Seq2SeqGRU",
    "Seq2SeqLSTM",
    "Seq2SeqTransformer",
    "TransformerGenerator",
    "masked",
]
