"""That sentences of about one length go through a generator together changes neither loss nor gradients."""

import pytest
import torch

from seqgan import generators
from seqgan.data.sequences import Batch
from seqgan.generators import transformer
from seqgan.objectives import token_nll
from seqgan.tensors.condition import Condition, context_of
from seqgan.training.text_likelihood import CALL_ROWS, batch_nll, parts_by_length

KINDS = {
    "lstm": lambda **how: generators.LSTMGenerator(7, 6, 8, layers=2, **how),
    "gru": lambda **how: generators.GRUGenerator(7, 6, 8, **how),
    "transformer": lambda **how: generators.TransformerGenerator(7, 8, 10, heads=2, **how),
    "relational": lambda **how: generators.RelationalGenerator(7, 6, 8, heads=2, **how),
    "seq2seq-gru": lambda **how: generators.Seq2SeqGRU(9, 7, 6, 8, layers=2, **how),
    "seq2seq-lstm": lambda **how: generators.Seq2SeqLSTM(9, 7, 6, 8, **how),
    "seq2seq-transformer": lambda **how: generators.Seq2SeqTransformer(9, 7, 8, 10, heads=2, **how),
}


def ragged(rows, of_pairs=False, most=40):
    """Sentences of 1 to `most` tokens, most of them short."""
    rng = torch.Generator().manual_seed(1)
    lengths = (1 + (torch.rand(rows, generator=rng) ** 3 * most).int()).clamp(max=most)
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    condition = None
    if of_pairs:
        source_lengths = torch.randint(1, 12, (rows, 1), generator=rng)
        condition = Condition(torch.randint(9, (rows, 12), generator=rng), torch.arange(12) < source_lengths)
    return Batch(torch.randint(7, mask.shape, generator=rng).masked_fill(~mask, 0), mask, condition)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_those_of_the_padded_batch(kind):
    torch.manual_seed(0)
    generator = KINDS[kind](dropout=0.0).double()
    batch = ragged(50, kind.startswith("seq2seq"))
    assert len(parts_by_length(batch)) > 1
    logits = generator(batch.tokens, context_of(generator, batch.condition))
    expected = token_nll(logits, batch.tokens, batch.mask).sum()
    theirs = torch.autograd.grad(expected, list(generator.parameters()), allow_unused=True)
    found = batch_nll(generator, batch)
    ours = torch.autograd.grad(found, list(generator.parameters()), allow_unused=True)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0.0)
    for one, other in zip(ours, theirs, strict=True):
        if other is None:
            assert one is None
        else:
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_a_batch_is_read_whole_where_that_is_asked_for():
    read = []

    class Generator(generators.LSTMGenerator):
        def features(self, tokens, context=None):
            read.append(len(tokens))
            return super().features(tokens, context)

    generator, batch = Generator(7, 6, 8), ragged(50)
    batch_nll(generator, batch, whole=True)
    assert read == [50]
    batch_nll(generator, batch)
    assert len(read) > 2
    assert sum(read[1:]) == 50


def test_each_row_is_in_one_part_without_empty_columns():
    batch = ragged(64, of_pairs=True)
    parts = parts_by_length(batch)
    rows = [
        (tuple(tokens[mask].tolist()), tuple(source[known].tolist()))
        for part in (batch, *parts)
        for tokens, mask, source, known in zip(part.tokens, part.mask, *part.condition, strict=True)
    ]
    assert sorted(rows[64:]) == sorted(rows[:64])
    for part in parts:
        assert part.mask.any(dim=0).all()
        assert part.condition.mask.any(dim=0).all()


def test_a_cut_has_to_pay_for_its_calls():
    def parts(*lengths):
        mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
        return [part.mask.sum(dim=1).tolist() for part in parts_by_length(Batch(mask.long(), mask))]

    # One call of R rows costs 10 (R + C), two of 1 and R - 1 cost 10 (1 + C) + 5 (R - 1 + C): less from R - 1 > C on.
    assert parts(*[5] * CALL_ROWS, 10) == [[5] * CALL_ROWS + [10]]
    assert parts(*[5] * (CALL_ROWS + 1), 10) == [[10], [5] * (CALL_ROWS + 1)]
    assert parts(3) == [[3]]
    assert parts(4, 4, 4) == [[4, 4, 4]]


@pytest.mark.parametrize("causal", [True, False])
def test_attention_with_dropout_is_attention_where_nothing_is_dropped(causal, monkeypatch):
    torch.manual_seed(0)
    query, key, value = torch.rand(3, 5, 2, 6, 4, dtype=torch.float64).unbind(0)
    mask = None if causal else (torch.arange(6) < torch.tensor([1, 2, 6, 4, 5]).unsqueeze(1))[:, None, None]
    expected = transformer.attend(query, key, value, 0.0, causal, mask)
    monkeypatch.setattr(transformer, "dropout", lambda weights, share: weights)
    torch.testing.assert_close(transformer.attend(query, key, value, 0.5, causal, mask), expected, rtol=0, atol=1e-12)
