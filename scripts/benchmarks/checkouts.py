"""Rows of the benchmark whose peer is a real program, TextGAN-PyTorch, from a checkout that the user names.

Nothing of the program stands here: its modules are imported from the checkout, its sizes are set in its own `config`
module, and its own functions are called: `utils.rollout.ROLLOUT.get_reward`, `models.SeqGAN_G.SeqGAN_G.sample`, and
`train_dis_epoch` and `train_gen_epoch` of its instructor with its own loaders. Both sides start from the same weights.

What its functions compute is not quite what the package's compute, and the checks say where:

* `get_reward` reads prefixes without the start symbol that `sample` begins with, while the package reads it. The check
  takes weights of which the symbol leaves no trace.
* Its result is reshaped over the wrong axes, so that with several sentences rewards stand beside others' sentences.
  The check reads a single rollout's in the order in which they were written.
* One matrix is both the transform and the gate of its highway, and two logits stand for one: the package's
  discriminator is given the same matrix twice, and the difference of the logits.
* Its discriminator is never put out of training, so that dropout is on while it judges; it is off in the check alone.
"""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from benchmarks.rows import Row, cnn, fixed_length_lstm, without_choice
from seqgan.data.batches import Sequences, epoch_batches
from seqgan.decoding import Samples, sample
from seqgan.evaluation.oracle import draw_sequences
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.tensors.masking import take_rows
from seqgan.training.credit import token_values
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import train_epoch
from seqgan.training.rewards import discriminator_reward

PROGRAM = "TextGAN-PyTorch (https://github.com/williamSYSU/TextGAN-PyTorch)"
FILES = (
    "config.py",
    "utils/rollout.py",
    "utils/data_loader.py",
    "models/SeqGAN_G.py",
    "models/discriminator.py",
    "instructor/oracle_data/instructor.py",
)
"""Whose code is called here."""


