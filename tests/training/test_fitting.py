"""A player, a reward or a text that do not fit are told so at `pretrain` and `train_adversarially`, in one line."""

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn

from seqgan.data.corpus import Corpus
from seqgan.data.text import encode_corpus
from seqgan.discriminators import CNNDiscriminator, ManyViewDiscriminator, RNNDiscriminator
from seqgan.errors import PlayerError
from seqgan.fitting import ROWS
from seqgan.generators import GRUGenerator, LSTMGenerator, ResidualConvGenerator
from seqgan.objectives import GSGAN, RELGAN, SEQGAN, SPIN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.tensors.embedding import embed
from seqgan.training.adversarial import train_adversarially
from seqgan.training.fitting import check_learner, check_players, check_reward
from seqgan.training.pretrain import pretrain

TEXT = encode_corpus(Corpus("letters", ["a b c", "b a", "c c a b"] * 4, ["a b", "c"], [], []))
V, T = len(TEXT.vocabulary), TEXT.max_length  # the end, the unknown and three letters; four letters and the end


class Own(nn.Module):
    """A generator with the four methods and nothing else."""

    def __init__(self):
        super().__init__()
        self.vocabulary_size, self.start, self.end = V, V, 0
        self.embedding, self.cell, self.output = nn.Embedding(V + 1, 4), nn.GRUCell(4, 5), nn.Linear(5, V)

    def encode(self, source, source_mask):
        return None

    def initial_state(self, rows, context=None):
        return self.output.weight.new_zeros(rows, 5)

    def step(self, tokens, state):
        state = self.cell(
            embed(tokens, self.embedding.weight[:V] if tokens.dim() > 1 else self.embedding.weight), state
        )
        return self.output(state), state

    def read(self, previous):
        state, logits = self.initial_state(len(previous)), []
        for column in previous.unbind(1):
            scores, state = self.step(column, state)
            logits.append(scores)
        return torch.stack(logits, dim=1)

    def forward(self, tokens, context=None):
        return self.read(torch.cat([torch.full_like(tokens[:, :1], self.start), tokens[:, :-1]], dim=1))


class Judge(nn.Module):
    """A discriminator with two methods: the mean of a number for each symbol."""

    def __init__(self):
        super().__init__()
        self.numbers, self.output = nn.Embedding(V, 1), nn.Linear(1, 1)

    def encode(self, source, source_mask):
        return None

    def each(self, tokens, mask):
        return torch.where(mask, embed(tokens, self.numbers.weight).squeeze(-1), 0.0)

    def forward(self, tokens, mask, context=None):
        return self.output(self.each(tokens, mask).mean(dim=1, keepdim=True)).squeeze(1)


def changed(kind, **replaced):
    """A player some of whose methods and attributes are replaced."""
    methods = {name: value for name, value in replaced.items() if type(value).__name__ == "function"}
    torch.manual_seed(0)
    made = type("Mine", (kind,), methods)()
    for name in replaced.keys() - methods.keys():
        setattr(made, name, replaced[name])
    return made


def without_gradient(self, tokens, context=None):
    with torch.no_grad():
        return Own.forward(self, tokens, context)


