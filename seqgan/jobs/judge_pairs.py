"""The metric table of runs of pairs: answers to held-out sources, beside the references and another run's."""

import copy
from collections.abc import Sequence

import msgspec

from seqgan.data.text import Text
from seqgan.decoding.states import draws_itself, stepping
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import ALL
from seqgan.evaluation.pairs import (
    answers_of,
    chosen_pair_families,
    compare_answers,
    evaluate_answers,
    held_out_pairs,
    judge_answers,
    sacrebleu_tokens_of,
)
from seqgan.generators.protocol import Generator
from seqgan.jobs.judging import Judging
from seqgan.jobs.load import LoadedRun
from seqgan.metrics import Report
from seqgan.metrics.metric import answer_metrics
from seqgan.progress import Progress
from seqgan.runs.directory import Run
from seqgan.runs.rules import loss_note
from seqgan.training.equal_budget import budget_of, train_on


def _check_of_pairs(asked: Judging) -> None:
    """That nothing is asked which is of runs of plain text.

    Raises:
        ConfigError: something is.
    """
    given = {
        "--references": asked.references is not None,
        "--temperatures": bool(asked.temperatures),
        "--seeds-of": bool(asked.seeds_of),
        "--draws": bool(asked.draws),
    }
    for flag, there in given.items():
        if there:
            raise ConfigError(f"{flag} is of runs of plain text, and this one answers sources: leave it out.")


def judge_pair_runs(
    asked: Judging, players: Sequence[LoadedRun], progress: Progress
) -> tuple[dict[str, Report], list[str]]:
    """Reports of the references, the run to compare with, maximum likelihood with an equal budget, and the run.

    Args:
        asked: checked.
        players: the run, behind the one that it is compared with, if there is one.
        progress: where to report.

    Returns:
        The reports by their columns' heads, and what is to be said below the table.
    """
    _check_of_pairs(asked)
    columns: dict[str, Report] = {}
    found: dict[str, list[str]] = {}
    runs, texts = [each.run for each in players], [each.text for each in players]
    generators = [stepping(each.generator) for each in players]
    beam = 1 if asked.beam is None else asked.beam
    if asked.beam is None and any(map(draws_itself, generators)):
        beam = 0
        progress.note("Answers are drawn, by the odds of several where a run does so, and not searched for.")
    held = held_out_pairs(texts[-1])
    if held.split == "valid":
        progress.note("The corpus has no test pairs: judged by its validation pairs, which decided when to stop.")
    sources, references = held.sources[: asked.count], held.references[: asked.count]
    held = held._replace(sources=sources, references=references)
    families = chosen_pair_families(asked.metrics, texts[-1].corpus.name, len(references))
    for name, metric in answer_metrics().items() if ALL in asked.metrics else ():
        if metric.least > len(references):
            progress.note(f"{name} is left out: it needs {metric.least} answers, and has {len(references)}.")
    if asked.sacrebleu_tokenize is not None and "sacrebleu" not in families:
        raise ConfigError("--sacrebleu-tokenize is of sacreBLEU, which is not asked for: add it to --metrics.")
    tokens = asked.sacrebleu_tokenize or sacrebleu_tokens_of(references, texts[-1])
    if texts[0].corpus.fingerprint() != texts[-1].corpus.fingerprint():
        progress.note(
            f"{runs[0].folder} was trained on other text ({texts[0].corpus.name}) than {runs[-1].folder}: both answer "
            f"the held-out sources of {texts[-1].corpus.name}."
        )
    of_references = [family for family in families if answer_metrics()[family].of_real]
    if of_references:
        columns["references"] = judge_answers(
            references, sources, references, texts[-1], of_references, seed=asked.seed
        )
    contenders = list(zip([str(run.folder) for run in runs], generators, texts, strict=True))
    if _wants_equal_budget(asked, runs):
        further = _with_equal_budget(asked, runs, generators[0], texts[0], progress)
        contenders.insert(1, ("MLE, equal budget", further, texts[0]))
    for name, generator, text in contenders:
        progress.note(f"{name}: answers to {len(sources):,} sources.")
        found[name] = answers_of(generator, text, sources, beam=beam, seed=asked.seed, progress=progress)
        columns[name] = evaluate_answers(
            generator,
            text,
            seed=asked.seed,
            beam=beam,
            families=families,
            held=held,
            answers=found[name],
            sacrebleu_tokens=tokens,
            progress=progress,
        )
    *others, judged = found
    lines = [compare_answers(found[judged], found[other], references, judged, other, tokens) for other in others]
    lines += [note for run in runs if (note := loss_note(run)) is not None]
    return columns, lines


def _wants_equal_budget(asked: Judging, runs: Sequence[Run]) -> bool:
    both = len(runs) == 2 and runs[1].is_adversarial and not runs[0].is_adversarial
    return both and not asked.table_only and asked.equal_budget != "none"


def _with_equal_budget(
    asked: Judging, runs: Sequence[Run], generator: Generator, text: Text, progress: Progress
) -> Generator:
    """The pretrained generator after as much more of maximum likelihood as the adversarial phase took."""
    budget = budget_of(runs[1])
    further = copy.deepcopy(generator)
    by_time = asked.equal_budget == "time"
    trained = train_on(
        further,
        text,
        msgspec.structs.replace(runs[0].config.pretrain, weighting="text"),
        updates=None if by_time else budget.updates,
        seconds=budget.seconds if by_time else None,
        seed=asked.seed,
        progress=progress,
    )
    progress.note(
        f"Maximum likelihood went on for {trained.updates:,} updates; by held-out likelihood the weights after "
        f"{trained.best_update:,} are the best."
    )
    return further
