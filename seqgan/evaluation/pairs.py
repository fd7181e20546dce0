"""Conditional generators judged: their answers to held-out sources, beside the references of those."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from seqgan.data.batches import encode_pairs, encode_sources
from seqgan.data.embedded import pair_check
from seqgan.data.source_cut import fit_sources
from seqgan.data.text import Text
from seqgan.data.tokenizers import metric_tokens
from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError, nearest
from seqgan.evaluation.adversarial_success import (
    adversarial_success,
    evaluator_reliability,
    machine_against_random,
)
from seqgan.evaluation.evaluate import (
    ALL,
    TOO_LARGE,
    as_drawn,
    judge_sentences,
    logged,
    text_id,
    undefined_likelihood,
)
from seqgan.evaluation.generate import LENGTH_PENALTY, answer_sources
from seqgan.evaluation.likelihood import held_out_likelihood, sentence_likelihoods
from seqgan.evaluation.likelihood_residual import residual_likelihood, shown_partition
from seqgan.files import cannot_write, write_file
from seqgan.metrics import METRICS, OF_MODELS, Entry, Metric, Report
from seqgan.metrics.entries import entry_of, ratio_ends, share_entry
from seqgan.metrics.likelihood import perplexity
from seqgan.metrics.metric import answer_metrics, watched
from seqgan.metrics.of_models import CHRF, SACREBLEU
from seqgan.metrics.specification import SIGNATURE_END
from seqgan.metrics.translation import chrf_entry, sacrebleu_difference, sacrebleu_entry, sacrebleu_tokenization
from seqgan.progress import SILENT, Progress

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator, GeneratorModule
    from seqgan.tensors.condition import Condition

SHORT_ANSWERS = "none of its answers has four tokens"
"""Why a BLEU is not."""


class HeldPairs(NamedTuple):
    """What is answered, and what would have been right."""

    sources: list[str]
    """Held-out sources."""
    references: list[str]
    """The sentence that belongs to each."""
    split: str
    """Which split they are of: test, or validation where there is none."""


def held_out_pairs(text: Text, split: str | None = None) -> HeldPairs:
    """The pairs of a corpus to judge by; those of a split that is named, or else of the test, or else of validation."""
    corpus = text.corpus
    assert corpus.sources is not None
    if split != "valid" and corpus.test:
        return HeldPairs(corpus.sources.test, corpus.test, "test")
    return HeldPairs(corpus.sources.valid, corpus.valid, "valid")


def usual_pair_families() -> tuple[str, ...]:
    """Metrics of answers that are computed unless others are asked for. Those that train an evaluator take a while, and
    are not among them."""
    return tuple(name for name in _known() if (use := _known()[name].answers) is not None and use.usual)


def _known() -> dict[str, Metric]:
    """Metrics of answers, in the order of tables: those that compare each answer with its own reference first."""
    known = answer_metrics()
    first = [SACREBLEU.name, CHRF.name]
    last = [name for name in known if name not in METRICS and name not in first]
    return {name: known[name] for name in (*first, *(name for name in known if name in METRICS), *last)}


def decoding_name(beam: int, length_penalty: float = LENGTH_PENALTY) -> str:
    """How answers were found, as signatures say it."""
    if beam <= 1:
        return "greedy" if beam else "sampled at temperature 1"
    return f"beam {beam}, length penalty {length_penalty:g}"


def encoded(text: Text, sources: Sequence[str]) -> "Condition":
    """Sources as ids and their mask, N rows.

    Raises:
        CorpusError: a source has no tokens.
    """
    assert text.source_tokenizer is not None
    assert text.source_vocabulary is not None
    tokens, _ = fit_sources(sources, text.source_tokenizer, text.max_source_length, text.source_cut)
    condition, _ = encode_sources(tokens, text.source_vocabulary, text.max_source_length)
    return condition


def judge_answers(
    answers: Sequence[str],
    sources: Sequence[str],
    references: Sequence[str],
    text: Text,
    families: Sequence[str] | None = None,
    *,
    seed: int = 0,
    checks: Mapping[str, Callable[[str, str], bool]] | None = None,
    sacrebleu_tokens: str | None = None,
) -> Report:
    """Metrics of any answers: a generator's, another system's, or real ones.

    Args:
        answers: one for each source.
        sources: what they answer.
        references: what would have been right.
        text: decides what a token is, and knows the training sentences.
        families: which metrics; by default `usual_pair_families`. `nll` is of generators and not computed here.
        seed: of evaluators.
        checks: what an answer may be to its source, by name; the share of each is reported.
        sacrebleu_tokens: what sacreBLEU takes for tokens; by default what tokenizer and references decide.

    Raises:
        ConfigError: no such metric.
    """
    judged = _judged(answers, sources, references, text, families, seed, checks, sacrebleu_tokens)
    how = _pairs_id(sources, references)
    return Report(entry._replace(signature=entry.signature + how) if of_pairs else entry for entry, of_pairs in judged)


def _pairs_id(sources: Sequence[str], references: Sequence[str]) -> str:
    return f"|pairs-id:{text_id([*sources, *references])}"


def _judged(
    answers: Sequence[str],
    sources: Sequence[str],
    references: Sequence[str],
    text: Text,
    families: Sequence[str] | None,
    seed: int,
    checks: Mapping[str, Callable[[str, str], bool]] | None,
    sacrebleu_tokens: str | None,
) -> list[tuple[Entry, bool]]:
    """Entries of `judge_answers`, each with whether it is of the pairs, and not of the answers as sentences."""
    families = usual_pair_families() if families is None else families
    check_pair_families(families)
    first: list[Entry] = []
    if "sacrebleu" in families:
        tokens = sacrebleu_tokens or sacrebleu_tokens_of(references, text)
        first.append(sacrebleu_entry(answers, references, tokenize=tokens))
    if "chrf" in families:
        first.append(chrf_entry(answers, references))
    of_sentences = [family for family in families if family in METRICS]
    report = (
        judge_sentences(answers, references, text.corpus.train, text.tokenizer, of_sentences) if of_sentences else ()
    )
    last: list[Entry] = []
    known = pair_check(text.corpus.name)
    if "fits" in families and known is not None:
        last.append(_share("fits", answers, sources, known, f"by the rules of {text.corpus.name}"))
    for name, holds in (checks or {}).items():
        last.append(_share(name, answers, sources, holds, f"{name} holds"))
    last += _by_evaluators(families, answers, sources, references, text, seed)
    return [(entry, of_pairs) for part, of_pairs in ((first, True), (report, False), (last, True)) for entry in part]


def _share(
    name: str, answers: Sequence[str], sources: Sequence[str], holds: Callable[[str, str], bool], what: str
) -> Entry:
    """The share of answers that fit their sources, with its interval."""
    fit = [bool(holds(source, answer)) for source, answer in zip(sources, answers, strict=True)]
    return share_entry(name, fit, f"share of answers that fit, {what}|hyps:{len(fit)}|{SIGNATURE_END}")


def sacrebleu_tokens_of(references: Sequence[str], text: Text) -> str:
    """What sacreBLEU takes for tokens, by the text's tokenizer and the references alone."""
    return sacrebleu_tokenization(references, characters=text.tokenizer.name == "characters")


