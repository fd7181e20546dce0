"""A setting reaches a player, or is refused: every kind of generator and of discriminator, every setting of theirs."""

import copy

import msgspec
import pytest
import torch
from support.kinds import (
    CONDITIONAL_DISCRIMINATORS,
    CONDITIONAL_GENERATORS,
    ONE_SHOT_GENERATORS,
    PLAIN_DISCRIMINATORS,
    PLAIN_GENERATORS,
)
from support.tiny import tiny_text
from support.tiny_pairs import tiny_pairs

from seqgan.build import build_discriminator, build_generator
from seqgan.discriminators import DiscriminatorKind
from seqgan.errors import ConfigError
from seqgan.generators import GeneratorKind
from seqgan.objectives import ALGORITHMS
from seqgan.reached import check_reached
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.presets import PRESETS
from seqgan.settings.run import RunConfig
from seqgan.tensors.condition import context_of
from seqgan.training.optimizers import check_output_layer, make_discriminator_optimizer, update

JUDGES = [*sorted(PLAIN_DISCRIMINATORS), *sorted(CONDITIONAL_DISCRIMINATORS)]
WRITERS = [*sorted(PLAIN_GENERATORS), *sorted(ONE_SHOT_GENERATORS), *sorted(CONDITIONAL_GENERATORS)]
USUAL = {
    "generator": {"embedding_size": 12, "hidden_size": 12, "heads": 2, "dropout": 0.5, "noise_size": 5},
    "discriminator": {"embedding_size": 12, "hidden_size": 12, "heads": 2, "dropout": 0.5, "filters": 0.05},
}
SIZES = {"generator": GeneratorKind.sizes, "discriminator": DiscriminatorKind.sizes}
OTHER = {
    **{"embedding_size": 24, "hidden_size": 24, "layers": 2, "heads": 3, "dropout": 0.4, "tied": True},
    **{"noise_size": 6, "filters": 0.1, "views": 4, "per_view": True, "per_token": True},
}
"""Another value of each setting."""


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return {False: tiny_text(tmp_path_factory.mktemp("text")), True: tiny_pairs(tmp_path_factory.mktemp("pairs"))}


def built(texts, player, kind, **settings):
    """A player of a kind, whose weights do not depend on anything but its sizes."""
    text = texts[kind in {**CONDITIONAL_GENERATORS, **CONDITIONAL_DISCRIMINATORS}]
    values = {"name": kind, **USUAL[player], **settings}
    if player == "generator":
        config = GeneratorConfig(**values)
        return build_generator(config, text.vocabulary, text.max_length, 0, text.source_vocabulary), text
    config = DiscriminatorConfig(**values)
    more = (text.source_vocabulary, text.max_source_length)
    return build_discriminator(config, text.vocabulary, text.max_length, 0, *more), text


def said(player, text):
    """What a player says of a few sentences while it is trained."""
    batch = text.train
    rows = slice(0, 4)
    condition = None if batch.condition is None else batch.condition.select(rows)
    tokens, mask = batch.tokens[rows], batch.mask[rows]
    torch.manual_seed(0)
    player.train()
    if hasattr(player, "distributions"):
        return player.distributions(4, torch.Generator().manual_seed(0))
    context = context_of(player, condition)
    return player(tokens, context) if hasattr(player, "vocabulary_size") else player(tokens, mask, context)


def differ(texts, player, kind, name):
    """Whether a setting changes what a player is or says."""
    one, text = built(texts, player, kind)
    other, _ = built(texts, player, kind, **{name: OTHER[name]})
    shapes = [{key: value.shape for key, value in each.state_dict().items()} for each in (one, other)]
    if shapes[0] != shapes[1]:
        return True
    other.load_state_dict(one.state_dict())
    values = said(one, text), said(other, text)
    return values[0].shape != values[1].shape or not torch.allclose(*values)


