"""Metrics by name: families of them, each a function of the same texts, with signatures that know what the tokens are;
and their records.

The numbers come from the files beside this one. What needs a model or a grammar is in the evaluation layer.
"""

import math
from collections.abc import Sequence

import numpy as np

from seqgan.metrics.bleu import Score, bleu_against_corpus, self_bleu
from seqgan.metrics.copying import copied_sentences, longest_copied
from seqgan.metrics.diversity import (
    Lengths,
    distinct_of_counts,
    entropy_of_counts,
    geometric_means,
    in_test_of_counts,
    jaccard_of_counts,
    js_of_counts,
    length_statistics,
    unique_estimates,
)
from seqgan.metrics.entries import (
    MEAN_INTERVAL,
    SHARE,
    UNBOUNDED,
    Texts,
    all_empty,
    blocks_of,
    entry_of,
    lacking,
    longest_of,
    mean_ends,
    mean_entries,
    orders_of,
    ratio_ends,
    references_of,
    score_entries,
    set_ends,
    set_interval,
    share_entry,
    signature_of,
    statistic_entries,
    training_of,
    undefined,
    with_interval,
)
from seqgan.metrics.metric import METRICS, Metric, Use
from seqgan.metrics.nearest import diversity_estimates, jaccard_novelty, nearest_training
from seqgan.metrics.ngram_model import (
    NgramModel,
    Spelling,
    fit_ngram_model,
    fit_spelling,
    ngram_log_probs,
    ngram_vocabulary,
    spelling_log_probs,
    unknown_share,
)
from seqgan.metrics.ngrams import Tokens
from seqgan.metrics.report import Entry
from seqgan.metrics.significance import (
    SAME,
    Ends,
    block_of,
    block_sizes,
    jackknife_error,
    student_quantile,
    unanimous_interval,
    wilson_interval,
)
from seqgan.metrics.specification import SIGNATURE_END

ORDERS = range(1, 5)
"""Of distinct, entropy, js and in-test."""
JACCARD_ORDERS = range(2, 6)
"""Greatest orders of ms-jaccard."""
PADDING = "\n"
"""Fills sentences up for js-padded, as the WGAN-GP authors' program fills lines up to one length."""


def _bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    references = references_of(texts, "bleu")
    score = bleu_against_corpus(texts.samples, references)
    return score_entries(
        "bleu", score, tokenization, intervals=intervals, hypotheses=texts.samples, references=references
    )


def _self_bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    score = self_bleu(texts.samples)
    entries = score_entries("self-bleu", score, tokenization, hypotheses=texts.samples)
    count = len(texts.samples)
    if not intervals or count < 3:
        return entries
    # Each sentence is a reference of all others: blocks are left out as hypotheses and as references.
    rows = [score, *(self_bleu(rest) for rest in _without_blocks(texts.samples, blocks_of(texts, intervals)))]
    with_ends = []
    for entry, order in zip(entries, score.values, strict=True):
        ends = set_ends(np.array([row.values[order] for row in rows]), count, SHARE)
        signature = with_interval(entry.signature, set_interval(len(rows) - 1))
        with_ends.append(entry_of(entry.name, _value(entry), signature, ends, entry.note))
    return with_ends


def _value(entry: Entry) -> float:
    return np.nan if entry.value is None else entry.value


def _without_blocks(sentences: Sequence[Tokens], blocks: int) -> list[list[Tokens]]:
    """The sentences without each block of them; with no blocks nothing."""
    if not blocks:
        return []
    block = block_of(len(sentences), blocks)
    return [
        [tokens for tokens, of in zip(sentences, block, strict=True) if of != number]
        for number in range(int(block.max()) + 1)
    ]


def _backward(texts: Texts, family: str) -> Score:
    score = bleu_against_corpus(references_of(texts, family), texts.samples)
    # Here the real sentences are the hypotheses, which the names of the counts would hide.
    return score._replace(signature=score.signature.replace("bleu|", "backward-bleu|refs are samples|", 1))


def _backward_bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    # The interval is of the choice of real sentences, with the samples held fixed.
    return score_entries(
        "backward-bleu",
        _backward(texts, "backward-bleu"),
        tokenization,
        intervals=intervals,
        hypotheses=references_of(texts, "backward-bleu"),
        references=texts.samples,
        names=("reference", "sample"),
    )


