"""What the benchmark compares with: the loops of the field's programs, written anew as plainly as they are there.

All of them take the package's modules, but only to read their weights: contenders differ in how they compute alone.
"""

import torch
from torch import nn
from torch.nn import functional


class RecurrentPeer:
    """An LSTM language model as it is usually written, in TextGAN-PyTorch for one: one function that reads tokens and
    gives log-probabilities, those behind given tokens as well."""

    def __init__(self, generator):
        self.generator = generator
        (self.lstm,) = generator.layers

    def start(self, rows):
        """The start symbol of each row [R, 1], and the first state."""
        zeros = torch.zeros(1, rows, self.generator.hidden_size)
        return torch.full((rows, 1), self.generator.start), (zeros, zeros)

    def read(self, tokens, state):
        """Tokens [R, T] and the state before them to log-probabilities [R, T, V] and the state after them."""
        values, state = self.lstm(self.generator.embedding(tokens), state)
        logits = functional.linear(values, self.generator.output_weight, self.generator.output_bias)
        return functional.log_softmax(logits, dim=-1), state

    @torch.no_grad()
    def sample(self, rows, length):
        """Sequences [rows, length], a token at a time."""
        tokens = torch.zeros(rows, length, dtype=torch.long)
        last, state = self.start(rows)
        for t in range(length):
            log_probs, state = self.read(last, state)
            last = torch.multinomial(log_probs[:, -1].exp(), 1)
            tokens[:, t] = last.squeeze(1)
        return tokens

    @torch.no_grad()
    def complete(self, sentences, given):
        """Sentences [B, T] whose tokens after the first `given` are sampled anew."""
        tokens = sentences.clone()
        first, state = self.start(len(sentences))
        log_probs, state = self.read(torch.cat([first, sentences[:, :given]], dim=1), state)
        for t in range(given, sentences.shape[1]):
            last = torch.multinomial(log_probs[:, -1].exp(), 1)
            tokens[:, t] = last.squeeze(1)
            log_probs, state = self.read(last, state)
        return tokens

    @torch.no_grad()
    def rollout(self, judge, sentences, rollouts):
        """Reward of every prefix: for each rollout and each prefix a whole completion. [rollouts, B, T]"""
        rewards = []
        for _ in range(rollouts):
            by_prefix = []
            for given in range(1, sentences.shape[1] + 1):
                by_prefix.append(judge(self.complete(sentences, given)).sigmoid())
            rewards.append(torch.stack(by_prefix, dim=1))
        return torch.stack(rewards)

    def likelihood_step(self, optimizer, tokens, clip_norm):
        """One maximum-likelihood update; the loss."""
        first, state = self.start(len(tokens))
        log_probs, _ = self.read(torch.cat([first, tokens[:, :-1]], dim=1), state)
        loss = functional.nll_loss(log_probs.flatten(0, 1), tokens.flatten())
        return descend(self.generator, optimizer, loss, clip_norm)

    def policy_step(self, optimizer, tokens, rewards, clip_norm):
        """One REINFORCE update of sampled sentences [B, T] with rewards [B, T]; the loss."""
        first, state = self.start(len(tokens))
        log_probs, _ = self.read(torch.cat([first, tokens[:, :-1]], dim=1), state)
        chosen = log_probs.gather(2, tokens.unsqueeze(2)).squeeze(2)
        return descend(self.generator, optimizer, -(chosen * rewards).sum(dim=1).mean(), clip_norm)


