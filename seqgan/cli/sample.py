"""`seqgan sample`: sentences from a run, one a line; of pairs, answers to the lines of a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from msgspec import Meta

from seqgan.cli.memory import Memory
from seqgan.cli.options import CommonFlags, Switch, check_flags, check_target, parse, run_or_newest, with_positional
from seqgan.errors import ConfigError
from seqgan.progress import printable
from seqgan.settings.types import MOST, Seed

if TYPE_CHECKING:
    from seqgan.runs.directory import Run
    from seqgan.tensors.condition import Condition


class SampleFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan sample` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to sample from, pretrained or adversarial; by default the one under runs/ that was trained last."""
    count: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """How many sentences: by default 20. Of pairs there is one for each source."""
    source: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """What to answer or translate, a source a line, - for standard input; of pairs in FILE.tsv their sources. Needed by
    runs of pairs."""
    beam: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Search for the likeliest sentences with so many hypotheses, in place of drawing them; 1 takes the likeliest token
    at each step. For pairs 5 is usual."""
    n_best: Annotated[int, Meta(ge=1, le=MOST)] = 1
    """Answers to each source, below one another: the best of the beam, or as many draws."""
    length_penalty: Annotated[float, Meta(ge=0)] | None = None
    """How much a beam of 2 or more favours length: scores are divided by ((5 + length) / 6) to this power, by default
    0.6."""
    best_of: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """Of an adversarial run: draw so many for each sentence, or for each source, and keep the one that its
    discriminator finds most real. What is kept is less diverse than samples are, the more so the greater the number."""
    scores: Switch = False
    """Behind each sentence a tab and its log-odds, as `seqgan score` gives them."""
    seed: Seed = 0
    """Another seed, other sentences."""
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    """Below 1 sharpens, above 1 flattens; at 1 the samples are the model's own."""
    top_k: Annotated[int, Meta(ge=0)] = 0
    """Draw from this many likeliest tokens only; 0 from all."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability."""
    memory: Memory = 0.0
    """GiB that samples may take at once; with less there are more passes. 0 takes half of what is free. How the passes
    are cut decides the random numbers: the same samples come of the same seed and the same memory."""
    prefix: Annotated[str | None, tyro.conf.arg(metavar="TEXT")] = None
    """What every sentence begins with."""
    all_symbols: Switch = False
    """Draw, or search among, all symbols: also the unknown one, written <unk>, and those that the training text never
    has, such as single bytes of a tokenizer of subwords."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Where to write; by default standard output."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, load, sample, print."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("sample", "Sentences from a run, one a line.", SampleFlags(), arguments))

    from seqgan.files import write_file
    from seqgan.jobs.memory import holding_to
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by
    from seqgan.training.engine import choose_device

    choose_device(flags.device)
    run = open_run(run_or_newest(flags.run, flags.progress))
    check_target("--output", flags.output, {"--source": flags.source, **read_by(run)}, overwrite=flags.overwrite)
    if flags.run is None:
        flags.progress.note(f"From {run.folder}, which was trained last: {how_trained(run)}.")
    check_meaningful(flags, run)
    if run.vocabulary.unknown_in_text and not flags.all_symbols:
        flags.progress.note(
            "The training text has words outside the vocabulary, and samples have none: they are drawn of known words "
            "alone. With --all-symbols there is <unk> for the others."
        )
    with holding_to(flags.memory):
        if flags.best_of is not None or flags.scores:
            sentences = chosen(flags, run)
        else:
            sentences = answers(flags, run) if run.source_vocabulary is not None else samples(flags, run)
    if sentences and not any(sentence.partition("\t")[0].strip() for sentence in sentences):
        flags.progress.note(
            f"{'The only sentence is' if len(sentences) == 1 else f'All {len(sentences):,} sentences are'} empty: the "
            f"generator of {run.folder} ends at once. Was it trained for long enough, and is the temperature near 1?"
        )
    if flags.output is not None:
        write_file(Path(flags.output), "".join(f"{sentence}\n" for sentence in sentences))
        return
    to_terminal = sys.stdout.isatty()
    for sentence in sentences:
        # A tab stands before a score and nowhere else.
        print("\t".join(map(printable, sentence.split("\t"))) if to_terminal else sentence)


def how_trained(run: "Run") -> str:
    """By what, in words."""
    return run.config.algorithm_name or "maximum likelihood"


def check_meaningful(flags: SampleFlags, run: "Run") -> None:
    """That the flags have a meaning for this run, and together.

    Raises:
        ConfigError: one has not.
    """
    from seqgan.jobs.memory import check_memory
    from seqgan.model_settings import generator_kind

    of_pairs = run.source_vocabulary is not None
    if of_pairs and flags.source is None:
        raise ConfigError(f"{run.folder} answers sources: give them with --source FILE, one a line, or --source -.")
    if not of_pairs and flags.source is not None:
        raise ConfigError(f"{run.folder} was trained on plain text and reads no sources: leave out --source.")
    if of_pairs and (flags.count is not None or flags.prefix is not None):
        what = "--count" if flags.count is not None else "--prefix"
        raise ConfigError(f"{what} is of runs of plain text; for more answers to a source give --n-best.")
    if not of_pairs and flags.n_best > 1:
        raise ConfigError("--n-best is of answers to sources; for more sentences give --count.")
    for flag, given in (("--best-of", flags.best_of is not None), ("--scores", flags.scores)):
        if given and flags.beam is not None:
            raise ConfigError(f"{flag} is of samples, and --beam searches and draws nothing: give one of them.")
        if given and flags.n_best > 1:
            raise ConfigError(f"{flag} keeps one sample of a source, and --n-best is {flags.n_best}: give one of them.")
    at_once = generator_kind(run.config.generator).at_once
    if flags.beam is not None and (at_once or run.config.generator.state_noise):
        what = "makes all positions at once" if at_once else "has its chance in the noise of its first state"
        raise ConfigError(f"The generator of {run.folder} {what}, and has nothing to search: leave out --beam.")
    if flags.beam is not None and (flags.temperature, flags.top_k, flags.top_p) != (1.0, 0, 1.0):
        raise ConfigError("--beam searches and draws nothing: leave out --temperature, --top-k and --top-p.")
    if flags.beam is not None and flags.memory:
        raise ConfigError("--memory is of samples, and --beam searches and draws nothing: give one of them.")
    check_memory(flags.memory, [run])
    if flags.length_penalty is not None:
        if flags.beam is None:
            raise ConfigError("--length-penalty is of a beam: give --beam as well.")
        if flags.beam == 1 and flags.length_penalty:
            raise ConfigError(
                f"--length-penalty is {flags.length_penalty:g}, and a beam of 1 takes the likeliest token at each "
                "step, whatever the length: leave it out, or widen --beam."
            )
    wanted = flags.n_best if of_pairs else flags.count or 1
    if flags.beam is not None and wanted > flags.beam:
        flag = "--n-best" if of_pairs else "--count"
        drawn = "" if of_pairs else ", or leave it out to draw them"
        raise ConfigError(f"{flag} is {wanted}, and a beam of {flags.beam} finds {flags.beam}: widen --beam{drawn}.")
    if not of_pairs and flags.beam is not None and flags.prefix is not None:
        raise ConfigError("--beam searches from the first token on: leave out --prefix.")


def samples(flags: SampleFlags, run: "Run") -> list[str]:
    """Sentences of a run of plain text."""
    import torch

    from seqgan.evaluation.generate import LENGTH_PENALTY, encode_prefix, generate_sentences, likeliest_sentences
    from seqgan.runs.load import load_generator
    from seqgan.training.engine import choose_device

    device = choose_device(flags.device)
    generator = load_generator(run).to(device)
    max_length = run.config.data.max_length
    if flags.beam is not None:
        return likeliest_sentences(
            generator,
            flags.beam,
            flags.count or flags.beam,
            max_length,
            run.tokenizer,
            run.vocabulary,
            length_penalty=LENGTH_PENALTY if flags.length_penalty is None else flags.length_penalty,
            progress=flags.progress,
            all_symbols=flags.all_symbols,
        )
    prefix = None if flags.prefix is None else encode_prefix(flags.prefix, run.tokenizer, run.vocabulary)
    return generate_sentences(
        generator,
        flags.count or 20,
        max_length,
        run.tokenizer,
        run.vocabulary,
        rng=torch.Generator(device).manual_seed(flags.seed),
        progress=flags.progress,
        temperature=flags.temperature,
        top_k=flags.top_k,
        top_p=flags.top_p,
        prefix=prefix,
        all_symbols=flags.all_symbols,
    )


def answers(flags: SampleFlags, run: "Run") -> list[str]:
    """What a run of pairs writes for the sources that the flags name, those of a source below one another."""
    import torch

    from seqgan.decoding.states import stepping
    from seqgan.evaluation.generate import LENGTH_PENALTY, answer_sources
    from seqgan.runs.load import load_generator
    from seqgan.training.engine import choose_device

    device = choose_device(flags.device)
    generator = load_generator(run).to(device)
    found = answer_sources(
        stepping(generator),
        sources_of(flags, run).to(device),
        run.config.data.max_length,
        run.tokenizer,
        run.vocabulary,
        rng=torch.Generator(device).manual_seed(flags.seed),
        beam=flags.beam or 0,
        n_best=flags.n_best,
        length_penalty=LENGTH_PENALTY if flags.length_penalty is None else flags.length_penalty,
        temperature=flags.temperature,
        top_k=flags.top_k,
        top_p=flags.top_p,
        progress=flags.progress,
        all_symbols=flags.all_symbols,
    )
    return [sentence for best in found for sentence in best]


def chosen(flags: SampleFlags, run: "Run") -> list[str]:
    """Samples that the run's discriminator chose, or scored.

    Raises:
        RunError: it has none.
    """
    import torch

    from seqgan.decoding.states import stepping
    from seqgan.evaluation.best_of import best_answers, best_sentences
    from seqgan.evaluation.generate import encode_prefix
    from seqgan.runs.load import load_discriminator, load_generator
    from seqgan.training.engine import choose_device

    device = choose_device(flags.device)
    generator, discriminator = load_generator(run).to(device), load_discriminator(run).to(device)
    how: dict[str, Any] = {"temperature": flags.temperature, "top_k": flags.top_k, "top_p": flags.top_p}
    how |= {"rng": torch.Generator(device).manual_seed(flags.seed), "progress": flags.progress}
    how["all_symbols"] = flags.all_symbols
    n = flags.best_of or 1
    if run.source_vocabulary is None:
        prefix = None if flags.prefix is None else encode_prefix(flags.prefix, run.tokenizer, run.vocabulary)
        found = best_sentences(generator, discriminator, flags.count or 20, n, run.reading, prefix=prefix, **how)
    else:
        condition = sources_of(flags, run).to(device)
        found = best_answers(stepping(generator), discriminator, condition, n, run.reading, **how)
    return [f"{sentence}\t{score:.4f}" if flags.scores else sentence for sentence, score in found]


def sources_of(flags: SampleFlags, run: "Run") -> "Condition":
    """The sources that the flags name, N rows."""
    from seqgan.evaluation.generate import read_sources

    assert flags.source is not None
    assert run.source_tokenizer is not None
    assert run.source_vocabulary is not None
    data = run.config.data
    return read_sources(
        source_lines(flags.source),
        run.source_tokenizer,
        run.source_vocabulary,
        data.max_source_length,
        turn_separator=data.turn_separator,
        turns=data.turns,
        source_cut=data.source_cut,
        blank_sources=data.blank_sources,
        name="standard input" if flags.source == "-" else flags.source,
        note=flags.progress.note,
    )


def source_lines(name: str) -> list[str]:
    """The lines of a file, or of standard input; of a file of pairs, by its name, their sources.

    Raises:
        CorpusError: the file cannot be read, or is no text or, by its name, no pairs.
        ConfigError: standard input is empty or no UTF-8.
    """
    from seqgan.data.corpus import read_lines
    from seqgan.data.folders import is_tsv
    from seqgan.data.pairs import read_tsv

    if name != "-" and is_tsv(name):
        return [pair.source for pair in read_tsv(Path(name), [])]
    if name != "-":
        return read_lines(Path(name), keep_blank=True)
    try:
        lines = sys.stdin.buffer.read().decode().split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"Standard input is not UTF-8 at byte {error.start}: convert it, for example with iconv."
        ) from error
    lines = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    if not lines:
        raise ConfigError("Standard input is empty: give a source a line.")
    return lines
