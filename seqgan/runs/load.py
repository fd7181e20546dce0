"""A run's players and text, as it left them."""

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.data.text import Text
from seqgan.discriminators.protocol import DiscriminatorModule
from seqgan.errors import RunError
from seqgan.generators.protocol import GeneratorModule
from seqgan.runs.checkpoint import load_weights
from seqgan.runs.directory import Run
from seqgan.runs.symbols import read_tokenizer_file


def load_generator(run: Run) -> GeneratorModule:
    """The generator with the run's weights, in evaluation mode, on the CPU.

    Raises:
        CheckpointError: there are none yet, or they are damaged.
    """
    generator = build_generator(
        run.config.generator,
        run.vocabulary,
        run.config.data.max_length,
        source_vocabulary=run.source_vocabulary,
        trained=False,
    )
    load_weights(generator, run.generator_path, run.vocabulary_fingerprint)
    return generator.eval()


def load_discriminator(run: Run) -> DiscriminatorModule:
    """The discriminator with the run's weights, in evaluation mode, on the CPU.

    Raises:
        RunError: the run has no discriminator.
        CheckpointError: its weights are damaged.
    """
    if run.config.discriminator is None:
        raise RunError(
            f"{run.folder} was pretrained only and has no discriminator: name an adversarial run, "
            "such as `seqgan adversarial` makes of it."
        )
    data = run.config.data
    discriminator = build_discriminator(
        run.config.discriminator,
        run.vocabulary,
        data.max_length,
        source_vocabulary=run.source_vocabulary,
        max_source_length=data.max_source_length,
        turn_separator=data.turn_separator,
        tokenizers=(run.tokenizer, run.source_tokenizer),
        own_tokenizer=read_tokenizer_file(run.judge_tokenizer_path) if run.config.discriminator.path else None,
        trained=False,
    )
    load_weights(discriminator, run.discriminator_path, run.vocabulary_fingerprint)
    return discriminator.eval()


def load_text(run: Run) -> Text:
    """The text that the run was trained on, encoded with its vocabularies.

    Raises:
        CorpusError: it is no longer there, or its sentences changed.
    """
    return build_text(run.config.data, *run.symbols)
