"""Pairs and conditional players small enough to train in a moment."""

import torch

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig

GENERATOR = GeneratorConfig(embedding_size=8, hidden_size=12, heads=2, dropout=0.3)
DISCRIMINATOR = DiscriminatorConfig(embedding_size=6, hidden_size=8, filters=0.05)
ADVERSARIAL = AdversarialConfig(
    rounds=4, batch_size=8, rollouts=3, discriminator_pool=16, warmup_steps=5, evaluate_every=1, evaluate_samples=10
)
WORDS = {
    "a": "ein",
    "dog": "hund",
    "cat": "katze",
    "bird": "vogel",
    "runs": "rennt",
    "sleeps": "schläft",
    "now": "jetzt",
}


def write_pairs(folder):
    """Word by word translations of two to four words, the last two words swapped: pairs.tsv and valid.tsv."""
    lines = []
    for animal in ("dog", "cat", "bird"):
        for verb in ("runs", "sleeps"):
            for source in (f"{animal} {verb}", f"a {animal} {verb}", f"a {animal} {verb} now"):
                words = [WORDS[word] for word in source.split()]
                lines.append(f"{source}\t{' '.join([*words[:-2], words[-1], words[-2]])}")
    (folder / "pairs.tsv").write_text("\n".join(lines * 6) + "\n")
    (folder / "valid.tsv").write_text("\n".join(lines[:4]) + "\n")


def tiny_pairs(folder, **data):
    """These pairs, encoded."""
    write_pairs(folder)
    return build_text(DataConfig(corpus=str(folder / "pairs.tsv"), valid=str(folder / "valid.tsv"), **data))


def make_generator(text, name="seq2seq-gru", seed=1):
    import msgspec

    config = msgspec.structs.replace(GENERATOR, name=name)
    return build_generator(config, text.vocabulary, text.max_length, seed, text.source_vocabulary)


def make_discriminator(text, name="two-tower-cnn", seed=2, **settings):
    import msgspec

    config = msgspec.structs.replace(DISCRIMINATOR, name=name, **settings)
    discriminator = build_discriminator(
        config, text.vocabulary, text.max_length, seed, text.source_vocabulary, text.max_source_length, "__eou__"
    )
    with torch.no_grad():
        for name, value in discriminator.named_parameters():
            if name.startswith("output"):
                value.mul_(20)  # judgements that differ
    return discriminator
