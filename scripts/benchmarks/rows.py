"""The rows of the benchmark: for each component its settings, both contenders, and that they compute the same."""

import copy
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks import floors, peers
from seqgan.build import build_text
from seqgan.data.batches import epoch_batches, take
from seqgan.data.grammar import draw_splits, load_grammar
from seqgan.decoding import Samples, rollout, sample
from seqgan.discriminators import CNNDiscriminator
from seqgan.evaluation.oracle import draw_sequences, write_oracle_corpus
from seqgan.generators import LSTMGenerator, Seq2SeqGRU, TransformerGenerator
from seqgan.generators.oracle import draw_oracle
from seqgan.metrics import bleu_against_corpus, self_bleu
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.tensors.masking import take_rows
from seqgan.training.credit import token_values
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import train_epoch
from seqgan.training.rewards import discriminator_reward
from seqgan.training.sampled import SampledPlayers

ROUNDED_REWARD = 0.02
"""Of a reward between 0 and 1, by products in bfloat16."""
ROUNDED_KL = 1e-3
"""Nats a token between the distributions that are drawn from."""
SHARPNESS = 1e9
"""Output weights times this leave a generator no choice: contenders that draw with other numbers then agree."""


class Row(NamedTuple):
    """A component, as the field computes it and as the package does."""

    what: str
    """The settings."""
    against: str
    """What the field's form is."""
    peer: Callable[[], Any]
    """A call of it."""
    package: Callable[[], Any]
    """A call of the package's."""
    check: Callable[[], None]
    """Raises AssertionError unless both compute the same."""
    times: int = 1
    """The peer's whole work is this many times what its call does."""
    floor: Callable[[], list] | None = None
    """The operations without which the work cannot be done, for `floors.seconds`."""