def _bleu_f1(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    references = references_of(texts, "bleu-f1")
    forward, backward = bleu_against_corpus(texts.samples, references), _backward(texts, "bleu-f1")
    what = f"harmonic mean of bleu and backward-bleu|refs:all {len(references)}"
    blocks = blocks_of(texts, intervals) if len(references) > 1 else 0
    how = "orders:2-5|weights:uniform|smooth:method1|bp:closest" + (set_interval(blocks) if blocks else "")
    signature = f"{what}|hyps:{len(texts.samples)}|{how}|tok:{tokenization}|{SIGNATURE_END}"
    # Either text is left out in both of its parts, as hypotheses and as references.
    without_samples = [bleu_against_corpus(references, rest) for rest in _without_blocks(texts.samples, blocks)]
    without_real = [bleu_against_corpus(texts.samples, rest) for rest in _without_blocks(references, blocks)]
    entries = []
    for row, order in enumerate(forward.values):
        value = float(_harmonic_mean(np.array(forward.values[order]), np.array(backward.values[order])))
        lacks = (lacking(texts.samples, order), lacking(references, order, "reference"))
        if any(lacks):
            entries.append(entry_of(f"bleu-f1-{order}", np.nan, signature, note=undefined(*lacks)))
            continue
        ends = None
        if blocks:
            left_out = [
                _harmonic_mean(
                    _left_out_means(score.sentences[row], len(rest)), np.array([each.values[order] for each in rest])
                )
                for score, rest in ((forward, without_samples), (backward, without_real))
            ]
            ends = _ends_of_both(value, left_out, (len(texts.samples), len(references)))
        entries.append(entry_of(f"bleu-f1-{order}", value, signature, ends))
    return entries


def _left_out_means(values: np.ndarray, blocks: int) -> np.ndarray:
    """Means of all values but one block's, for each block. [sentences] -> [blocks]"""
    block = block_of(len(values), blocks)
    sizes = np.bincount(block)
    return (values.sum() - np.bincount(block, values)) / (len(values) - sizes)


def _ends_of_both(value: float, left_out: Sequence[np.ndarray], counts: tuple[int, int]) -> Ends | None:
    """The interval of a statistic of two independent sets, from what it is without each block of either."""
    errors = [
        jackknife_error(value, each, block_sizes(count, len(each)))
        for each, count in zip(left_out, counts, strict=True)
    ]
    error = math.hypot(*errors)
    if error <= SAME:
        return unanimous_interval(value, min(counts), SHARE)
    half = student_quantile(0.975, min(map(len, left_out)) - 1) * error
    return max(SHARE[0], value - half), min(SHARE[1], value + half)


def _harmonic_mean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    total = first + second
    return 2 * first * second / np.where(total > 0, total, 1.0)


def _distinct(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"distinct n-grams/all n-grams|{orders_of(ORDERS)}"
    return statistic_entries(
        "distinct", distinct_of_counts, what, texts, tokenization, intervals, orders=ORDERS, compared=False
    )


def _entropy(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"entropy of n-gram frequencies|nats|smooth:none|{orders_of(ORDERS)}"
    # Of so many n-grams it is greatest where all differ.
    most = float(np.log(max(1, sum(map(len, texts.samples)))))
    return statistic_entries(
        "entropy",
        entropy_of_counts,
        what,
        texts,
        tokenization,
        intervals,
        orders=ORDERS,
        compared=False,
        bounds=(0.0, most),
    )


def _unique(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    blocks = blocks_of(texts, intervals)
    count = len(texts.samples)
    shares = unique_estimates(texts.samples, blocks)
    value, ends = float(shares[0]), None
    if blocks:
        # Few repeats come in as rare events do, which no block shows: the wider of the two intervals.
        of_blocks, of_events = set_ends(shares, count, SHARE), wilson_interval(round(value * count), count)
        assert of_blocks is not None  # some sentence is always left
        ends = min(of_blocks[0], of_events[0]), max(of_blocks[1], of_events[1])
    interval = f"|interval:wider of wilson and jackknife 95% {blocks} blocks" if blocks else ""
    return [entry_of("unique", value, signature_of("distinct sentences/all", texts, tokenization, interval), ends)]


def _copied(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "copied")
    what = f"share that are training sentences|training:{len(training)}"
    copied = copied_sentences(texts.samples, training)
    entry = share_entry("copied", copied, signature_of(what, texts, tokenization), intervals=intervals)
    return [entry._replace(note=all_empty(texts, _value(entry)))]


def _longest_copied(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "longest-copied")
    what = f"mean tokens of the longest n-gram in the training text|training:{len(training)}"
    longest, bounds = longest_copied(texts.samples, training), (0.0, float(max(1, longest_of(texts.samples))))
    return mean_entries("longest-copied", longest, what, texts, tokenization, intervals, bounds)


def _nearest_training(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "nearest-training")
    what = f"mean edits to the nearest training sentence/longer length|training:{len(training)}"
    shares = nearest_training(texts.samples, training).share
    return mean_entries("nearest-training", shares, what, texts, tokenization, intervals)


def _novelty(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "novelty")
    what = f"mean of 1 - greatest jaccard of token sets to a training sentence|training:{len(training)}"
    return mean_entries("novelty", jaccard_novelty(texts.samples, training), what, texts, tokenization, intervals)


def _diversity(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"mean of 1 - greatest jaccard of token sets to another sentence|others:{len(texts.samples) - 1}"
    # Each sentence is compared with all others: two are needed when a block is left out.
    blocks = blocks_of(texts, intervals) if len(texts.samples) > 2 else 0
    row = diversity_estimates(texts.samples, blocks)
    ends = set_ends(row, len(texts.samples), SHARE) if blocks else None
    signature = signature_of(what, texts, tokenization, set_interval(blocks) if blocks else "")
    return [entry_of("diversity", float(row[0]), signature, ends, all_empty(texts, float(row[0])))]


def _length(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    lengths = length_statistics(texts.samples)
    signature = signature_of("tokens a sentence, without the end", texts, tokenization)
    entries = [Entry(f"length-{name}", float(value), signature) for name, value in lengths._asdict().items()]
    if intervals:
        ends = mean_ends(np.array([len(tokens) for tokens in texts.samples], np.float64), UNBOUNDED)
        entries[0] = entry_of("length-mean", lengths.mean, with_interval(signature, MEAN_INTERVAL), ends)
    return entries


def _js(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"js of n-gram frequencies|bits|smooth:none|{orders_of(ORDERS)}|padding:none"
    return statistic_entries("js", js_of_counts, what, texts, tokenization, intervals, orders=ORDERS)


def _js_padded(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    references = references_of(texts, "js-padded")
    length = longest_of(references)
    what = (
        f"js of n-gram frequencies|bits|smooth:none|{orders_of(ORDERS)}"
        f"|padded and cut:{length} tokens, the longest reference's"
    )
    filled = texts._replace(samples=padded(texts.samples, length), references=padded(references, length))
    entries = statistic_entries("js-padded", js_of_counts, what, filled, tokenization, intervals, orders=ORDERS)
    # All lines are then as long as the longest reference, which alone decides what is not defined.
    notes = [undefined(lacks) if (lacks := lacking(references, order, "reference")) else "" for order in ORDERS]
    return [
        entry._replace(note=note or (entry.note if entry.value is not None and math.isfinite(entry.value) else ""))
        for entry, note in zip(entries, notes, strict=True)
    ]


def padded(sentences: Sequence[Tokens], length: int) -> list[Tokens]:
    """Sentences of `length` tokens each: longer ones cut, shorter ones filled up with a symbol that no line holds."""
    return [[*tokens[:length], *[PADDING] * (length - len(tokens))] for tokens in sentences]


def _in_test(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"share of n-grams in refs|{orders_of(ORDERS)}"
    return statistic_entries("in-test", in_test_of_counts, what, texts, tokenization, intervals, orders=ORDERS)


def _ms_jaccard(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = "ms-jaccard of n-gram counts per sentence|smooth:none|orders:1-N"
    return statistic_entries(
        "ms-jaccard",
        jaccard_of_counts,
        what,
        texts,
        tokenization,
        intervals,
        orders=JACCARD_ORDERS,
        combine=geometric_means,
    )


NGRAM_MODEL_ORDER = 5
"""Greatest order of the n-gram models."""


def _ngram_lm_score(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "ngram-lm-score")
    model = fit_ngram_model(training, order=NGRAM_MODEL_ORDER)
    what = f"nats per token under {_model_name(model)} of the training text|training:{len(training)}"
    signature = _model_signature(what, model, "spelt", texts, tokenization, intervals)
    lacks = (lacking(texts.samples, 2), lacking(training, 2, "training sentence"))
    spelling = None if any(lacks) else fit_spelling(training, model.vocabulary)
    return _per_token("ngram-lm-score", model, spelling, texts.samples, signature, lacks, intervals)


def _reverse_ngram_lm_score(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = training_of(texts, "reverse-ngram-lm-score")
    references = references_of(texts, "reverse-ngram-lm-score")
    # The vocabulary is that of the real text: a system must not choose which words it is asked for.
    vocabulary = ngram_vocabulary(training)
    model = fit_ngram_model(texts.samples, vocabulary, NGRAM_MODEL_ORDER)
    what = f"nats per token of refs under {_model_name(model)} of the samples|refs:all {len(references)}"
    how = f"scored, {unknown_share(references, vocabulary):.2%} of refs"
    signature = _model_signature(what, model, how, texts, tokenization, intervals)
    lacks = (lacking(references, 2, "reference"), lacking(training, 2, "training sentence"))
    # The interval is of the choice of real sentences, with the samples held fixed.
    return _per_token("reverse-ngram-lm-score", model, None, references, signature, lacks, intervals)


def _model_name(model: NgramModel) -> str:
    return f"interpolated kneser-ney {model.order}-grams"


def _model_signature(
    what: str, model: NgramModel, unknown: str, texts: Texts, tokenization: str, intervals: bool
) -> str:
    how = f"|end:counted|unknown:{unknown}|vocabulary:{model.symbols} of training"
    return signature_of(what + how, texts, tokenization, MEAN_INTERVAL if intervals else "")


def _per_token(
    name: str,
    model: NgramModel,
    spelling: Spelling | None,
    scored: Sequence[Tokens],
    signature: str,
    lacks: Sequence[str],
    intervals: bool,
) -> list[Entry]:
    """Nats per token; not defined where lines are single words, which no word before them makes likely or not."""
    log_probs, tokens = ngram_log_probs(model, scored)
    if any(lacks):
        return [entry_of(name, np.nan, signature, note=undefined(*lacks))]
    if spelling is not None:
        log_probs = log_probs + spelling_log_probs(spelling, scored)
    ends = ratio_ends(-log_probs, tokens) if intervals else None
    return [entry_of(name, float(-log_probs.sum() / tokens.sum()), signature, ends)]


METRICS.update(
    (metric.name, metric)
    for metric in (
        Metric(
            "bleu",
            _bleu,
            ("references",),
            1,
            others={"corpus-bleu": 1},  # of `corpus_bleu`
            sentences=Use(usual=True, watched=("bleu-2", "bleu-4")),
        ),
        Metric(
            "self-bleu", _self_bleu, direction=-1, sentences=Use(usual=True, watched=("self-bleu-2", "self-bleu-4"))
        ),
        Metric("backward-bleu", _backward_bleu, ("references",), 1, sentences=Use(usual=True)),
        Metric("bleu-f1", _bleu_f1, ("references",), 1),
        Metric(
            "distinct",
            _distinct,
            direction=1,
            sentences=Use(usual=True, watched=("distinct-2",)),
            answers=Use(usual=True, watched=("distinct-2",)),
        ),
        Metric("entropy", _entropy, direction=1),
        Metric(
            "unique",
            _unique,
            direction=1,
            sentences=Use(usual=True),
            answers=Use(usual=True, watched=("unique",)),
        ),
        Metric("copied", _copied, ("training",), -1, sentences=Use(usual=True), answers=Use(usual=True)),
        Metric("longest-copied", _longest_copied, ("training",), -1),
        Metric("nearest-training", _nearest_training, ("training",), 1),
        Metric("novelty", _novelty, ("training",), 1),
        Metric("diversity", _diversity, direction=1),
        Metric(
            "length",
            _length,
            others=dict.fromkeys((f"length-{name}" for name in Lengths._fields), 0),
            sentences=Use(usual=True),
            answers=Use(usual=True),
        ),
        Metric(
            "js",
            _js,
            ("references",),
            -1,
            cut=True,
            characters=Use(watched=tuple(f"js-{order}" for order in ORDERS)),
        ),
        Metric("js-padded", _js_padded, ("references",), -1, cut=True),
        Metric("in-test", _in_test, ("references",), 1, cut=True),
        Metric("ms-jaccard", _ms_jaccard, ("references",), 1),
        Metric("ngram-lm-score", _ngram_lm_score, ("training",), -1),
        Metric("reverse-ngram-lm-score", _reverse_ngram_lm_score, ("references", "training"), -1),
    )
)
