"""How sequences come out of any generator: sampling, searching, relaxing, rollouts; they know the protocol alone."""

from seqgan.decoding.beam_search import Hypotheses, beam_search, greedy_decode
from seqgan.decoding.best_of import best_of
from seqgan.decoding.guided import GuidedGenerator, guided_logits
from seqgan.decoding.relaxed import RelaxedSamples, relaxed_sample
from seqgan.decoding.resample import ResampledGenerator, resample
from seqgan.decoding.rollout import Reward, rollout
from seqgan.decoding.sampling import Samples, adjust_logits, sample, sample_tokens

__all__ = [
    "GuidedGenerator",
    "Hypotheses",
    "RelaxedSamples",
    "ResampledGenerator",
    "Reward",
    "Samples",
    "adjust_logits",
    "beam_search",
    "best_of",
    "greedy_decode",
    "guided_logits",
    "relaxed_sample",
    "resample",
    "rollout",
    "sample",
    "sample_tokens",
]
