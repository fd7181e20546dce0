"""What holds for every generator that writes from a source."""

import pytest
import torch
from support.kinds import CONDITIONAL_GENERATORS
from torch.nn import functional

from seqgan.decoding import rollout, sample
from seqgan.errors import ConfigError
from seqgan.generators import encoders, transformer
from seqgan.objectives import mle_loss
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.output_nll import output_nll
from seqgan.tensors.rows import join_rows, repeat_rows, select_rows

NAMES = sorted(CONDITIONAL_GENERATORS)
KINDS = [(name, options) for name in NAMES for options in ({"layers": 1}, {"layers": 2})]
KINDS.append(("seq2seq-transformer", {"layers": 2, "heads": 2, "tied": True}))
KINDS.append(("seq2seq-lstm", {"layers": 2, "tied": True}))
SOURCE = torch.tensor([[3, 2, 4, 1, 0], [5, 8, 0, 0, 0], [0, 0, 0, 0, 0], [7, 7, 3, 0, 0], [1, 2, 3, 4, 5]])
SOURCE_MASK = mask_from_tokens(SOURCE, end=0)


def make(name, source_size=9, size=7, **options):
    torch.manual_seed(0)
    sizes = {"embedding_size": 4, "hidden_size": 6} | options
    return CONDITIONAL_GENERATORS[name](source_size, size, **sizes).double().eval()


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join([kind[0], *map(str, kind[1].values())]))
def generator(request):
    name, options = request.param
    return make(name, **options)


@pytest.fixture
def context(generator):
    return generator.encode(SOURCE, SOURCE_MASK)


@pytest.fixture
def tokens(rng):
    return torch.randint(0, 7, (5, 6), generator=rng)


def read(generator, tokens, context):
    """Logits of every step through `tokens`, and the state after them, the last token not yet read."""
    state = generator.initial_state(len(tokens), context)
    previous = torch.full_like(tokens[:, 0], generator.start)
    logits = []
    for t in range(tokens.shape[1]):
        step_logits, state = generator.step(previous, state)
        logits.append(step_logits)
        previous = tokens[:, t]
    return torch.stack(logits, dim=1), state


def leaves(state):
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in leaves(part)]


def test_stepping_gives_the_logits_that_forward_gives(generator, tokens, context):
    torch.testing.assert_close(read(generator, tokens, context)[0], generator(tokens, context))


def test_a_row_does_not_depend_on_the_other_rows(generator, tokens, context):
    for row in range(5):
        rows = slice(row, row + 1)
        alone = generator.encode(SOURCE[rows], SOURCE_MASK[rows])
        torch.testing.assert_close(alone, select_rows(context, torch.tensor([row])))
        torch.testing.assert_close(generator(tokens[rows], alone), generator(tokens, context)[rows])
        torch.testing.assert_close(read(generator, tokens[rows], alone)[0], read(generator, tokens, context)[0][rows])


def test_neither_what_pads_a_source_nor_how_far_changes_anything(generator, tokens, context):
    dirty = torch.where(SOURCE_MASK, SOURCE, 8)
    wider, wider_mask = functional.pad(dirty, (0, 40), value=6), functional.pad(SOURCE_MASK, (0, 40))
    expected = generator(tokens, context)
    torch.testing.assert_close(generator(tokens, generator.encode(dirty, SOURCE_MASK)), expected)
    torch.testing.assert_close(generator(tokens, generator.encode(wider, wider_mask)), expected)
    with torch.no_grad():
        torch.testing.assert_close(generator(tokens, generator.encode(wider, wider_mask)), expected.detach())
    # And a source that needs no padding: as wide as itself.
    trimmed = generator.encode(SOURCE[1:2, :3], SOURCE_MASK[1:2, :3])
    torch.testing.assert_close(generator(tokens[1:2], trimmed), expected[1:2])


def test_a_source_without_a_token_is_no_nan(generator, tokens):
    mask = SOURCE_MASK.clone()
    mask[2] = False
    logits = generator(tokens, generator.encode(SOURCE, mask))
    assert logits.isfinite().all()
    kept = torch.tensor([0, 1, 3, 4])
    expected = generator(tokens, generator.encode(SOURCE, SOURCE_MASK))
    torch.testing.assert_close(logits[kept], expected[kept])
    logits.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in generator.parameters())
    with torch.no_grad():
        torch.testing.assert_close(generator(tokens, generator.encode(SOURCE, mask)), logits.detach())


