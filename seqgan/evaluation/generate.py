"""From a generator to sentences. Ids become strings here only.

What people read is drawn, or searched for, without the unknown symbol and without symbols that the training text never
has (`Vocabulary.not_drawn`): the distribution is that of `seqgan.generators.masked`, position by position. Where the
training text has unknown words itself, sentences are then made of known words alone.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.batches import encode_sources
from seqgan.data.lines import returns_note
from seqgan.data.pairs import last_turns
from seqgan.data.source_cut import SourceCut, fit_sources
from seqgan.data.tokenizers import Tokenizer
from seqgan.data.vocabulary import Vocabulary
from seqgan.data.written import Writer
from seqgan.decoding.beam_search import beam_search, cannot_search
from seqgan.decoding.sampling import sample
from seqgan.decoding.states import makes_all_at_once, stepping
from seqgan.errors import ConfigError
from seqgan.generators.masked import AnyGenerator, masked
from seqgan.progress import SILENT, Progress
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import repeat_rows

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator, GeneratorModule

ROWS = 512
"""Sentences that are sampled at once."""
LENGTH_PENALTY = 0.6
"""Alpha of the length normalisation, as Wu et al. 2016 and the Transformer authors have it."""
ANSWERED_ROWS = 128
"""Sources that are answered at once."""


def generate_sentences(
    generator: "GeneratorModule",
    count: int,
    max_length: int,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    rng: torch.Generator,
    progress: Progress = SILENT,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
    all_symbols: bool = False,
) -> list[str]:
    """Sample sentences as text. The arguments are those of `sample`, what turns ids into text, and these.

    Args:
        progress: where to report, and to say of how many lines a reader should know something.
        all_symbols: draw also the symbols that are left out unasked.

    Raises:
        ConfigError: as `check_sampling`.
    """
    check_sampling(generator, max_length, temperature, top_k, top_p, prefix)
    generator = drawn_from(generator, vocabulary, all_symbols)
    writer = Writer(tokenizer, vocabulary)
    sentences: list[str] = []
    rows = max(1, ROWS // getattr(generator, "candidates", 1))  # of one that draws several for each
    with progress.bar("Sampling: sentences", count) as advance:
        while len(sentences) < count:
            # Whole batches are drawn, so that the first sentences are the same however many are asked for.
            tokens, _ = sample(
                generator,
                rows,
                max_length,
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                prefix=prefix,
            )
            wanted = tokens[: count - len(sentences)].tolist()
            sentences += map(writer.line, wanted)
            advance(len(wanted))
    writer.tell(progress)
    return sentences


def drawn_from(generator: AnyGenerator, vocabulary: Vocabulary, all_symbols: bool = False) -> AnyGenerator:
    """The generator that people's samples come from: without what is not drawn, or itself where all is asked for."""
    return generator if all_symbols else masked(generator, vocabulary.not_drawn)


def check_sampling(
    generator: "GeneratorModule",
    max_length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    prefix: Tensor | None,
) -> None:
    """That a generator can be sampled in this way. The arguments are those of `sample`.

    Raises:
        ConfigError: the prefix is as long as a sentence may be; or a generator that makes all positions at once is
            asked for anything but plain samples.
    """
    if prefix is not None and len(prefix) >= max_length:
        raise ConfigError(f"The prefix has {len(prefix)} tokens, and sentences have at most {max_length}: shorten it.")
    if makes_all_at_once(generator) and (temperature, top_k, top_p, prefix) != (1.0, 0, 1.0, None):
        raise ConfigError(
            "This generator makes all positions at once and has no next token to choose: leave out temperature, top-k, "
            "top-p and prefix."
        )