def rollout_row(quick, length, hidden_size, rollouts, precision="float32"):
    """Rewards of all prefixes of a batch, by completions that the SeqGAN discriminator judges."""
    vocabulary, batch, filters = (50, 4, 0.05) if quick else (5000, 64, 1.0)
    length, hidden_size, rollouts = (6, 8, 2) if quick else (length, hidden_size, rollouts)
    generator, discriminator = fixed_length_lstm(vocabulary, 32, hidden_size), cnn(vocabulary, length, filters)
    tokens = draw_sequences(generator, batch, length, seed=1).tokens
    samples = Samples(tokens, torch.ones_like(tokens, dtype=torch.bool))
    judge, reward = peers.convolutional_judge(discriminator), discriminator_reward(discriminator, SEQGAN.reward)
    dtype = getattr(torch, precision)

    def package(policy=generator, forks=rollouts, precision=precision):
        config = AdversarialConfig(rollouts=forks, rollout_precision=precision)
        rng = torch.Generator().manual_seed(2)
        return token_values(config, policy, reward, samples, None, per_token=False, rng=rng)

    def check():
        certain = without_choice(generator)
        expected = peers.RecurrentPeer(certain).rollout(judge, tokens, 1)
        torch.testing.assert_close(package(certain, 2, "float32"), expected.expand(2, -1, -1), atol=1e-5, rtol=0)
        if precision != "float32":
            # The completions are others where a rounded logit is the largest: the same ones' rewards are compared.
            full = torch.ones_like(tokens, dtype=torch.bool)
            rows = torch.arange(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                near = reward(tokens, full, rows)
            torch.testing.assert_close(near, reward(tokens, full, rows), atol=ROUNDED_REWARD, rtol=0)

    return Row(
        f"length {length}, hidden {hidden_size}, {rollouts} rollouts, batch {batch}, vocabulary {vocabulary}"
        + ("" if precision == "float32" else f", completed and scored in {precision}"),
        "a loop over rollouts, prefixes and tokens with multinomial; conv2d",
        # Its rollouts are a loop of equal turns: one is timed.
        lambda: peers.RecurrentPeer(generator).rollout(judge, tokens, 1),
        package,
        check,
        rollouts,
        lambda: (
            floors.completing(length, hidden_size, rollouts, dtype)
            + floors.scoring(length, batch * (rollouts * (length - 1) + 1), dtype)
        ),
    )


def completion_row(quick):
    """The part of `rollout_row` that is the generator's: completions that nobody judges."""
    vocabulary, batch, length, rollouts = (50, 4, 6, 2) if quick else (5000, 64, 20, 16)
    generator = fixed_length_lstm(vocabulary, 32, 8 if quick else 32)
    tokens = draw_sequences(generator, batch, length, seed=1).tokens
    samples = Samples(tokens, torch.ones_like(tokens, dtype=torch.bool))
    places = torch.arange(1, length + 1, dtype=torch.float64)

    def weighted(tokens, *_):
        return (tokens * places).sum(dim=1)

    def package(policy=generator, forks=rollouts):
        rng = torch.Generator().manual_seed(2)
        return rollout(policy, weighted, samples, forks, rng=rng)

    def peer(policy=generator):
        loop = peers.RecurrentPeer(policy)
        return torch.stack([weighted(loop.complete(tokens, given)) for given in range(1, length + 1)], dim=1)

    def check():
        certain = without_choice(generator)
        torch.testing.assert_close(package(certain, 2), peer(certain).expand(2, -1, -1))

    return Row(
        f"length {length}, {rollouts} rollouts, batch {batch}, vocabulary {vocabulary}; no discriminator",
        "a loop over rollouts, prefixes and tokens with multinomial",
        peer,
        package,
        check,
        rollouts,
        lambda: floors.completing(length, 32, rollouts),
    )


def scoring_row(quick):
    """The part of `rollout_row` that is the discriminator's: as many sequences as a batch's completions are."""
    vocabulary, batch, length, count, filters = (50, 4, 6, 40, 0.05) if quick else (5000, 64, 20, 64 * 19 * 16, 1.0)
    discriminator = cnn(vocabulary, length, filters)
    tokens = torch.randint(vocabulary, (count, length), generator=torch.Generator().manual_seed(1))
    mask, rows = torch.ones_like(tokens, dtype=torch.bool), torch.arange(count)
    judge, reward = peers.convolutional_judge(discriminator), discriminator_reward(discriminator, SEQGAN.reward)

    @torch.no_grad()
    def peer():
        return torch.cat([judge(part).sigmoid() for part in tokens.split(batch)])

    return Row(
        f"{count} sequences of {length}, vocabulary {vocabulary}",
        f"conv2d, batches of {batch}",
        peer,
        lambda: reward(tokens, mask, rows),
        lambda: torch.testing.assert_close(reward(tokens, mask, rows), peer(), atol=1e-5, rtol=0),
        floor=lambda: floors.scoring(length, count),
    )


def lstm_sampling_row(quick, hidden_size, count, precision="float32"):
    """Sequences of an LSTM."""
    vocabulary, length = (50, 6) if quick else (5000, 20)
    hidden_size, count = (8, 12) if quick else (hidden_size, count)
    generator = fixed_length_lstm(vocabulary, 32, hidden_size)

    def package(policy=generator, rounded=precision != "float32"):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=rounded):
            return sample(policy, count, length, rng=torch.Generator().manual_seed(2)).tokens

    def check():
        certain = without_choice(generator)
        assert torch.equal(package(certain, False), peers.RecurrentPeer(certain).sample(count, length))
        if precision != "float32":
            tokens = package(rounded=False)[:64]
            with torch.no_grad():
                exact = generator(tokens).log_softmax(-1)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    near = generator(tokens).float().log_softmax(-1)
            assert (exact.exp() * (exact - near)).sum(-1).max() <= ROUNDED_KL

    return Row(
        f"hidden {hidden_size}, {count} sequences of {length}, vocabulary {vocabulary}"
        + ("" if precision == "float32" else f", in {precision}"),
        "a loop over tokens with multinomial",
        lambda: peers.RecurrentPeer(generator).sample(count, length),
        package,
        check,
        floor=lambda: floors.sampling(count, length, hidden_size, getattr(torch, precision)),
    )


