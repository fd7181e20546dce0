"""Sampling as a job: sentences of a run, drawn, searched for, or chosen by its discriminator."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
from msgspec import Meta

from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError
from seqgan.evaluation.best_of import best_answers, best_sentences
from seqgan.evaluation.candidates import CandidateShares
from seqgan.evaluation.generate import (
    LENGTH_PENALTY,
    answer_sources,
    encode_prefix,
    generate_sentences,
    likeliest_sentences,
)
from seqgan.generators.protocol import GeneratorModule
from seqgan.jobs.memory import check_memory, holding_to
from seqgan.jobs.ranges import in_range
from seqgan.jobs.sources import source_lines
from seqgan.model_settings import generator_kind
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import fixed_algorithm, load_discriminator, load_generator, load_model
from seqgan.runs.sources import sources_as_read
from seqgan.settings.types import MOST, Seed
from seqgan.tensors.condition import Condition
from seqgan.training.engine import choose_device


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a run, by the names that the command's flags have."""

    device: str = "auto"
    """Where to compute."""
    count: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """How many sentences: by default 20. Of pairs there is one for each source."""
    source: str | Sequence[str] | None = None
    """What to answer or translate: sources, or a file with one a line, - for standard input."""
    beam: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Search for the likeliest sentences with so many hypotheses, in place of drawing them."""
    n_best: Annotated[int, Meta(ge=1, le=MOST)] = 1
    """Answers to each source."""
    length_penalty: Annotated[float, Meta(ge=0)] | None = None
    """Scores of a beam are divided by ((5 + length) / 6) to this power, by default 0.6."""
    best_of: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """Draw so many for each sentence or source, and keep the one that the discriminator finds most real."""
    resample: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """Draw so many for each sentence or source, and take one of them by its odds; of a run whose generator stood still
    while its discriminator learnt, which does it unasked. 1 draws from its generator alone."""
    tau: Annotated[float, Meta(gt=0)] | None = None
    """What the logits are divided by when one is taken by its odds; towards 0 it is the most real one."""
    guide: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """In place of that, let a discriminator of prefixes have its say in each next token, among so many of the likeliest
    ones; all of the vocabulary is exact."""
    guide_weight: Annotated[float, Meta(ge=0)] | None = None
    """How much its say counts, by default 1: 0 is the generator alone."""
    scores: bool = False
    """Behind each sentence a tab and its log-odds."""
    seed: Seed = 0
    """Another seed, other sentences."""
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    """Below 1 sharpens, above 1 flattens."""
    top_k: Annotated[int, Meta(ge=0)] = 0
    """Draw from this many likeliest tokens only; 0 from all."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability."""
    memory: Annotated[float, Meta(ge=0, le=2**20)] = 0.0
    """GiB that samples may take at once; 0 takes half of what is free."""
    prefix: str | None = None
    """What every sentence begins with."""
    all_symbols: bool = False
    """Draw also the unknown symbol, and those that the training text never has."""


def sample_run(run: Run | str | Path, *, progress: Progress = SILENT, **asked: Any) -> list[str]:
    """Sentences of a run, as `seqgan sample` prints them.

    Args:
        run: the run, or its folder.
        progress: where to report.
        asked: what is asked of it, by the names in `Sampling`, such as ``count=5``.

    Returns:
        The sentences; of a run of pairs the answers to its sources in order, those of a source behind one another.

    Raises:
        ConfigError: a number out of range, or something that has no meaning for this run, or not together.
        RunError: a discriminator is asked for, and the run has none.
        SeqganError: the run, or a file of sources, cannot be read.
        TypeError: `Sampling` has no such name.
    """
    sampling = in_range(Sampling(**asked))
    choose_device(sampling.device)
    opened = run if isinstance(run, Run) else open_run(run)
    check_meaningful(sampling, opened)
    if opened.vocabulary.unknown_in_text and not sampling.all_symbols:
        progress.note(
            "The training text has words outside the vocabulary, and samples have none: they are drawn of known words "
            "alone. With --all-symbols there is <unk> for the others."
        )
    of_pairs = opened.source_vocabulary is not None
    with holding_to(sampling.memory):
        if sampling.best_of is not None or sampling.scores:
            sentences = _chosen(sampling, opened, progress)
        else:
            sentences = _answers(sampling, opened, progress) if of_pairs else _samples(sampling, opened, progress)
    if sentences and not any(sentence.partition("\t")[0].strip() for sentence in sentences):
        progress.note(
            f"{'The only sentence is' if len(sentences) == 1 else f'All {len(sentences):,} sentences are'} empty: the "
            f"generator of {opened.folder} ends at once. Was it trained for long enough, and is the temperature near 1?"
        )
    return sentences


