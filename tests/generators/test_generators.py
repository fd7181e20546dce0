"""What holds for every generator."""

import pytest
import torch

from seqgan.errors import ConfigError
from seqgan.generators import GENERATORS, LSTMGenerator
from seqgan.objectives import mle_loss, policy_gradient_loss, token_log_probs
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import join_rows, repeat_rows, select_rows


@pytest.fixture(params=[(name, options) for name in sorted(GENERATORS) for options in ({}, {"layers": 2})])
def generator(request):
    name, options = request.param
    torch.manual_seed(0)
    return GENERATORS[name](7, embedding_size=4, hidden_size=6, **options).double().eval()


@pytest.fixture
def tokens(rng):
    return torch.randint(0, 7, (5, 6), generator=rng)


def stepped(generator, tokens, state):
    previous = torch.full_like(tokens[:, 0], generator.start)
    logits = []
    for t in range(tokens.shape[1]):
        step_logits, state = generator.step(previous, state)
        logits.append(step_logits)
        previous = tokens[:, t]
    return torch.stack(logits, dim=1)


def test_stepping_gives_the_logits_that_forward_gives(generator, tokens):
    torch.testing.assert_close(stepped(generator, tokens, generator.initial_state(5)), generator(tokens))


def test_a_row_does_not_depend_on_the_other_rows(generator, tokens):
    torch.testing.assert_close(generator(tokens[2:3]), generator(tokens)[2:3])


def test_logits_do_not_depend_on_later_tokens(generator, tokens):
    changed = tokens.clone()
    changed[:, 3:] = (changed[:, 3:] + 1) % 7
    torch.testing.assert_close(generator(changed)[:, :4], generator(tokens)[:, :4])


def test_rows_of_the_state_can_be_selected_repeated_and_joined(generator, tokens):
    _, state = generator.step(tokens[:, 0], generator.initial_state(5))
    index = torch.tensor([3, 0])
    both = join_rows(select_rows(state, index), repeat_rows(state, 2))
    logits, _ = generator.step(torch.tensor([3, 0] + [1] * 10), both)
    expected, _ = generator.step(torch.tensor([0, 0, 0, 3, 0]), state)
    torch.testing.assert_close(logits[0], expected[3])
    expected, _ = generator.step(torch.tensor([1] * 5), state)
    torch.testing.assert_close(logits[2:], expected.repeat_interleave(2, dim=0))


def test_a_one_hot_distribution_is_its_token(generator, tokens):
    state = generator.initial_state(5)
    one_hot = torch.nn.functional.one_hot(tokens[:, 0], 7).double()
    torch.testing.assert_close(generator.step(one_hot, state)[0], generator.step(tokens[:, 0], state)[0])


def test_what_follows_the_end_changes_neither_losses_nor_gradients(generator):
    clean = torch.tensor([[3, 2, 0, 0, 0, 0], [1, 4, 5, 2, 0, 0]])
    mask = mask_from_tokens(clean, end=0)
    dirty = torch.where(mask, clean, torch.tensor([6, 5, 4, 3, 2, 1]))

    def losses_and_gradients(tokens):
        generator.zero_grad()
        logits = generator(tokens)
        advantages = torch.linspace(-1, 1, 12, dtype=torch.float64).view(2, 6)
        mle = mle_loss(logits, tokens, mask)
        policy = policy_gradient_loss(token_log_probs(logits, tokens), advantages, mask)
        (mle + policy).backward()
        return [mle.detach(), policy.detach(), *(p.grad.clone() for p in generator.parameters())]

    torch.testing.assert_close(losses_and_gradients(dirty), losses_and_gradients(clean))


def test_dropout_acts_in_training_only(tokens):
    generator = LSTMGenerator(7, 4, 6, dropout=0.5)
    assert not torch.equal(generator.train()(tokens), generator(tokens))
    assert torch.equal(generator.eval()(tokens), generator(tokens))


def test_evaluation_mode_trains_too():
    # cuDNN refuses the backward pass of an LSTM layer in evaluation mode, so that the layers never enter it.
    generator = LSTMGenerator(7, 4, 6).eval()
    assert not generator.training
    assert all(layer.training for layer in generator.layers)


def test_tied_embeddings_are_one_matrix(tokens):
    generator = LSTMGenerator(7, embedding_size=6, hidden_size=6, tied=True).double()
    names = dict(generator.named_parameters())
    assert "output_weight" not in names
    generator(tokens)[0, 0, 3].backward()
    # Position 0 reads the start symbol alone; the gradient of row 3 can come from the output only.
    assert generator.embedding.weight.grad[3].abs().sum() > 0


def test_tied_embeddings_of_two_sizes_are_refused():
    with pytest.raises(ConfigError, match="embedding_size is 4 and hidden_size is 6"):
        LSTMGenerator(7, 4, 6, tied=True)


def test_a_start_symbol_inside_the_vocabulary_needs_no_row_of_its_own():
    assert LSTMGenerator(7, 4, 6, start=0, end=None).embedding.weight.shape[0] == 7
    assert LSTMGenerator(7, 4, 6).embedding.weight.shape[0] == 8


def test_a_source_is_refused_by_an_unconditional_generator(generator, tokens):
    assert generator.encode(None, None) is None
    with pytest.raises(ValueError, match="cannot read a source"):
        generator.encode(tokens, tokens > 0)