def answer_sources(
    generator: "Generator",
    condition: Condition,
    max_length: int,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    rng: torch.Generator,
    beam: int = 1,
    n_best: int = 1,
    length_penalty: float = LENGTH_PENALTY,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    progress: Progress = SILENT,
    all_symbols: bool = False,
) -> list[list[str]]:
    """What a conditional generator writes for each source.

    Args:
        generator: on the device of the sources.
        condition: the sources, N rows.
        max_length: most tokens of an answer, the end symbol included.
        tokenizer: of the answers.
        vocabulary: of the answers.
        rng: of samples.
        beam: hypotheses that are followed; 1 takes the likeliest token at each step, 0 samples.
        n_best: answers for each source: the best of the beam, or as many samples.
        length_penalty: alpha of the beam's length normalisation; a beam of 1 has none.
        temperature: of samples, as the next two; see `adjust_logits`.
        top_k: see `adjust_logits`.
        top_p: see `adjust_logits`.
        progress: where to report.
        all_symbols: as of `generate_sentences`.

    Returns:
        For each source `n_best` sentences, best first.

    Raises:
        ConfigError: more answers are asked for than the beam follows; or a generator that cannot be searched.
    """
    if beam and n_best > beam:
        raise ConfigError(f"{n_best} answers are asked for and the beam is {beam}: widen it, or ask for fewer.")
    why = cannot_search(generator) if beam else None
    if why is not None:
        raise ConfigError(why)
    generator = drawn_from(generator, vocabulary, all_symbols)
    writer = Writer(tokenizer, vocabulary)
    # Like lengths together: little of a batch is then padding.
    order = condition.lengths().argsort(stable=True)
    answers: list[list[str]] = [[] for _ in range(len(order))]
    with progress.bar("Answering: sources", len(order)) as advance, torch.no_grad():
        for rows in order.split(ANSWERED_ROWS):
            with evaluating(generator):
                context = context_of(generator, condition.take(rows))
            if beam:
                found = beam_search(
                    generator,
                    beam,
                    context=context,
                    max_length=max_length,
                    n_best=n_best,
                    length_penalty=length_penalty,
                ).tokens  # [R, n_best, T]
            else:
                found = sample(
                    generator,
                    len(rows) * n_best,
                    max_length,
                    repeat_rows(context, n_best),
                    rng=rng,
                    temperature=temperature,
                    top_k=top_k,
                    top_p=top_p,
                ).tokens.unflatten(0, (-1, n_best))
            for row, ids in zip(rows.tolist(), found.tolist(), strict=True):
                answers[row] = [writer.line(each) for each in ids]
            advance(len(rows))
    writer.tell(progress)
    return answers


def read_sources(
    lines: Sequence[str],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    max_length: int,
    *,
    turn_separator: str,
    turns: int = 0,
    source_cut: str = "end",
    blank_sources: str = "refuse",
    name: str = "the sources",
    note: Callable[[str], None] = SILENT.note,
) -> Condition:
    """Sources as a run reads them, N rows.

    Args:
        lines: a source a line.
        tokenizer: of the sources.
        vocabulary: of the sources.
        max_length: most tokens; longer sources lose their oldest turns.
        turn_separator: the token between turns.
        turns: how many of the last turns are kept; 0 keeps all.
        source_cut: what those lose that have no turns; see `SourceCut`.
        blank_sources: "keep" reads a line that says nothing as the token between turns alone.
        name: of the file that they are of.
        note: told of what was cut, and of words that the vocabulary has not.

    Raises:
        ConfigError: a line is blank, and such are refused.
    """
    if blank_sources == "keep":
        lines = [line if line.strip() else turn_separator for line in lines]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise ConfigError(
                f"{name}, line {number}: blank, but every line is a source to be answered: fill or delete it."
            )
    for said in returns_note(lines, name):
        note(said)
    kept = [last_turns(line, turn_separator, turns) for line in lines]
    tokens, lost = fit_sources(kept, tokenizer, max_length, SourceCut(source_cut, turn_separator))
    condition, _ = encode_sources(tokens, vocabulary, max_length)
    for said in lost.note(len(lines), "sources", max_length):
        note(said)
    ids, mask = condition
    unknown = 0 if vocabulary.unknown is None else int((mask & (ids == vocabulary.unknown)).sum())
    if unknown:
        note(f"{unknown:,} of {int(mask.sum()):,} tokens of the sources are not in the vocabulary.")
    return condition


def likeliest_sentences(
    generator: "GeneratorModule",
    beam: int,
    count: int,
    max_length: int,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    length_penalty: float = LENGTH_PENALTY,
    progress: Progress = SILENT,
    all_symbols: bool = False,
) -> list[str]:
    """The likeliest sentences that a beam search from nothing finds, best first. The last arguments are those of
    `generate_sentences`.

    Raises:
        ConfigError: a generator that makes all positions at once or begins with noise, or more sentences than the beam
            follows.
    """
    why = cannot_search(generator)
    if why is not None:
        raise ConfigError(why)
    if count > beam:
        raise ConfigError(f"{count} sentences are asked for and the beam is {beam}: widen it, or ask for fewer.")
    searched = drawn_from(stepping(generator), vocabulary, all_symbols)
    found = beam_search(searched, beam, rows=1, max_length=max_length, n_best=count, length_penalty=length_penalty)
    there = found.scores[0] > -torch.inf
    writer = Writer(tokenizer, vocabulary)
    sentences = [writer.line(ids) for ids in found.tokens[0][there].tolist()]
    writer.tell(progress)
    return sentences


def encode_prefix(text: str, tokenizer: Tokenizer, vocabulary: Vocabulary) -> Tensor | None:
    """The ids that sentences are to begin with; None for an empty text.

    Raises:
        ConfigError: a token of it is not in the vocabulary.
    """
    tokens = tokenizer.tokenize(text)
    ids = vocabulary.encode(tokens)
    for token, number in zip(tokens, ids, strict=True):
        if number == vocabulary.unknown:
            raise ConfigError(f"The prefix has {token!r}, which the run's vocabulary does not: use words it knows.")
    return torch.tensor(ids) if ids else None
