"""Generators: distributions over token sequences behind four methods, or behind one (`protocol.py`)."""

from seqgan.generators.gru import GRUGenerator
from seqgan.generators.kind import GeneratorKind
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.masked import masked
from seqgan.generators.protocol import Generator, OneShotGenerator
from seqgan.generators.relational import RelationalGenerator
from seqgan.generators.residual_conv import ResidualConvGenerator
from seqgan.generators.seq2seq import Seq2SeqGRU, Seq2SeqLSTM
from seqgan.generators.seq2seq_transformer import Seq2SeqTransformer
from seqgan.generators.transformer import TransformerGenerator

_TIED = ("embedding_size", "hidden_size")

GENERATORS: dict[str, GeneratorKind] = {
    kind.name: kind
    for kind in (
        GeneratorKind("gru", GRUGenerator, state_noise=True, tied_sizes=_TIED),
        GeneratorKind("lstm", LSTMGenerator, state_noise=True, tied_sizes=_TIED),
        GeneratorKind(
            "relational", RelationalGenerator, heads_divide="hidden_size", state_noise=True, tied_sizes=_TIED
        ),
        GeneratorKind("transformer", TransformerGenerator, heads_divide="embedding_size"),
        GeneratorKind("residual-conv", ResidualConvGenerator, at_once=True),
        GeneratorKind("seq2seq-gru", Seq2SeqGRU, source="always"),
        GeneratorKind("seq2seq-lstm", Seq2SeqLSTM, source="always"),
        GeneratorKind("seq2seq-transformer", Seq2SeqTransformer, source="always", heads_divide="embedding_size"),
        GeneratorKind("huggingface", pretrained="causal", source="either"),
        GeneratorKind("huggingface-seq2seq", pretrained="seq2seq", source="always"),
    )
}
"""Generators by the name that `--generator` takes. Those of one's own are put here."""


def usual_generator(*, conditional: bool) -> str:
    """The kind that is meant where none is named, for text with sources or without."""
    return "seq2seq-gru" if conditional else "lstm"


__all__ = [
    "GENERATORS",
    "GRUGenerator",
    "Generator",
    "GeneratorKind",
    "LSTMGenerator",
    "OneShotGenerator",
    "RelationalGenerator",
    "ResidualConvGenerator",
    "Seq2SeqGRU",
    "Seq2SeqLSTM",
    "Seq2SeqTransformer",
    "TransformerGenerator",
    "masked",
    "usual_generator",
]
