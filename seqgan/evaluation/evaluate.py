"""Generated text judged: metrics, likelihood of held-out text, and, where the truth is known, the grammar."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from seqgan.data.batches import Sequences, encode_sentences
from seqgan.data.grammar import Grammar, embedded_corpora, load_grammar
from seqgan.data.sequences import AnySequences
from seqgan.data.text import Text
from seqgan.data.tokenizers import Tokenizer, metric_tokens
from seqgan.data.vocabulary import UNKNOWN_TEXT
from seqgan.data.written import line_of
from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.states import makes_all_at_once, stepping
from seqgan.errors import ConfigError, nearest
from seqgan.evaluation.averaging import DRAWS, STEPPING_DRAWS, averaged_likelihood, is_averaged
from seqgan.evaluation.generate import generate_sentences
from seqgan.evaluation.likelihood import Likelihood, held_out_likelihood
from seqgan.evaluation.likelihood_residual import residual_likelihood, shown_partition
from seqgan.evaluation.trained import BY_MODELS, Judges, Lines
from seqgan.files import cannot_write, write_file
from seqgan.metrics import METRICS, Entry, Metric, Report, Texts
from seqgan.metrics.entries import entry_of, share_entry, undefined
from seqgan.metrics.metric import Need, answer_metrics, every_metric, sentence_metrics, watched
from seqgan.metrics.specification import SIGNATURE_END
from seqgan.progress import SILENT, Progress

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

ALL = "all"
"""In place of names: every metric that can be computed, without those that need aligned lines."""
WATCHING_DRAWS = 20
"""Draws of the noise for the likelihood of a generator that steps while it is in training."""


class Held(NamedTuple):
    """What samples are judged against."""

    references: list[str]
    """Held-out sentences: the test split, or the validation split where there is none."""
    real: list[str]
    """Other held-out sentences, judged like samples for comparison; empty where there are none."""
    split: str
    """Which split the references are."""


def held_out(text: Text) -> Held:
    """The sentences of a corpus to judge against."""
    corpus = text.corpus
    if corpus.test:
        return Held(corpus.test, corpus.valid, "test")
    return Held(corpus.valid, [], "valid")


def judge_real(
    text: Text,
    references: Sequence[str],
    count: int,
    families: Sequence[str] | None = None,
    seed: int = 0,
    *,
    judges: Judges | None = None,
) -> Report:
    """Real text judged as samples are, and as many sentences of it: many metrics depend on their number.

    Where there are fewer held-out sentences than that which are no references, training sentences fill them up, so
    that they are judged by what compares with training sentences without them.

    Args:
        text: the corpus.
        references: held-out sentences.
        count: how many sentences; all that there are, where there are fewer.
        families: which metrics; by default `usual_families`.
        seed: of the drawing of training sentences.
        judges: as of `judge_sentences`.
    """
    families = usual_families() if families is None else families
    check_families(families)
    known = {family: metric for family, metric in sentence_metrics().items() if metric.of_real}
    families = [family for family in families if family in known]
    own = held_out(text).real[:count]
    rng = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(text.corpus.train), generator=rng)[: count - len(own)].tolist()
    filled = [*own, *(text.corpus.train[number] for number in drawn)]
    grammar = grammar_of(text)
    asked = [family for family in families if "training" not in known[family].needs or not drawn]
    entries = list(
        judge_sentences(
            filled,
            references,
            text.corpus.train,
            text.tokenizer,
            asked,
            grammar,
            max_length=text.max_length,
            judges=judges,
        )
    )
    if drawn and own:
        of_training = [family for family in families if "training" in known[family].needs]
        entries += judge_sentences(own, references, text.corpus.train, text.tokenizer, of_training, judges=judges)
    return Report(entries)


def judge_sentences(
    sentences: Sequence[str],
    references: Sequence[str] | None,
    training: Sequence[str] | None,
    tokenizer: Tokenizer,
    families: Sequence[str] | None = None,
    grammar: Grammar | None = None,
    checks: Mapping[str, Callable[[str], bool]] | None = None,
    max_length: int = 0,
    *,
    judges: Judges | None = None,
    intervals: bool = True,
    sacrebleu_tokens: str | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Metrics of any sentences: a generator's, another system's, or real ones.

    Args:
        sentences: what is judged.
        references: held-out sentences; None leaves out the metrics that need some.
        training: the training sentences; None leaves out the metrics that need them.
        tokenizer: decides what a token is for the metrics: characters for characters, else words.
        families: which metrics, see `seqgan.metrics.METRICS`, and "grammatical"; by default `usual_families`.
        grammar: the one that the corpus was drawn from.
        checks: what a sentence may be, by name: a molecule, balanced, short. The share of each is reported.
        max_length: most tokens that the judged model makes: of metrics that say `cut`, both sides are cut; 0 cuts none.
        judges: the models that judge; give the same for all reports of a table, so that each is trained once.
        intervals: give numbers their 95 % intervals, where they have one.
        sacrebleu_tokens: what sacreBLEU takes for tokens; by default what the references decide.
        progress: where to report: of many sentences some metrics take minutes.

    Raises:
        ConfigError: no such metric, or too few sentences for one that was asked for.
    """

    def tokens_of(texts: Sequence[str] | None) -> list[list[str]] | None:
        return None if texts is None else [metric_tokens(tokenizer, line) for line in texts]

    families = usual_families() if families is None else families
    check_families(families)
    known = sentence_metrics()
    asked = {family: known[family] for family in families}
    samples = tokens_of(sentences)
    assert samples is not None
    reference_tokens, training_tokens = tokens_of(references), tokens_of(training)
    said = _Said(references, training, reference_tokens, metric_tokens(tokenizer, UNKNOWN_TEXT))
    texts = Texts(samples, reference_tokens, training_tokens)
    # Of subwords there is no telling which words a model could have reached.
    longest = max_length if tokenizer.name in ("characters", "words") else 0
    tokenization = "characters" if tokenizer.name == "characters" else "words"
    entries: list[Entry] = []
    by_count: dict[str, list[Entry]] = {}
    of_tokens = {name: metric for name, metric in asked.items() if name in METRICS and not metric.of_lines}
    counted = [name for name, metric in of_tokens.items() if not _lacks(metric, texts)]
    # Before the others, which have bars of their own where models are trained.
    with progress.bar("Metrics", len(counted)) as advance:
        for family in counted:
            cut = longest if asked[family].cut else 0
            computed = asked[family](_cut(texts, cut), tokenization, intervals=intervals)
            if cut:
                computed = [e._replace(signature=f"{e.signature}|both cut:{cut} tokens") for e in computed]
            by_count[family] = said.with_texts(computed, asked[family])
            advance(1)
    for family, metric in asked.items():
        if family == "grammatical" and grammar is not None:
            entries += grammar_entries(samples, grammar, intervals=intervals)
        elif family in by_count:
            entries += by_count[family]
        elif metric.of_lines and references is not None and reference_tokens is not None and not _lacks(metric, texts):
            judges = judges or Judges()
            lines = Lines(
                sentences, references, samples, reference_tokens, training_tokens, tokenization, sacrebleu_tokens
            )
            computed = BY_MODELS.get(family, metric)(lines, judges, intervals)
            entries += said.with_texts(computed, metric)
    for name, holds in (checks or {}).items():
        signature = f"share for which {name} holds|hyps:{len(sentences)}|{SIGNATURE_END}"
        held = [bool(holds(sentence)) for sentence in sentences]
        entries.append(share_entry(name, held, signature, intervals=intervals))
    return Report(entries)