def lacks(folder: Path) -> str:
    """What a folder lacks to be a checkout of the program, in a line; empty where it is one."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not missing:
        return ""
    return f"{folder} has no {missing[0]}: --peer expects a checkout of {PROGRAM}, with {', '.join(FILES)}."


def program(folder, vocabulary, length, hidden_size, batch):
    """The program's modules, with its sizes set: `config`, `rollout`, `loader`, `generator`, `judge`, `instructor`."""
    place = str(Path(folder).resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
    # As it is imported it would ask the system about graphics cards, and write the answer into the current folder.
    with patch("torch.cuda.is_available", lambda: False):
        config = importlib.import_module("config")
        if not Path(config.__file__).is_relative_to(place):
            raise ImportError(
                f"config was imported from {config.__file__}, and not from {place}: rename the other one."
            )
        config.CUDA, config.vocab_size, config.max_seq_len, config.batch_size = False, vocabulary, length, batch
        config.gen_embed_dim, config.gen_hidden_dim, config.dis_embed_dim = 32, hidden_size, 64
        config.start_letter, config.if_real_data, config.data_shuffle = 0, False, False
        return SimpleNamespace(
            config=config,
            rollout=importlib.import_module("utils.rollout"),
            loader=importlib.import_module("utils.data_loader"),
            generator=importlib.import_module("models.SeqGAN_G").SeqGAN_G,
            judge=importlib.import_module("models.discriminator").CNNDiscriminator,
            instructor=importlib.import_module("instructor.oracle_data.instructor").BasicInstructor,
        )


def their_generator(their, generator, length):
    """The program's generator with the package's weights."""
    size, embedding_size = generator.hidden_size, generator.embedding.embedding_dim
    # None: with a padding symbol its embedding would not be trained, and the package's 0 is a word as others are.
    model = their.generator(embedding_size, size, len(generator.output_weight), length, None)
    (recurrent,) = generator.layers
    with torch.no_grad():
        model.embeddings.weight.copy_(generator.embedding.weight)
        for name, value in model.lstm.named_parameters():
            value.copy_(getattr(recurrent, name))
        model.lstm2out.weight.copy_(generator.output_weight)
        model.lstm2out.bias.copy_(generator.output_bias)
    return model


def their_judge(their, discriminator, dropout=0.25):
    """The program's discriminator with the package's weights, of which the gate is made the transform as well."""
    filters = discriminator.filters
    vocabulary, size = discriminator.embedding.weight.shape
    model = their.judge(size, vocabulary, list(filters), list(filters.values()), None, False, dropout)
    with torch.no_grad():
        discriminator.highway_gate.weight.copy_(discriminator.highway_transform.weight)
        discriminator.highway_gate.bias.copy_(discriminator.highway_transform.bias)
        model.embeddings.weight.copy_(discriminator.embedding.weight)
        for own, convolution in zip(model.convs, discriminator.convolutions, strict=True):
            # [filters, E, width] -> [filters, 1, width, E]
            own.weight.copy_(convolution.weight.transpose(1, 2).unsqueeze(1))
            own.bias.copy_(convolution.bias)
        model.highway.load_state_dict(discriminator.highway_transform.state_dict())
        model.feature2out.weight.zero_()
        model.feature2out.weight[1].copy_(discriminator.output.weight[0])
        model.feature2out.bias.zero_()
        model.feature2out.bias[1].copy_(discriminator.output.bias[0])
    return model


def untouched_by_start(generator):
    """The generator, whose state is after the start symbol what it was before: its cells are offered 0, and keep 0."""
    (recurrent,) = generator.layers
    proposal = slice(2 * generator.hidden_size, 3 * generator.hidden_size)
    with torch.no_grad():
        generator.embedding.weight[generator.start] = 0
        recurrent.bias_ih_l0[proposal] = 0
        recurrent.bias_hh_l0[proposal] = 0
    return generator


def rollout_row(quick, folder, length, hidden_size, rollouts):
    """Rewards of all prefixes of a batch, as of `benchmarks.rows.rollout_row`, by the program's own function."""
    vocabulary, batch, filters = (50, 4, 0.05) if quick else (5000, 64, 1.0)
    length, hidden_size, rollouts = (6, 8, 2) if quick else (length, hidden_size, rollouts)
    their = program(folder, vocabulary, length, hidden_size, batch)
    generator, discriminator = fixed_length_lstm(vocabulary, 32, hidden_size), cnn(vocabulary, length, filters)
    tokens = draw_sequences(generator, batch, length, seed=1).tokens
    samples = Samples(tokens, torch.ones_like(tokens, dtype=torch.bool))
    judge, reward = their_judge(their, discriminator), discriminator_reward(discriminator, SEQGAN.reward)

    def plain(policy=generator, judge=judge):
        return their.rollout.ROLLOUT(their_generator(their, policy, length), gpu=False).get_reward(tokens, 1, judge)

    def package(policy=generator, forks=rollouts):
        config, rng = AdversarialConfig(rollouts=forks), torch.Generator().manual_seed(2)
        return token_values(config, policy, reward, samples, None, per_token=False, rng=rng)

    def check():
        certain = untouched_by_start(without_choice(generator))
        # Written as [T, B] and read as [B, T]: here in the order in which they were written.
        theirs = plain(certain, their_judge(their, discriminator).eval()).flatten().view(length, batch).T
        torch.testing.assert_close(package(certain, 2), theirs.expand(2, -1, -1), atol=1e-5, rtol=0)

    searcher = their.rollout.ROLLOUT(their_generator(their, generator, length), gpu=False)
    return Row(
        f"length {length}, hidden {hidden_size}, {rollouts} rollouts, batch {batch}, vocabulary {vocabulary}",
        "TextGAN-PyTorch's ROLLOUT.get_reward; one highway matrix for the package's two",
        lambda: searcher.get_reward(tokens, 1, judge),
        package,
        check,
        rollouts,
    )


def sampling_row(quick, folder, count=2048):
    """Sequences of an LSTM, by batches of 256 as the program draws its pools."""
    vocabulary, length, hidden_size, at_once = (50, 6, 8, 4) if quick else (5000, 20, 32, 256)
    count = 8 if quick else count
    their = program(folder, vocabulary, length, hidden_size, at_once // 4)
    generator = fixed_length_lstm(vocabulary, 32, hidden_size)

    @torch.no_grad()
    def plain(policy=generator):
        return their_generator(their, policy, length).sample(count, at_once, start_letter=0)

    def package(policy=generator):
        return sample(policy, count, length, rng=torch.Generator().manual_seed(2)).tokens

    def check():
        certain = without_choice(generator)
        assert torch.equal(package(certain), plain(certain))

    model = their_generator(their, generator, length)
    return Row(
        f"hidden {hidden_size}, {count} sequences of {length}, vocabulary {vocabulary}",
        f"TextGAN-PyTorch's SeqGAN_G.sample, {at_once} at once and one batch in vain",
        torch.no_grad()(lambda: model.sample(count, at_once, start_letter=0)),
        package,
        check,
    )


def discriminator_row(quick, folder):
    """Updates of the discriminator, on as many real sentences as generated ones: an epoch of the program's own."""
    kind, batches, filters, vocabulary = (4, 2, 0.05, 50) if quick else (32, 20, 1.0, 5000)
    length = 20
    their = program(folder, vocabulary, length, 32, 2 * kind)
    tokens = torch.randint(vocabulary, (2 * kind * batches, length), generator=torch.Generator().manual_seed(1))
    mask, (real, fake) = torch.ones_like(tokens, dtype=torch.bool), tokens.chunk(2)
    criterion, trainer = nn.CrossEntropyLoss(), SimpleNamespace(optimize=their.instructor.optimize)

    def plain(judge, optimizer):
        loader = their.loader.DisDataIter(real, fake).loader
        return their.instructor.train_dis_epoch(trainer, judge, loader, criterion, optimizer)

    def package(discriminator, optimizer):
        for rows in torch.arange(kind * batches).split(kind):
            logits = discriminator(*take_rows(tokens, mask, torch.cat([rows, rows + kind * batches])))
            update(discriminator, optimizer, SEQGAN.discriminator_loss(*logits.split(kind)))

    def check():
        # One batch of all, whose order is no matter, and a step that is none: the gradients stay.
        ours = cnn(vocabulary, length, filters, 0.0).train()
        theirs = their_judge(their, ours, 0.0)
        still = torch.optim.SGD(theirs.parameters(), lr=0.0)
        with patch.object(their.config, "batch_size", len(tokens)), patch.object(their.config, "clip_norm", 1e9):
            loss, _ = plain(theirs, still)
        found = SEQGAN.discriminator_loss(*ours(tokens, mask).chunk(2))
        found.backward()
        # The package's loss is the sum of both kinds' means, theirs the mean of all.
        np.testing.assert_allclose(found.item(), 2 * loss, rtol=1e-4)
        gradient = ours.embedding.weight.grad
        assert (gradient - 2 * theirs.embeddings.weight.grad).norm() <= 1e-3 * gradient.norm()

    discriminator = cnn(vocabulary, length, filters).train()
    judge = their_judge(their, discriminator)
    optimizers = adam(discriminator, 1e-4), torch.optim.Adam(judge.parameters(), lr=1e-4)
    return Row(
        f"{batches} batches of {2 * kind}, length {length}, vocabulary {vocabulary}",
        "TextGAN-PyTorch's train_dis_epoch with its DisDataIter; one highway matrix for the package's two",
        lambda: plain(judge, optimizers[1]),
        lambda: package(discriminator, optimizers[0]),
        check,
    )


def likelihood_row(quick, folder):
    """An epoch of maximum likelihood."""
    vocabulary, length, hidden_size, count, batch = (50, 6, 8, 64, 16) if quick else (5000, 20, 32, 9984, 64)
    their = program(folder, vocabulary, length, hidden_size, batch)
    tokens = draw_sequences(fixed_length_lstm(vocabulary, 32, hidden_size), count, length, seed=1).tokens
    data = Sequences(tokens, torch.ones_like(tokens, dtype=torch.bool))
    config = PretrainConfig(batch_size=batch, learning_rate=0.01)
    # In the order in which the package takes them: the program is told not to mix.
    order = torch.cat(list(map(torch.as_tensor, epoch_batches(data, batch, seed=0, epoch=1))))
    trainer, criterion = SimpleNamespace(optimize=their.instructor.optimize), nn.NLLLoss()
    their.config.clip_norm = config.clip_norm

    def plain():
        model = their_generator(their, fixed_length_lstm(vocabulary, 32, hidden_size), length)
        optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
        loader = their.loader.GenDataIter(tokens[order]).loader
        return lambda: their.instructor.train_gen_epoch(trainer, model, loader, criterion, optimizer)

    def package():
        model = fixed_length_lstm(vocabulary, 32, hidden_size)
        optimizer = adam(model, config.learning_rate)
        return lambda: train_epoch(model, optimizer, data, config, seed=0, epoch=1)["generator/loss"]

    return Row(
        f"{count} sequences of {length}, batch {batch}, hidden {hidden_size}, vocabulary {vocabulary}",
        "TextGAN-PyTorch's train_gen_epoch with its GenDataIter",
        plain(),
        package(),
        lambda: np.testing.assert_allclose(package()(), plain()(), rtol=1e-4),
    )


ROWS = {
    # name: how to make it from a checkout, required ratio, aim (none of their own), rounds
    "peer-rollout-20": (lambda quick, folder: rollout_row(quick, folder, 20, 32, 16), None, None, 5),
    "peer-rollout-40": (lambda quick, folder: rollout_row(quick, folder, 40, 32, 16), None, None, 3),
    "peer-rollout-512": (lambda quick, folder: rollout_row(quick, folder, 51, 512, 1), None, None, 3),
    "peer-sample": (sampling_row, None, None, 5),
    "peer-discriminator": (discriminator_row, None, None, 7),
    "peer-likelihood": (likelihood_row, None, None, 5),
}