class PairsPeer:
    """RNNSearch with GRUs as it is usually written: a decoder that reads a token a call and looks at what the encoder
    gave, which is kept with each source."""

    def __init__(self, generator):
        self.generator = generator
        (self.gru,) = generator.layers
        self.attention = generator.attention

    def read(self, token, hidden, source):
        """Tokens [B, 1], state [1, B, H] and what the encoder gave to what is read [B, E] and the next state."""
        keys, values, mask = source
        vectors = self.generator.embedding(token)  # [B, 1, E]
        energy = torch.tanh(self.attention.query(hidden[0]).unsqueeze(1) + keys)
        scores = self.attention.score(energy).squeeze(2).masked_fill(~mask, -torch.inf)
        found = torch.bmm(functional.softmax(scores, dim=1).unsqueeze(1), values)  # [B, 1, S]
        output, hidden = self.gru(torch.cat([vectors, found], dim=2), hidden)
        read = torch.tanh(self.generator.readout(torch.cat([output, found, vectors], dim=2)))
        return read[:, 0], hidden

    def log_probs(self, read):
        """[B, E] -> [B, V]"""
        logits = functional.linear(read, self.generator.output_weight, self.generator.output_bias)
        return functional.log_softmax(logits, dim=1)

    @torch.no_grad()
    def complete(self, sentences, given, context):
        """Sentences [B, T] whose tokens after the first `given` are sampled anew; context as of the encoder."""
        ((hidden,),), *source = context
        hidden, tokens = hidden.unsqueeze(0), sentences.clone()
        last = torch.full((len(sentences), 1), self.generator.start)
        for t in range(sentences.shape[1] if given < sentences.shape[1] else 0):
            read, hidden = self.read(last, hidden, source)
            if t >= given:
                tokens[:, t] = torch.multinomial(self.log_probs(read).exp(), 1).squeeze(1)
            last = tokens[:, t : t + 1]
        return tokens

    def sample(self, rows, length, context):
        """Sequences [rows, length], a token at a time."""
        return self.complete(torch.zeros(rows, length, dtype=torch.long), 0, context)


@torch.no_grad()
def transformer_sample(generator, rows, length):
    """Sequences [rows, length] of any model with a `forward`, which reads each prefix again."""
    tokens = torch.zeros(rows, length, dtype=torch.long)
    for t in range(length):
        log_probs = functional.log_softmax(generator(tokens[:, : t + 1])[:, -1], dim=-1)
        tokens[:, t] = torch.multinomial(log_probs.exp(), 1).squeeze(1)
    return tokens


def convolutional_judge(discriminator, lengths=None):
    """SeqGAN's discriminator with two-dimensional convolutions over [B, 1, T, E], as a function of tokens [B, T].

    Args:
        discriminator: whose weights it reads.
        lengths: windows count that lie within their sentence, the first one always, with zeros behind the end. All
            windows count without them, as in the field's programs. [B]
    """

    def judge(tokens):
        values = discriminator.embedding(tokens).unsqueeze(1)  # [B, 1, T, E]
        if lengths is not None:
            values = values * (torch.arange(tokens.shape[1]) < lengths[:, None])[:, None, :, None]
        pooled = []
        for convolution in discriminator.convolutions:
            # [filters, E, width] -> [filters, 1, width, E]
            response = functional.conv2d(values, convolution.weight.transpose(1, 2).unsqueeze(1), convolution.bias)
            response = functional.relu(response).squeeze(3)  # [B, filters, windows]
            if lengths is not None:
                last = (lengths - convolution.kernel_size[0]).clamp(min=0)
                response = response * (torch.arange(response.shape[2]) <= last[:, None])[:, None]
            pooled.append(functional.max_pool1d(response, response.shape[2]).squeeze(2))
        features = torch.cat(pooled, dim=1)
        highway = discriminator.highway_transform(features)
        gate = torch.sigmoid(discriminator.highway_gate(features))
        features = gate * functional.relu(highway) + (1.0 - gate) * features
        return discriminator.output(discriminator.dropout(features)).squeeze(1)

    return judge


def discriminator_step(discriminator, judge, optimizer, real, fake):
    """One update on real and generated sentences, both [B, T]; the loss."""
    logits = judge(torch.cat([real, fake]))
    labels = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))])
    # The package's loss is the sum of both kinds' means.
    loss = 2 * functional.binary_cross_entropy_with_logits(logits, labels)
    return descend(discriminator, optimizer, loss)


def descend(model, optimizer, loss, clip_norm=0.0):
    """The usual five lines of an update; the loss."""
    optimizer.zero_grad()
    loss.backward()
    if clip_norm:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return loss.item()


def plain_adam(model, learning_rate, output_decay=0.0):
    """Adam as it comes; the output layer's penalty is the package's."""
    output = [value for name, value in model.named_parameters() if name.startswith("output")]
    rest = [value for name, value in model.named_parameters() if not name.startswith("output")]
    return torch.optim.Adam([{"params": rest}, {"params": output, "weight_decay": output_decay}], lr=learning_rate)
