"""Sentences to vectors, for metrics on features. The model that makes them is part of a number's signature."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgan.errors import ConfigError, nearest
from seqgan.evaluation.language_models import BUDGET, Budget, LanguageModel, hidden_states
from seqgan.evaluation.sentence_models import refuse_foreign_model

FEATURES = ("lm", "lm-last")
"""Feature models that need no download: hidden states of a language model of the training text, their mean or last."""
SENTENCE_TRANSFORMERS = "sentence-transformers:"
"""What the name of a model of that library begins with."""
OwnFeatures = Callable[[list[str]], np.ndarray]
"""Sentences to one row of numbers each."""


class FeatureModel(NamedTuple):
    """What makes features, and what it is called in signatures."""

    name: str
    """The recipe."""
    featurize: Callable[[Sequence[str], Sequence[Sequence[str]]], np.ndarray]
    """Sentences, and the same as token lists, to features. [sentences, features]"""


def check_features_name(name: str) -> None:
    """That there is a feature model of this name, before work is spent.

    Raises:
        ConfigError: there is none, or its library is not installed.
    """
    if name.startswith(SENTENCE_TRANSFORMERS):
        _sentence_transformers()
        if name == SENTENCE_TRANSFORMERS:
            raise ConfigError(f"{name} names no model: expected for example {name}all-MiniLM-L6-v2.")
        folder = Path(name.removeprefix(SENTENCE_TRANSFORMERS))
        if folder.is_dir():
            refuse_foreign_model(folder)
    elif name not in FEATURES:
        raise ConfigError(
            f"No feature model is called {name!r}.{nearest(name, FEATURES)} Known: {', '.join(FEATURES)}, and "
            f"{SENTENCE_TRANSFORMERS}NAME where that library is installed."
        )


def _sentence_transformers() -> type:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ConfigError(
            "Features of sentence-transformers need that library, which is not installed: pip install "
            f"'seqgan[features]', or use {FEATURES[0]}, which needs none."
        ) from error
    return SentenceTransformer


def language_model_features(model: LanguageModel, trained_on: str, pooling: str = "mean") -> FeatureModel:
    """Hidden states of a language model.

    Args:
        model: trained on real text.
        trained_on: which, for the signature.
        pooling: "mean" or "last".
    """
    name = f"{pooling} hidden state of {model.budget} on {trained_on}"
    return FeatureModel(name, lambda _, tokens: hidden_states(model, tokens, pooling))


def sentence_transformers_features(name: str) -> FeatureModel:
    """Embeddings of a model of the sentence-transformers library, which may download it; a folder's is not asked for.

    Args:
        name: as `sentence-transformers:NAME` or `sentence-transformers:FOLDER`.

    Raises:
        ConfigError: the library is not installed, or the model cannot be loaded, or holds pickled weights or code.
    """
    check_features_name(name)
    place = name.removeprefix(SENTENCE_TRANSFORMERS)
    try:
        model = _sentence_transformers()(
            place,
            trust_remote_code=False,
            local_files_only=Path(place).is_dir(),
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the library raises whatever its many parts raise
        what = " ".join(str(error).split())[:200].rstrip(".")
        raise ConfigError(f"{name} cannot be loaded: {what}. Check its name and the network.") from error
    return FeatureModel(name, lambda lines, _: np.asarray(model.encode(list(lines), show_progress_bar=False)))


def own_features(function: OwnFeatures, name: str) -> FeatureModel:
    """Features of a function of one's own, which gets the sentences as lines.

    Args:
        function: sentences to an array [sentences, features].
        name: what it is, for the signature.
    """
    return FeatureModel(name, lambda lines, _: np.asarray(function(list(lines))))


__all__ = [
    "BUDGET",
    "FEATURES",
    "Budget",
    "FeatureModel",
    "check_features_name",
    "language_model_features",
    "own_features",
    "sentence_transformers_features",
]
