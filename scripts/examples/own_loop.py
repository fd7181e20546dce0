"""Your own training loop: our samples, rollouts, objectives and metrics as functions, and nothing else of ours."""

import sys

import torch

from seqgan.data import load_corpus
from seqgan.data.batches import draw_batch, epoch_batches, mean_length, take
from seqgan.data.text import encode_corpus
from seqgan.decoding import rollout, sample
from seqgan.discriminators import CNNDiscriminator
from seqgan.generators import LSTMGenerator
from seqgan.metrics import bleu_against_corpus, self_bleu
from seqgan.objectives import (
    binary_discriminator_loss,
    importance_advantages,
    log_odds,
    mle_loss,
    policy_gradient_loss,
    token_log_probs,
)
from seqgan.tensors.modes import evaluating

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
text = encode_corpus(load_corpus("captions"))
rng = torch.Generator().manual_seed(0)
generator = LSTMGenerator(len(text.vocabulary), embedding_size=64, hidden_size=128)
discriminator = CNNDiscriminator(len(text.vocabulary), filters={1: 50, 2: 50, 3: 50}, dropout=0.2)
players = generator, discriminator
teacher, policy, judge = (torch.optim.Adam(players[k].parameters(), lr) for k, lr in ((0, 2e-3), (0, 3e-4), (1, 5e-4)))


def minimise(loss, optimizer):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def reward(tokens, mask, row):  # noqa: ARG001  completions, and the sample that each belongs to
    with evaluating(discriminator):
        return log_odds(discriminator(tokens, mask))


for rows in epoch_batches(text.train, 64, seed=0, epoch=1):
    batch = take(text.train, rows)
    minimise(mle_loss(generator(batch.tokens), batch.tokens, batch.mask, 64 * mean_length(text.train)), teacher)
for number in range(rounds):  # MaliGAN, in eight lines
    fake, real = sample(generator, 64, text.max_length, rng=rng), draw_batch(text.train, 64, rng)
    minimise(binary_discriminator_loss(discriminator(real.tokens, real.mask), discriminator(*fake)), judge)
    if number >= rounds // 2:
        values = rollout(generator, reward, fake, 4, rng=rng)  # [N, B, T]
        advantages = importance_advantages(values, fake.mask, baseline=0.5)  # [B, T]
        log_probs = token_log_probs(generator(fake.tokens), fake.tokens)
        minimise(policy_gradient_loss(log_probs, advantages, fake.mask), policy)

samples = [text.vocabulary.decode(ids) for ids in sample(generator, 200, text.max_length, rng=rng).tokens.tolist()]
references = [text.tokenizer.tokenize(line) for line in text.corpus.test]
for score in (bleu_against_corpus(samples, references), self_bleu(samples)):
    print(score.signature, {order: round(value, 3) for order, value in score.values.items()})
