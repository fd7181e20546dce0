"""Maximum likelihood: the negative log-likelihood of real tokens."""

from torch import Tensor
from torch.nn import functional


def token_nll(logits: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Negative log-likelihood of each token under teacher forcing, in nats; 0 where `mask` is False.

    Args:
        logits: predictions for each position from the tokens before it. [B, T, V]
        tokens: what stood there. [B, T]
        mask: True at real tokens. [B, T]

    Returns:
        [B, T]
    """
    nll = functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none")
    return nll.unflatten(0, tokens.shape).masked_fill(~mask, 0.0)


def mle_loss(logits: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean negative log-likelihood per real token, the end symbol counted. Shapes as `token_nll`, result []."""
    return token_nll(logits, tokens, mask).sum() / mask.sum().clamp(min=1)