def test_every_token_of_the_source_and_its_place_matter(generator, tokens, context):
    expected = generator(tokens, context)[4]
    for changed in [
        *(torch.where(torch.arange(5) == place, 6, SOURCE[4]) for place in range(5)),
        SOURCE[4, [1, 0, 2, 3, 4]],
    ]:
        source = SOURCE.clone()
        source[4] = changed
        logits = generator(tokens, generator.encode(source, SOURCE_MASK))[4]
        assert not torch.isclose(logits, expected, rtol=1e-9, atol=1e-9).all(1).any()


def test_logits_depend_on_earlier_tokens_and_on_no_later_one(generator, tokens, context):
    expected = generator(tokens, context)
    for t in range(5):
        changed = tokens.clone()
        changed[:, t] = (changed[:, t] + 1) % 7
        logits = generator(changed, context)
        torch.testing.assert_close(logits[:, : t + 1], expected[:, : t + 1])
        assert not torch.isclose(logits[:, 5], expected[:, 5]).all(1).any()


def test_every_tensor_of_context_and_state_has_the_rows_first(generator, tokens, context):
    assert {leaf.shape[0] for leaf in leaves(context)} == {5}
    assert {leaf.shape[0] for leaf in leaves(generator.initial_state(5, context))} == {5}
    assert {leaf.shape[0] for leaf in leaves(read(generator, tokens, context)[1])} == {5}