class _Said:
    """What signatures say of the texts that metrics look at: equal numbers are not equal texts.

    Of references in which words were replaced by the unknown symbol their share is said as well: such texts may be
    equal where the words behind them are not.
    """

    def __init__(
        self,
        references: Sequence[str] | None,
        training: Sequence[str] | None,
        reference_tokens: Sequence[Sequence[str]] | None,
        unknown: Sequence[str],
    ):
        self._references, self._training = references, training
        self._reference_tokens, self._unknown = reference_tokens, unknown

    @cached_property
    def _of_references(self) -> str:
        if self._references is None or self._reference_tokens is None:
            return ""
        replaced = sum(line.count(UNKNOWN_TEXT) for line in self._references) * len(self._unknown)
        share = f"|refs-unknown:{replaced / max(1, sum(map(len, self._reference_tokens))):.2%}" if replaced else ""
        return f"|refs-id:{text_id(self._references)}{share}"

    @cached_property
    def _of_training(self) -> str:
        return "" if self._training is None else f"|training-id:{text_id(self._training)}"

    def with_texts(self, entries: list[Entry], metric: Metric) -> list[Entry]:
        """The entries of a metric, their signatures with what it looks at."""
        said = self._of_references if metric.reads_references else ""
        said += self._of_training if metric.reads_training else ""
        return [entry._replace(signature=entry.signature + said) for entry in entries]


