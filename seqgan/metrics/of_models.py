"""Records of metrics whose computing takes a model, a grammar, sources or a generator: what they are. How they are
computed is in the evaluation layer; this package needs NumPy alone.
"""

from seqgan.metrics.metric import OF_MODELS, Metric, Use

FEWEST = 10
"""Texts of either kind that an evaluator needs."""

FRECHET = Metric("frechet", needs=("references", "real", "judge"), direction=-1, others={"frechet-root": -1})
MAUVE = Metric("mauve", needs=("references", "real", "judge"), direction=1, others={"mauve-smoothed": 1})
EMB_SIM = Metric("emb-sim", needs=("references", "judge"), direction=1)
LM_SCORE = Metric("lm-score", needs=("real", "judge"), direction=-1)
REVERSE_LM_SCORE = Metric(
    "reverse-lm-score", needs=("references", "real", "judge"), direction=-1, others={"reverse-lm-score-std": 0}
)
ADVERSARIAL_SUCCESS = Metric(
    "adversarial-success",
    needs=("references", "judge"),
    direction=1,
    others={"adversarial-success-reliability-error": -1},
)
SACREBLEU = Metric(
    "sacrebleu",
    needs=("references", "characters", "aligned"),
    direction=1,
    of_real=False,
    answers=Use(usual=True, watched=("sacrebleu",)),
)
CHRF = Metric(
    "chrf",
    needs=("references", "characters", "aligned"),
    direction=1,
    of_real=False,
    answers=Use(usual=True, watched=("chrf",)),
)
NLL = Metric(
    "nll",
    needs=("references", "generator"),
    direction=-1,
    others={"perplexity": -1},
    of_real=False,
    sentences=Use(usual=True, watched=("nll",)),
    answers=Use(usual=True, watched=("nll",)),
)
GRAMMATICAL = Metric(
    "grammatical",
    needs=("grammar",),
    direction=1,
    others={"grammar-log-prob": 1},
    sentences=Use(usual=True, watched=("grammatical",)),
)
FITS = Metric("fits", needs=("sources",), direction=1, sentences=None, answers=Use(usual=True, watched=("fits",)))
ADVER_SUCCESS = Metric(
    "adver-success",
    needs=("references", "sources", "judge"),
    direction=1,
    others={"adver-success-error": -1},
    of_real=False,
    sentences=None,
    answers=Use(),
    least=2 * FEWEST,  # half of them are told from the other half, for its reliability
)
MACHINE_VS_RANDOM = Metric(
    "machine-vs-random",
    needs=("references", "sources", "judge"),
    direction=1,
    sentences=None,
    answers=Use(),
    least=FEWEST,
)
RELEVANCE = Metric("relevance", needs=("sources", "judge"), direction=1, sentences=None, answers=Use(), least=FEWEST)

OF_MODELS |= {
    metric.name: metric
    for metric in (
        FRECHET,
        MAUVE,
        EMB_SIM,
        LM_SCORE,
        REVERSE_LM_SCORE,
        ADVERSARIAL_SUCCESS,
        SACREBLEU,
        CHRF,
        FITS,
        NLL,
        GRAMMATICAL,
        ADVER_SUCCESS,
        MACHINE_VS_RANDOM,
        RELEVANCE,
    )
}
