"""What an adversarial training needs beside its generator, as the settings and the text say: a discriminator with
fresh weights, and the judge of its rounds. `seqgan plan` times what `seqgan adversarial` does, so both take it here."""

from pathlib import Path

from seqgan.build import build_discriminator
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.text import Text
from seqgan.discriminators.protocol import Discriminator
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.evaluation.pairs import judge_answers_while_training
from seqgan.generators.protocol import GeneratorModule
from seqgan.settings.run import RunConfig
from seqgan.training.pretrain import Judge


def fresh_discriminator(
    config: RunConfig, text: Text, *, own_tokenizer: ModelTokenizer | None = None, weights: bool = True
) -> Discriminator:
    """The discriminator that a training begins with, on the CPU.

    Args:
        config: all settings; there is a discriminator among them.
        text: what it judges.
        own_tokenizer: of a pretrained model; by default that in its folder.
        weights: take those of a pretrained model's folder, where it has some.

    Raises:
        ConfigError, CheckpointError: as `build_discriminator`.
    """
    assert config.discriminator is not None
    return build_discriminator(
        config.discriminator,
        text.vocabulary,
        text.max_length,
        config.seed,
        text.source_vocabulary,
        text.max_source_length,
        config.data.turn_separator,
        tokenizers=(text.tokenizer, text.source_tokenizer),
        own_tokenizer=own_tokenizer,
        weights=weights,
    )


def judge_of_rounds(
    config: RunConfig, generator: GeneratorModule, text: Text, samples_folder: Path | None = None
) -> Judge:
    """What is logged every few rounds: of sentences, or of answers to sources.

    Args:
        config: all settings; those of an adversarial training are among them.
        generator: the one in training.
        text: what it is trained on.
        samples_folder: where each time's samples are written; nowhere without it.
    """
    assert config.adversarial is not None
    watch = judge_while_training if text.source_vocabulary is None else judge_answers_while_training
    return watch(generator, text, config.adversarial.evaluate_samples, config.seed, samples_folder=samples_folder)
