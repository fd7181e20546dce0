"""Your own discriminator: two methods. Logits, positive for real; what follows a sentence's end never changes them."""

import sys

import torch
from torch import nn

from seqgan.data import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.evaluation.pairs import evaluate_answers
from seqgan.generators import Seq2SeqGRU
from seqgan.metrics import table
from seqgan.objectives import DIALOGUE
from seqgan.training import pretrain, train_adversarially


class BagOfWords(nn.Module):
    """Do the words of an answer go with its question's? Mean vectors, and a layer over both and their product."""

    def __init__(self, source_size, size, width=64):
        super().__init__()
        self.source_embedding, self.embedding = nn.Embedding(source_size, width), nn.Embedding(size, width)
        self.joint, self.output = nn.Linear(3 * width, width), nn.Linear(width, 1)

    def encode(self, source, source_mask):  # [B, L], [B, L] -> a row for each source
        return mean_vector(self.source_embedding(source), source_mask)  # [B, E]

    def forward(self, tokens, mask, context=None):  # [R, T], [R, T], R rows of context -> [R]
        answer = mean_vector(self.embedding(tokens), mask)
        both = torch.cat([context, answer, context * answer], dim=1)
        return self.output(self.joint(both).relu()).squeeze(1)


def mean_vector(vectors, mask):
    mask = mask.unsqueeze(2)
    return torch.where(mask, vectors, 0.0).sum(dim=1) / mask.sum(dim=1)


epochs, rounds = (int(number) for number in sys.argv[1:3]) if len(sys.argv) > 2 else (6, 20)
text = encode_corpus(load_corpus("answers"))
generator = Seq2SeqGRU(len(text.source_vocabulary), len(text.vocabulary), embedding_size=64, hidden_size=128)
discriminator = BagOfWords(len(text.source_vocabulary), len(text.vocabulary))
pretrain(generator, text, epochs=epochs)
before = evaluate_answers(generator, text, count=200, beam=0)
train_adversarially(generator, discriminator, text, DIALOGUE, rounds=rounds, warmup_steps=50)
print(table({"MLE": before, "dialogue": evaluate_answers(generator, text, count=200, beam=0)}))
