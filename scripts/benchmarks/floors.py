"""What a row's large operations take on this machine by themselves, in sizes at which they are quick.

Counted are the products with weights, one exponential of each logit that is drawn from or learnt, the sums over table
rows of a scored window, those over the windows that a filter is strongest at, and Adam's pass over the weights. Each
is timed at the row's own shapes, again and again with the same operands, and multiplied; all else a contender does is
taken to cost nothing.
"""

import time

import torch
from torch.nn import functional

from seqgan.discriminators.cnn import FILTERS
from seqgan.tensors.max_over_time import DENSE_WINDOWS
from seqgan.tensors.products import linear, multiply_into

ROWS_AT_ONCE = 1024
EMBEDDING, FEATURES = 64, sum(FILTERS.values())
"""Of the SeqGAN discriminator."""
SCORED_AT_ONCE = 128


@torch.no_grad()
def seconds(parts):
    """Of some operations: how often each, and a call of it."""
    return sum(times * least(call) for times, call in parts)


def least(call, attempts=7):
    """Seconds of a call: the least of some, as others disturb it."""
    call()
    taken = []
    for _ in range(attempts):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def product(rows, size, columns, dtype=torch.float32, at_once=ROWS_AT_ONCE):
    """So many rows times a weight [columns, size]."""
    values, weight = torch.randn(at_once, size).to(dtype), torch.randn(columns, size).to(dtype)
    return rows / at_once, lambda: linear(values, weight)


def exponential(rows, columns):
    """The softmax of so many rows, of as many at once as stay in a cache."""
    logits = torch.randn(200, columns)
    return rows / len(logits), lambda: torch.softmax(logits, dim=1, out=logits)


def completing(length, hidden_size, rollouts, dtype=torch.float32, batch=64, vocabulary=5000, embedding_size=32):
    """Completions of all prefixes by an LSTM."""
    drawn = rollouts * batch * length * (length - 1) // 2
    return [
        product(drawn, embedding_size + hidden_size, 4 * hidden_size, dtype),
        product(drawn, hidden_size, vocabulary, dtype),
        exponential(drawn, vocabulary),
    ]


def scoring(length, count, dtype=torch.float32, vocabulary=5000):
    """Sequences, each judged by the SeqGAN discriminator: tables of its filters, sums of their rows, the highway."""
    parts = [product(2 * count, FEATURES, FEATURES, dtype)]
    for width, filters in FILTERS.items():
        if width <= length:
            table = torch.randn(vocabulary * width, filters)
            windows = torch.randint(len(table), (SCORED_AT_ONCE * (length - width + 1), width), dtype=torch.int32)
            parts += [
                product(vocabulary, EMBEDDING, width * filters, dtype),
                (count / SCORED_AT_ONCE, sums(windows, table)),
            ]
    return parts


def sums(windows, table):
    """A call that adds the table's rows of each window."""
    return lambda: functional.embedding_bag(windows, table, mode="sum")


def sampling(count, length, hidden_size, dtype=torch.float32, vocabulary=5000, embedding_size=32):
    """Sequences of an LSTM."""
    drawn = count * length
    return [
        product(drawn, embedding_size + hidden_size, 4 * hidden_size, dtype),
        product(drawn, hidden_size, vocabulary, dtype),
        exponential(drawn, vocabulary),
    ]


def sampling_by_transformer(count, length, size, layers, vocabulary):
    """Sequences of a Transformer that keeps keys and values; attention itself is left out."""
    drawn = count * length
    return [
        product(layers * drawn, size, 3 * size, at_once=count),
        product(layers * drawn, size, size, at_once=count),
        product(layers * drawn, size, 4 * size, at_once=count),
        product(layers * drawn, 4 * size, size, at_once=count),
        product(drawn, size, vocabulary, at_once=count),
        exponential(drawn, vocabulary),
    ]


def judging_updates(batches, batch, length, model, optimizer):
    """Updates of the SeqGAN discriminator."""
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    return [
        # Highway: two matrices, forward and both gradients.
        product(6 * batches * batch, FEATURES, FEATURES, at_once=batch),
        *[
            part
            for width, filters in FILTERS.items()
            if width <= length
            for part in strongest_windows(batches, batch, length, width, filters)
        ],
        (batches, optimizer.step),
    ]


def strongest_windows(batches, batch, length, width, filters):
    """One width's filters at all windows, and both gradients: by as many products again where there are few windows,
    else the sums over those windows that were strongest, a token at a time."""
    windows = length - width + 1
    weight, block = torch.randn(filters, width * EMBEDDING), torch.randn(width * EMBEDDING, batch)
    result = torch.empty(filters, batch)
    products = (batches * windows, lambda: multiply_into(result, weight, block))
    if windows <= DENSE_WINDOWS:
        return [products] * 3
    table, factors = torch.randn(batch * length, EMBEDDING), torch.randn(filters, batch)
    of_filters = torch.randint(len(table), (filters, batch), dtype=torch.int32)
    of_windows = torch.randint(filters, (filters * batch,), dtype=torch.int32)
    starts = torch.arange(batch * windows, dtype=torch.int32) * filters // windows
    return [
        products,
        (
            batches * width,
            lambda: functional.embedding_bag(of_filters, table, per_sample_weights=factors, mode="sum"),
        ),
        (
            batches * width,
            lambda: functional.embedding_bag(
                of_windows, weight[:, :EMBEDDING], starts, per_sample_weights=factors.flatten(), mode="sum"
            ),
        ),
    ]


def likelihood(positions, size, vocabulary):
    """Maximum likelihood of so many positions: the output layer, forward and both gradients."""
    return [product(3 * positions, size, vocabulary), exponential(positions, vocabulary)]