def _cut(texts: Texts, length: int) -> Texts:
    """The first `length` tokens of each sentence; all of them where it is 0."""
    if not length:
        return texts
    samples = [tokens[:length] for tokens in texts.samples]
    references = None if texts.references is None else [tokens[:length] for tokens in texts.references]
    return texts._replace(samples=samples, references=references)


def text_id(sentences: Sequence[str]) -> str:
    """A short name for a list of sentences, equal for equal ones."""
    if any("\n" in line for line in sentences):  # joined, they would be other lines
        return hashlib.sha512(json.dumps(list(sentences)).encode()).hexdigest()[:8]
    return hashlib.sha256("\n".join(sentences).encode(errors="surrogatepass")).hexdigest()[:8]


def check_families(families: Sequence[str]) -> None:
    """That all metrics exist.

    Raises:
        ConfigError: one does not; the nearest is suggested.
    """
    known = [*sentence_metrics(), ALL]
    for family in families:
        if family in known:
            continue
        if family in answer_metrics():
            raise ConfigError(
                f"The metric {family} is of answers to sources, which a run of pairs gives: leave it out."
            )
        raise ConfigError(f"No metric is called {family!r}.{nearest(family, known)} Known: {', '.join(known)}.")


def usual_families(*, model: bool = False) -> tuple[str, ...]:
    """Metrics of sentences that are computed unless others are asked for.

    Args:
        model: with those that need the generator, or the grammar that made the corpus.
    """
    usual = {name: metric for name, metric in sentence_metrics().items() if metric.sentences and metric.sentences.usual}
    return tuple(name for name, each in usual.items() if model or {"generator", "grammar"}.isdisjoint(each.needs))


def check_computable(families: Sequence[str], *, model: bool, references: bool, training: bool, grammar: bool) -> None:
    """That metrics which were asked for by name can be computed from what is there.

    Raises:
        ConfigError: one cannot, and what it needs.
    """
    check_families(families)
    for family in families:
        what = _needed(sentence_metrics()[family], model, references, training, grammar)
        if what:
            raise ConfigError(f"The metric {family} needs {what}.")


def chosen_families(
    families: Sequence[str], *, model: bool, references: bool, training: bool, grammar: bool
) -> tuple[str, ...]:
    """The metrics that names ask for: all that can be computed where one of them is "all"; checked.

    Raises:
        ConfigError: as `check_computable`.
    """
    if ALL not in families:
        check_computable(families, model=model, references=references, training=training, grammar=grammar)
        return tuple(families)
    named = [family for family in families if family != ALL]
    check_computable(named, model=model, references=references, training=training, grammar=grammar)
    there = [
        name
        for name, metric in sentence_metrics().items()
        if "aligned" not in metric.needs and not _needed(metric, model, references, training, grammar)
    ]
    return tuple(dict.fromkeys([*there, *named]))