def refused(player, kind, name):
    section = {"generator": GeneratorConfig, "discriminator": DiscriminatorConfig}[player](
        name=kind, **{name: OTHER[name]}
    )
    config = msgspec.structs.replace(RunConfig(), **{player: section})
    try:
        check_reached(player, config)
    except ConfigError:
        return True
    return False


@pytest.mark.parametrize(
    ("player", "kind", "name"),
    [("generator", kind, name) for kind in WRITERS for name in SIZES["generator"]]
    + [("discriminator", kind, name) for kind in JUDGES for name in SIZES["discriminator"]],
)
def test_a_setting_changes_a_player_or_is_refused(texts, player, kind, name):
    assert refused(player, kind, name) != differ(texts, player, kind, name)


def test_no_size_is_left_out():
    beside = {
        "generator": {
            *("name", "path", "lora_rank", "lora_alpha", "architecture", "base"),
            *("state_noise", "greedy", "initial_std", "drawn"),
        },
        "discriminator": {
            *("name", "path", "lora_rank", "lora_alpha", "pooling", "architecture", "base", "opening", "closing")
        },
    }
    for player, section in (("generator", GeneratorConfig), ("discriminator", DiscriminatorConfig)):
        assert set(SIZES[player]) == set(section.__struct_fields__) - beside[player]


def test_what_an_algorithm_or_a_preset_says_is_no_mistake():
    for player in ("generator", "discriminator"):
        for algo, algorithm in ALGORITHMS.items():
            given = algorithm.defaults.get(player, {})
            check_reached(player, made(player, algo, {"name": "rnn" if player == "discriminator" else "lstm", **given}))
        for preset, settings in PRESETS.items():
            given = {"name": {"generator": "gru", "discriminator": "cnn"}[player], **settings.get(player, {})}
            check_reached(player, made(player, "seqgan", given), preset)
    with pytest.raises(
        ConfigError, match=r"heads is 8, and lstm has nothing .* --generator relational or transformer\.$"
    ):
        check_reached("generator", made("generator", "seqgan", {"name": "lstm", "heads": 8}))
    with pytest.raises(ConfigError, match="lora_alpha scales what adapters add, and there are none"):
        check_reached("generator", made("generator", "seqgan", {"name": "huggingface", "lora_alpha": 8}))


def made(player, algo, given):
    section = {"generator": GeneratorConfig, "discriminator": DiscriminatorConfig}[player](**given)
    return msgspec.structs.replace(RunConfig(), algorithm={"name": algo}, **{player: section})


# The penalty on the output layer.


def decayed(discriminator, **settings):
    """Names of the parameters that an update without a gradient shrinks."""
    before = copy.deepcopy(dict(discriminator.named_parameters()))
    optimizer = make_discriminator_optimizer(AdversarialConfig(output_decay=0.2, **settings), discriminator)
    update(discriminator, optimizer, 0.0 * sum(parameter.sum() for parameter in discriminator.parameters()))
    return {name for name, value in discriminator.named_parameters() if (value.abs() < before[name].abs()).any()}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("kind", JUDGES)
def test_the_output_layer_of_every_discriminator_is_decayed_and_nothing_else(texts, kind, optimizer):
    discriminator, _ = built(texts, "discriminator", kind)
    torch.nn.init.ones_(discriminator.output.bias)
    prefix = "fit." if kind.startswith("two-tower") else ""
    expected = {f"{prefix}output.weight", f"{prefix}output.bias"}
    assert decayed(discriminator, optimizer=optimizer) == expected
    # Runs made before: what their optimisers hold is in this order.
    old = decayed(discriminator, optimizer=optimizer, decayed="named")
    assert old == (set() if prefix else expected)


def test_a_discriminator_without_an_output_layer_has_nothing_to_decay():
    judge = torch.nn.Sequential(torch.nn.Linear(2, 1))
    with pytest.raises(ConfigError, match=r"output_decay is 0.2 .* Sequential has no layer called output"):
        check_output_layer(AdversarialConfig(), judge)
    check_output_layer(AdversarialConfig(output_decay=0.0), judge)
