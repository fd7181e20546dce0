"""What holds for every generator."""

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs
from support.kinds import PLAIN_GENERATORS

from seqgan.decoding import rollout, sample
from seqgan.errors import ConfigError
from seqgan.objectives import mle_loss, policy_gradient_loss, token_log_probs
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import join_rows, repeat_rows, select_rows

NAMES = sorted(PLAIN_GENERATORS)
KINDS = [(name, options) for name in NAMES for options in ({"layers": 1}, {"layers": 2})]
KINDS.append(("transformer", {"layers": 2, "heads": 2, "tied": True}))
KINDS.append(("relational", {"layers": 2, "slots": 3, "heads": 3}))


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join([kind[0], *map(str, kind[1].values())]))
def generator(request):
    name, options = request.param
    torch.manual_seed(0)
    return PLAIN_GENERATORS[name](7, embedding_size=4, hidden_size=6, **options).double().eval()


@pytest.fixture
def tokens(rng):
    return torch.randint(0, 7, (5, 6), generator=rng)


def read(generator, tokens, state=None):
    """Logits of every step through `tokens`, and the state after them, the last token not yet read."""
    state = generator.initial_state(len(tokens)) if state is None else state
    previous = torch.full_like(tokens[:, 0], generator.start)
    logits = []
    for t in range(tokens.shape[1]):
        step_logits, state = generator.step(previous, state)
        logits.append(step_logits)
        previous = tokens[:, t]
    return torch.stack(logits, dim=1), state


def leaves(state):
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in leaves(part)]


def test_stepping_gives_the_logits_that_forward_gives(generator, tokens):
    torch.testing.assert_close(read(generator, tokens)[0], generator(tokens))


def test_a_row_does_not_depend_on_the_other_rows(generator, tokens):
    torch.testing.assert_close(generator(tokens[2:3]), generator(tokens)[2:3])
    torch.testing.assert_close(read(generator, tokens[2:3])[0], read(generator, tokens)[0][2:3])


def test_logits_do_not_depend_on_later_tokens(generator, tokens):
    changed = tokens.clone()
    changed[:, 3:] = (changed[:, 3:] + 1) % 7
    torch.testing.assert_close(generator(changed)[:, :4], generator(tokens)[:, :4])


def test_logits_depend_on_every_earlier_token(generator, tokens):
    for t in range(5):
        changed = tokens.clone()
        changed[:, t] = (changed[:, t] + 1) % 7
        assert not torch.isclose(generator(changed)[:, 5], generator(tokens)[:, 5]).all(1).any()


def test_every_tensor_of_a_state_has_the_rows_first(generator, tokens):
    _, state = read(generator, tokens)
    assert {leaf.shape[0] for leaf in leaves(state)} == {5}
    assert {leaf.shape[0] for leaf in leaves(generator.initial_state(3))} == {3}


