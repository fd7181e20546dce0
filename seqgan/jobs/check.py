"""Whether players can be trained as their settings say; asked before anything is read."""

import msgspec

from seqgan.algorithm_settings import build_algorithm
from seqgan.discriminators import usual_discriminator
from seqgan.errors import ConfigError
from seqgan.model_settings import check_kinds, discriminator_kind, generator_kind, of_pairs
from seqgan.objectives import Relaxed, SelfPlay
from seqgan.reached import check_reached
from seqgan.runs.tensorboard import check_installed
from seqgan.settings.check import check
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.training.adversarial import check_settings
from seqgan.training.engine import choose_device


def check_pretrainable(config: GeneratorConfig) -> None:
    """That a generator has a likelihood to maximise.

    Raises:
        ConfigError: it has not, and why.
    """
    if generator_kind(config).at_once:
        raise ConfigError(
            f"{config.name} makes all positions at once from noise and has no likelihood to maximise: train it with "
            "seqgan adversarial --algo wgan-gp --corpus FILE, or choose another generator."
        )
    if config.state_noise or config.greedy:
        raise ConfigError(
            "generator.state_noise and generator.greedy are of generators that learn through relaxed samples alone: "
            "leave them out, or start from nothing with seqgan adversarial --algo gsgan --corpus FILE."
        )


def checked_settings(config: RunConfig) -> RunConfig:
    """The same settings, looked at as far as no text is needed, and those of an adversarial training.

    Raises:
        ConfigError: they are of a pretraining alone, or do not go together.
    """
    for name in ("algorithm", "adversarial", "discriminator"):
        if getattr(config, name) is None:
            raise ConfigError(
                f"The settings have no section {name!r}, which an adversarial training needs: take them from "
                "seqgan.algorithm_settings.with_algorithm, with a discriminator."
            )
    return check_kinds(check(config))


def check_players(
    config: RunConfig,
    *,
    conditional: bool,
    device: str = "auto",
    tensorboard: bool = False,
    preset: str | None = None,
    resumed: bool = False,
    from_nothing: bool = False,
) -> None:
    """That the players' settings go together and the device is there.

    A run that is gone on with may have settings that do nothing, which earlier versions let it begin with; and the
    generator's are those of another run, unless it starts from nothing.

    Args:
        config: all settings, those of an adversarial training among them.
        conditional: whether the text is one of pairs.
        device: where it is to compute.
        tensorboard: whether events are to be written for TensorBoard.
        preset: the name of the one that settings were taken from.
        resumed: whether a run is gone on with.
        from_nothing: whether the generator was not pretrained.

    Raises:
        ConfigError: they do not, and why.
    """
    assert config.algorithm is not None
    assert config.adversarial is not None
    assert config.discriminator is not None
    choose_device(device)
    if tensorboard:
        check_installed()
    algorithm = build_algorithm(config.algorithm)
    usual = DiscriminatorConfig()
    own = msgspec.structs.replace(config.discriminator, name=None)
    of_nobody = (None, *(usual_discriminator(conditional=pairs) for pairs in (False, True)))
    judged = config.discriminator.name not in of_nobody or own != usual
    if isinstance(algorithm, SelfPlay) and judged and not resumed:
        raise ConfigError(
            f"{algorithm.name} has no discriminator, and its kind or sizes are given: leave --discriminator "
            "and its settings out."
        )
    for player in () if resumed else ("discriminator", "generator") if from_nothing else ("discriminator",):
        check_reached(player, config, preset)
    if not discriminator_kind(config.discriminator).distributions and isinstance(algorithm, Relaxed):
        raise ConfigError(
            f"--discriminator {config.discriminator.name} reads texts, and {algorithm.name} shows it "
            "distributions over tokens: choose an algorithm on sampled text, or another discriminator."
        )
    check_settings(
        config.adversarial,
        algorithm,
        per_token=config.discriminator.per_token,
        per_view=config.discriminator.per_view,
        steps=not generator_kind(config.generator).at_once,
        drawn=config.generator.drawn,
        state_noise=config.generator.state_noise,
        greedy=config.generator.greedy,
        conditional=conditional,
        resumed=resumed,
    )


def reads_sources(config: RunConfig) -> bool:
    """Whether a text that was not read yet is one of pairs, as far as the settings tell."""
    return of_pairs(config) or config.data.source is not None or ".tsv" in config.data.corpus