def _by_evaluators(
    asked: Sequence[str],
    answers: Sequence[str],
    sources: Sequence[str],
    references: Sequence[str],
    text: Text,
    seed: int,
) -> list[Entry]:
    """Metrics for which an evaluator is trained on pairs of source and answer."""
    asked = [family for family in asked if family in OF_MODELS and _known()[family].least]
    if not asked:
        return []
    machine = [metric_tokens(text.tokenizer, line) for line in answers]
    human = [metric_tokens(text.tokenizer, line) for line in references]
    assert text.source_tokenizer is not None
    read = [metric_tokens(text.source_tokenizer, line) for line in sources]
    entries = []
    if "adver-success" in asked:
        found = adversarial_success(human, machine, read, seed=seed)
        how = f"1 - accuracy of an evaluator of human and machine answers|tested:{found.tested}"
        entries.append(Entry("adver-success", found.adversarial_success, _evaluated(how, seed), found.low, found.high))
        error = evaluator_reliability(human, machine, read, seed=seed).error
        how = "ERE: mean distance of an evaluator's accuracy from the best, where that is known"
        pairs = "of human-human, machine-machine, human-random, machine-random"
        entries.append(Entry("adver-success-error", error, f"{how}|{pairs}|{_seed_and_version(seed)}"))
    if "machine-vs-random" in asked:
        found = machine_against_random(machine, human, read, seed=seed)
        how = f"accuracy of an evaluator of machine answers and human answers to other sources|tested:{found.tested}"
        entries.append(Entry("machine-vs-random", found.accuracy, _evaluated(how, seed), *found.accuracy_ends))
    if "relevance" in asked:
        # Words that only machines use tell nothing here: both sides are the machine's own answers.
        found = machine_against_random(machine, machine, read, seed=seed)
        how = f"accuracy of an evaluator of answers at their own and at other sources|tested:{found.tested}"
        entries.append(Entry("relevance", found.accuracy, _evaluated(how, seed), *found.accuracy_ends))
    return entries


