"""Your own reward: any function of completed sentences, alone or mixed with a discriminator's.

It is asked for completions of every prefix of every sample: keep it quick, and on tensors where you can.
"""

import sys

import torch

from seqgan.data import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.discriminators import CNNDiscriminator
from seqgan.evaluation import evaluate_generator
from seqgan.generators import LSTMGenerator
from seqgan.metrics import table
from seqgan.objectives import SEQGAN
from seqgan.training import pretrain, train_adversarially

epochs, rounds = (int(number) for number in sys.argv[1:3]) if len(sys.argv) > 2 else (5, 60)
text = encode_corpus(load_corpus("captions"))
near = torch.tensor(text.vocabulary.encode(["near", "beside", "behind"]))


def says_where(tokens, mask, real):  # noqa: ARG001
    """1 for sentences that say where. Ids [R, T] and their mask; `real` are the rows' references, here none. [R]"""
    return (torch.isin(tokens, near) & mask).any(dim=1).float()


generator = LSTMGenerator(len(text.vocabulary), embedding_size=64, hidden_size=128)
discriminator = CNNDiscriminator(len(text.vocabulary), filters={1: 50, 2: 50, 3: 50})
pretrain(generator, text, epochs=epochs)
checks = {"says where": lambda sentence: not {"near", "beside", "behind"}.isdisjoint(sentence.split())}
before = evaluate_generator(generator, text, count=300, checks=checks)
# Half of the reward is the discriminator's, so that sentences stay sentences. At 0 there is no discriminator at all.
how = {"rounds": rounds, "warmup_steps": 100, "rollouts": 4, "discriminator_share": 0.5, "baseline": "leave-one-out"}
train_adversarially(generator, discriminator, text, SEQGAN, reward=says_where, **how)
print(table({"MLE": before, "rewarded": evaluate_generator(generator, text, count=300, checks=checks)}))
