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


def mle_loss(logits: Tensor, tokens: Tensor, mask: Tensor, divisor: float) -> Tensor:
    """Negative log-likelihood of a batch's real tokens, ends counted, over a number that is the same for all batches.

    A batch's own number of tokens is none: a token would weigh the less the longer the sentences beside it are, and the
    mean over batches would be no gradient of the text's likelihood.

    Args:
        logits, tokens, mask: as `token_nll`.
        divisor: of a whole batch of the text the mean number of tokens, for a loss per token.

    Returns:
        []
    """
    return token_nll(logits, tokens, mask).sum() / divisor
