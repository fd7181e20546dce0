"""How likely held-out text is at each temperature of a sweep, with intervals."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seqgan.data.batches import encode_sentences
from seqgan.data.text import Text
from seqgan.decoding.states import draws_itself, stepping
from seqgan.evaluation.intervals import Estimate, Measured
from seqgan.evaluation.likelihood_tempered import tempered_likelihoods

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

NLL_SENTENCES = 500
"""Held-out sentences whose likelihood is taken at each temperature: the first ones."""
NLL_CONFIDENCE = 0.95
"""Of its interval."""


def tempered_nlls(
    generator: "GeneratorModule", text: Text, sentences: Sequence[str], temperatures: Sequence[float]
) -> list[Estimate | None]:
    """Negative log-likelihood per known token of sentences under softmax(logits / temperature), in nats.

    The model reads the sentences once for all temperatures. The intervals are of the choice of sentences: of a ratio of
    two sums over them, by linearisation.

    Args:
        generator: any that steps; on its device.
        text: what it was trained on.
        sentences: the first `NLL_SENTENCES` of them are read.
        temperatures: above 0.

    Returns:
        One for each temperature; None where no token of the sentences is known, and of a generator that draws whole
        sequences in a way of its own.
    """
    if draws_itself(generator):
        # At another temperature its partition function is another one, which would take samples of its own.
        return [None] * len(temperatures)
    tokens = [text.tokenizer.tokenize(line) for line in sentences[:NLL_SENTENCES]]
    sequences, _ = encode_sentences(tokens, text.vocabulary, text.max_length, "cut")
    sequences = sequences.to(next(generator.parameters()).device)
    log_probs, counts = (
        part.cpu().double().numpy()
        for part in tempered_likelihoods(stepping(generator), sequences, text.vocabulary.unknown, temperatures)
    )
    return [_per_token(of_temperature, counts) for of_temperature in log_probs]


def _per_token(log_probs: np.ndarray, counts: np.ndarray) -> Estimate | None:
    """Nats a token of sentences, from their log-probabilities and numbers of tokens. [sentences], [sentences]"""
    if not counts.sum():
        return None
    value = -float(log_probs.sum() / counts.sum())
    number = len(counts)
    variance = math.inf
    if number > 1:
        deviations = -log_probs - value * counts
        variance = number / (number - 1) * float(np.square(deviations).sum()) / float(counts.sum()) ** 2
    return Measured(value, variance, number - 1).interval(NLL_CONFIDENCE)
