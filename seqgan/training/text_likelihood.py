"""What an update of maximum likelihood is: which sentences, and what their tokens weigh.

Over a pass all updates together are the gradient of the text's likelihood: batches are cut from a random order, and
each is divided by the same number, the tokens that a whole batch has on the average. A batch's own number would give a
token the less weight the longer the sentences beside it are, and a last batch of a few sentences that of a whole one.

Runs made before had both, in batches sorted by length (`weighting` "batch"); they go on as they began.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from seqgan.data.batches import Batch, epoch_batches, mean_length
from seqgan.data.sequences import AnySequences
from seqgan.generators.protocol import Generator, LinearOutput
from seqgan.objectives.mle import token_nll
from seqgan.settings.pretrain import PretrainConfig
from seqgan.tensors.condition import context_of
from seqgan.tensors.masking import take_rows
from seqgan.tensors.output_nll import output_nll

CALL_ROWS = 16
"""What a position costs beside its rows, in rows: layers that go from position to position, or are called anew."""


def batches_of_pass(train: AnySequences, config: PretrainConfig, seed: int, number: int) -> Sequence[Tensor]:
    """The rows of each batch of a pass over the text; passes are numbered."""
    by_length = config.weighting == "batch"
    return epoch_batches(train, config.batch_size, seed=seed, epoch=number, by_length=by_length)


def tokens_per_batch(train: AnySequences, config: PretrainConfig) -> float | None:
    """What each batch's summed loss is divided by; None where it is by the batch's own tokens."""
    return None if config.weighting == "batch" else config.batch_size * mean_length(train)


def batch_nll(generator: Generator, batch: Batch, *, whole: bool = False) -> Tensor:
    """Negative log-likelihood of a batch's real tokens, summed, in nats; with a graph. []

    On a CPU, where the output layer stands apart, without the logits of all positions, and sentences that are about as
    long go through the layers below it together: most of the padding is never computed.

    Args:
        generator: whose rows are independent of each other.
        batch: padded on the right.
        whole: all sentences go through together, as in runs made before.
    """
    if batch.tokens.device.type != "cpu" or not hasattr(generator, "features") or torch.is_autocast_enabled("cpu"):
        context = context_of(generator, batch.condition)
        return token_nll(generator(batch.tokens, context), batch.tokens, batch.mask).sum()
    features, tokens = [], []
    for part in [batch] if whole else parts_by_length(batch):
        context = context_of(generator, part.condition)
        features.append(generator.features(part.tokens, context)[part.mask])
        tokens.append(part.tokens[part.mask])
    weight, bias = cast(LinearOutput, generator).output_layer()
    return output_nll(torch.cat(features), weight, bias, torch.cat(tokens))


def parts_by_length(batch: Batch) -> list[Batch]:
    """The batch's rows, each in one part, such that little of a part is padding; the longest rows come first.

    A part costs as many positions as its longest row has, times its rows and `CALL_ROWS`. The rows are cut in two where
    that is cheapest, and so are the parts, as long as it pays.

    Args:
        batch: padded on the right.
    """
    lengths, order = batch.mask.sum(dim=1).sort(descending=True, stable=True)
    cuts = _cuts(lengths.numpy(), 0)
    if not cuts:
        return [batch]
    starts = [0, *cuts]
    return [_take(batch, order[start:end]) for start, end in zip(starts, [*cuts, len(order)], strict=True)]


def _cuts(lengths: np.ndarray, first: int) -> list[int]:
    """Where to cut rows of descending lengths, the first of which is number `first`."""
    places = np.arange(1, len(lengths))
    if not len(places):
        return []
    costs = lengths[0] * (places + CALL_ROWS) + lengths[1:] * (len(lengths) - places + CALL_ROWS)
    best = int(costs.argmin())
    if costs[best] >= lengths[0] * (len(lengths) + CALL_ROWS):
        return []
    place = best + 1
    return [*_cuts(lengths[:place], first), first + place, *_cuts(lengths[place:], first + place)]


def _take(batch: Batch, rows: Tensor) -> Batch:
    """Some rows, without the columns in which all of them have ended."""
    condition = None if batch.condition is None else batch.condition.take(rows)
    return Batch(*take_rows(batch.tokens, batch.mask, rows), condition)
