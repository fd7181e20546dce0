"""A player, a reward or samples of one's own that do not fit are told so at `sample` and `rollout`, in one line."""

import copy

import pytest
import torch
from torch import nn

from seqgan.decoding import Samples, rollout, sample
from seqgan.errors import PlayerError
from seqgan.fitting import ROWS
from seqgan.generators import GRUGenerator, LSTMGenerator, ResidualConvGenerator

V = 6


class Own(nn.Module):
    """A generator with the four methods and nothing else."""

    def __init__(self, size=V, layers=1):
        super().__init__()
        self.vocabulary_size, self.start, self.end = V, V, 0
        self.layers = layers
        self.embedding, self.cell, self.output = nn.Embedding(V + 1, 4), nn.GRUCell(4, 5), nn.Linear(5, size)

    def encode(self, source, source_mask):
        return None

    def initial_state(self, rows, context=None):
        return self.output.weight.new_zeros(rows, 5)

    def step(self, tokens, state):
        state = self.cell(self.embedding(tokens), state)
        return self.output(state), state

    def forward(self, tokens, context=None):
        state, logits = self.initial_state(len(tokens)), []
        previous = torch.cat([torch.full_like(tokens[:, :1], self.start), tokens[:, :-1]], dim=1)
        for column in previous.unbind(1):
            scores, state = self.step(column, state)
            logits.append(scores)
        return torch.stack(logits, dim=1)


def own(**replaced):
    """An `Own` with some of its methods and numbers replaced."""
    methods = {name: value for name, value in replaced.items() if callable(value)}
    made = type("MyGenerator", (Own,), methods)()
    for name, value in replaced.items():
        if name not in methods:
            setattr(made, name, value)
    return made


def without(name):
    """An `Own` that lacks a method or a number."""
    made = type("MyGenerator", (Own,), {})()
    if name in vars(made):
        delattr(made, name)
    else:
        setattr(made, name, None)
    return made


def drawn(generator, **options):
    return sample(generator, 3, 4, rng=torch.Generator().manual_seed(0), **options)


def worth(tokens, mask, row):
    return mask.sum(dim=1).float()


SAMPLES = Samples(torch.tensor([[2, 3, 0], [4, 0, 0]]), torch.tensor([[True, True, True], [True, True, False]]))


def rolled_out(generator, reward=worth, samples=SAMPLES, **options):
    return rollout(generator, reward, samples, 2, rng=torch.Generator().manual_seed(0), **options)


@pytest.mark.parametrize("door", [drawn, rolled_out])
@pytest.mark.parametrize(
    ("generator", "says"),
    [
        (lambda: without("step"), r"MyGenerator has no method step, expected step\(tokens \[R\], state\)"),
        (lambda: without("initial_state"), r"MyGenerator has no method initial_state, expected initial_state\(rows"),
        (lambda: without("start"), "MyGenerator has no start, expected the id that is read before the first token"),
        (lambda: without("end"), "MyGenerator has no end, expected the id that ends"),
        (lambda: without("vocabulary_size"), "MyGenerator has no vocabulary_size, expected how many symbols"),
        (lambda: own(start=None), "start of the generator MyGenerator is None, expected a whole number"),
        (lambda: own(end=0.5), "end of the generator MyGenerator is 0.5, expected a whole number .* or None"),
        (lambda: own(end=V), f"has {V} symbols and the end symbol {V}, expected an end below"),
        (lambda: nn.DataParallel(Own()), "DataParallel has no method .*: give the module that it wraps, its .module"),
        (lambda: Own, r"Own is a class, expected one of its objects: Own\(\.\.\.\)"),
        (lambda: "lstm", "of str, expected a torch.nn.Module"),
        (
            lambda: own(step=lambda self, tokens, state: (torch.zeros(len(tokens), 2), state)),
            rf"MyGenerator gave logits of shape \[{ROWS}, 2\] from step, expected \[{ROWS}, {V}\] \(rows, vocabulary\)",
        ),
        (
            lambda: own(step=lambda self, tokens, state: (torch.zeros(len(tokens), 1, V), state)),
            rf"gave logits of shape \[{ROWS}, 1, {V}\] from step",
        ),
        (
            lambda: own(step=lambda self, tokens, state: torch.zeros(len(tokens), V)),
            rf"gave a tensor of shape \[{ROWS}, {V}\] from step, expected two things: logits \[R, V\] and the next",
        ),
        (
            lambda: own(step=lambda self, tokens, state: (torch.zeros(len(tokens), V).long(), state)),
            "gave logits of type int64 from step, expected floating-point",
        ),
        (
            lambda: own(step=lambda self, tokens, state: ([0.0] * V, state)),
            "gave a list of 6 from step, expected a tensor",
        ),
        (
            lambda: own(initial_state=lambda self, rows, context=None: torch.zeros(2, rows, 5)),
            rf"MyGenerator has a tensor of shape \[2, {ROWS}, 5\] in what initial_state gives for {ROWS} rows",
        ),
        (
            lambda: own(initial_state=lambda self, rows, context=None: {"hidden": torch.zeros(rows, 5)}),
            "MyGenerator has a value of type dict in what initial_state gives",
        ),
        (
            lambda: own(initial_state=lambda self, rows: torch.zeros(rows, 5)),
            f"initial_state of the generator MyGenerator failed on {ROWS} rows, with TypeError",
        ),
        (
            lambda: own(embedding=nn.Embedding(V, 4)),
            rf"step of the generator MyGenerator failed on ids from {V} to {V} of shape \[{ROWS}\], with IndexError",
        ),
        (
            lambda: own(start=0, embedding=nn.Embedding(2, 4)),
            rf"failed on ids from {V - 1} to {V - 1} of shape \[{ROWS}\], with IndexError",
        ),
    ],
)
def test_a_generator_that_does_not_fit_is_told_what_is_wrong(door, generator, says):
    with pytest.raises(PlayerError, match=says) as error:
        door(generator())
    assert "\n" not in str(error.value)


