"""The algorithms by their kinds."""

from seqgan.objectives import ALGORITHMS, Relaxed, Sampled

SAMPLED = {name: algorithm for name, algorithm in ALGORITHMS.items() if isinstance(algorithm, Sampled)}
RELAXED = {name: algorithm for name, algorithm in ALGORITHMS.items() if isinstance(algorithm, Relaxed)}
