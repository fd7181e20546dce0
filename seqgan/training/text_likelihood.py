"""What an update of maximum likelihood is: which sentences, and what their tokens weigh.

Over a pass all updates together are the gradient of the text's likelihood: batches are cut from a random order, and
each is divided by the same number, the tokens that a whole batch has on the average. A batch's own number would give a
token the less weight the longer the sentences beside it are, and a last batch of a few sentences that of a whole one.

Runs made before had both, in batches sorted by length (`weighting` "batch"); they go on as they began.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from seqgan.data.batches import Batch, epoch_batches, mean_length
from seqgan.data.sequences import AnySequences
from seqgan.generators.protocol import Generator, LinearOutput
from seqgan.objectives.mle import token_nll
from seqgan.settings.pretrain import PretrainConfig
from seqgan.tensors.condition import context_of
from seqgan.tensors.output_nll import output_nll


def batches_of_pass(train: AnySequences, config: PretrainConfig, seed: int, number: int) -> Sequence[Tensor]:
    """The rows of each batch of a pass over the text; passes are numbered."""
    by_length = config.weighting == "batch"
    return epoch_batches(train, config.batch_size, seed=seed, epoch=number, by_length=by_length)


def tokens_per_batch(train: AnySequences, config: PretrainConfig) -> float | None:
    """What each batch's summed loss is divided by; None where it is by the batch's own tokens."""
    return None if config.weighting == "batch" else config.batch_size * mean_length(train)


def batch_nll(generator: Generator, batch: Batch) -> Tensor:
    """Negative log-likelihood of a batch's real tokens, summed, in nats; with a graph. []

    On a CPU, where the output layer stands apart, without the logits of all positions.
    """
    context = context_of(generator, batch.condition)
    if batch.tokens.device.type != "cpu" or not hasattr(generator, "features") or torch.is_autocast_enabled("cpu"):
        return token_nll(generator(batch.tokens, context), batch.tokens, batch.mask).sum()
    features = generator.features(batch.tokens, context)[batch.mask]
    weight, bias = cast(LinearOutput, generator).output_layer()
    return output_nll(features, weight, bias, batch.tokens[batch.mask])
