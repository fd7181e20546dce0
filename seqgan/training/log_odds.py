"""What algorithms ask of the discriminator whose updates rest on its log-odds of data over generator."""

from seqgan.errors import ConfigError
from seqgan.objectives.algorithm import Sampled
from seqgan.settings.adversarial import AdversarialConfig

FEW_SAMPLES = 64
"""Fewer that are weighed against one another leave a bias of more than some hundredths of the gradient."""

BENDING = {
    "replay_share": "is of samples of earlier generators, against which a discriminator's logits are other log-odds",
    "label_smoothing": "bounds the logits, whose mean odds over samples are 0.80 at 0.1 where 1 is right",
    "weight_clamp": "bounds the discriminator's weights, and with them its logits",
}
"""Settings that bend log-odds, and how; measured in scripts/exact/bent_odds.py. None of them is on by default.
A decay of the output layer bends them too: it is 0 among these algorithms' defaults, 0.2 in `AdversarialConfig()`."""


def check_log_odds(config: AdversarialConfig, algorithm: Sampled) -> None:
    """That nothing bends the discriminator's logits where they are to be log-odds; asked before a run is made.

    Raises:
        ConfigError: something does.
    """
    if not algorithm.needs_log_odds:
        return
    usual = AdversarialConfig()
    for name, how in BENDING.items():
        if getattr(config, name) != getattr(usual, name):
            raise ConfigError(
                f"adversarial.{name} is {getattr(config, name):g}: it {how}, and this algorithm learns from the "
                "log-odds of data over the generator as it is: leave it out, or choose seqgan."
            )


def few_weights(config: AdversarialConfig, algorithm: Sampled) -> str | None:
    """What there is to say of weights that are normalised over few samples; None of others.

    The mean of a ratio is not the ratio of the means: the update is off by what the weights vary, over the number of
    samples (tests/objectives/test_estimators.py has the first order of it).
    """
    size = config.group_size or config.batch_size
    if not algorithm.weighs or size >= FEW_SAMPLES:
        return None
    return (
        f"Weights are normalised over {size} samples, which biases the update by an order of 1 in {size} of its size: "
        "with more of them (adversarial.group_size, batch_size) it is lower."
    )