@pytest.mark.parametrize("length", [0, 1, 4])
def test_rows_of_the_state_can_be_selected_repeated_and_joined(generator, tokens, context, length, rng):
    state = generator.initial_state(5, context)
    for t in range(length):
        _, state = generator.step(tokens[:, t], state)
    both = join_rows(select_rows(state, torch.tensor([3, 0])), repeat_rows(state, 2))
    rows = torch.tensor([3, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    following = torch.randint(0, 7, (12, 2), generator=rng)

    # A row goes on as one whose source was encoded alone, and that read alone what its row had read.
    alone = generator.initial_state(12, generator.encode(SOURCE[rows], SOURCE_MASK[rows]))
    for t in range(length):
        _, alone = generator.step(tokens[rows, t], alone)
    for t in range(2):
        logits, both = generator.step(following[:, t], both)
        expected, alone = generator.step(following[:, t], alone)
        torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("length", [0, 3])
def test_a_one_hot_distribution_is_its_token(generator, tokens, context, length):
    state = generator.initial_state(5, context)
    for t in range(length):
        _, state = generator.step(tokens[:, t], state)
    one_hot = functional.one_hot(tokens[:, length], 7).double()
    torch.testing.assert_close(generator.step(one_hot, state), generator.step(tokens[:, length], state))


@pytest.mark.parametrize("name", NAMES)
def test_dropout_acts_in_training_only(name, tokens):
    generator = CONDITIONAL_GENERATORS[name](9, 7, 8, 6, dropout=0.5)

    def logits():
        return generator(tokens, generator.encode(SOURCE, SOURCE_MASK))

    generator.train()
    assert not torch.equal(logits(), logits())
    assert not torch.equal(
        generator.encode(SOURCE, SOURCE_MASK)[0][0][0], generator.encode(SOURCE, SOURCE_MASK)[0][0][0]
    )
    generator.eval()
    assert torch.equal(logits(), logits())


def test_evaluation_mode_trains_every_parameter_too(generator, tokens):
    def gradients(mode):
        generator.train(mode).zero_grad()
        logits = generator(tokens, generator.encode(SOURCE, SOURCE_MASK))
        mle_loss(logits, tokens, torch.ones_like(tokens, dtype=torch.bool), 1).backward()
        return [parameter.grad.clone() for parameter in generator.parameters()]

    in_evaluation = gradients(False)
    assert not generator.training
    assert all(gradient.abs().sum() > 0 for gradient in in_evaluation)
    torch.testing.assert_close(gradients(True), in_evaluation)


@pytest.mark.parametrize("name", ["seq2seq-gru", "seq2seq-lstm"])
def test_recurrent_layers_never_enter_evaluation_mode(name):
    # cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
    generator = make(name, layers=2)
    assert not generator.training
    assert not generator.encoder.training
    assert all(
        layer.training for layer in [*generator.layers, *generator.encoder.forwards, *generator.encoder.backwards]
    )


@pytest.mark.parametrize("name", NAMES)
def test_tied_embeddings_are_one_matrix(name, tokens):
    generator = make(name, tied=True)
    assert "output_weight" not in dict(generator.named_parameters())
    generator(tokens, generator.encode(SOURCE, SOURCE_MASK))[0, 0, 3].backward()
    # Position 0 reads the start symbol alone; the gradient of row 3 can come from the output only.
    assert generator.embedding.weight.grad[3].abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_shared_table_serves_the_source_too(name, tokens):
    generator = make(name, 9, 9, shared_embedding=True)
    assert not any(parameter.startswith("source_embedding") for parameter, _ in generator.named_parameters())
    generator(tokens[:1, :1], generator.encode(torch.tensor([[8]]), torch.tensor([[True]]))).sum().backward()
    assert generator.embedding.weight.grad[8].abs().sum() > 0
    own = make(name, 9, 9)
    assert own.source_embedding.weight.shape == (9, 4)
    own(tokens[:1, :1], own.encode(torch.tensor([[8]]), torch.tensor([[True]]))).sum().backward()
    assert own.embedding.weight.grad[8].abs().sum() == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_shared_table_for_two_vocabularies_is_refused(name):
    with pytest.raises(ConfigError, match="source_vocabulary_size is 9 and vocabulary_size is 7"):
        make(name, 9, 7, shared_embedding=True)


def test_generation_from_nothing_is_refused_in_one_line(generator, tokens, context):
    name = type(generator).__name__
    with pytest.raises(ConfigError, match=f"{name} generates from a source, and none is given: [^\n]*$"):
        generator.encode(None, None)
    for ask in (lambda: generator.initial_state(5), lambda: generator(tokens)):
        with pytest.raises(ConfigError, match=f"{name} generates from a source: give it the context"):
            ask()


def test_a_context_of_other_rows_is_refused(generator, tokens, context):
    for ask in (lambda: generator.initial_state(3, context), lambda: generator(tokens[:3], context)):
        with pytest.raises(ValueError, match="asked for 3 rows, and the context has 5"):
            ask()


def test_likelihood_is_the_same_without_the_logits_of_all_positions(generator, tokens):
    tokens[1, 3:] = 0
    mask = mask_from_tokens(tokens, end=0)

    def loss_and_gradients(logits_of_all):
        generator.zero_grad()
        context = generator.encode(SOURCE, SOURCE_MASK)
        if logits_of_all:
            loss = mle_loss(generator(tokens, context), tokens, mask, int(mask.sum()))
        else:
            features = generator.features(tokens, context)[mask]
            loss = output_nll(features, *generator.output_layer(), tokens[mask]) / mask.sum()
        loss.backward()
        return loss.detach(), [parameter.grad.clone() for parameter in generator.parameters()]

    torch.testing.assert_close(loss_and_gradients(False), loss_and_gradients(True))


def test_greedy_samples_are_the_likeliest_tokens_of_forward(generator, context, rng):
    tokens, mask = sample(generator, 5, 6, context, rng=rng, top_k=1)
    assert (generator(tokens, context).argmax(-1) == tokens)[mask].all()


@pytest.mark.slow(reason="trains a model")
def test_samples_and_completions_follow_their_own_source(rng):
    """A generator that copies: whatever the rows, forks and drops, what comes out is the row's own source."""
    generator = trained("seq2seq-gru", lambda source: source)
    source, mask = pairs(rng, 50)
    context = generator.encode(source, mask)
    samples = sample(generator, 50, source.shape[1], context, rng=rng, top_k=1)
    right = (samples.tokens == source).all(1)
    assert right.float().mean() > 0.9

    def same(tokens, mask, row):
        return (functional.pad(tokens, (0, source.shape[1] - tokens.shape[1])) == source[row]).all(1).double()

    values = rollout(generator, same, samples, 3, context, rng=rng)
    assert values[:, right].mean() > 0.9


SYMBOLS, LENGTH = 5, 4


def pairs(rng, rows):
    """Sequences of one to three symbols and the end, 0. [rows, 4] twice"""
    lengths = torch.randint(1, LENGTH, (rows, 1), generator=rng)
    tokens = torch.randint(1, SYMBOLS, (rows, LENGTH), generator=rng).masked_fill(torch.arange(LENGTH) >= lengths, 0)
    return tokens, mask_from_tokens(tokens, end=0)


def trained(name, target_of):
    """A generator after a moment of learning to write what `target_of` makes of a source."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(1)
    generator = CONDITIONAL_GENERATORS[name](SYMBOLS, SYMBOLS, 32, 32)
    optimizer = torch.optim.Adam(generator.parameters(), 0.01)
    for _ in range(160):
        source, mask = pairs(rng, 64)
        target = target_of(source)
        loss = mle_loss(generator(target, generator.encode(source, mask)), target, mask, int(mask.sum()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return generator.eval()


def reverse(tokens):
    """The symbols before the end from the last to the first."""
    rows = [[symbol for symbol in row if symbol][::-1] for row in tokens.tolist()]
    return torch.tensor([row + [0] * (LENGTH - len(row)) for row in rows])


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize("name", NAMES)
def test_reversal_is_learnt(name, rng):
    generator = trained(name, reverse)
    source, mask = pairs(rng, 200)
    written = sample(generator, 200, LENGTH, generator.encode(source, mask), rng=rng, top_k=1).tokens
    assert (written == reverse(source)).all(1).float().mean() > 0.95


def test_attention_is_the_papers_by_a_plain_loop(rng):
    """Weights exp(v . tanh(W query + U value)) over the row's real positions, normalised; the mean of the values."""
    torch.manual_seed(0)
    attention = encoders.AdditiveAttention(3, 2, 4).double()
    query, values = (torch.randn(*shape, dtype=torch.float64, generator=rng) for shape in ((5, 2), (5, 5, 4)))
    found = attention(query, (attention.keys(values), values, SOURCE_MASK))
    for row in range(5):
        length = int(SOURCE_MASK[row].sum())
        hidden = [
            torch.tanh(
                attention.query.weight @ query[row] + attention.query.bias + attention.key.weight @ values[row, j]
            )
            for j in range(length)
        ]
        weights = [(attention.score.weight[0] @ h).exp() for h in hidden]
        mean = sum(w * values[row, j] for j, w in enumerate(weights)) / sum(weights)
        torch.testing.assert_close(found[row], mean)


def test_padding_has_exactly_no_weight():
    attention = encoders.AdditiveAttention(3, 2, 4)
    mask = SOURCE_MASK.clone()
    mask[2] = False
    values = torch.full((5, 5, 4), 1e30).masked_fill(mask.unsqueeze(2), 0.0)
    found = attention(torch.zeros(5, 2), (torch.zeros(5, 5, 3), values, mask))
    assert (found == 0).all()


def test_the_transformer_looks_at_the_source_by_a_plain_loop(rng):
    generator = make("seq2seq-transformer", heads=2)
    block, layer = generator.blocks[0], generator.memories[0]
    encoded, values = (torch.randn(1, n, 4, dtype=torch.float64, generator=rng) for n in (3, 2))
    mask = torch.tensor([[True, True, False]])
    past = (values.new_zeros(1, 2, 0, 2),) * 2
    middle, _ = block.block.read(values, past)
    query = block.source_query(block.source_norm(middle))[0]  # [T, E]
    key, value = layer(encoded)[0].chunk(2, dim=1)  # each [L, E]
    attended = torch.zeros(2, 4, dtype=torch.float64)
    for t in range(2):
        for head in (slice(0, 2), slice(2, 4)):
            weights = [(query[t, head] @ key[j, head] / 2**0.5).exp() for j in range(2)]
            attended[t, head] = sum(w * value[j, head] for j, w in enumerate(weights)) / sum(weights)
    middle = middle + block.source_output(attended)
    expected = middle + block.block.feed_forward(block.block.feed_forward_norm(middle))
    memory = generator._keys_and_values(layer(encoded))
    torch.testing.assert_close(block(values, past, (*memory, mask))[0], expected)


def test_the_transformers_source_may_be_long_and_its_target_may_not():
    generator = make("seq2seq-transformer", max_length=4)
    source = torch.ones(1, 3000, dtype=torch.long)
    context = generator.encode(source, source > 0)
    assert generator(torch.ones(1, 4, dtype=torch.long), context).shape == (1, 4, 7)
    with pytest.raises(ValueError, match="has 4 positions, and a sequence of 5 tokens is asked for"):
        generator(torch.ones(1, 5, dtype=torch.long), context)


def test_rows_beyond_what_attention_takes_at_once_are_split(monkeypatch, tokens):
    generator = make("seq2seq-transformer")
    context = generator.encode(SOURCE, SOURCE_MASK)
    whole = generator(tokens, context)
    monkeypatch.setattr(transformer, "ROWS", 2)
    torch.testing.assert_close(generator(tokens, context), whole)


def test_the_transformers_heads_must_divide_the_embedding():
    with pytest.raises(ConfigError, match="embedding_size is 6 and heads is 4"):
        make("seq2seq-transformer", embedding_size=6)
