"""How sequences come out of any generator: sampling and rollouts, written against the protocol alone."""

from seqgan.decoding.rollout import Reward, rollout
from seqgan.decoding.sampling import Samples, adjust_logits, sample, sample_tokens

__all__ = ["Reward", "Samples", "adjust_logits", "rollout", "sample", "sample_tokens"]
