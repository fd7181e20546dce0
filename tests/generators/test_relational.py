"""The relational memory against loops over slots and heads."""

import pytest
import torch

from seqgan.errors import ConfigError
from seqgan.generators import RelationalGenerator
from seqgan.generators.relational import RelationalMemory

SLOTS, HEADS, SIZE = 3, 2, 4


@pytest.fixture
def memory_core():
    torch.manual_seed(0)
    core = RelationalMemory(5, SIZE, HEADS).double()
    for parameter in core.parameters():
        torch.nn.init.normal_(parameter)
    return core


def normalised(layer, vector):
    spread = (vector - vector.mean()) / (vector.var(correction=0) + 1e-5).sqrt()
    return spread * layer.weight + layer.bias


def test_a_step_of_the_memory_equals_loops_over_slots_and_heads(memory_core, rng):
    core = memory_core
    token = torch.randn(5, generator=rng, dtype=torch.float64)
    memory = torch.randn(SLOTS, SIZE, generator=rng, dtype=torch.float64)
    new = core.input.weight @ token + core.input.bias
    part = SIZE // HEADS
    triples = []  # query, key and value of each slot and of the token
    for row in [*memory, new]:
        projected = core.attention_input.weight @ row + core.attention_input.bias
        triples.append(normalised(core.attention_input_norm, projected).split(SIZE))
    expected = []
    for slot in range(SLOTS):
        read = []
        for head in range(HEADS):
            columns = slice(head * part, (head + 1) * part)
            scores = [triples[slot][0][columns] @ key[columns] / part**0.5 for _, key, _ in triples]
            shares = torch.stack(scores).softmax(0)
            read.append(sum(share * value[columns] for share, (_, _, value) in zip(shares, triples, strict=True)))
        x = normalised(core.attention_norm, memory[slot] + torch.cat(read))
        first, _, second = core.feed_forward
        hidden = torch.relu(first.weight @ x + first.bias)
        x = normalised(core.feed_forward_norm, x + second.weight @ hidden + second.bias)
        gates = core.input_gates.weight @ new + core.input_gates.bias
        write, keep = (gates + core.memory_gates.weight @ torch.tanh(memory[slot])).sigmoid().split(SIZE)
        expected.append(write * torch.tanh(x) + keep * memory[slot])
    torch.testing.assert_close(core(token.unsqueeze(0), memory.unsqueeze(0))[0], torch.stack(expected))


def test_closed_and_open_gates_keep_the_memory(memory_core, rng):
    with torch.no_grad():
        memory_core.input_gates.bias[:SIZE] = -1e9
        memory_core.input_gates.bias[SIZE:] = 1e9
    memory = torch.randn(7, SLOTS, SIZE, generator=rng, dtype=torch.float64)
    token = torch.randn(7, 5, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(memory_core(token, memory), memory)


def test_slots_begin_and_stay_different(rng):
    generator = RelationalGenerator(6, 4, 8, slots=3).double()
    (memory,) = generator.initial_state(2)
    assert torch.equal(memory[1], torch.eye(3, 8, dtype=torch.float64))
    _, (memory,) = generator.step(torch.tensor([1, 2]), (memory,))
    assert len(memory[0].unique(dim=0)) == 3


def test_a_fresh_memory_forgets_little():
    core = RelationalMemory(5, SIZE, HEADS)
    assert core.input_gates.bias.tolist() == [0.0] * SIZE + [1.0] * SIZE


def test_default_sizes_are_the_papers():
    generator = RelationalGenerator(50)
    (memory,) = generator.initial_state(3)
    assert memory.shape == (3, 1, 512)
    assert generator.layers[0].heads == 2
    assert generator.embedding.weight.shape == (51, 32)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="hidden_size is 6 and heads is 4"):
        RelationalGenerator(7, 4, 6, heads=4)
    with pytest.raises(ConfigError, match=r"embedding_size is 8 and slots \* hidden_size is 16"):
        RelationalGenerator(7, 8, 8, slots=2, tied=True)