def needing(need: Need, families: Sequence[str]) -> list[str]:
    """Those of some metrics that need something; names that are none need nothing."""
    known = every_metric()
    return [family for family in families if family in known and need in known[family].needs]


def _needed(metric: Metric, model: bool, references: bool, training: bool, grammar: bool) -> str:
    """What a metric needs that is not there; nothing where all is."""
    if "generator" in metric.needs and not model:
        return "a run: its likelihood is a generator's"
    if "grammar" in metric.needs and not grammar:
        return "an embedded corpus, whose grammar is known"
    if "training" in metric.needs and not training:
        return "the training sentences: a run, or --training"
    return "held-out sentences: --references" if metric.reads_references and not references else ""


def _lacks(metric: Metric, texts: Texts) -> bool:
    no_training = "training" in metric.needs and texts.training is None
    return no_training or (metric.reads_references and texts.references is None)


def evaluate_generator(
    generator: "GeneratorModule",
    text: Text,
    count: int = 1000,
    *,
    seed: int = 0,
    references: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    checks: Mapping[str, Callable[[str], bool]] | None = None,
    draws: int = 0,
    progress: Progress = SILENT,
    judges: Judges | None = None,
) -> Report:
    """Sample at temperature 1 and judge; with the likelihood of the references under the generator.

    Samples are drawn as people get them, see `evaluation.generate`; the likelihood is the generator's own, with all its
    symbols.

    Args:
        generator: any, on its device.
        text: what it was trained on.
        count: sentences to sample. Many metrics depend on it: compare at equal counts only.
        seed: of the samples.
        references: held-out sentences; those of the text's test (or else validation) split by default.
        families: which metrics; by default `usual_families` with those of the model.
        checks: as of `judge_sentences`.
        draws: as of `likelihood_of`.
        progress: where to report.
        judges: as of `judge_sentences`.
    """
    families = usual_families(model=True) if families is None else families
    check_families(families)
    references = held_out(text).references if references is None else references
    device = next(generator.parameters()).device
    sentences = generate_sentences(
        generator,
        count,
        text.max_length,
        text.tokenizer,
        text.vocabulary,
        rng=torch.Generator(device).manual_seed(seed),
        progress=progress,
    )
    grammar = grammar_of(text)
    report = judge_sentences(
        sentences,
        references,
        text.corpus.train or None,
        text.tokenizer,
        families,
        grammar,
        checks,
        max_length=text.max_length,
        judges=judges,
    )
    entries = as_drawn(report, text)
    if "nll" not in families:
        return Report(entries)
    return Report([*likelihood_entries(generator, text, references, draws, progress), *entries])


def as_drawn(entries: Iterable[Entry], text: Text) -> list[Entry]:
    """Entries of a generator's samples; their signatures say it where samples lack a symbol that the text has."""
    if not text.vocabulary.unknown_in_text:
        return list(entries)
    return [entry._replace(signature=f"{entry.signature}|drawn:of known tokens alone") for entry in entries]


def likelihood_entries(
    generator: "GeneratorModule", text: Text, sentences: Sequence[str], draws: int = 0, progress: Progress = SILENT
) -> list[Entry]:
    """Negative log-likelihood per token, and perplexity, of sentences under a generator."""
    device = next(generator.parameters()).device
    tokens = [text.tokenizer.tokenize(line) for line in sentences]
    sequences, long = encode_sentences(tokens, text.vocabulary, text.max_length, "cut")
    sequences = sequences.to(device)
    if isinstance(generator, ResampledGenerator):
        likelihood, how = bounded_likelihood(generator, sequences, text, draws, progress)
    else:
        likelihood, how = likelihood_of(generator, sequences, text.vocabulary.unknown, draws, progress)
    signature = (
        f"nll|nats per token|end:counted|sentences:{likelihood.sentences}|cut:{long}|tokens:{likelihood.tokens}"
        f"|unknown:left out {likelihood.unknown}|text-id:{text_id(sentences)}"
        f"|tok:{text.tokenizer.name}|vocabulary:{len(text.vocabulary)} unmasked|temperature:1{how}|{SIGNATURE_END}"
    )
    if not likelihood.tokens:
        return undefined_likelihood(signature)
    perplexity = likelihood.perplexity
    return [
        Entry("nll", likelihood.nll_per_token, signature),
        entry_of("perplexity", perplexity, "exp of " + signature, note="" if math.isfinite(perplexity) else TOO_LARGE),
    ]