def transformer_sampling_row(quick):
    """Sequences of a Transformer."""
    vocabulary, size, layers, count, length = (50, 16, 2, 4, 6) if quick else (5000, 256, 4, 64, 32)
    torch.manual_seed(0)
    generator = TransformerGenerator(vocabulary, size, 4 * size, layers, end=None, max_length=length).eval()

    def package(policy=generator):
        return sample(policy, count, length, rng=torch.Generator().manual_seed(2)).tokens

    def check():
        certain = without_choice(generator)
        assert torch.equal(package(certain), peers.transformer_sample(certain, count, length))

    return Row(
        f"d {size}, {layers} layers, {count} sequences of {length}, vocabulary {vocabulary}",
        "each prefix read again, multinomial",
        lambda: peers.transformer_sample(generator, count, length),
        package,
        check,
        floor=lambda: floors.sampling_by_transformer(count, length, size, layers, vocabulary),
    )


def pairs_row(quick, rollouts=0):
    """Sequences from sources by RNNSearch; with rollouts, completions of all their prefixes, that nobody judges."""
    vocabulary, size, batch, length = (50, 8, 4, 6) if quick else (10_000, 256, 64, 20)
    rollouts = min(2, rollouts) if quick else rollouts
    torch.manual_seed(0)
    generator = Seq2SeqGRU(vocabulary, vocabulary, size // 2, size, end=None).eval()
    rng = torch.Generator().manual_seed(1)
    source = torch.randint(vocabulary, (batch, length), generator=rng)
    mask = torch.arange(length) < torch.randint(1, length + 1, (batch, 1), generator=rng)
    places = torch.arange(1, length + 1, dtype=torch.float64)

    def weighted(tokens, *_):
        return (tokens * places).sum(dim=1)

    @torch.no_grad()
    def drawn(policy, rng):
        return sample(policy, batch, length, policy.encode(source, mask), rng=rng)

    samples = drawn(generator, rng)

    @torch.no_grad()
    def package(policy=generator, forks=rollouts):
        rng = torch.Generator().manual_seed(2)
        if forks == 0:
            return drawn(policy, rng).tokens
        return rollout(policy, weighted, samples, forks, policy.encode(source, mask), rng=rng)

    @torch.no_grad()
    def peer(policy=generator):
        loop, context = peers.PairsPeer(policy), policy.encode(source, mask)
        if rollouts == 0:
            return loop.sample(batch, length, context)
        completed = [loop.complete(samples.tokens, given, context) for given in range(1, length + 1)]
        return torch.stack([weighted(tokens) for tokens in completed], dim=1)

    def check():
        certain = without_choice(generator)
        expected = peer(certain)
        found = package(certain, min(2, rollouts))
        torch.testing.assert_close(found, expected.expand_as(found))

    return Row(
        f"seq2seq-gru, hidden {size}, {batch} sources of 1 to {length}, length {length}, vocabulary {vocabulary}"
        + (f", {rollouts} rollouts; no discriminator" if rollouts else ""),
        ("a loop over rollouts, prefixes and tokens" if rollouts else "a loop over tokens")
        + " with multinomial; the source is encoded once",
        peer,
        package,
        check,
        max(1, rollouts),
    )


def discriminator_row(quick, kind=32, batches=20, captions=False):
    """Updates of the SeqGAN discriminator, on as many real sentences as generated ones."""
    kind, batches, filters = (4, 2, 0.05) if quick else (kind, batches, 1.0)
    if captions:
        name, tokens, mask = numbered_captions(2 * kind * batches, of=60 if quick else 10_000)
        vocabulary, what = int(tokens.max()) + 1, f"{name} to {tokens.shape[1]}"
    else:
        vocabulary, length = (50, 20) if quick else (5000, 20)
        tokens = torch.randint(vocabulary, (2 * kind * batches, length), generator=torch.Generator().manual_seed(1))
        mask, what = torch.ones_like(tokens, dtype=torch.bool), f"length {length}"
    widest, groups = tokens.shape[1], torch.arange(len(tokens)).split(2 * kind)

    def plain(dropout, padded):
        model = cnn(vocabulary, widest, filters, dropout).train()
        optimizer = peers.plain_adam(model, 1e-4, 0.2)

        def step(rows):
            # The field's programs judge padding, too.
            judge = peers.convolutional_judge(model, None if padded else mask[rows].sum(dim=1))
            return peers.discriminator_step(model, judge, optimizer, *tokens[rows].split(kind))

        return lambda: [step(rows) for rows in groups]

    def package(dropout):
        model = cnn(vocabulary, widest, filters, dropout).train()
        optimizer = adam(model, 1e-4, 0.2)

        def step(rows):
            logits = model(*take_rows(tokens, mask, rows))
            return update(model, optimizer, SEQGAN.discriminator_loss(*logits.split(kind)))

        return lambda: [step(rows) for rows in groups]

    def check():
        np.testing.assert_allclose(package(0.0)(), plain(0.0, padded=False)(), rtol=1e-4)

    def floor():
        model = cnn(vocabulary, widest, filters)
        return floors.judging_updates(batches, 2 * kind, widest, model, adam(model, 1e-4, 0.2))

    return Row(
        f"{batches} batches of {2 * kind}, {what}, vocabulary {vocabulary}",
        "conv2d, default Adam" + (", padding judged" if captions else ""),
        plain(0.25, padded=True),
        package(0.25),
        check,
        floor=None if captions else floor,
    )


def numbered_captions(count, of, longest=38):
    """What they are, the first ones as ids [N, T], in the vocabulary of more, and their mask; 0 stands at each end."""
    name, lines, _ = sentences(of)
    numbers = {word: number for number, word in enumerate(sorted({word for line in lines for word in line}), start=1)}
    tokens, mask = torch.zeros(count, longest, dtype=torch.long), torch.zeros(count, longest, dtype=torch.bool)
    for row, line in enumerate(lines[:count]):
        ids = [*(numbers[word] for word in line), 0][:longest]
        tokens[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = True
    return name, tokens, mask


def likelihood_row(quick):
    """An epoch of maximum likelihood."""
    vocabulary, length, count = (50, 6, 128) if quick else (5000, 20, 10_000)
    data = draw_sequences(draw_oracle(vocabulary, 32), count, length, seed=1)
    config = PretrainConfig(batch_size=64, learning_rate=0.01)
    batches = epoch_batches(data, config.batch_size, seed=0, epoch=1)

    def plain():
        model = fixed_length_lstm(vocabulary, 32, 32)
        optimizer, peer = peers.plain_adam(model, config.learning_rate), peers.RecurrentPeer(model)

        def work():
            losses = [
                peer.likelihood_step(optimizer, take(data, rows).tokens, config.clip_norm) * len(rows)
                for rows in batches
            ]
            return sum(losses) / count

        return work

    def package():
        model = fixed_length_lstm(vocabulary, 32, 32)
        optimizer = adam(model, config.learning_rate)
        return lambda: train_epoch(model, optimizer, data, config, seed=0, epoch=1)["generator/loss"]

    def check():
        np.testing.assert_allclose(package()(), plain()(), rtol=1e-4)

    return Row(
        f"{count} sequences of {length}, batch {config.batch_size}, hidden 32, vocabulary {vocabulary}",
        "log_softmax and nll_loss of all logits, default Adam",
        plain(),
        package(),
        check,
        floor=lambda: floors.likelihood(count * length, 32, vocabulary),
    )


def round_row(quick):
    """A round of both players: one policy-gradient step by rollouts, then the discriminator on pools."""
    vocabulary, length, batch, pool, rollouts, filters = (
        (50, 6, 8, 16, 2, 0.05) if quick else (5000, 20, 64, 1250, 16, 1.0)
    )
    oracle = draw_oracle(vocabulary, 32)
    with tempfile.TemporaryDirectory() as folder:
        write_oracle_corpus(oracle, Path(folder), {"train": 2 * pool, "valid": 16}, length, seed=1)
        text = build_text(DataConfig(corpus=folder, tokenizer="ids", max_vocabulary=vocabulary))
    config = AdversarialConfig(
        batch_size=batch,
        rollouts=rollouts,
        discriminator_steps=4,
        discriminator_pool=pool,
        discriminator_epochs=2,
        discriminator_batch_size=batch // 2,
        generator_learning_rate=0.01,
        discriminator_learning_rate=1e-4,
    )

    def both(certain=False):
        generator = fixed_length_lstm(vocabulary, 32, 32)
        # Less sharp: gradients are compared.
        return without_choice(generator, 1e4) if certain else generator, cnn(vocabulary, length, filters)

    def package(generator, discriminator, steps):
        changed = {name: getattr(config, name) for name in config.__struct_fields__} | {"discriminator_steps": steps}
        rng = torch.Generator().manual_seed(3)
        return SampledPlayers(generator, discriminator, text, SEQGAN, AdversarialConfig(**changed), rng).play_round

    def plain(generator, discriminator, steps):
        peer, judge = peers.RecurrentPeer(generator), peers.convolutional_judge(discriminator)
        generator_optimizer = peers.plain_adam(generator, config.generator_learning_rate)
        optimizer = peers.plain_adam(discriminator, config.discriminator_learning_rate, config.output_decay)

        def work():
            tokens = peer.sample(batch, length)
            discriminator.eval()
            rewards = peer.rollout(judge, tokens, rollouts).mean(dim=0)
            peer.policy_step(generator_optimizer, tokens, rewards, config.clip_norm)
            discriminator.train()
            for _ in range(steps):
                fake = peer.sample(pool, length)
                real = text.train.tokens[torch.randperm(len(text.train.tokens))[:pool]]
                for _ in range(config.discriminator_epochs):
                    for rows in torch.randperm(pool).split(batch // 2):
                        peers.discriminator_step(discriminator, judge, optimizer, real[rows], fake[rows])

        return work

    def check():
        ours, theirs = both(certain=True), both(certain=True)
        package(*ours, 0)()
        plain(*theirs, 0)()
        for a, b in zip(ours[0].parameters(), theirs[0].parameters(), strict=True):
            # Gradients and not weights: Adam's first step is as large for a gradient of nearly 0. The sharp weights
            # magnify rounding: compared as a whole.
            assert (a.grad - b.grad).norm() <= 1e-2 * b.grad.norm()

    def floor():
        pools = config.discriminator_steps
        batches = pools * config.discriminator_epochs * -(-pool // (batch // 2))
        model = cnn(vocabulary, length, filters)
        return [
            *floors.completing(length, 32, rollouts),
            *floors.scoring(length, batch * (rollouts * (length - 1) + 1)),
            *floors.sampling(batch + pools * pool, length, 32),
            *floors.judging_updates(batches, batch, length, model, adam(model, config.discriminator_learning_rate)),
        ]

    return Row(
        f"1 generator step with {rollouts} rollouts, then {config.discriminator_steps} pools of {pool} samples and as "
        f"many real sentences, {config.discriminator_epochs} passes each; length {length}, vocabulary {vocabulary}",
        "all of the above composed",
        plain(*both(), config.discriminator_steps),
        package(*both(), config.discriminator_steps),
        check,
        floor=floor,
    )


def bleu_row(quick, of_itself):
    """BLEU-2 to 5 of all sentences, against fast-bleu."""
    import fast_bleu

    count = 60 if quick else 10_000
    name, hypotheses, references = sentences(count)
    weights = {order: (1 / order,) * order for order in range(2, 6)}

    def peer():
        if of_itself:
            return fast_bleu.SelfBLEU(hypotheses, weights).get_score()
        return fast_bleu.BLEU(references, weights).get_score(hypotheses)

    def package():
        return self_bleu(hypotheses) if of_itself else bleu_against_corpus(hypotheses, references)

    def check():
        # fast-bleu keeps its weights in single precision.
        np.testing.assert_allclose(package().sentences, list(peer().values()), atol=1e-6)

    against = "itself" if of_itself else f"{len(references):,}"
    return Row(f"{len(hypotheses):,} sentences against {against}, {name}", "fast-bleu (C++)", peer, package, check)


def sentences(count):
    """What they are, and two lists of tokens: captions of photographs where they are at hand, else drawn ones."""
    folder = os.environ.get("SEQGAN_CORPORA")
    if folder and (path := Path(folder) / "image_coco").is_dir():
        both = [(path / f"{split}.txt").read_text(encoding="utf-8").splitlines()[:count] for split in ("train", "test")]
        return "image captions", *([line.split() for line in lines] for lines in both)
    drawn = draw_splits(load_grammar("captions"), {"first": count, "second": count}, seed=0)
    return "drawn captions", *drawn.values()


def fixed_length_lstm(vocabulary, embedding_size, hidden_size):
    """The generator of the synthetic experiment."""
    torch.manual_seed(0)
    return LSTMGenerator(vocabulary, embedding_size, hidden_size, start=0, end=None).eval()


def cnn(vocabulary, length, share, dropout=0.25):
    """The SeqGAN discriminator, or one with that share of its filters."""
    from seqgan.discriminators.cnn import FILTERS

    filters = {width: max(1, round(count * share)) for width, count in FILTERS.items() if width <= length}
    torch.manual_seed(0)
    return CNNDiscriminator(vocabulary, 64, filters, dropout).eval()


def without_choice(generator, sharpness=SHARPNESS):
    """A copy of which one token has all the probability, given any prefix."""
    certain = copy.deepcopy(generator)
    with torch.no_grad():
        certain.output_weight.mul_(sharpness)
    return certain


ROWS = {
    # name: how to make it, required ratio, aim (None of both for parts of another row), rounds
    "rollout-20": (lambda quick: rollout_row(quick, 20, 32, 16), 15, 25, 5),
    "completions-20": (completion_row, None, None, 3),
    "scoring-20": (scoring_row, None, None, 5),
    "rollout-40": (lambda quick: rollout_row(quick, 40, 32, 16), 18, 30, 3),
    "rollout-hidden-512": (lambda quick: rollout_row(quick, 51, 512, 1), 5, 8, 3),
    "rollout-20-bfloat16": (lambda quick: rollout_row(quick, 20, 32, 16, "bfloat16"), 15, 25, 5),
    "rollout-40-bfloat16": (lambda quick: rollout_row(quick, 40, 32, 16, "bfloat16"), 18, 30, 3),
    "rollout-hidden-512-bfloat16": (lambda quick: rollout_row(quick, 51, 512, 1, "bfloat16"), 5, 8, 3),
    "sample-lstm-32": (lambda quick: lstm_sampling_row(quick, 32, 2048), 20, 30, 5),
    "sample-lstm-512": (lambda quick: lstm_sampling_row(quick, 512, 1024), 3, 5, 5),
    "sample-lstm-512-bfloat16": (lambda quick: lstm_sampling_row(quick, 512, 1024, "bfloat16"), 3, 5, 5),
    "sample-transformer": (transformer_sampling_row, 5, 8, 7),
    "sample-pairs": (pairs_row, None, None, 7),
    "rollout-pairs": (lambda quick: pairs_row(quick, 16), None, None, 3),
    "discriminator": (discriminator_row, 2, 4, 7),
    "discriminator-64": (lambda quick: discriminator_row(quick, 64, 5), 2.6, 3.3, 7),
    "discriminator-captions": (lambda quick: discriminator_row(quick, 64, 5, captions=True), 4.5, 5.5, 7),
    "likelihood": (likelihood_row, 1.3, 2.5, 5),
    "round": (round_row, 3, 6, 2),
    "bleu": (lambda quick: bleu_row(quick, of_itself=False), 15, 30, 3),
    "self-bleu": (lambda quick: bleu_row(quick, of_itself=True), 80, 150, 3),
}
