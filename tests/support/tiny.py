"""A text, players and settings small enough to train in a moment."""

import copy

import torch

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.runs import create_run
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig
from seqgan.training.pretrain import pretrain

GENERATOR = GeneratorConfig(embedding_size=8, hidden_size=12, dropout=0.3)
PRETRAIN = PretrainConfig(epochs=4, batch_size=16)
DISCRIMINATOR = DiscriminatorConfig(embedding_size=6, filters=0.02)
ADVERSARIAL = AdversarialConfig(
    rounds=4, batch_size=8, rollouts=3, discriminator_pool=16, warmup_steps=5, evaluate_every=1, evaluate_samples=10
)


def tiny_text(folder):
    """Some dozens of short sentences of two to five words."""
    animals, verbs, places = (
        ("a dog", "the cat", "two birds"),
        ("runs", "sleeps", "eats well"),
        ("", " here", " in town"),
    )
    lines = [f"{a} {v}{p} ." for a in animals for v in verbs for p in places] * 4
    path = folder / "corpus.txt"
    path.write_text("\n".join(lines) + "\n")
    (folder / "valid.txt").write_text("a dog sleeps .\nthe cat runs in town .\n")
    return build_text(DataConfig(corpus=str(path), valid=str(folder / "valid.txt")))


def new_run(text, folder, **sections):
    return create_run(folder, RunConfig(generator=GENERATOR, **sections), text.tokenizer, text.vocabulary)


_pretrained = {}


def players(text):
    """A generator after PRETRAIN, which is trained once for each text, and a new discriminator."""
    known = text.corpus.fingerprint()
    if known not in _pretrained:
        generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
        pretrain(generator, text, PRETRAIN)
        _pretrained[known] = generator
    return copy.deepcopy(_pretrained[known]), build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)


def same_weights(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
