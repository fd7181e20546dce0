"""Evaluation: from a generator to sentences, and from sentences to a report."""

from seqgan.evaluation.averaging import averaged_likelihood
from seqgan.evaluation.evaluate import evaluate_generator, held_out, judge_sentences, judge_while_training
from seqgan.evaluation.features import FeatureModel, own_features, sentence_transformers_features
from seqgan.evaluation.generate import generate_sentences
from seqgan.evaluation.likelihood import Likelihood, held_out_likelihood
from seqgan.evaluation.trained import Judges

__all__ = [
    "FeatureModel",
    "Judges",
    "Likelihood",
    "averaged_likelihood",
    "evaluate_generator",
    "generate_sentences",
    "held_out",
    "held_out_likelihood",
    "judge_sentences",
    "judge_while_training",
    "own_features",
    "sentence_transformers_features",
]