LEARNERS = [
    (lambda: changed(Own, encode=None), r"Mine has no method encode, expected encode\(source, source_mask\)"),
    (lambda: changed(Own, forward=nn.Module.forward), r"Mine has no method forward, expected forward\(tokens \[B, T\]"),
    (lambda: changed(Own, step=None), "Mine has no method step"),
    (lambda: nn.DataParallel(Own()), "DataParallel has no method encode.*give the module that it wraps"),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: Own.forward(self, tokens)[..., :3]),
        rf"Mine gave logits of shape \[{ROWS}, 2, 3\] from forward, expected \[{ROWS}, 2, {V}\] \(rows, tokens, voc",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: Own.forward(self, tokens).transpose(1, 2)),
        rf"of shape \[{ROWS}, {V}, 2\] from forward, expected \[{ROWS}, 2, {V}\] .*: transpose its last two axes",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: Own.forward(self, tokens).sum(-1)),
        rf"of shape \[{ROWS}, 2\] from forward, expected \[{ROWS}, 2, {V}\]",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: (Own.forward(self, tokens), None)),
        "gave a tuple of 2 from forward, expected a tensor of shape",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens: Own.forward(self, tokens)),
        "forward of the generator Mine failed on ids from 0 to .*, with TypeError",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: Own.forward(self, tokens).softmax(-1)),
        "Mine gave probabilities from forward, the result of a softmax, expected logits",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: self.read(tokens)),
        "gave logits from forward that depend on the very token they are of",
    ),
    (
        lambda: changed(Own, forward=lambda self, tokens, context=None: Own.forward(self, tokens).flip(-1)),
        "gave other logits from forward at position 0 than from step",
    ),
    (lambda: changed(Own, forward=without_gradient), "gave logits without a gradient from forward"),
    (lambda: Own().requires_grad_(False), "Own has no parameters to train, expected some: all are frozen"),
    (
        lambda: LSTMGenerator(V + 2, 4, 5),
        f"LSTMGenerator has a vocabulary_size of {V + 2}, and the text has {V} symbols",
    ),
    (lambda: LSTMGenerator(V, 4, 5, end=None), "end of the generator LSTMGenerator is None, and the text's is 0"),
    (lambda: ResidualConvGenerator(V, max_length=T), "ResidualConvGenerator has no method encode"),
]


@pytest.mark.parametrize(("generator", "says"), LEARNERS)
def test_a_generator_that_cannot_learn_from_text_is_told_why(generator, says):
    for door in (
        lambda generator: pretrain(generator, TEXT, PretrainConfig(epochs=1)),
        lambda generator: train_adversarially(generator, Judge(), TEXT, SEQGAN, AdversarialConfig(rounds=1)),
    ):
        with pytest.raises(PlayerError, match=says) as error:
            door(generator())
        assert "\n" not in str(error.value)


JUDGES = [
    (lambda: changed(Judge, encode=None), r"discriminator Mine has no method encode, expected encode\(source \[B, L\]"),
    (
        lambda: changed(Judge, forward=nn.Module.forward),
        r"Mine has no method forward, expected forward\(tokens \[R, T\]",
    ),
    (
        lambda: changed(Judge, forward=lambda self, *given: Judge.forward(self, *given).unsqueeze(1)),
        rf"Mine gave logits of shape \[{ROWS}, 1\] from forward, expected \[{ROWS}\] \(rows\): squeeze its last axis",
    ),
    (
        lambda: changed(Judge, forward=lambda self, tokens, mask, context=None: self.each(tokens, mask)),
        rf"of shape \[{ROWS}, {T}\] from forward, expected \[{ROWS}\] \(rows\): set its per_token to True",
    ),
    (
        lambda: changed(Judge, per_token=True),
        rf"of shape \[{ROWS}\] from forward, expected \[{ROWS}, {T}\] \(rows, tokens: its per_token is True\)",
    ),
    (
        lambda: changed(Judge, forward=lambda self, *given: Judge.forward(self, *given).sigmoid()),
        "Mine gave probabilities from forward, the result of a sigmoid, expected logits",
    ),
    (
        lambda: changed(Judge, forward=lambda self, *given: Judge.forward(self, *given).detach()),
        "gave logits without a gradient from forward",
    ),
    (
        lambda: changed(Judge, forward=lambda self, tokens: None),
        "forward of the discriminator Mine failed on ids of shape .*, with TypeError",
    ),
    (lambda: Judge().requires_grad_(False), "discriminator Judge has no parameters to train"),
    (lambda: CNNDiscriminator(3, filters={1: 2}), "forward of the discriminator CNNDiscriminator failed .* IndexError"),
    (lambda: Judge().to("meta"), "discriminator Judge is on meta, and what it is to work with on cpu"),
    (lambda: Judge, "The discriminator Judge is a class"),
]