def check_meaningful(asked: Sampling, run: Run) -> None:
    """That what is asked has a meaning for this run, and together.

    Raises:
        ConfigError: something has not.
    """
    of_pairs = run.source_vocabulary is not None
    if of_pairs and asked.source is None:
        raise ConfigError(f"{run.folder} answers sources: give them with --source FILE, one a line, or --source -.")
    if not of_pairs and asked.source is not None:
        raise ConfigError(f"{run.folder} was trained on plain text and reads no sources: leave out --source.")
    if of_pairs and (asked.count is not None or asked.prefix is not None):
        what = "--count" if asked.count is not None else "--prefix"
        raise ConfigError(f"{what} is of runs of plain text; for more answers to a source give --n-best.")
    if not of_pairs and asked.n_best > 1:
        raise ConfigError("--n-best is of answers to sources; for more sentences give --count.")
    for flag, given in (("--best-of", asked.best_of is not None), ("--scores", asked.scores)):
        if given and asked.beam is not None:
            raise ConfigError(f"{flag} is of samples, and --beam searches and draws nothing: give one of them.")
        if given and asked.n_best > 1:
            raise ConfigError(f"{flag} keeps one sample of a source, and --n-best is {asked.n_best}: give one of them.")
    check_odds(asked, run)
    at_once = generator_kind(run.config.generator).at_once
    if asked.beam is not None and (at_once or run.config.generator.state_noise):
        what = "makes all positions at once" if at_once else "has its chance in the noise of its first state"
        raise ConfigError(f"The generator of {run.folder} {what}, and has nothing to search: leave out --beam.")
    if asked.beam is not None and (asked.temperature, asked.top_k, asked.top_p) != (1.0, 0, 1.0):
        raise ConfigError("--beam searches and draws nothing: leave out --temperature, --top-k and --top-p.")
    if asked.beam is not None and asked.memory:
        raise ConfigError("--memory is of samples, and --beam searches and draws nothing: give one of them.")
    check_memory(asked.memory, [run])
    if asked.length_penalty is not None:
        if asked.beam is None:
            raise ConfigError("--length-penalty is of a beam: give --beam as well.")
        if asked.beam == 1 and asked.length_penalty:
            raise ConfigError(
                f"--length-penalty is {asked.length_penalty:g}, and a beam of 1 takes the likeliest token at each "
                "step, whatever the length: leave it out, or widen --beam."
            )
    wanted = asked.n_best if of_pairs else asked.count or 1
    if asked.beam is not None and wanted > asked.beam:
        flag = "--n-best" if of_pairs else "--count"
        drawn = "" if of_pairs else ", or leave it out to draw them"
        raise ConfigError(f"{flag} is {wanted}, and a beam of {asked.beam} finds {asked.beam}: widen --beam{drawn}.")
    if not of_pairs and asked.beam is not None and asked.prefix is not None:
        raise ConfigError("--beam searches from the first token on: leave out --prefix.")


def check_odds(asked: Sampling, run: Run) -> None:
    """That what is asked of the discriminator's odds goes together.

    Raises:
        ConfigError: it does not.
    """
    others = {
        "--beam": asked.beam is not None,
        "--best-of": asked.best_of is not None,
        "--scores": asked.scores,
    }
    other = next((flag for flag, given in others.items() if given), None)
    for flag, given in (("--resample", asked.resample is not None), ("--tau", asked.tau is not None)):
        if given and other is not None:
            raise ConfigError(
                f"{flag} takes one of several samples by its odds, and {other} does not: give one of them."
            )
        if given and asked.guide is not None:
            raise ConfigError(
                f"{flag} takes one of several samples by its odds, and --guide draws one token by token: give one of "
                "them."
            )
    if asked.guide is not None and other is not None:
        raise ConfigError(f"--guide draws token by token by the discriminator's odds, and {other} does not: give one.")
    if asked.guide_weight is not None and asked.guide is None:
        raise ConfigError("--guide-weight is of guided draws: give --guide as well.")
    algorithm = fixed_algorithm(run)
    if asked.beam is not None and algorithm is not None and algorithm.candidates > 1:
        raise ConfigError(
            f"{run.folder} takes one of several samples by its odds, and no step of it says how likely that is: leave "
            "out --beam, or search the run that it began with."
        )