def _evaluated(how: str, seed: int) -> str:
    return f"{how}|interval:Wilson 95%|{_seed_and_version(seed)}"


def _seed_and_version(seed: int) -> str:
    return f"seed:{seed}|{SIGNATURE_END}"


def chosen_pair_families(asked: Sequence[str], corpus: str, count: int) -> tuple[str, ...]:
    """The metrics that names ask for: the usual ones where there are none, and all that are known for "all".

    Args:
        asked: their names.
        corpus: name of the corpus whose pairs are answered.
        count: how many of them.

    Raises:
        ConfigError: as `check_pair_families`; or one cannot be computed here, and why.
    """
    ruled = pair_check(corpus) is not None
    named = [family for family in asked if family != ALL]
    check_pair_families(named)
    if "fits" in named and not ruled:
        raise ConfigError(
            f"--metrics fits is by the rules of an embedded corpus of pairs, and {corpus} has none: leave it out."
        )
    for family in named:
        least = _known()[family].least
        if count < least:
            raise ConfigError(
                f"--metrics {family} trains an evaluator, which takes {least} answers at least and some "
                f"hundreds to be worth asking, and there are {count}: raise --count, or hold out more pairs."
            )
    if len(named) < len(asked):  # all that can be computed here
        named += [name for name, metric in _known().items() if metric.least <= count and (name != "fits" or ruled)]
    return tuple(dict.fromkeys(named)) or usual_pair_families()


def check_pair_families(families: Sequence[str]) -> None:
    """That all metrics exist and are of answers.

    Raises:
        ConfigError: one is not; the nearest is suggested.
    """
    known = list(_known())
    for family in families:
        if family not in known:
            raise ConfigError(
                f"No metric of answers is called {family!r}.{nearest(family, known)} Known: {', '.join(known)}."
            )


def answers_of(
    generator: "Generator",
    text: Text,
    sources: Sequence[str],
    *,
    beam: int = 1,
    seed: int = 0,
    progress: Progress = SILENT,
) -> list[str]:
    """A generator's best answer to each source. Arguments as of `evaluate_answers`."""
    device = next(generator.parameters()).device
    found = answer_sources(
        generator,
        encoded(text, sources).to(device),
        text.max_length,
        text.tokenizer,
        text.vocabulary,
        rng=torch.Generator(device).manual_seed(seed),
        beam=beam,
        progress=progress,
    )
    return [best for (best, *_) in found]


