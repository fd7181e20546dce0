"""What the records of kinds say is true of what they make, and settings are checked by it."""

import msgspec
import pytest
import torch

from seqgan.decoding.states import makes_all_at_once, stepping
from seqgan.discriminators import DISCRIMINATORS, usual_discriminator
from seqgan.errors import ConfigError, PlayerError
from seqgan.generators import GENERATORS, usual_generator
from seqgan.model_settings import check_kinds, of_pairs, with_common_settings
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.tensors.rows import disturb_rows

WRITERS = [name for name, kind in GENERATORS.items() if not kind.pretrained]
JUDGES = [name for name, kind in DISCRIMINATORS.items() if not kind.pretrained]
ROWS = 3
SOURCE = torch.tensor([[1, 2], [3, 1], [2, 2]]), torch.ones(ROWS, 2, dtype=torch.bool)


def made(kind, **sizes):
    symbols = {"vocabulary_size": 5, "source_vocabulary_size": 5, "max_length": 4, "views": 2}
    return kind(**kind.arguments({**symbols, "embedding_size": 8, "hidden_size": 8, "heads": 2, **sizes})).eval()


def context_of(kind, player):
    return player.encode(*SOURCE) if kind.source == "always" else None


@pytest.mark.parametrize("name", [*WRITERS, *JUDGES])
def test_a_source_is_read_or_refused(name):
    kind = {**DISCRIMINATORS, **GENERATORS}[name]
    player = made(kind)
    if hasattr(player, "distributions"):
        return
    given, other = (SOURCE, (None, None)) if kind.source == "always" else ((None, None), SOURCE)
    player.encode(*given)
    with pytest.raises((ConfigError, ValueError), match="source"):
        player.encode(*other)


@pytest.mark.parametrize("name", WRITERS)
def test_a_generator_makes_a_token_at_a_time_or_all_at_once(name):
    generator = made(GENERATORS[name])
    assert GENERATORS[name].at_once == hasattr(generator, "distributions")
    assert GENERATORS[name].at_once != hasattr(generator, "step")
    assert GENERATORS[name].at_once == makes_all_at_once(generator)
    if makes_all_at_once(generator):
        with pytest.raises(PlayerError, match="makes all positions at once, expected one that makes a token at a time"):
            stepping(generator)
    else:
        assert stepping(generator) is generator


@pytest.mark.parametrize("name", [name for name in WRITERS if GENERATORS[name].source == "never"])
def test_a_state_that_can_hold_noise_holds_numbers(name):
    """A first state of pairs is made of the source, and relaxed samples are of plain text alone."""
    kind = GENERATORS[name]
    if kind.at_once:
        assert not kind.state_noise
        return
    state, rng = made(kind).initial_state(ROWS), torch.Generator().manual_seed(0)
    if kind.state_noise:
        disturb_rows(state, 1.0, rng)
        return
    with pytest.raises(ValueError, match="holds nothing"):
        disturb_rows(state, 1.0, rng)


@pytest.mark.parametrize("name", WRITERS)
def test_sizes_of_tied_ones_are_equal_or_free(name):
    kind = GENERATORS[name]
    if not kind.takes("tied"):
        assert kind.tied_sizes is None
        return
    made(kind, tied=True)
    unequal = {"tied": True, "hidden_size": 12}
    if kind.tied_sizes is None:
        made(kind, **unequal)
        check_kinds(RunConfig(generator=GeneratorConfig(name=name, embedding_size=8, **unequal)))
        return
    with pytest.raises(ConfigError, match="make them equal"):
        made(kind, **unequal)
    with pytest.raises(ConfigError, match=r"embedding_size is 8 and generator\.hidden_size is 12: make them equal"):
        check_kinds(RunConfig(generator=GeneratorConfig(name=name, embedding_size=8, **unequal)))