def _model(asked: Sampling, run: Run, device: torch.device) -> tuple[GeneratorModule, CandidateShares]:
    """What is drawn from, and what gathers the candidates' odds where one of several is taken."""
    model = load_model(run, asked.resample, asked.tau, asked.guide, asked.guide_weight).to(device)
    if not isinstance(model, ResampledGenerator):
        return model, CandidateShares(1.0)
    shares = CandidateShares(model.tau)
    return model.telling(shares.add).eval(), shares


def _samples(asked: Sampling, run: Run, progress: Progress) -> list[str]:
    """Sentences of a run of plain text."""
    device = choose_device(asked.device)
    generator, shares = _model(asked, run, device)
    max_length = run.config.data.max_length
    if asked.beam is not None:
        return likeliest_sentences(
            generator,
            asked.beam,
            asked.count or asked.beam,
            max_length,
            run.tokenizer,
            run.vocabulary,
            length_penalty=LENGTH_PENALTY if asked.length_penalty is None else asked.length_penalty,
            progress=progress,
            all_symbols=asked.all_symbols,
        )
    prefix = None if asked.prefix is None else encode_prefix(asked.prefix, run.tokenizer, run.vocabulary)
    sentences = generate_sentences(
        generator,
        asked.count or 20,
        max_length,
        run.tokenizer,
        run.vocabulary,
        rng=torch.Generator(device).manual_seed(asked.seed),
        progress=progress,
        temperature=asked.temperature,
        top_k=asked.top_k,
        top_p=asked.top_p,
        prefix=prefix,
        all_symbols=asked.all_symbols,
    )
    shares.tell(progress)
    return sentences


def _answers(asked: Sampling, run: Run, progress: Progress) -> list[str]:
    """What a run of pairs writes for the sources that are asked for, those of a source below one another."""
    device = choose_device(asked.device)
    generator, shares = _model(asked, run, device)
    found = answer_sources(
        stepping(generator),
        _sources_of(asked, run, progress).to(device),
        run.config.data.max_length,
        run.tokenizer,
        run.vocabulary,
        rng=torch.Generator(device).manual_seed(asked.seed),
        beam=asked.beam or 0,
        n_best=asked.n_best,
        length_penalty=LENGTH_PENALTY if asked.length_penalty is None else asked.length_penalty,
        temperature=asked.temperature,
        top_k=asked.top_k,
        top_p=asked.top_p,
        progress=progress,
        all_symbols=asked.all_symbols,
    )
    shares.tell(progress)
    return [sentence for best in found for sentence in best]


def _chosen(asked: Sampling, run: Run, progress: Progress) -> list[str]:
    """Samples that the run's discriminator chose, or scored.

    Raises:
        RunError: it has none.
    """
    device = choose_device(asked.device)
    generator, discriminator = load_generator(run).to(device), load_discriminator(run).to(device)
    how: dict[str, Any] = {"temperature": asked.temperature, "top_k": asked.top_k, "top_p": asked.top_p}
    how |= {"rng": torch.Generator(device).manual_seed(asked.seed), "progress": progress}
    how["all_symbols"] = asked.all_symbols
    n = asked.best_of or 1
    if run.source_vocabulary is None:
        prefix = None if asked.prefix is None else encode_prefix(asked.prefix, run.tokenizer, run.vocabulary)
        found = best_sentences(generator, discriminator, asked.count or 20, n, run.reading, prefix=prefix, **how)
    else:
        condition = _sources_of(asked, run, progress).to(device)
        found = best_answers(stepping(generator), discriminator, condition, n, run.reading, **how)
    return [f"{sentence}\t{score:.4f}" if asked.scores else sentence for sentence, score in found]


def _sources_of(asked: Sampling, run: Run, progress: Progress) -> Condition:
    """The sources that are asked for, N rows."""
    assert asked.source is not None
    if not isinstance(asked.source, str):
        return sources_as_read(run.reading, asked.source, note=progress.note)
    name = "standard input" if asked.source == "-" else asked.source
    return sources_as_read(run.reading, source_lines(asked.source), name=name, note=progress.note)
