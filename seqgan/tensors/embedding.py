"""One way to embed what may be ids or distributions over them."""

from torch import Tensor
from torch.nn import functional


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
        return tokens @ weight[: tokens.shape[-1]]
    return functional.embedding(tokens, weight)
