"""MaliGAN: maximum likelihood on an importance estimate of the data, made of the generator's own samples.

With an optimal discriminator, p_data(x) = D / (1 - D) * p_generator(x). The samples x_i, weighed by
w_i = D_i / (1 - D_i) over the sum of all, stand for the data, and the generator's likelihood of them is raised. It is
no reward maximisation: scaling all weights changes nothing, and the target is the data's distribution.

Source: Che, Li, Zhang, Hjelm, Li, Song, Bengio 2017, "Maximum-Likelihood Augmented Discrete Generative Adversarial
Networks" (arXiv:1702.07983).

Implementation details, with their source:

1. Weights are a softmax of logits. D / (1 - D) of a rounded probability is infinite when the discriminator is certain,
   which happens in re-implementations.
2. The baseline is in units of the mean weight and rises from 0 to 1 over the training. The paper subtracts b from
   weights that sum to one, which would make every coefficient negative at b = 1; with b / m instead (m samples) they
   sum to zero, which is the consistent reading. Re-implementations subtract 1 / m from the start.
3. With rollouts, the mean weight of each prefix's completions is normalised over the batch at each position (the
   paper's Monte Carlo form). With `credit: sequence`, a sequence has one weight (the basic form). The paper's sequences
   have one length; here one that has ended is its own completion and keeps its place in the sums.
4. Weights of different positions, or of different fixed prefixes, are never in one sum. In mixed training
   (`real_prefix`), the completions of each real prefix are a group of their own, and the prefix is learnt by maximum
   likelihood: the paper prints that term without its logarithm, and its objective has it.
5. The discriminator is trained against the policy that the samples come from, one step old at most, so that no
   further importance ratio is applied.
"""

from seqgan.objectives.advantages import importance_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import log_odds

MALIGAN = Sampled(
    log_odds,
    importance_advantages,
    binary_discriminator_loss,
    weighs=True,
    needs_log_odds=True,
    name="maligan",
    # A penalty on the output layer bends the log-odds that it learns from.
    defaults={"adversarial": {"baseline": "rising", "output_decay": 0.0}},
)
