"""One way to embed what may be ids or distributions over them, and the tables of those who read two texts."""

from torch import Tensor, nn
from torch.nn import functional

from seqgan.errors import ConfigError
from seqgan.tensors.products import linear


def embed(tokens: Tensor, weight: Tensor) -> Tensor:
    """Vectors of tokens, or expected vectors of distributions over tokens.

    Args:
        tokens: integer ids [...], or floating-point rows of distributions [..., V].
        weight: one row a symbol. [at least V, E]

    Returns:
        [..., E]
    """
    if tokens.is_floating_point():
        # A generator's table has one row more, for the start symbol, to which no distribution gives weight.
        return linear(tokens, weight[: tokens.shape[-1]].T)
    return functional.embedding(tokens, weight)


def source_embedding(vocabulary_size: int, source_vocabulary_size: int, size: int, shared: bool) -> nn.Embedding | None:
    """The source's own table of vectors; None where it shares the target's.

    Raises:
        ConfigError: a shared table for two vocabularies.
    """
    if not shared:
        return nn.Embedding(source_vocabulary_size, size)
    if source_vocabulary_size != vocabulary_size:
        raise ConfigError(
            f"A shared embedding is one table for source and target, but source_vocabulary_size is "
            f"{source_vocabulary_size} and vocabulary_size is {vocabulary_size}: use one vocabulary, or leave "
            "shared_embedding off."
        )
    return None


def embed_source(source: Tensor, mask: Tensor, own: nn.Embedding | None, shared: nn.Embedding) -> Tensor:
    """Vectors of the source's tokens, 0 at padding. [B, L], [B, L] -> [B, L, E]"""
    table = shared if own is None else own
    return embed(source, table.weight) * mask.unsqueeze(-1)
