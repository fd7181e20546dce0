"""CSGAN-NMT and BR-CSGAN: a conditional SeqGAN for translation, its reward mixed with sentence BLEU.

Source: Yang, Chen, Wang, Xu 2018, "Improving Neural Machine Translation with Conditional Sequence Generative
Adversarial Nets", NAACL (arXiv:1703.04887, of which the first version is CSGAN-NMT), and the program that its authors
published.

Implementation details, with their source:

1. The reward of a completion is share * (D(source, completion) - b) + (1 - share) * BLEU(completion, reference), its
   mean over 20 completions of each prefix; the finished sentence itself at its last token. b is 0.5 in the paper, 0.6
   in the program. The constant is subtracted as a baseline, share * b. BLEU is smoothed, and of the completed sentence.
2. At share 1 it is CSGAN-NMT; at share 0 no discriminator is trained, and the training is by BLEU alone, akin to
   minimum risk training. The best shares of the paper are 0.7 (recurrent) and 0.8 (Transformer).
3. After each policy gradient step the generator makes one maximum-likelihood step on the same sentences. The paper's
   first version calls this professor forcing; described and programmed is teacher forcing.
4. The discriminator is trained alone up to an accuracy of 0.82: weaker ones are noise, stronger ones give no signal.
   That with Adam, all that follows with RMSProp. Its weights are clamped after *each* update; the program does so at
   the first of each pool only.
5. The loss holds the logarithm of a token's probability; the program multiplies the probability itself.
6. Each completion has its own mask; the program cuts completions to the length of the sampled sentence.
"""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import probability

CSGAN_NMT = Sampled(
    probability,
    mean_advantages,
    binary_discriminator_loss,
    name="csgan-nmt",
    # Learning rates are for minutes and not days: the paper has a tenth of them.
    defaults={
        "discriminator": {"name": "two-tower-cnn"},
        "adversarial": {
            "rollouts": 20,
            "baseline": "constant",
            "baseline_value": 0.5,
            "discriminator_share": 0.7,
            "teacher_forcing_steps": 1,
            "optimizer": "rmsprop",
            "warmup_optimizer": "adam",
            "warmup_accuracy": 0.82,
            "weight_clamp": 1.0,
            "generator_learning_rate": 1e-4,
            "discriminator_learning_rate": 1e-3,
        },
    },
)
