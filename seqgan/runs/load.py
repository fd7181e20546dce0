"""A run's players and text, as it left them."""

from collections.abc import Callable

import torch

from seqgan.algorithm_settings import build_algorithm
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.data.batches import Sequences
from seqgan.data.corpus import Corpus, own_name
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.text import Text
from seqgan.decoding.guided import GuidedGenerator, steps_through
from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.states import stepping
from seqgan.discriminators import DISCRIMINATORS
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import CheckpointError, RunError
from seqgan.generators.protocol import GeneratorModule
from seqgan.kinds import built_kinds
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


def fixed_algorithm(run: Run) -> FixedGenerator | None:
    """The algorithm of a run whose generator stood still while its discriminator learnt; None of all others."""
    if run.config.algorithm is None or run.config.algorithm["name"] not in ALGORITHMS:
        return None
    algorithm = build_algorithm(run.config.algorithm)
    return algorithm if isinstance(algorithm, FixedGenerator) else None


def load_model(
    run: Run,
    candidates: int | None = None,
    tau: float | None = None,
    guide: int | None = None,
    guide_weight: float | None = None,
) -> GeneratorModule:
    """What a run's sentences come from, on the CPU: its generator, or, of an algorithm whose generator stands still,
    that generator resampled, or guided, by the discriminator. Arguments and errors are those of `model_of`."""
    return model_of(run, load_generator(run), lambda: load_discriminator(run), candidates, tau, guide, guide_weight)


def model_of(
    run: Run,
    generator: GeneratorModule,
    discriminator: Callable[[], Discriminator],
    candidates: int | None = None,
    tau: float | None = None,
    guide: int | None = None,
    guide_weight: float | None = None,
) -> GeneratorModule:
    """`load_model` of players that are loaded already.

    Args:
        run: the run.
        generator: its generator.
        discriminator: gives its discriminator; asked where that has a say.
        candidates: samples of which one is taken; by default what the run's settings say, and 1 is the generator alone.
        tau: what logits are divided by then; by default what the settings say.
        guide: likeliest tokens of which the discriminator has its say in the next one, in place of resampling.
        guide_weight: by how much; see `seqgan.decoding.guided_logits`.

    Raises:
        CheckpointError: weights are missing or damaged.
        RunError: one of several is asked for, or guidance, and the discriminator was not trained against this generator
            alone; or guidance, and it does not judge prefixes.
    """
    algorithm = fixed_algorithm(run)
    if algorithm is None:
        if guide is None and tau is None and candidates in {None, 1}:
            return generator
        raise RunError(_why_no_odds(run, guided=guide is not None))
    if guide is not None:
        return guided_by(run, generator, discriminator(), guide, 1.0 if guide_weight is None else guide_weight)
    number = algorithm.candidates if candidates is None else candidates
    if number == 1:
        return generator
    divisor = algorithm.tau if tau is None else tau
    return ResampledGenerator(stepping(generator), discriminator(), number, divisor).eval()


def guided_by(
    run: Run, generator: GeneratorModule, discriminator: Discriminator, guide: int, weight: float
) -> GuidedGenerator:
    """A run's generator, guided by its discriminator.

    Raises:
        RunError: that does not judge prefixes, or the generator does not draw its next token.
    """
    if not steps_through(discriminator):
        raise RunError(
            f"The discriminator of {run.folder} judges whole sentences, and the next token is guided by one of "
            f"prefixes: make a run with {_of_prefixes(run)}, or resample."
        )
    if getattr(generator, "state_noise", 0.0) > 0:
        raise RunError(
            f"The generator of {run.folder} has its chance in the noise of its first state, and draws no next token "
            "that could be guided: resample."
        )
    return GuidedGenerator(stepping(generator), discriminator, guide, weight).eval()


def _why_no_odds(run: Run, *, guided: bool) -> str:
    """Why no odds of a run's discriminator say how its generator falls short of the text, and the mend."""
    by = run.config.algorithm_name
    why = f"the discriminator learnt by {by} from earlier generators, too" if by else "it was pretrained only"
    of_prefixes = f" {_of_prefixes(run)}" if guided else ""
    return (
        f"{run.folder} has no discriminator whose odds are those of its generator, as {why}: run seqgan adversarial "
        f"--algo residual{of_prefixes} --run {run.folder}, and sample from what that makes"
        f"{'' if guided else '; or, with the discriminator that there is, take --best-of'}."
    )


def _of_prefixes(run: Run) -> str:
    """The flags by which a discriminator of prefixes of this run's text is made."""
    conditional = run.source_vocabulary is not None
    name = next(name for name, kind in built_kinds(DISCRIMINATORS, conditional=conditional).items() if kind.per_token)
    return f"--discriminator {name} --discriminator.per-token"


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
