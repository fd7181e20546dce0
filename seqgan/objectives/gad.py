"""GAD: a pretrained generator against a discriminator that compares answers, with group baselines and a leash.

Source: "Black-Box On-Policy Distillation of Large Language Models" 2025 (generative adversarial distillation), whose
teacher's texts are the real ones here; Shao et al. 2024 (arXiv:2402.03300) for the advantages.

Implementation details, with their source:

1. The discriminator minimises -log sigmoid(F(real) - F(fake)), the Bradley-Terry model of a preference: only
   differences of its logits mean something. Pairs share their source, where there is one.
2. The reward is the logit itself, which keeps its order where the discriminator is certain.
3. Several samples of a source are compared with one another (`group_size`; the paper has 8). What is subtracted is the
   mean of the *others*, so that the update is unbiased before it is scaled; with the sample itself in the mean, as in
   the paper, it is the same times (S - 1) / S. Either removes whatever the discriminator adds to all answers of a
   source.
4. Advantages are divided by the deviation of the group (`standardize`). A group whose rewards are all but equal teaches
   nothing: dividing would blow up noise.
5. One update a batch: the ratio of the policy to the one that sampled is 1, and its clipping has nothing to do.
6. A penalty on the distance to the generator as maximum likelihood left it (`kl_weight`, `kl_estimator`; k3 as there).
7. Both players are warmed up: the generator by maximum likelihood, the discriminator on its samples. It is then trained
   in every round, on fresh samples: a frozen one is hacked after some hundreds.
"""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.relgan import relativistic_loss
from seqgan.objectives.rewards import log_odds

GAD = Sampled(
    log_odds,
    mean_advantages,
    relativistic_loss,
    compares=True,
    needs_log_odds=True,
    name="gad",
    # The paper's, but for learning rates (1e-6) and sizes: those are of models of billions of weights.
    defaults={
        "adversarial": {
            "credit": "sequence",
            "group_size": 8,
            "baseline": "leave-one-out",
            "standardize": True,
            "kl_weight": 0.001,
            "output_decay": 0.0,
            "discriminator_steps": 1,
        }
    },
)
