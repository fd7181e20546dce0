"""Bad inputs of the metrics, for those who call them from Python."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from bad_inputs.cases import EITHER, Case
from seqgan import metrics

SENTENCES = [["a", "b", "c"], ["a", "c"], ["b", "b", "a", "c", "d"]]
ONE = ("self_bleu", "distinct", "unique_share", "ngram_entropy", "length_statistics", "jaccard_diversity")
TWO = (
    *("bleu_against_corpus", "corpus_bleu", "js_divergence", "ms_jaccard", "copied_share", "longest_copied"),
    *("jaccard_novelty", "nearest_training", "in_test_share"),
)
BAD: dict[str, object] = {
    "nothing": [],
    "None": None,
    "a number": 3,
    "a string": "a b c",
    "strings": ["a b c", "a c"],
    "bytes": [b"a b", b"c"],
    "numbers": [1, 2, 3],
    "None inside": [["a"], None],
    "a generator": "GENERATOR",
    "lists of lists of lists": [[["a"]], [["b"]]],
    "dictionaries": [{"a": 1}, {"b": 2}],
    "tokens that are lists": [[["a"], ["b"]], [["c"]]],
}
ODD: dict[str, object] = {
    "empty sentences": [[], [], []],
    "one empty sentence": [[], ["a"]],
    "one sentence": [["a", "b"]],
    "ids": [[1, 2, 3], [2, 3]],
    "NaN as a token": [[math.nan, 1.0], [2.0]],
    "an array": np.array([[1, 2], [3, 4]]),
    "tuples": [("a", "b"), ("c",)],
    "tokens of all kinds": [["a", 1, None, 2.5], ["b", ("c", "d")]],
    "surrogates": [["\ud800", "a"], ["b"]],
    "a long sentence": [["a", "b"] * 20_000, ["a"]],
}
ORDERS: dict[str, object] = {
    "0": 0,
    "-1": -1,
    "1": 1,
    "10 ** 9": 10**9,
    "10 ** 30": 10**30,
    "2.5": 2.5,
    "NaN": math.nan,
    "None": None,
    "a string": "4",
}


def cases() -> Iterator[Case]:
    for name in ONE:
        function = getattr(metrics, name)
        extra = (2,) if name in ("distinct", "ngram_entropy") else ()
        for what, value in {**BAD, **ODD}.items():
            yield _case(f"{name}: {what}", lambda f=function, v=value, e=extra: f(_made(v), *e), what)
    for name in TWO:
        function = getattr(metrics, name)
        extra = (2,) if name in ("js_divergence", "ms_jaccard", "in_test_share") else ()
        for what, value in {**BAD, **ODD}.items():
            yield _case(f"{name}: {what}", lambda f=function, v=value, e=extra: f(_made(v), SENTENCES, *e), what)
            yield _case(
                f"{name}: against {what}", lambda f=function, v=value, e=extra: f(SENTENCES, _made(v), *e), what
            )
    for what, order in ORDERS.items():
        for name in ("bleu_against_corpus", "corpus_bleu", "js_divergence", "ms_jaccard"):
            function = getattr(metrics, name)
            yield _case(f"{name}: order {what}", lambda f=function, o=order: f(SENTENCES, SENTENCES, o), "order")
        for name in ("self_bleu", "distinct", "ngram_entropy", "prepare_references"):
            function = getattr(metrics, name)
            yield _case(f"{name}: order {what}", lambda f=function, o=order: f(SENTENCES, o), "order")
    numbers: dict[str, object] = {
        "NaN": np.full((8, 3), np.nan),
        "infinity": np.full((8, 3), np.inf),
        "nothing": np.zeros((0, 3)),
        "one row": np.zeros((1, 3)),
        "one column too few": np.zeros((8, 2)),
        "one axis": np.zeros(8),
        "zeros": np.zeros((8, 3)),
    }
    good = np.arange(24.0).reshape(8, 3) % 5
    for what, value in numbers.items():
        for name in ("frechet_distance", "mauve", "embedding_similarity"):
            function = getattr(metrics, name)
            yield _case(f"{name}: {what}", lambda f=function, v=value: f(v, good), what, refused=what == "NaN")
            yield _case(f"{name}: against {what}", lambda f=function, v=value: f(good, v), what, refused=what == "NaN")
    for what, call in {
        "nll_per_token of nothing": lambda: metrics.nll_per_token(-1.0, 0),
        "nll_per_token of -1": lambda: metrics.nll_per_token(-1.0, -1),
        "perplexity of nothing": lambda: metrics.perplexity(0.0, 0),
        "perplexity beyond numbers": lambda: metrics.perplexity(-1e9, 1),
        "wilson of more successes": lambda: metrics.wilson_interval(5, 3),
        "wilson of no trial": lambda: metrics.wilson_interval(0, 0),
        "bootstrap of nothing": lambda: metrics.bootstrap_interval(np.zeros(0)),
        "bootstrap with NaN": lambda: metrics.bootstrap_interval(np.array([1.0, np.nan])),
        "bootstrap of two axes": lambda: metrics.bootstrap_interval(np.zeros((2, 2))),
        "confidence of 2": lambda: metrics.bootstrap_interval(np.arange(9.0), confidence=2.0),
        "confidence of NaN": lambda: metrics.bootstrap_interval(np.arange(9.0), confidence=math.nan),
        "mauve without a seed": lambda: metrics.mauve(good, good, seeds=()),
        "an n-gram model of nothing": lambda: metrics.fit_ngram_model([], metrics.ngram_vocabulary([])),
        "sacreBLEU of unequal lists": lambda: metrics.sacrebleu_entry(["a"], ["a", "b"]),
        "sacreBLEU of nothing": lambda: metrics.sacrebleu_entry([], []),
        "sacreBLEU of token lists": lambda: metrics.sacrebleu_entry([["a"]], [["a"]]),
        "chrF of nothing": lambda: metrics.chrf_entry([], []),
        "a report from a list": lambda: metrics.Report.from_json([]),
        "a report of text for numbers": lambda: metrics.Report.from_json({"bleu-2": {"value": "x", "signature": 3}}),
    }.items():
        yield _case(what, call, "")


def _case(name: str, call: Callable[[], object], what: str, refused: bool = False) -> Case:
    return Case("metric input", name, lambda _: None, call, (2,) if refused or what in BAD else EITHER)


def _made(value: object) -> object:
    return (sentence for sentence in SENTENCES) if isinstance(value, str) and value == "GENERATOR" else value
