"""Which of the settings that algorithms share an algorithm reads: what would change nothing is refused."""

from seqgan.algorithm_settings import shared_settings
from seqgan.errors import ConfigError
from seqgan.objectives.algorithm import Algorithm, FixedGenerator, Relaxed, Sampled, SelfPlay
from seqgan.settings.adversarial import AdversarialConfig

OF_REWARDS = (
    *("credit", "rollouts", "memory", "rollout_precision", "rollout_update_rate", "discount", "group_size"),
    *("real_prefix", "real_prefix_step", "real_prefix_rounds", "baseline", "baseline_value", "critic_learning_rate"),
    *("entropy_bonus", "standardize", "kl_weight", "kl_estimator", "discriminator_share", "control"),
    *("discriminator_stop", "label_smoothing", "replay_share", "warmup_optimizer", "warmup_patience"),
)
"""Settings of algorithms that reward samples."""
OF_RELAXATION = ("curriculum_rounds", "variable_length", "teacher_helping", "discriminator_surge")
"""Settings of algorithms on relaxed samples."""
OF_GENERATORS = (
    *("generator_steps", "generator_learning_rate", "clip_norm", "teacher_forcing_steps"),
    *("on_collapse", "warmup_steps", "warmup_accuracy", "warmup_pool", "warmup_epochs"),
)
"""Settings of algorithms whose generator learns, and of a discriminator that is trained before it does."""
OF_DISCRIMINATORS = (
    *("discriminator_steps", "weight_clamp", "output_decay", "warmup_steps", "warmup_accuracy", "warmup_pool"),
    *("warmup_epochs", "discriminator_pool", "discriminator_epochs", "discriminator_batch_size"),
    *("discriminator_learning_rate", "discriminator_clip_norm"),
)
"""Settings of algorithms with a discriminator."""
READ_BEFORE = ("discriminator_share", "discriminator_stop", "warmup_optimizer")
"""Settings that earlier versions let a run on relaxed samples begin with, though it reads none of them."""


def unread(algorithm: Algorithm) -> dict[str, str]:
    """The shared settings that an algorithm never reads, each with what it belongs to."""
    names: dict[str, str] = {}
    if not isinstance(algorithm, Relaxed):
        names |= dict.fromkeys(OF_RELAXATION, "algorithms on relaxed samples")
    if not isinstance(algorithm, Sampled):
        names |= dict.fromkeys(OF_REWARDS, "algorithms that reward samples")
    if isinstance(algorithm, FixedGenerator):
        names |= dict.fromkeys(OF_GENERATORS, "algorithms whose generator learns")
    if isinstance(algorithm, SelfPlay):
        names |= dict.fromkeys(OF_DISCRIMINATORS, "algorithms with a discriminator")
    return names


def check_used(config: AdversarialConfig, algorithm: Algorithm, *, resumed: bool = False) -> None:
    """That no setting is given which would change nothing. Some were not looked at in runs made before.

    Args:
        config: of both players.
        algorithm: the record.
        resumed: whether the run was begun before.

    Raises:
        ConfigError: one is; what it belongs to.
    """
    refuse_unread(config, algorithm, resumed=resumed)
    given = asked_for(config, algorithm)
    belongs = {
        "rollouts": (config.credit == "rollouts", "credit rollouts"),
        "memory": (config.credit == "rollouts", "credit rollouts"),
        "rollout_precision": (config.credit == "rollouts", "credit rollouts"),
        "baseline_value": (config.baseline == "constant", "baseline constant"),
        "critic_learning_rate": (config.baseline == "critic", "baseline critic"),
        "real_prefix_step": (config.real_prefix > 0, "real_prefix"),
        "real_prefix_rounds": (config.real_prefix > 0, "real_prefix"),
        "beta1": (config.optimizer == "adam", "optimizer adam"),
        "beta2": (config.optimizer == "adam", "optimizer adam"),
        "warmup_optimizer": (config.warmup_steps > 0, "a warm-up of the discriminator: warmup_steps"),
        "warmup_patience": (config.warmup_steps > 0, "a warm-up of the discriminator: warmup_steps"),
        "kl_estimator": (config.kl_weight > 0, "kl_weight"),
    }
    for name, (used, owner) in belongs.items():
        if not used and name in given:
            raise ConfigError(f"adversarial.{name} belongs to {owner} and would change nothing here: leave it out.")


def asked_for(config: AdversarialConfig, algorithm: Algorithm) -> set[str]:
    """The settings that somebody asked for: that are neither the general defaults nor the algorithm's."""
    defaults = AdversarialConfig(), shared_settings(algorithm)
    return {
        name
        for name in AdversarialConfig.__struct_fields__
        if all(getattr(config, name) != getattr(default, name) for default in defaults)
    }


def refuse_unread(config: AdversarialConfig, algorithm: Algorithm, *, resumed: bool = False) -> None:
    """That no setting is given which belongs to algorithms of another kind; arguments as of `check_used`.

    Raises:
        ConfigError: one is; what it belongs to.
    """
    given = asked_for(config, algorithm)
    for name, owner in unread(algorithm).items():
        allowed_before = isinstance(algorithm, SelfPlay) and name not in OF_RELAXATION
        if name not in given or (resumed and (name in READ_BEFORE or allowed_before)):
            continue
        raise ConfigError(
            f"adversarial.{name} belongs to {owner} and would change nothing here, for {algorithm.name}: leave it out."
        )
