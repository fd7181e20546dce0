"""EmbSim: whether words stand to one another as they do in real text, by word vectors of each text's own."""

import math

import numpy as np
from numpy.typing import ArrayLike

from seqgan.errors import SeqganError

LEAST_SIMILARITY = 1e-6
"""What a mean similarity of nothing or less counts as, so that the logarithm stays finite."""


def embedding_similarity(real: ArrayLike, generated: ArrayLike) -> float:
    """Natural logarithm of the mean, over words, of the cosine of their rows of similarities in either text.

    W is the matrix of cosines of each two words' vectors in the real text, W' that in the generated one; the value is
    log of mean_i cos(W_i, W'_i). At most 0, which it is for equal similarities. Published numbers are mostly of
    Texygen, which takes the logarithm to base 10 and loses the order of the words on the way.

    Args:
        real: a vector for each word of a list, learnt from real text. [words, features]
        generated: vectors of the same words in the same order, learnt from the other text; those of a word that it
            lacks are zeros, which are similar to nothing. [words, features]

    Raises:
        SeqganError: unequal numbers of words, or none, or vectors that are not finite.

    Source: Zhu et al. 2018 (arXiv:1802.01886), section 3.2.
    """
    first, second = (np.asarray(vectors, dtype=np.float64) for vectors in (real, generated))
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second) or len(first) == 0:
        raise SeqganError(
            f"The vectors have the shapes {first.shape} and {second.shape}, but one row for each word of the same list "
            "was expected: [words, features]."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise SeqganError("The vectors hold what is no finite number: a cosine of it is not defined. Train them anew.")
    first, second = _cosines(first), _cosines(second)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    return min(0.0, math.log(max(LEAST_SIMILARITY, float(cosines.mean()))))


def _cosines(vectors: np.ndarray) -> np.ndarray:
    """Of each two rows; of rows of zeros 0. [N, D] -> [N, N]"""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1.0)
    return unit @ unit.T