def bounded_likelihood(
    model: ResampledGenerator, sequences: Sequences, text: Text, samples: int = 0, progress: Progress = SILENT
) -> tuple[Likelihood, str]:
    """The likelihood of sequences under a generator times a discriminator, by the estimate of its partition function
    that makes the text less likely, and what the signature says: the other estimate, too."""
    rng = torch.Generator(sequences.tokens.device).manual_seed(0)
    found = residual_likelihood(
        model,
        sequences,
        text.vocabulary.unknown,
        rng=rng,
        max_length=text.max_length,
        samples=samples,
        progress=progress,
    )
    return found.lower, shown_partition(found)


TOO_LARGE = "too large for a number"
"""The note on a perplexity."""


def undefined_likelihood(signature: str) -> list[Entry]:
    """The likelihood of a text without a known token."""
    note = undefined("no token of the text is in the vocabulary")
    return [Entry("nll", None, signature, note=note), Entry("perplexity", None, "exp of " + signature, note=note)]


def likelihood_of(
    generator: "GeneratorModule",
    sequences: Sequences,
    unknown: int | None,
    draws: int = 0,
    progress: Progress = SILENT,
) -> tuple[Likelihood, str]:
    """The likelihood of sequences under any generator, and what the signature says of how it came about.

    Args:
        generator: one that steps is read under teacher forcing; with noise in its state, or if it makes all positions
            at once, its distributions are averaged over draws of the noise.
        sequences: on its device.
        unknown: id of the unknown symbol; None where all ids are ordinary tokens.
        draws: how many; by default what the averaging has.
        progress: where to report: a large vocabulary takes a second and more for each draw.
    """
    if not is_averaged(generator):
        return held_out_likelihood(stepping(generator), sequences, unknown), ""
    draws = draws or (DRAWS if makes_all_at_once(generator) else STEPPING_DRAWS)
    rng = torch.Generator(sequences.tokens.device).manual_seed(0)
    noise = getattr(generator, "state_noise", 0.0)
    likelihood = averaged_likelihood(
        generator, sequences, unknown, rng=rng, draws=draws, state_noise=noise, progress=progress
    )
    of_what = ", of whole sentences" if getattr(generator, "drawn", False) else ""
    return likelihood, f"|mean of {draws} draws of the noise{of_what}"


def grammar_of(text: Text) -> Grammar | None:
    """The grammar that an embedded corpus was drawn from; None for other text."""
    return load_grammar(text.corpus.name) if text.corpus.name in embedded_corpora() else None


def grammar_entries(sentences: Sequence[Sequence[str]], grammar: Grammar, *, intervals: bool = True) -> list[Entry]:
    """The share of sentences that the grammar makes, and the mean log-probability per token of those."""
    log_probs = [grammar.log_probability(sentence) for sentence in sentences]
    parsed = [(value, len(tokens)) for value, tokens in zip(log_probs, sentences, strict=True) if value > -torch.inf]
    tokens = sum(length for _, length in parsed)
    signature = f"grammar|hyps:{len(sentences)}|tok:words|{SIGNATURE_END}|grammar-id:{text_id([grammar.text])}"
    share = share_entry("grammatical", [value > -torch.inf for value in log_probs], signature, intervals=intervals)
    mean = sum(value for value, _ in parsed) / tokens if tokens else math.nan
    note = "" if tokens else undefined("no sample parses")
    of_parsed = f"nats per token of {len(parsed)} that parse|{signature}"
    return [share, entry_of("grammar-log-prob", mean, of_parsed, note=note)]


