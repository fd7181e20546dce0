"""A run's players and text, as it left them."""

import torch

from seqgan.algorithm_settings import build_algorithm
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.data.batches import Sequences
from seqgan.data.corpus import Corpus, own_name
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.text import Text
from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.states import stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import CheckpointError, RunError
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives import ALGORITHMS, FixedGenerator, SelfPlay
from seqgan.progress import SILENT, Progress
from seqgan.runs.checkpoint import load_weights
from seqgan.runs.directory import Run
from seqgan.runs.moved import check_there, gone, is_there
from seqgan.runs.symbols import read_tokenizer_file


def load_generator(run: Run) -> GeneratorModule:
    """The generator with the run's weights, in evaluation mode, on the CPU.

    Raises:
        CheckpointError: there are none yet, or they are damaged; or the run's settings say no length.
    """
    if run.config.data.max_length < 1:  # of which all samples would be empty
        raise CheckpointError(
            f"{run.folder / 'config.yaml'} is damaged: data.max_length is {run.config.data.max_length}, and a run "
            "knows the length of its sentences. Restore it from a copy."
        )
    generator = build_generator(
        run.config.generator,
        run.vocabulary,
        run.config.data.max_length,
        source_vocabulary=run.source_vocabulary,
        trained=False,
    )
    load_weights(generator, run.generator_path, run.vocabulary_fingerprint)
    return generator.eval()


def load_model(run: Run, candidates: int | None = None, tau: float | None = None) -> GeneratorModule:
    """What a run's sentences come from, on the CPU: its generator, or, of an algorithm whose generator stands still,
    that generator resampled by the discriminator.

    Args:
        run: the run.
        candidates: samples of which one is taken; by default what the run's settings say, and 1 is the generator alone.
        tau: what logits are divided by then; by default what the settings say.

    Raises:
        CheckpointError: weights are missing or damaged.
        RunError: one of several is asked for, and the discriminator was not trained against this generator alone.
    """
    generator = load_generator(run)
    algorithm = None
    if run.config.algorithm is not None and run.config.algorithm["name"] in ALGORITHMS:
        algorithm = build_algorithm(run.config.algorithm)
    if isinstance(algorithm, FixedGenerator):
        number = algorithm.candidates if candidates is None else candidates
        divisor = algorithm.tau if tau is None else tau
        if number == 1:
            return generator
        return ResampledGenerator(stepping(generator), load_discriminator(run), number, divisor).eval()
    if candidates is None or candidates == 1:
        return generator
    by = run.config.algorithm_name
    why = f"the discriminator learnt by {by} from earlier generators, too" if by else "it was pretrained only"
    raise RunError(
        f"{run.folder} has no discriminator whose odds are those of its generator, as {why}: run seqgan adversarial "
        f"--algo residual --run {run.folder}, and sample from what that makes; or, with the discriminator that there "
        "is, take --best-of."
    )


def load_discriminator(run: Run) -> Discriminator:
    """The discriminator with the run's weights, in evaluation mode, on the CPU.

    Raises:
        RunError: the run has no discriminator, or none that learnt anything.
        CheckpointError: its weights are damaged.
    """
    if run.config.discriminator is None:
        raise RunError(
            f"{run.folder} was pretrained only and has no discriminator: name an adversarial run, "
            "such as `seqgan adversarial` makes of it."
        )
    algorithm = run.config.algorithm_name
    if isinstance(ALGORITHMS.get(algorithm or ""), SelfPlay):
        raise RunError(
            f"{run.folder} was trained by {algorithm}, which has no discriminator: name a run of another algorithm."
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
        own_tokenizer=judge_tokenizer(run),
        trained=False,
    )
    load_weights(discriminator, run.discriminator_path, run.vocabulary_fingerprint)
    return discriminator.eval()


def judge_tokenizer(run: Run) -> ModelTokenizer | None:
    """The tokenizer of a discriminator that is a pretrained model; None of all others.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    config = run.config.discriminator
    return None if config is None or config.path is None else read_tokenizer_file(run.judge_tokenizer_path)


def load_text_or_none(run: Run, progress: Progress = SILENT) -> Text:
    """The text that the run was trained on; where its files are gone, one without sentences, and it is said.

    Raises:
        CorpusError: it is there, and its sentences changed.
    """
    data = run.config.data
    if is_there(data):
        return load_text(run, progress)
    progress.note(f"{gone(run.folder, data)} What compares with its training sentences is left out.")
    shape = 0, data.max_length
    none = Sequences(torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.bool))
    corpus = Corpus(own_name(data.corpus), [], [], [], [], content=data.fingerprint)
    return Text(corpus, run.tokenizer, run.vocabulary, data.max_length, none, none, [])


def load_text(run: Run, progress: Progress = SILENT) -> Text:
    """The text that the run was trained on, encoded with its vocabularies; of a large one it may be reported how.

    Raises:
        CorpusError: it is no longer there, or its sentences changed.
    """
    check_there(run.folder, run.config.data)
    return build_text(run.config.data, *run.symbols, progress=progress)