def test_what_the_models_own_code_said_is_the_cause():
    with pytest.raises(PlayerError) as error:
        drawn(own(embedding=nn.Embedding(V, 4)))
    assert isinstance(error.value.__cause__, IndexError)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (
            lambda self: (torch.zeros(V, 3), torch.zeros(V)),
            rf"of shape \[{ROWS}, 5\] from advance, expected \[{ROWS}, 3",
        ),
        (lambda self: torch.zeros(V, 5), rf"gave a tensor of shape \[{V}, 5\] from output_layer, expected a weight"),
        (lambda self: (torch.zeros(5, V), torch.zeros(V)), r"gave a tensor of shape \[5, 6\] and .* from output_layer"),
        (None, "has no method output_layer, expected output_layer"),
    ],
)
def test_an_output_layer_apart_is_looked_at_as_well(layer, says):
    def advance(self, tokens, state):
        state = self.cell(self.embedding(tokens), state)
        return state, state

    parts = {"advance": advance} if layer is None else {"advance": advance, "output_layer": layer}
    with pytest.raises(PlayerError, match=says):
        drawn(own(**parts))


def test_a_generator_of_all_positions_at_once_gives_them_all():
    generator = ResidualConvGenerator(V, max_length=4)
    assert drawn(generator).tokens.shape == (3, 4)
    generator.distributions = lambda rows, rng: torch.zeros(rows, V, 4)
    with pytest.raises(PlayerError, match=r"of shape \[3, 6, 4\] from distributions, expected \[3, 4, 6\]"):
        drawn(generator)
    with pytest.raises(PlayerError, match="ResidualConvGenerator has no method initial_state"):
        rolled_out(ResidualConvGenerator(V, max_length=4))


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        (lambda tokens, mask, row: [0.0] * len(tokens), r"gave a list of \d+, expected a tensor of shape \[\d+\]"),
        (lambda tokens, mask, row: torch.zeros(len(tokens), 1), r"of shape \[2, 1\], expected \[2\] .*: squeeze"),
        (lambda tokens, mask, row: torch.zeros(tokens.shape), r"of shape \[2, 3\], expected \[2\] \(a number for each"),
        (lambda tokens, mask, row: torch.zeros(()), r"of shape \[\], expected \[2\]"),
        (lambda tokens, mask, row: torch.zeros(len(tokens) - 1), r"of shape \[1\], expected \[2\]"),
        (
            lambda tokens, mask, row: torch.zeros(len(tokens), device="meta"),
            r"on meta, expected cpu.*\.to\(tokens\.dev",
        ),
        (lambda tokens, mask, row: torch.zeros(len(tokens)) * 1j, "gave complex numbers"),
    ],
)
def test_a_reward_that_does_not_fit_is_told_what_is_wrong(reward, says):
    with pytest.raises(PlayerError, match=says):
        rolled_out(Own(), reward)


