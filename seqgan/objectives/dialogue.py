"""Adversarial dialogue: a discriminator of (context, response) pairs rewards responses, or each step of them.

Source: Li, Monroe, Shi, Jean, Ritter, Jurafsky 2017, "Adversarial Learning for Neural Dialogue Generation", EMNLP
(arXiv:1701.06547), and the program that its authors published.

Implementation details, with their source:

1. The reward is the probability that the response to its context is a human's. It comes in three ways, by
   `adversarial.credit`: `sequence` is the paper's plain REINFORCE; `rollouts` is "reward for every generation step"
   by the mean of 5 completions; `prefix` is the same by a discriminator that was trained on prefixes, on exactly one of
   each response in an update, since prefixes of one response are too alike.
2. The baseline is learnt beside, by squared error. The program's is linear in the source's encoding and the same at
   all steps; here it reads the source and the tokens before each step, which leaves the expected gradient as it is.
3. After each policy gradient step the generator makes one maximum-likelihood step on the human responses to the same
   contexts: a reward of 1. The policy gradient alone says what is wrong and never what is right.
4. Real and generated responses that the discriminator is trained on share their contexts.
5. At its last token a response has the reward of the finished response; the program repeats there the completions'
   reward of the token before.
6. Training: 5 updates of the discriminator for 1 of the generator (paper, section 3.3). Sizes, learning rates and
   optimisers are the package's: the program's plain gradient descent with halved rates is for its own sizes.
"""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import probability

DIALOGUE = Sampled(
    probability,
    mean_advantages,
    binary_discriminator_loss,
    name="dialogue",
    defaults={
        "discriminator": {"name": "hierarchical"},
        "adversarial": {"rollouts": 5, "baseline": "critic", "teacher_forcing_steps": 1, "discriminator_steps": 5},
    },
)
