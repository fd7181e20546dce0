"""Discrete sequence GANs: pretrain a generator, train it against a discriminator, sample, and judge.

    import seqgan

    run = seqgan.load("runs/captions/seqgan")
    run.sample(5, prefix="a man", temperature=0.9)
    seqgan.evaluate("runs/captions/seqgan")["bleu-4"].value
    seqgan.compare("runs/captions/seqgan", "runs/captions").sentence

Importing the package imports nothing else; what stands here is imported when it is first used. The parts have more:
`seqgan.metrics`, `seqgan.decoding`, `seqgan.objectives`, `seqgan.training`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqgan.data import load_corpus
    from seqgan.data.text import encode_corpus
    from seqgan.decoding import rollout, sample
    from seqgan.discriminators import DISCRIMINATORS, DiscriminatorKind
    from seqgan.errors import SeqganError
    from seqgan.evaluation import evaluate_generator
    from seqgan.generators import GENERATORS, GeneratorKind
    from seqgan.jobs.compare import compare
    from seqgan.jobs.evaluate import evaluate
    from seqgan.jobs.headroom import headroom
    from seqgan.jobs.load import load
    from seqgan.metrics import METRICS
    from seqgan.objectives import ALGORITHMS
    from seqgan.settings.adversarial import AdversarialConfig
    from seqgan.settings.pretrain import PretrainConfig
    from seqgan.training import pretrain, train_adversarially

__version__ = "0.1.0"

_PLACES = {
    "seqgan.settings.adversarial": ("AdversarialConfig",),
    "seqgan.settings.pretrain": ("PretrainConfig",),
    "seqgan.data": ("load_corpus",),
    "seqgan.data.text": ("encode_corpus",),
    "seqgan.decoding": ("rollout", "sample"),
    "seqgan.discriminators": ("DISCRIMINATORS", "DiscriminatorKind"),
    "seqgan.errors": ("SeqganError",),
    "seqgan.evaluation": ("evaluate_generator",),
    "seqgan.generators": ("GENERATORS", "GeneratorKind"),
    "seqgan.jobs.compare": ("compare",),
    "seqgan.jobs.evaluate": ("evaluate",),
    "seqgan.jobs.headroom": ("headroom",),
    "seqgan.jobs.load": ("load",),
    "seqgan.metrics": ("METRICS",),
    "seqgan.objectives": ("ALGORITHMS",),
    "seqgan.training": ("pretrain", "train_adversarially"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "ALGORITHMS",
    "DISCRIMINATORS",
    "GENERATORS",
    "METRICS",
    "AdversarialConfig",
    "DiscriminatorKind",
    "GeneratorKind",
    "PretrainConfig",
    "SeqganError",
    "compare",
    "encode_corpus",
    "evaluate",
    "evaluate_generator",
    "headroom",
    "load",
    "load_corpus",
    "pretrain",
    "rollout",
    "sample",
    "train_adversarially",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next time it is found without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
