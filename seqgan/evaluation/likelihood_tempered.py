"""How likely a generator finds text at several temperatures: the model reads the text once for all of them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.batches import Batch, Sequences
from seqgan.evaluation.likelihood import rows_of, sentence_sums
from seqgan.objectives.mle import token_nll
from seqgan.tensors import output_nll
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.products import linear
from seqgan.tensors.workers import in_parallel

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator, LinearOutput


def tempered_likelihoods(
    generator: "Generator", sequences: Sequences, unknown: int | None, temperatures: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """What `sentence_likelihoods` gives, of a generator whose logits are divided by each of some temperatures.

    Equal, but for rounding, to asking a `TemperedGenerator` of each temperature, and in as little memory: of the logits
    a piece at a time is there.

    Args:
        generator: any generator that steps.
        sequences: on the generator's device.
        unknown: id of the unknown symbol, which is not scored; None where all ids are ordinary tokens.
        temperatures: above 0.

    Returns:
        The log-probability of each sequence's known tokens, and how many they are.
        [temperatures, sentences], [sentences]
    """
    scored = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
    with evaluating(generator):
        log_probs_of, rows = _teacher_forced(generator, temperatures), rows_of(generator, sequences)
        return sentence_sums(log_probs_of, sequences, scored, rows, (len(temperatures),)), scored.sum(dim=1)


def _teacher_forced(generator: "Generator", temperatures: Sequence[float]) -> Callable[[Batch], Tensor]:
    """A batch to the log-probability of each token at each temperature. [temperatures, B, T]"""

    def log_probs(batch: Batch) -> Tensor:
        context = context_of(generator, batch.condition)
        if not hasattr(generator, "features"):
            logits = generator.forward(batch.tokens, context)
            return torch.stack([-token_nll(logits / by, batch.tokens, batch.mask) for by in temperatures])
        features = generator.features(batch.tokens, context)[batch.mask]
        weight, bias = cast("LinearOutput", generator).output_layer()
        nll = _tempered_token_nll(features, weight, bias, batch.tokens[batch.mask], temperatures)
        mask = batch.mask.expand(len(temperatures), *batch.mask.shape)
        return torch.zeros(mask.shape, dtype=nll.dtype, device=nll.device).masked_scatter(mask, -nll)

    return log_probs


def _tempered_token_nll(
    values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor, temperatures: Sequence[float]
) -> Tensor:
    """`output_token_nll` with the logits of each piece divided by each temperature.

    Args:
        values: what the output layer reads. [K, D]
        weight: [V, D]
        bias: [V]
        tokens: ids. [K]
        temperatures: above 0.

    Returns:
        In nats. [temperatures, K]
    """

    def nll_of(part: tuple[Tensor, Tensor]) -> Tensor:
        logits = linear(part[0], weight, bias)
        return torch.stack([functional.cross_entropy(logits / by, part[1], reduction="none") for by in temperatures])

    memory = output_nll.LOGIT_BYTES if values.is_cpu else output_nll.ACCELERATOR_LOGIT_BYTES
    rows = max(1, memory // (len(weight) * weight.element_size()))
    if values.is_cpu:
        rows = min(rows, output_nll.POSITIONS)  # for several threads to have something to do
    parts = zip(values.split(rows), tokens.split(rows), strict=True)
    return torch.cat(in_parallel(nll_of, parts, values.device), dim=1)
