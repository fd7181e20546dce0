"""How sequences come out of any generator: sampling, relaxing and rollouts, written against the protocol alone."""

from seqgan.decoding.relaxed import RelaxedSamples, relaxed_sample
from seqgan.decoding.rollout import Reward, rollout
from seqgan.decoding.sampling import Samples, adjust_logits, sample, sample_tokens

__all__ = [
    "RelaxedSamples",
    "Reward",
    "Samples",
    "adjust_logits",
    "relaxed_sample",
    "rollout",
    "sample",
    "sample_tokens",
]
