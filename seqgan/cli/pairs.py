"""What `seqgan evaluate` does for runs of pairs: answers to held-out sources, beside the references and another run."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING

from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from seqgan.cli.evaluate import EvaluateFlags
    from seqgan.data.text import Text
    from seqgan.generators.protocol import Generator
    from seqgan.metrics import Report
    from seqgan.runs.directory import Run


def check_pair_flags(flags: "EvaluateFlags") -> None:
    """That no flag is given which is of runs of plain text.

    Raises:
        ConfigError: one is.
    """
    given = {
        "--references": flags.references is not None,
        "--temperatures": bool(flags.temperatures),
        "--seeds-of": bool(flags.seeds_of),
        "--draws": bool(flags.draws),
    }
    for flag, there in given.items():
        if there:
            raise ConfigError(f"{flag} is of runs of plain text, and this one answers sources: leave it out.")


def judge_pair_runs(
    flags: "EvaluateFlags", runs: "list[Run]", generators: "list[Generator]", reports: dict[str, Path]
) -> "tuple[dict[str, Report], list[str]]":
    """Reports of the references, the run to compare with, maximum likelihood with an equal budget, and the run.

    Args:
        flags: of the command.
        runs: the run, behind the one that it is compared with, if there is one.
        generators: theirs.
        reports: gets the files that keep the runs' reports.

    Returns:
        The reports by their columns' heads, and what is to be said below the table.
    """
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
    from seqgan.metrics.metric import answer_metrics
    from seqgan.runs.load import load_text
    from seqgan.runs.rules import loss_note

    check_pair_flags(flags)
    beam = 1 if flags.beam is None else flags.beam
    columns: dict[str, Report] = {}
    found: dict[str, list[str]] = {}
    texts = [load_text(run) for run in runs]
    held = held_out_pairs(texts[-1])
    if held.split == "valid":
        flags.progress.note("The corpus has no test pairs: judged by its validation pairs, which decided when to stop.")
    sources, references = held.sources[: flags.count], held.references[: flags.count]
    held = held._replace(sources=sources, references=references)
    families = chosen_pair_families(flags.metrics, texts[-1].corpus.name, len(references))
    for name, metric in answer_metrics().items() if ALL in flags.metrics else ():
        if metric.least > len(references):
            flags.progress.note(f"{name} is left out: it needs {metric.least} answers, and has {len(references)}.")
    if flags.sacrebleu_tokenize is not None and "sacrebleu" not in families:
        raise ConfigError("--sacrebleu-tokenize is of sacreBLEU, which is not asked for: add it to --metrics.")
    tokens = flags.sacrebleu_tokenize or sacrebleu_tokens_of(references, texts[-1])
    if texts[0].corpus.fingerprint() != texts[-1].corpus.fingerprint():
        flags.progress.note(
            f"{runs[0].folder} was trained on other text ({texts[0].corpus.name}) than {runs[-1].folder}: both answer "
            f"the held-out sources of {texts[-1].corpus.name}."
        )
    of_references = [family for family in families if answer_metrics()[family].of_real]
    if of_references:
        columns["references"] = judge_answers(
            references, sources, references, texts[-1], of_references, seed=flags.seed
        )
    contenders = list(zip([str(run.folder) for run in runs], generators, texts, strict=True))
    if _wants_equal_budget(flags, runs):
        contenders.insert(1, ("MLE, equal budget", _with_equal_budget(flags, runs, generators[0], texts[0]), texts[0]))
    for name, generator, text in contenders:
        flags.progress.note(f"{name}: answers to {len(sources):,} sources.")
        found[name] = answers_of(generator, text, sources, beam=beam, seed=flags.seed, progress=flags.progress)
        columns[name] = evaluate_answers(
            generator,
            text,
            seed=flags.seed,
            beam=beam,
            families=families,
            held=held,
            answers=found[name],
            sacrebleu_tokens=tokens,
        )
    for run in runs:
        reports[str(run.folder)] = run.report_path
    *others, judged = found
    lines = [compare_answers(found[judged], found[other], references, judged, other, tokens) for other in others]
    lines += [note for run in runs if (note := loss_note(run)) is not None]
    return columns, lines


def _wants_equal_budget(flags: "EvaluateFlags", runs: "list[Run]") -> bool:
    both = len(runs) == 2 and runs[1].is_adversarial and not runs[0].is_adversarial
    return both and not flags.table_only and flags.equal_budget != "none"


def _with_equal_budget(flags: "EvaluateFlags", runs: "list[Run]", generator: "Generator", text: "Text") -> "Generator":
    """The pretrained generator after as much more of maximum likelihood as the adversarial phase took."""
    import msgspec

    from seqgan.training.equal_budget import budget_of, train_on

    budget = budget_of(runs[1])
    further = copy.deepcopy(generator)
    by_time = flags.equal_budget == "time"
    trained = train_on(
        further,
        text,
        msgspec.structs.replace(runs[0].config.pretrain, weighting="text"),
        updates=None if by_time else budget.updates,
        seconds=budget.seconds if by_time else None,
        seed=flags.seed,
        progress=flags.progress,
    )
    flags.progress.note(
        f"Maximum likelihood went on for {trained.updates:,} updates; by held-out likelihood the weights after "
        f"{trained.best_update:,} are the best."
    )
    return further