@pytest.mark.parametrize(("discriminator", "says"), JUDGES)
def test_a_discriminator_that_does_not_fit_is_told_why(discriminator, says):
    with pytest.raises(PlayerError, match=says) as error:
        train_adversarially(Own(), discriminator(), TEXT, SEQGAN, AdversarialConfig(rounds=1))
    assert "\n" not in str(error.value)


def test_of_relaxed_samples_a_generator_reads_distributions_and_a_discriminator_has_their_gradient():
    def ids_alone(self, tokens, state):
        state = self.cell(self.embedding(tokens), state)
        return self.output(state), state

    reader = changed(Own, step=ids_alone)
    with pytest.raises(
        PlayerError, match=rf"step of the generator Mine failed on distributions of shape \[{ROWS}, {V}"
    ):
        check_players(reader, Judge(), TEXT, GSGAN, AdversarialConfig())
    check_players(reader, Judge(), TEXT, RELGAN, AdversarialConfig())  # which feeds the symbols themselves
    deaf = changed(Judge, forward=lambda self, tokens, mask: Judge.forward(self, tokens.argmax(-1), mask))
    with pytest.raises(PlayerError, match="gave logits without a gradient for the distributions that it read"):
        check_players(Own(), deaf, TEXT, GSGAN, AdversarialConfig())


@pytest.mark.parametrize(
    ("players", "algorithm", "settings"),
    [
        (lambda: (Own(), Judge()), SEQGAN, {}),
        (lambda: (Own().bfloat16(), Judge().bfloat16()), SEQGAN, {}),
        (lambda: (torch.compile(Own(), backend="eager"), torch.compile(Judge(), backend="eager")), SEQGAN, {}),
        (lambda: (LSTMGenerator(V, 4, 5), RNNDiscriminator(V, 4, 5, per_token=True)), SEQGAN, {}),
        (lambda: (Own(), Judge().requires_grad_(False)), SEQGAN, {"warmup_steps": 0, "discriminator_steps": 0}),
        (lambda: (Own(), nn.Identity()), SEQGAN, {"discriminator_share": 0.0}),
        (lambda: (Own(), nn.Identity()), SPIN, {}),
        (lambda: (GRUGenerator(V, 4, 5), ManyViewDiscriminator(V, 4, 2, {1: 3}, per_view=True)), RELGAN, {}),
        (lambda: (ResidualConvGenerator(V, max_length=T), Judge()), GSGAN, {}),
    ],
    ids=["own", "bfloat16", "compiled", "per token", "fixed", "unasked", "self-play", "per view", "at once"],
)
def test_what_fits_is_let_in_and_left_as_it_is(players, algorithm, settings):
    torch.manual_seed(0)
    pair = players()
    for player in pair:
        player.train()
    before = [copy.deepcopy(player.state_dict()) for player in pair]
    expected = torch.get_rng_state()
    check_players(*pair, TEXT, algorithm, AdversarialConfig(**settings))
    assert torch.equal(torch.get_rng_state(), expected)
    for player, weights in zip(pair, before, strict=True):
        assert player.training
        assert all(parameter.grad is None for parameter in player.parameters())
        assert all(torch.equal(weights[name], value) for name, value in player.state_dict().items())


def test_noise_of_a_generators_own_is_no_fault():
    """Logits that differ from call to call say nothing of whether `forward` and `step` agree."""
    check_learner(
        changed(Own, forward=lambda self, *given: Own.forward(self, *given) + torch.randn(ROWS, 1, 1).expand(-1, 2, V)),
        TEXT,
    )