@pytest.mark.parametrize("length", [0, 1, 4])
def test_rows_of_the_state_can_be_selected_repeated_and_joined(generator, tokens, length, rng):
    state = generator.initial_state(5)
    for t in range(length):
        _, state = generator.step(tokens[:, t], state)
    # As in a rollout: some rows go on, and forks of all rows join them.
    both = join_rows(select_rows(state, torch.tensor([3, 0])), repeat_rows(state, 2))
    sources = torch.tensor([3, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    following = torch.randint(0, 7, (12, 2), generator=rng)

    # A row goes on as one that read alone what its source had read.
    alone = generator.initial_state(12)
    for t in range(length):
        _, alone = generator.step(tokens[sources, t], alone)
    for t in range(2):
        logits, both = generator.step(following[:, t], both)
        expected, alone = generator.step(following[:, t], alone)
        torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("length", [0, 3])
def test_a_one_hot_distribution_is_its_token(generator, tokens, length):
    state = generator.initial_state(5)
    for t in range(length):
        _, state = generator.step(tokens[:, t], state)
    one_hot = torch.nn.functional.one_hot(tokens[:, length], 7).double()
    torch.testing.assert_close(generator.step(one_hot, state), generator.step(tokens[:, length], state))


def test_a_gradient_passes_from_step_to_step_through_distributions(generator):
    probs = torch.full((2, 7), 1 / 7, dtype=torch.float64, requires_grad=True)
    logits, state = generator.step(probs, generator.initial_state(2))
    logits, _ = generator.step(logits.softmax(1), state)
    logits[0, 0].backward()
    assert probs.grad[0].abs().sum() > 0
    assert probs.grad[1].abs().sum() == 0


def test_what_follows_the_end_changes_neither_losses_nor_gradients(generator):
    clean = torch.tensor([[3, 2, 0, 0, 0, 0], [1, 4, 5, 2, 0, 0]])
    mask = mask_from_tokens(clean, end=0)
    dirty = torch.where(mask, clean, torch.tensor([6, 5, 4, 3, 2, 1]))
    longer = torch.cat([dirty, dirty], dim=1)
    longer_mask = torch.cat([mask, torch.zeros_like(mask)], dim=1)

    def losses_and_gradients(tokens, mask):
        generator.zero_grad()
        logits = generator(tokens)
        advantages = torch.linspace(-1, 1, 12, dtype=torch.float64).view(2, 6)
        advantages = torch.nn.functional.pad(advantages, (0, tokens.shape[1] - 6), value=5.0)
        mle = mle_loss(logits, tokens, mask, 12)
        policy = policy_gradient_loss(token_log_probs(logits, tokens), advantages, mask)
        (mle + policy).backward()
        return [mle.detach(), policy.detach(), *(p.grad.clone() for p in generator.parameters())]

    expected = losses_and_gradients(clean, mask)
    torch.testing.assert_close(losses_and_gradients(dirty, mask), expected)
    torch.testing.assert_close(losses_and_gradients(longer, longer_mask), expected)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_acts_in_training_only(name, tokens):
    generator = PLAIN_GENERATORS[name](7, 4, 6, dropout=0.5)
    assert not torch.equal(generator.train()(tokens), generator(tokens))
    assert not torch.equal(read(generator, tokens)[0], read(generator, tokens)[0])
    assert torch.equal(generator.eval()(tokens), generator(tokens))
    assert torch.equal(read(generator, tokens)[0], read(generator, tokens)[0])


def test_evaluation_mode_trains_too(generator, tokens):
    def gradients(mode):
        generator.train(mode).zero_grad()
        logits = generator(tokens)
        mle_loss(logits, tokens, torch.ones_like(tokens, dtype=torch.bool), 1).backward()
        return [parameter.grad.clone() for parameter in generator.parameters()]

    in_evaluation = gradients(False)
    assert not generator.training
    assert all(gradient.abs().sum() > 0 for gradient in in_evaluation)
    torch.testing.assert_close(gradients(True), in_evaluation)


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_recurrent_layers_never_enter_evaluation_mode(name):
    # cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
    generator = PLAIN_GENERATORS[name](7, 4, 6).eval()
    assert not generator.training
    assert all(layer.training for layer in generator.layers)


@pytest.mark.parametrize("name", NAMES)
def test_tied_embeddings_are_one_matrix(name, tokens):
    generator = PLAIN_GENERATORS[name](7, embedding_size=8, hidden_size=8, tied=True).double()
    names = dict(generator.named_parameters())
    assert "output_weight" not in names
    generator(tokens)[0, 0, 3].backward()
    # Position 0 reads the start symbol alone; the gradient of row 3 can come from the output only.
    assert generator.embedding.weight.grad[3].abs().sum() > 0


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_tied_embeddings_of_two_sizes_are_refused(name):
    with pytest.raises(ConfigError, match="embedding_size is 4 and hidden_size is 6"):
        PLAIN_GENERATORS[name](7, 4, 6, tied=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_start_symbol_inside_the_vocabulary_needs_no_row_of_its_own(name):
    assert PLAIN_GENERATORS[name](7, 4, 6, start=0, end=None).embedding.weight.shape[0] == 7
    assert PLAIN_GENERATORS[name](7, 4, 6).embedding.weight.shape[0] == 8


def test_a_source_is_refused_by_an_unconditional_generator(generator, tokens):
    assert generator.encode(None, None) is None
    with pytest.raises(ValueError, match=f"{type(generator).__name__} .* cannot read a source"):
        generator.encode(tokens, tokens > 0)


def test_greedy_samples_are_the_likeliest_tokens_of_forward(generator, rng):
    tokens, mask = sample(generator, 4, 6, rng=rng, top_k=1)
    assert tokens.shape == mask.shape == (4, 6)
    likeliest = generator(tokens).argmax(-1)
    assert (likeliest == tokens)[mask].all()


def test_a_rollouts_value_belongs_to_its_own_sentence(generator, rng):
    samples = sample(generator, 5, 6, rng=rng)
    values = rollout(generator, lambda tokens, mask, row: row.double(), samples, 3, rng=rng)
    assert (values == torch.arange(5.0).view(1, 5, 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_rollouts_values_are_the_expected_rewards_of_their_prefixes(name, rng):
    torch.manual_seed(1)
    generator = PLAIN_GENERATORS[name](4, embedding_size=4, hidden_size=6).double().eval()
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.8)

    def reward(tokens, mask, row=None):
        weights = 7.0 ** torch.arange(tokens.shape[1], dtype=torch.float64)
        return (torch.where(mask, tokens + 1, 0) * weights).sum(1)

    samples = sample(generator, 4, 3, rng=rng)
    n = 2000
    values = rollout(generator, reward, samples, n, rng=rng)
    # The exact value: over all sequences that begin with the prefix, their rewards by their probabilities.
    sequences, mask = all_sequences(4, 3, end=0)
    probs = sequence_log_probs(generator, sequences, mask).exp().detach()
    for b, t in samples.mask.nonzero().tolist():
        same = (sequences[:, : t + 1] == samples.tokens[b, : t + 1]).all(1)
        exact = (probs * reward(sequences, mask))[same].sum() / probs[same].sum()
        deviation = values[:, b, t].std() / n**0.5
        assert (values[:, b, t].mean() - exact).abs() <= 5 * deviation + 1e-12
