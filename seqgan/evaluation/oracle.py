"""The synthetic experiment: real data come from an oracle, so that both densities are known and nothing is guessed.

Quality is the oracle's likelihood of the generator's samples (`nll-oracle`), diversity the generator's likelihood of
fresh samples of the oracle (`nll-gen`). Either alone misleads: a sharpened generator lowers the first, and one that
learnt the training sequences by heart lowers `nll-train` without lowering `nll-gen`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from seqgan.data.batches import Sequences
from seqgan.decoding.sampling import sample
from seqgan.evaluation.likelihood import sequence_log_probs
from seqgan.files import write_file
from seqgan.metrics.likelihood import known_divergences

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator

ROWS = 1024
"""Sequences that are drawn at once."""


class OracleScores(NamedTuple):
    """A generator and an oracle, each measured by the other; in nats, per token unless said otherwise."""

    nll_oracle: float
    """Minus the oracle's mean log-probability of the generator's samples: quality. Lower by sharpening, too."""
    nll_gen: float
    """Minus the generator's mean log-probability of held-out samples of the oracle: diversity, or coverage."""
    nll_train: float
    """The same of the training sequences, which says how many of them it knows by heart."""
    entropy: float
    """Minus the generator's mean log-probability of its own samples."""
    kl: float
    """KL(oracle || generator) per token."""
    reverse_kl: float
    """KL(generator || oracle) per token."""
    js: float
    """Jensen-Shannon divergence of whole sequences, at most log 2; near it for long sequences, whatever is learnt."""


def draw_sequences(generator: "Generator", count: int, length: int, *, seed: int) -> Sequences:
    """Sequences of any generator, on its device, always the same for one seed."""
    device = next(generator.parameters()).device
    rng = torch.Generator(device).manual_seed(seed)
    # Whole batches are drawn, so that the first sequences are the same however many are asked for.
    drawn = [sample(generator, ROWS, length, rng=rng) for _ in range(0, count, ROWS)]
    tokens, mask = torch.cat([part.tokens for part in drawn]), torch.cat([part.mask for part in drawn])
    return Sequences(tokens[:count], mask[:count])


def write_oracle_corpus(oracle: "Generator", folder: Path, sizes: dict[str, int], length: int, seed: int) -> None:
    """A corpus folder drawn from an oracle: a file of ids for each split, as ``--tokenizer ids`` reads it.

    Args:
        oracle: from `load_oracle` or `draw_oracle`.
        folder: where `train.txt`, `valid.txt` and so on go; made where it is not.
        sizes: sequences of each split, by its name.
        length: tokens of a sequence.
        seed: of the draws; another one for each split follows from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, (split, count) in enumerate(sizes.items()):
        tokens = draw_sequences(oracle, count, length, seed=seed * len(sizes) + number).tokens
        write_file(folder / f"{split}.txt", "".join(" ".join(map(str, row)) + "\n" for row in tokens.tolist()))


def score_against_oracle(
    generator: "Generator",
    oracle: "Generator",
    held_out: Sequences,
    train: Sequences,
    *,
    samples: int = 10_000,
    seed: int = 0,
) -> OracleScores:
    """Measure a generator by an oracle, at temperature 1.

    Args:
        generator: any with the oracle's ids; one at another temperature is a `TemperedGenerator`.
        oracle: that the sequences were drawn from, on the same device.
        held_out: draws of the oracle that nothing was trained on or chosen by.
        train: the sequences that the generator was trained on.
        samples: sequences to draw from the generator. With 1,000 of 20 tokens the standard error of `nll_oracle` is
            about 0.01.
        seed: of the samples.

    Source: Yu et al. 2017 (arXiv:1609.05473), section 4, for `nll_oracle`; Zhu et al. 2018 (arXiv:1802.01886) and
    Caccia et al. 2020 (arXiv:1811.02549) for `nll_gen`, which is of held-out sequences here.
    """
    length = held_out.tokens.shape[1]
    own = draw_sequences(generator, samples, length, seed=seed)
    by_oracle, by_itself = sequence_log_probs(oracle, own), sequence_log_probs(generator, own)
    real_by_oracle, real_by_it = sequence_log_probs(oracle, held_out), sequence_log_probs(generator, held_out)
    known_by_heart = sequence_log_probs(generator, train)
    divergences = known_divergences((real_by_oracle - real_by_it).cpu(), (by_oracle - by_itself).cpu())
    return OracleScores(
        nll_oracle=-by_oracle.mean().item() / length,
        nll_gen=-real_by_it.mean().item() / length,
        nll_train=-known_by_heart.mean().item() / length,
        entropy=-by_itself.mean().item() / length,
        kl=divergences["kl"] / length,
        reverse_kl=divergences["reverse-kl"] / length,
        js=divergences["js"],
    )


def judge_by_oracle(
    generator: "Generator",
    oracle: "Generator",
    held_out: Sequences,
    train: Sequences,
    *,
    every: int = 1,
    samples: int = 10_000,
    seed: int = 0,
) -> Callable[[int], dict[str, float]]:
    """What a trainer logs of a synthetic experiment, every so many epochs or rounds, and of the first one."""

    def judge(done: int) -> dict[str, float]:
        if done % every and done != 1:
            return {}
        scores = score_against_oracle(generator, oracle, held_out, train, samples=samples, seed=seed)
        return {f"eval/{name.replace('_', '-')}": value for name, value in scores._asdict().items()}

    return judge
