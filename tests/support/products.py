"""Small adversarial runs, with untrained weights: whatever uses a run asks no more of them."""

import msgspec
import torch

from seqgan.build import as_read, build_discriminator, build_generator, named_players
from seqgan.runs import create_run, save_weights
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from support.tiny import tiny_text
from support.tiny_pairs import tiny_pairs

GENERATOR = GeneratorConfig(embedding_size=8, hidden_size=12, heads=2)
DISCRIMINATOR = DiscriminatorConfig(embedding_size=6, hidden_size=8, filters=0.05)


def product_run(folder, name="run", generator="lstm", discriminator="cnn", algo="seqgan", text=None, **settings):
    """A run of plain text, or of pairs where the generator reads sources."""
    pairs = generator.startswith("seq2seq")
    if text is None:
        text = tiny_pairs(folder) if pairs else tiny_text(folder)
    tokenizer = text.tokenizer.name
    config = RunConfig(
        data=as_read(DataConfig(corpus="corpus.txt", tokenizer=tokenizer), text),
        generator=msgspec.structs.replace(GENERATOR, name=generator),
        discriminator=msgspec.structs.replace(DISCRIMINATOR, name=discriminator, **settings),
        algorithm={"name": algo},
        adversarial=AdversarialConfig(),
    )
    run = create_run(folder / name, named_players(config, conditional=pairs), *text.symbols)
    of_text = (text.vocabulary, text.max_length)
    sources = {"source_vocabulary": text.source_vocabulary}
    players = (
        build_generator(config.generator, *of_text, 1, **sources),
        build_discriminator(config.discriminator, *of_text, 2, **sources, max_source_length=text.max_source_length),
    )
    with torch.no_grad():
        for value in players[0].parameters():
            value.mul_(3)  # distributions that are not flat
        for key, value in players[1].named_parameters():
            if "output" in key:
                value.mul_(5)  # judgements that differ
    for player, path in zip(players, (run.generator_path, run.discriminator_path), strict=True):
        save_weights(player, path, run.vocabulary_fingerprint)
    return run
