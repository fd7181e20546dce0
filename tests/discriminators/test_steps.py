"""Discriminators of prefixes token by token: the logits of `forward`."""

import pytest
import torch

from seqgan.discriminators import HierarchicalDiscriminator, RNNDiscriminator
from seqgan.tensors.rows import select_rows

TOKENS = torch.tensor([[3, 2, 0, 4], [1, 4, 5, 2], [5, 5, 1, 2]])
SOURCE = torch.tensor([[2, 1, 3, 4], [5, 6, 0, 0], [3, 0, 0, 0]])
SOURCE_MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)


def made(name, layers):
    torch.manual_seed(0)
    sizes = {"embedding_size": 3, "hidden_size": 5, "layers": layers, "dropout": 0.3, "per_token": True}
    if name == "rnn":
        judge = RNNDiscriminator(6, **sizes).double().eval()
        return judge, None
    judge = HierarchicalDiscriminator(7, 6, turn_separator=1, **sizes).double().eval()
    return judge, judge.encode(SOURCE, SOURCE_MASK)


@pytest.mark.parametrize("name", ["rnn", "hierarchical"])
@pytest.mark.parametrize("layers", [1, 3])
def test_steps_give_the_logits_of_forward(name, layers):
    judge, context = made(name, layers)
    whole = judge(TOKENS, torch.ones_like(TOKENS, dtype=torch.bool), context)
    state = judge.initial_state(3, context)
    for t in range(4):
        logits, state = judge.step(TOKENS[:, t], state)
        torch.testing.assert_close(logits, whole[:, t], atol=1e-10, rtol=0)


@pytest.mark.parametrize("name", ["rnn", "hierarchical"])
def test_rows_of_a_state_can_be_chosen(name):
    judge, context = made(name, 2)
    _, state = judge.step(TOKENS[:, 0], judge.initial_state(3, context))
    index = torch.tensor([2, 0, 0])
    chosen, _ = judge.step(torch.tensor([1, 1, 2]), select_rows(state, index))
    for row, token, logit in zip(index.tolist(), (1, 1, 2), chosen, strict=True):
        alone, _ = judge.step(torch.tensor([token]), select_rows(state, torch.tensor([row])))
        torch.testing.assert_close(alone[0], logit, atol=1e-10, rtol=0)