@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.uint8])
def test_rewards_that_are_no_fractions_count_as_if_they_were(kind):
    values = rolled_out(Own(), lambda tokens, mask, row: (mask.sum(dim=1) > 1).to(kind))
    assert values.dtype == torch.float32
    assert values.min() >= 0
    assert values.max() == 1


def test_a_reward_with_a_graph_leaves_none():
    weight = torch.ones((), requires_grad=True)

    def reward(tokens, mask, row):
        with torch.enable_grad():
            return weight * mask.sum(dim=1)

    assert not rolled_out(Own(), reward).requires_grad


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (Samples(SAMPLES.tokens.float(), SAMPLES.mask), "expected ids of torch.int64 and a mask of torch.bool"),
        (Samples(SAMPLES.tokens, SAMPLES.mask.float()), "expected ids of torch.int64 and a mask of torch.bool"),
        (
            Samples(SAMPLES.tokens, SAMPLES.mask[:, :2]),
            r"of shape \[2, 3\] of torch.int64 and a tensor of shape \[2, 2\]",
        ),
        (Samples(SAMPLES.tokens.to("meta"), SAMPLES.mask.to("meta")), "The samples are on meta, .* on cpu"),
    ],
)
def test_samples_that_do_not_fit_are_told_what_is_wrong(samples, says):
    with pytest.raises(PlayerError, match=says):
        rolled_out(Own(), samples=samples)


def test_a_generator_on_another_device_is_told_so():
    for door in (drawn, rolled_out):
        with pytest.raises(PlayerError, match="Own is on meta, and what it is to work with on cpu"):
            door(Own().to("meta"))


def test_a_context_of_another_number_of_rows_is_told_so():
    for door, rows in ((drawn, 3), (rolled_out, 2)):
        with pytest.raises(PlayerError, match=rf"holds a tensor of shape \[7, 5\], and {rows} rows are asked for"):
            door(Own(), context=(None, torch.zeros(7, 5)))


class Forwarding(nn.Module):
    """A wrapper that hands on what it has not, as those of adapters do."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("inner"), name)


class Weightless(nn.Module):
    """Any symbol is as likely, whatever came before: no parameters, no state."""

    vocabulary_size, start, end = V, V, None

    def initial_state(self, rows, context=None):
        return None

    def step(self, tokens, state):
        return torch.zeros(len(tokens), V), None


@pytest.mark.parametrize(
    "generator",
    [
        Own(),
        Own().double(),
        Own().bfloat16(),
        Forwarding(Own()),
        torch.compile(Own(), backend="eager"),
        Weightless(),
        GRUGenerator(V, 4, 5),
        own(initial_state=lambda self, rows, context=None: [torch.zeros(rows, 5)], step=lambda self, t, s: (
            torch.zeros(len(t), V), [s[0]])),
    ],
    ids=["own", "double", "bfloat16", "wrapped", "compiled", "weightless", "ours", "lists"],
)  # fmt: skip
def test_what_fits_is_let_in(generator):
    assert drawn(generator).tokens.shape == (3, 4)
    assert rolled_out(generator).shape == (2, 2, 3)


def test_a_trial_changes_neither_modes_nor_weights_nor_random_numbers():
    """Noise of a generator's own in evaluation mode is drawn once for each position, and not for the trial."""

    class Noisy(Own):
        steps = 0

        def step(self, tokens, state):
            self.noise = torch.rand(())
            type(self).steps += 1
            return super().step(tokens, state)

    generator = Noisy().train()
    before = copy.deepcopy(generator.state_dict())
    torch.manual_seed(4)
    drawn(generator)
    made = Noisy.steps - 2  # the steps of the trial
    after = torch.rand(4)
    torch.manual_seed(4)
    for _ in range(made):
        torch.rand(())
    assert torch.equal(after, torch.rand(4))
    assert generator.training
    assert all(torch.equal(before[name], value) for name, value in generator.state_dict().items())
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_a_trial_is_two_steps_of_a_few_rows_once_a_call():
    rows = []

    class Counting(LSTMGenerator):
        def advance(self, tokens, state):
            rows.append(len(tokens))
            return super().advance(tokens, state)

    generator = Counting(V, 4, 5, end=None)
    drawn(generator)
    assert rows == [ROWS, ROWS, 3, 3, 3, 3]