def test_an_algorithm_is_a_record():
    with pytest.raises(PlayerError, match=r"The algorithm is 'seqgan', expected a record, such as .*ALGORITHMS"):
        train_adversarially(Own(), Judge(), TEXT, "seqgan")


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        (lambda tokens, mask, real: [1.0] * len(tokens), f"gave a list of {ROWS}, expected a tensor"),
        (lambda tokens, mask, real: torch.ones(len(tokens), 1), rf"of shape \[{ROWS}, 1\], expected \[{ROWS}\]"),
        (lambda tokens, mask, real: mask.float(), rf"of shape \[{ROWS}, {T}\], expected \[{ROWS}\]"),
        (lambda tokens, mask, real: mask.sum(1) / 0 * 0, f"gave nan for {ROWS} of {ROWS} rows, expected finite"),
        (lambda tokens, mask, real: -torch.inf * mask[:, 0], f"gave -inf for {ROWS} of {ROWS} rows"),
        (lambda tokens, mask: mask[:, 0], r"A call of the reward <lambda> failed on ids of shape .* with TypeError"),
        (lambda tokens, mask, real: real.tokens[:, 0], "with AttributeError: 'NoneType'"),
    ],
)
def test_a_reward_that_does_not_fit_is_told_what_is_wrong(reward, says):
    settings = AdversarialConfig(rounds=1, discriminator_share=0.0)
    with pytest.raises(PlayerError, match=says):
        train_adversarially(Own(), Judge(), TEXT, SEQGAN, settings, reward=reward)


@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.float64])
@pytest.mark.parametrize("baseline", ["critic", "leave-one-out"])
def test_rewards_of_other_kinds_of_numbers_train(kind, baseline):
    settings = AdversarialConfig(rounds=1, batch_size=4, rollouts=2, discriminator_share=0.0, baseline=baseline)
    train_adversarially(
        Own(), Judge(), TEXT, SEQGAN, settings, reward=lambda tokens, mask, real: (mask.sum(1) > 2).to(kind)
    )


def test_a_reward_with_a_graph_is_no_part_of_the_loss():
    weight = nn.Parameter(torch.ones(()))
    settings = AdversarialConfig(rounds=1, batch_size=4, credit="sequence", discriminator_share=0.0)
    train_adversarially(Own(), Judge(), TEXT, SEQGAN, settings, reward=lambda tokens, mask, real: weight * mask.sum(1))
    assert weight.grad is None


def test_a_batch_whose_reward_is_not_finite_is_left_out_and_the_training_goes_on():
    calls, generator = [], Own()
    before = [parameter.detach().clone() for parameter in generator.parameters()]

    def reward(tokens, mask, real):
        calls.append(len(tokens))
        return torch.full((len(tokens),), torch.nan if len(calls) == 3 else 1.0) * mask.sum(1)

    settings = AdversarialConfig(rounds=4, batch_size=4, credit="sequence", discriminator_share=0.0)
    train_adversarially(generator, Judge(), TEXT, SEQGAN, settings, reward=reward)
    assert calls == [ROWS, 4, 4, 4, 4]
    assert all(bool(parameter.isfinite().all()) for parameter in generator.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(generator.parameters(), before, strict=True))


def test_a_generator_that_writes_nothing_behind_its_end_fits():
    class Padded(Own):
        """Zeros in the place of logits behind an end."""

        def forward(self, tokens, context=None):
            logits = super().forward(tokens, context)
            ended = (tokens == self.end).cumsum(1) - (tokens == self.end).long() > 0
            return logits.masked_fill(ended.unsqueeze(2), 0.0)

    check_learner(Padded(), TEXT)


def test_trying_leaves_other_random_numbers_where_they_were():
    def reward(tokens, mask, real):
        random.random()
        np.random.rand()  # noqa: NPY002
        return mask.sum(1).float()

    python, numpy = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    check_reward(reward, TEXT, AdversarialConfig(), torch.device("cpu"))
    assert random.getstate() == python
    assert np.random.get_state()[1].tolist() == numpy  # noqa: NPY002


def test_a_reward_is_shown_real_sentences_where_it_will_be():
    seen = []

    def reward(tokens, mask, real):
        seen.append(real)
        return mask[:, 0]

    check_reward(reward, TEXT, AdversarialConfig(), torch.device("cpu"))
    check_reward(reward, TEXT, AdversarialConfig(real_prefix=2), torch.device("cpu"))
    assert seen[0] is None
    assert seen[1].tokens.shape == seen[1].mask.shape == (ROWS, T)
