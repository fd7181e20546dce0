"""Your own encoder-decoder: four methods, and everything here trains, rolls out, searches and judges it.

The laws: stepping through a sentence gives what `forward` gives, and a row does not depend on other rows. Contexts and
states are tensors, or nested tuples of tensors, with rows first.
"""

import sys

import torch
from torch import nn

from seqgan.data import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.discriminators import TwoTowerRNNDiscriminator
from seqgan.evaluation.pairs import evaluate_answers
from seqgan.metrics import table
from seqgan.objectives import CSGAN_NMT
from seqgan.training import pretrain, train_adversarially


class MyModel(nn.Module):
    """A GRU reads, another writes; its first state is the reader's last, which it also sees at each step."""

    def __init__(self, source_size, size, hidden=128):
        super().__init__()
        self.vocabulary_size, self.start, self.end = size, size, 0  # ids; the start symbol cannot come out
        self.source_embedding, self.embedding = nn.Embedding(source_size, hidden), nn.Embedding(size + 1, hidden)
        self.reader, self.writer = nn.GRU(hidden, hidden, batch_first=True), nn.GRUCell(2 * hidden, hidden)
        self.output = nn.Linear(hidden, size)

    def encode(self, source, source_mask):  # [B, L], [B, L] -> what the writer needs of the source
        states, _ = self.reader(self.source_embedding(source))  # [B, L, H]
        return states[torch.arange(len(source)), source_mask.sum(dim=1) - 1]  # [B, H]

    def initial_state(self, rows, context=None):  # noqa: ARG002
        return context, context  # the writer's state, and the source beside it

    def step(self, tokens, state):  # [R] -> logits [R, V] and the next state
        hidden, context = state
        hidden = self.writer(torch.cat([self.embedding(tokens), context], dim=1), hidden)
        return self.output(hidden), (hidden, context)

    def forward(self, tokens, context=None):  # [B, T] -> logits [B, T, V], those at t from the tokens before t
        state, logits = self.initial_state(len(tokens), context), []
        previous = torch.cat([torch.full_like(tokens[:, :1], self.start), tokens[:, :-1]], dim=1)
        for column in previous.unbind(1):
            scores, state = self.step(column, state)
            logits.append(scores)
        return torch.stack(logits, dim=1)


epochs, rounds = (int(number) for number in sys.argv[1:3]) if len(sys.argv) > 2 else (10, 20)
text = encode_corpus(load_corpus("numbers"))
generator = MyModel(len(text.source_vocabulary), len(text.vocabulary))
pretrain(generator, text, epochs=epochs)
before = evaluate_answers(generator, text, count=200)
discriminator = TwoTowerRNNDiscriminator(len(text.source_vocabulary), len(text.vocabulary))
train_adversarially(generator, discriminator, text, CSGAN_NMT, rounds=rounds, warmup_steps=50, rollouts=4)
print(table({"MLE": before, "CSGAN-NMT": evaluate_answers(generator, text, count=200)}))
