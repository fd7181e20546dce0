"""Sentences that a discriminator chose among several, with the log-odds that it gives them."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.reading import Reading
from seqgan.data.written import Writer
from seqgan.decoding.best_of import best_of
from seqgan.decoding.judged import score_reward
from seqgan.evaluation.generate import ROWS, check_sampling, drawn_from
from seqgan.progress import SILENT, Progress
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.modes import evaluating

if TYPE_CHECKING:
    from seqgan.discriminators.protocol import Discriminator
    from seqgan.generators.protocol import Generator, GeneratorModule

Scored = tuple[str, float]
"""A sentence and its log-odds."""


def best_sentences(
    generator: "GeneratorModule",
    discriminator: "Discriminator",
    count: int,
    n: int,
    reading: Reading,
    *,
    rng: torch.Generator,
    progress: Progress = SILENT,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
    all_symbols: bool = False,
) -> list[Scored]:
    """Of `n` samples the one that looks most real, so many times. Other arguments are those of `best_of`.

    Args:
        generator: unconditional.
        discriminator: on its device.
        count: sentences.
        n: samples for each; 1 scores samples as they come.
        reading: turns ids into text.
        rng: on the generator's device.
        progress: where to report.
        temperature: of the samples, as the next two.
        top_k: see `adjust_logits`.
        top_p: see `adjust_logits`.
        prefix: ids that all begin with. [P]
        all_symbols: draw also the symbols that are left out unasked, see `generate_sentences`.

    Raises:
        ConfigError: the prefix is too long; or a generator that makes all positions at once is asked for anything but
            plain samples.
    """
    check_sampling(generator, reading.max_length, temperature, top_k, top_p, prefix)
    generator = drawn_from(generator, reading.vocabulary, all_symbols)
    writer = Writer(reading.tokenizer, reading.vocabulary)
    found: list[Scored] = []
    with progress.bar("Sampling: sentences", count) as advance:
        while len(found) < count:
            # Whole batches are drawn, so that the first sentences are the same however many are asked for.
            samples, scores = best_of(
                generator,
                score_reward(discriminator),
                max(1, ROWS // n),
                n,
                reading.max_length,
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                prefix=prefix,
            )
            wanted = count - len(found)
            found += _as_text(samples.tokens[:wanted], scores[:wanted], writer)
            advance(min(wanted, len(scores)))
    writer.tell(progress)
    return found


def best_answers(
    generator: "Generator",
    discriminator: "Discriminator",
    condition: Condition,
    n: int,
    reading: Reading,
    *,
    rng: torch.Generator,
    progress: Progress = SILENT,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    all_symbols: bool = False,
) -> list[Scored]:
    """Of `n` answers to each source the one that looks most real. Other arguments are those of `best_sentences`.

    Args:
        generator: conditional.
        discriminator: conditional, on its device.
        condition: the sources, N rows.
        n: samples for each source.
        reading: turns ids into text.
        rng: on the generator's device.
        progress: where to report.
        temperature: of the samples, as the next two.
        top_k: see `adjust_logits`.
        top_p: see `adjust_logits`.
        all_symbols: as of `best_sentences`.
    """
    generator = drawn_from(generator, reading.vocabulary, all_symbols)
    writer = Writer(reading.tokenizer, reading.vocabulary)
    # Like lengths together: little of a batch is then padding.
    order = condition.lengths().argsort(stable=True)
    found: list[Scored] = [("", 0.0)] * len(order)
    with progress.bar("Answering: sources", len(order)) as advance:
        for rows in order.split(max(1, ROWS // n)):
            own = condition.take(rows)
            with evaluating(generator, discriminator):
                context, judged = context_of(generator, own), context_of(discriminator, own)
            samples, scores = best_of(
                generator,
                score_reward(discriminator, judged),
                len(rows),
                n,
                reading.max_length,
                context,
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
            )
            for row, scored in zip(rows.tolist(), _as_text(samples.tokens, scores, writer), strict=True):
                found[row] = scored
            advance(len(rows))
    writer.tell(progress)
    return found


def _as_text(tokens: Tensor, scores: Tensor, writer: Writer) -> list[Scored]:
    return list(zip(map(writer.line, tokens.tolist()), scores.tolist(), strict=True))
