"""What the Transformer generator does beside the laws of all generators."""

import pytest
import torch

from seqgan.decoding import sample
from seqgan.errors import ConfigError
from seqgan.generators import TransformerGenerator, transformer

TOKENS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0], [2, 2, 2, 2]])


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return TransformerGenerator(7, embedding_size=4, hidden_size=6, heads=2, max_length=4).double().eval()


def test_a_step_encodes_one_position_however_much_was_read(generator, rng):
    encoded = []
    for block in generator.blocks:
        block.register_forward_pre_hook(lambda _, arguments: encoded.append(arguments[0].shape[1]))
    generator.end = None
    sample(generator, 3, 4, rng=rng)
    # Two steps more show how the state grows.
    assert encoded == [1] * ((4 + 2) * len(generator.blocks))


def test_a_block_is_attention_by_a_plain_loop(generator):
    """Heads of two columns; each position weighs the values of those up to itself by exp(query . key / sqrt 2)."""
    block = generator.blocks[0]
    torch.manual_seed(1)
    values = torch.randn(1, 3, 4, dtype=torch.float64)
    query, key, value = block.attention_input(block.attention_norm(values))[0].chunk(3, dim=1)  # each [T, E]
    attended = torch.zeros(3, 4, dtype=torch.float64)
    for t in range(3):
        for head in (slice(0, 2), slice(2, 4)):
            weights = [(query[t, head] @ key[s, head] / 2**0.5).exp() for s in range(t + 1)]
            attended[t, head] = sum(w * value[s, head] for s, w in enumerate(weights)) / sum(weights)
    middle = values[0] + block.attention_output(attended)
    expected = middle + block.feed_forward(block.feed_forward_norm(middle))
    nothing = values.new_zeros(1, 2, 0, 2)
    torch.testing.assert_close(block(values, (nothing, nothing))[0][0], expected)


def test_equal_tokens_differ_by_their_position(generator):
    one_token = torch.full((1, 4), 3)
    generator.start = 3
    logits = generator(one_token)[0]
    assert not torch.isclose(logits[1:], logits[:-1]).all(1).any()


def test_sequences_up_to_max_length_are_read(generator, rng):
    assert generator(TOKENS).shape == (3, 4, 7)
    assert sample(generator, 2, 4, rng=rng).tokens.shape == (2, 4)


def test_a_longer_sequence_is_refused(generator):
    message = "has 4 positions, and a sequence of 5 tokens is asked for: build it with max_length=5"
    with pytest.raises(ValueError, match=message):
        generator(torch.zeros(1, 5, dtype=torch.long))
    state = generator.initial_state(3)
    for t in range(4):
        _, state = generator.step(TOKENS[:, t], state)
    with pytest.raises(ValueError, match=message):
        generator.step(TOKENS[:, 0], state)


def test_heads_that_do_not_divide_the_embedding_are_refused():
    with pytest.raises(ConfigError, match="embedding_size is 6 and heads is 4"):
        TransformerGenerator(7, embedding_size=6)


def test_rows_beyond_what_attention_takes_at_once_are_split(generator, monkeypatch):
    whole = generator(TOKENS)
    monkeypatch.setattr(transformer, "ROWS", 2)
    torch.testing.assert_close(generator(TOKENS), whole)


def test_masked_attention_is_finite_forward_and_backward():
    generator = TransformerGenerator(7, embedding_size=4, hidden_size=6)
    # The first position sees one key alone. Scores this large would shine through a mask that is not -inf.
    with torch.no_grad():
        generator.blocks[0].attention_input.weight.mul_(1e4)
    generator(TOKENS).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in generator.parameters())
    changed = torch.cat([TOKENS[:, :2], TOKENS[:, 2:].flip(0)], dim=1)
    assert torch.equal(generator(changed)[:, :3], generator(TOKENS)[:, :3])


def test_tied_embeddings_do_not_care_about_the_hidden_size():
    assert TransformerGenerator(7, embedding_size=4, hidden_size=6, tied=True)(TOKENS).shape == (3, 4, 7)