@pytest.mark.parametrize("name", [*WRITERS, *JUDGES])
def test_heads_divide_the_size_that_the_record_names(name):
    kind = {**DISCRIMINATORS, **GENERATORS}[name]
    assert (kind.heads_divide is None) == (not kind.takes("heads"))
    if kind.heads_divide is None:
        return
    other = {"embedding_size": "hidden_size", "hidden_size": "embedding_size"}[kind.heads_divide]
    for fits, sizes in ((True, {kind.heads_divide: 9, other: 8}), (False, {kind.heads_divide: 8, other: 9})):
        section = {"generator": GeneratorConfig, "discriminator": DiscriminatorConfig}[kind.player]
        config = msgspec.structs.replace(RunConfig(), **{kind.player: section(name=name, heads=3, **sizes)})
        if fits:
            made(kind, heads=3, **sizes)
            check_kinds(config)
            continue
        with pytest.raises((ConfigError, AssertionError), match="head"):
            made(kind, heads=3, **sizes)
        with pytest.raises(ConfigError, match=f"heads is 3 and does not divide {kind.player}.{kind.heads_divide}, 8:"):
            check_kinds(config)


@pytest.mark.parametrize("name", JUDGES)
def test_a_logit_per_token_and_per_view_where_the_record_says_so(name):
    kind = DISCRIMINATORS[name]
    tokens = torch.tensor([[1, 2, 3, 4]] * ROWS)
    given = tokens, torch.ones_like(tokens, dtype=torch.bool)
    for setting, able, count in (("per_token", kind.per_token, 4), ("per_view", kind.views, 2)):
        config = RunConfig(discriminator=DiscriminatorConfig(name=name, **{setting: True}))
        if able:
            judge = made(kind, **{setting: True})
            assert judge(*given, context_of(kind, judge)).shape == (ROWS, count)
            check_kinds(config)
            continue
        with pytest.raises(ConfigError, match=f"{setting} "):
            check_kinds(config)


@pytest.mark.parametrize("name", JUDGES)
def test_distributions_are_read_where_the_record_says_so(name):
    kind = DISCRIMINATORS[name]
    judge = made(kind)
    tokens = torch.tensor([[1, 2, 3, 4]] * ROWS)
    mask = torch.ones_like(tokens, dtype=torch.bool)
    one_hot = torch.nn.functional.one_hot(tokens, 5).float()
    context = context_of(kind, judge)
    assert kind.distributions
    torch.testing.assert_close(judge(one_hot, mask, context), judge(tokens, mask, context))


def test_the_usual_kinds_are_for_their_text():
    for conditional in (False, True):
        assert GENERATORS[usual_generator(conditional=conditional)].reads(conditional=conditional)
        assert DISCRIMINATORS[usual_discriminator(conditional=conditional)].reads(conditional=conditional)


def test_settings_of_a_kind_that_reads_sources_are_of_pairs():
    assert not of_pairs(RunConfig())
    assert not of_pairs(RunConfig(generator=GeneratorConfig(name="huggingface")))
    assert of_pairs(RunConfig(generator=GeneratorConfig(name="huggingface-seq2seq")))
    assert of_pairs(RunConfig(discriminator=DiscriminatorConfig(name="two-tower-rnn")))


def test_what_an_algorithm_says_of_any_kind():
    said = with_common_settings({"generator": "gru", "discriminator": "rnn"})
    assert said == {"generator": ("gru", ["dropout", "state_noise"]), "discriminator": ("rnn", ["dropout"])}
    assert with_common_settings({"generator": "transformer"}) == {"generator": ("transformer", ["dropout"])}
    assert with_common_settings({"generator": "seq2seq-gru"}) == {"generator": ("seq2seq-gru", ["dropout"])}
    assert with_common_settings({"discriminator": "huggingface"}) == {"discriminator": ("huggingface", [])}


def test_a_kind_that_does_not_exist_is_told_at_once():
    with pytest.raises(ConfigError, match=r"No generator is called 'lstn'\. Did you mean 'lstm'\? Known: gru, hugg"):
        check_kinds(RunConfig(generator=GeneratorConfig(name="lstn")))
    with pytest.raises(ConfigError, match=r"No discriminator is called 'cnn2'\. Did you mean 'cnn'\?"):
        check_kinds(RunConfig(discriminator=DiscriminatorConfig(name="cnn2")))