def judge_while_training(
    generator: "GeneratorModule", text: Text, count: int, seed: int, samples_folder: Path | None = None
) -> Callable[[int], dict[str, float]]:
    """What `train_adversarially` logs every few rounds: held-out likelihood, and metrics of fresh samples.

    Judged against the validation split, so that the test split plays no part in any choice. The samples have random
    numbers of their own: watching a training does not change it.

    Args:
        generator: the one in training.
        text: what it is trained on.
        count: sentences to sample each time.
        seed: of the samples.
        samples_folder: where each time's samples are written; nowhere without it.
    """
    device = next(generator.parameters()).device
    valid = text.valid.to(device)
    grammar = grammar_of(text)

    def judge(rounds: int) -> dict[str, float]:
        sentences = generate_sentences(
            generator,
            count,
            text.max_length,
            text.tokenizer,
            text.vocabulary,
            rng=torch.Generator(device).manual_seed(seed),
            all_symbols=text.vocabulary.unseen is None,  # a run made before goes on being judged as it was
        )
        if samples_folder is not None:
            try:
                samples_folder.mkdir(exist_ok=True)
            except OSError as error:
                raise cannot_write(samples_folder, error) from error
            lines = "".join(f"{sentence}\n" for sentence in sentences)
            write_file(samples_folder / f"round-{rounds:06}.txt", lines)
        names = watched("sentences")
        # Reading it takes a while, and few of them need it.
        training = text.corpus.train if any(every_metric()[name].reads_training for name in names) else None
        report = judge_sentences(
            sentences, text.corpus.valid, training, text.tokenizer, tuple(names), grammar, intervals=False
        )
        # All positions at once cost so little that they are averaged as in the table.
        draws = DRAWS if makes_all_at_once(generator) else WATCHING_DRAWS
        values = {"eval/nll": likelihood_of(generator, valid, text.vocabulary.unknown, draws)[0].nll_per_token}
        values |= logged(report, [name for numbers in names.values() for name in numbers])
        if text.tokenizer.name == "characters":
            # As many of each, and cut as the model learns them: the divergence depends on both.
            real = as_read(text, text.valid, len(text.corpus.valid))[:count]
            values |= watched_characters(sentences[: len(real)], text)
            if rounds == 0:
                values |= {f"{name}-floor": value for name, value in watched_characters(real, text).items()}
        return values

    return judge


def watched_characters(sentences: Sequence[str], text: Text) -> dict[str, float]:
    """Divergences of character n-grams from the training text, as the WGAN-GP authors watch them.

    They grow as the number of sentences falls: compare with those of as many real sentences, the floor.
    """
    names = watched("characters")
    train = as_read(text, text.train, len(text.corpus.train))
    report = judge_sentences(sentences, train, None, text.tokenizer, tuple(names), intervals=False)
    return logged(report, [name for numbers in names.values() for name in numbers])


def logged(report: Report, names: Sequence[str]) -> dict[str, float]:
    """Numbers of a report as a log has them; those that are not defined are left out: null is what is not finite."""
    return {f"eval/{entry.name}": entry.value for entry in report if entry.name in names and entry.value is not None}


def as_read(text: Text, sequences: AnySequences, most: int) -> list[str]:
    """The sentences of a split as a model learns them: cut to the greatest length, unknown tokens as such.

    Args:
        text: that has the split.
        sequences: the split.
        most: sentences that are wanted; of a text on the disk its sample has so many, in memory it is all.
    """
    tokens = sequences.some(most).tokens
    return [line_of(text.tokenizer, text.vocabulary.decode(ids)) for ids in tokens.tolist()]
