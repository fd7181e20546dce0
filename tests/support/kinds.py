"""The registries by kinds: algorithms by how the gradient arrives, players by the text that they are for."""

from seqgan.discriminators import DISCRIMINATORS
from seqgan.generators import GENERATORS
from seqgan.kinds import built_kinds
from seqgan.objectives import ALGORITHMS, Relaxed, Sampled

SAMPLED = {name: algorithm for name, algorithm in ALGORITHMS.items() if isinstance(algorithm, Sampled)}
RELAXED = {name: algorithm for name, algorithm in ALGORITHMS.items() if isinstance(algorithm, Relaxed)}
PLAIN_GENERATORS, ONE_SHOT_GENERATORS = (
    {name: kind for name, kind in built_kinds(GENERATORS, conditional=False).items() if kind.at_once == at_once}
    for at_once in (False, True)
)
CONDITIONAL_GENERATORS = built_kinds(GENERATORS, conditional=True)
PLAIN_DISCRIMINATORS = built_kinds(DISCRIMINATORS, conditional=False)
CONDITIONAL_DISCRIMINATORS = built_kinds(DISCRIMINATORS, conditional=True)