def compare_answers(
    answers: Sequence[str],
    others: Sequence[str],
    references: Sequence[str],
    name: str,
    other_name: str,
    sacrebleu_tokens: str | None = None,
) -> str:
    """Whether one system's answers score higher, as a sentence: the difference in sacreBLEU, by a paired bootstrap.

    Args:
        answers: of the judged system.
        others: of the other one, to the same sources.
        references: what would have been right.
        name: of the judged system.
        other_name: of the other one.
        sacrebleu_tokens: what sacreBLEU takes for tokens; by default what the references decide.
    """
    if list(answers) == list(others):
        return f"{name} against {other_name}: the same answers."
    gain, low, high = sacrebleu_difference(answers, others, references, tokenize=sacrebleu_tokens)
    if math.isnan(gain):
        return f"{name} against {other_name}: no comparison, as the sacreBLEU of one is not defined: {SHORT_ANSWERS}."
    finding = "better" if low > 0 else "worse" if high < 0 else "cannot tell from these answers"
    return (
        f"{name} against {other_name}: {gain:+.2f} sacreBLEU, 95 % interval {low:+.2f} to {high:+.2f} over the "
        f"choice of pairs: {finding}."
    )


def evaluate_answers(
    generator: "Generator",
    text: Text,
    count: int = 1000,
    *,
    seed: int = 0,
    beam: int = 1,
    families: Sequence[str] | None = None,
    held: HeldPairs | None = None,
    answers: Sequence[str] | None = None,
    checks: Mapping[str, Callable[[str, str], bool]] | None = None,
    sacrebleu_tokens: str | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Answer held-out sources and judge; with the likelihood of the references given their sources.

    Args:
        generator: a conditional one, on its device.
        text: what it was trained on.
        count: most of the text's own held-out sources to answer, the first ones of the split.
        seed: of samples and evaluators.
        beam: 0 samples, 1 takes the likeliest token at each step, more is a beam search.
        families: which metrics; by default `usual_pair_families`.
        held: other pairs than the text's own held-out ones, all of which are answered.
        answers: those of `answers_of`, where they are there already.
        checks: as of `judge_answers`.
        sacrebleu_tokens: as there.
        progress: where to report.

    Raises:
        ConfigError: no such metric.
    """
    families = usual_pair_families() if families is None else families
    check_pair_families(families)
    if held is None:
        held = held_out_pairs(text)
        held = held._replace(sources=held.sources[:count], references=held.references[:count])
    sources, references = held.sources, held.references
    if answers is None:
        answers = answers_of(generator, text, sources, beam=beam, seed=seed, progress=progress)
    judged = _judged(answers, sources, references, text, families, seed, checks, sacrebleu_tokens)
    how = f"|decoding:{decoding_name(beam)}{_pairs_id(sources, references)}"
    entries = as_drawn((entry._replace(signature=entry.signature + how) for entry, _ in judged), text)
    if "nll" in families:
        entries = [*_likelihood_entries(generator, text, sources, references, progress), *entries]
    return Report(entries)


def _likelihood_entries(
    generator: "Generator",
    text: Text,
    sources: Sequence[str],
    references: Sequence[str],
    progress: Progress = SILENT,
) -> list[Entry]:
    """Negative log-likelihood per token, and perplexity, of references given their sources."""
    log_probs, tokens, cut, lost, unknown, how = _likelihoods(generator, text, sources, references, progress)
    signature = (
        f"nll|nats per token, given the source|end:counted|sentences:{len(tokens)}|cut:{cut}{lost}"
        f"|tokens:{tokens.sum()}|unknown:left out {unknown}|interval:bootstrap 95% over pairs"
        f"|text-id:{text_id([*sources, *references])}|tok:{text.tokenizer.name}"
        f"|vocabulary:{len(text.vocabulary)} unmasked|temperature:1{how}|{SIGNATURE_END}"
    )
    if not tokens.any():
        return undefined_likelihood(signature)
    value, ends = float(-log_probs.sum() / tokens.sum()), ratio_ends(-log_probs, tokens)
    of_perplexity = None if ends is None else (perplexity(-ends[0], 1), perplexity(-ends[1], 1))
    exponential = perplexity(-value, 1)
    note = "" if math.isfinite(exponential) else TOO_LARGE
    return [
        entry_of("nll", value, signature, ends),
        entry_of("perplexity", exponential, "exp of " + signature, of_perplexity, note),
    ]


def _likelihoods(
    generator: "Generator", text: Text, sources: Sequence[str], references: Sequence[str], progress: Progress
) -> tuple[np.ndarray, np.ndarray, int, str, int, str]:
    """Of each reference the log-probability and the tokens that count; how many were cut, what is said of sources that
    were, tokens left out, and what is said of the model.

    Of a generator times a discriminator the log-probability is that by the estimate of its source's partition function
    which makes the references less likely.
    """
    assert text.source_tokenizer is not None
    assert text.source_vocabulary is not None
    fitted, lost = fit_sources(sources, text.source_tokenizer, text.max_source_length, text.source_cut)
    pairs, cut, _ = encode_pairs(
        fitted,
        [text.tokenizer.tokenize(line) for line in references],
        text.source_vocabulary,
        text.vocabulary,
        text.max_source_length,
        text.max_length,
    )
    device = next(generator.parameters()).device
    pairs = pairs.to(device)
    if isinstance(generator, ResampledGenerator):
        rng = torch.Generator(device).manual_seed(0)
        found = residual_likelihood(
            generator, pairs, text.vocabulary.unknown, rng=rng, max_length=text.max_length, progress=progress
        )
        log_probs, scored, how = found.log_probs, found.scored, shown_partition(found, conditional=True)
    else:
        log_probs, scored = sentence_likelihoods(generator, pairs, text.vocabulary.unknown)
        how = ""
    said = "".join(f"|sources without their {part}:{number}" for part, number in lost._asdict().items() if number)
    left_out = int(pairs.mask.sum() - scored.sum())
    return log_probs.cpu().numpy(), scored.cpu().numpy(), cut, said, left_out, how


def judge_answers_while_training(
    generator: "GeneratorModule", text: Text, count: int, seed: int, samples_folder: Path | None = None
) -> Callable[[int], dict[str, float]]:
    """What `train_adversarially` logs every few rounds of pairs: held-out likelihood, and metrics of greedy answers.

    Judged by the validation split. Arguments as of `judge_while_training`.
    """
    writer = stepping(generator)
    device = next(writer.parameters()).device
    valid = text.valid.to(device)
    families = tuple(watched("answers"))
    names = [name for numbers in watched("answers").values() for name in numbers]
    held = held_out_pairs(text, "valid")
    held = HeldPairs(held.sources[:count], held.references[:count], held.split)
    condition = encoded(text, held.sources).to(device)

    def judge(rounds: int) -> dict[str, float]:
        rng = torch.Generator(device).manual_seed(seed)
        found = answer_sources(
            writer,
            condition,
            text.max_length,
            text.tokenizer,
            text.vocabulary,
            rng=rng,
            all_symbols=text.vocabulary.unseen is None,  # a run made before goes on being judged as it was
        )
        answers = [best for (best, *_) in found]
        if samples_folder is not None:
            try:
                samples_folder.mkdir(exist_ok=True)
            except OSError as error:
                raise cannot_write(samples_folder, error) from error
            lines = "".join(f"{source}\t{answer}\n" for source, answer in zip(held.sources, answers, strict=True))
            write_file(samples_folder / f"round-{rounds:06}.tsv", lines)
        # A run made before goes on being judged as it was.
        tokens = "13a" if text.vocabulary.unseen is None else None
        report = judge_answers(answers, held.sources, held.references, text, families, sacrebleu_tokens=tokens)
        likelihood = held_out_likelihood(writer, valid, text.vocabulary.unknown)
        return {"eval/nll": likelihood.nll_per_token, **logged(report, names)}

    return judge
