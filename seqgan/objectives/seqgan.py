"""SeqGAN: the probability of being real, averaged over Monte Carlo completions of each prefix, as a reward.

Source: Yu, Zhang, Wang, Yu 2017, "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient", AAAI
(arXiv:1609.05473), and the program that its authors published.

Implementation details, with their source:

1. The value of token t is the mean reward of 16 completions of the prefix that *includes* t; the last token's value
   is the reward of the finished sequence itself (paper, equation 4).
2. No baseline, no discount, no entropy bonus (paper and program; the program's fields for them are unused).
3. Completions come from the current generator. The paper speaks of a rollout policy copied after each round; in
   the program it shares the live generator's variables, so that the published numbers are of this form.
4. The discriminator scores with dropout off (program: keep probability 1 when scoring).
5. The generator's optimiser starts anew in the adversarial phase (program: its own Adam); gradients are clipped to
   a norm of 5.
6. Sequences that end are masked after their end symbol, in models, rewards and loss. The original has sequences
   of one fixed length and no end symbol; for such sequences nothing differs.
"""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import probability

SEQGAN = Sampled(probability, mean_advantages, binary_discriminator_loss, name="seqgan")
