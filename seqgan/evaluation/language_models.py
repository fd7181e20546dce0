"""Language models that judge: small LSTMs, alike for all systems, trained until real text says stop.

The LM score is what a model of real text says of the samples; the reverse LM score what a model of the samples says of
real text. One architecture and one budget for all, whatever is judged.
"""

import copy
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqgan.data.batches import Sequences, encode_sentences, epoch_batches, mean_length, take
from seqgan.data.vocabulary import Vocabulary, build_vocabulary
from seqgan.evaluation.likelihood import held_out_likelihood, sequence_log_probs
from seqgan.generators import LSTMGenerator
from seqgan.generators.inputs import previous_tokens
from seqgan.objectives.mle import mle_loss
from seqgan.progress import SILENT, Progress
from seqgan.tensors.dropout import drawing
from seqgan.tensors.embedding import embed
from seqgan.tensors.modes import evaluating

SENTENCES_AT_ONCE = 256
"""Sentences whose hidden states are in memory at once."""


class Budget(NamedTuple):
    """The architecture and training of every language model that judges."""

    embedding_size: int = 64
    """Size of a token's vector."""
    hidden_size: int = 128
    """Of the single LSTM layer; and the number of features of a sentence."""
    dropout: float = 0.3
    """In training."""
    learning_rate: float = 5e-3
    """Of Adam."""
    batch_size: int = 64
    """Sentences."""
    epochs: int = 6
    """At most."""
    sentences: int = 10_000
    """Training sentences at most; of a larger text as many are drawn."""
    max_length: int = 64
    """Tokens of a sentence at most, its end included; longer ones are cut."""
    max_vocabulary: int = 10_000
    """Most frequent tokens that are known at most."""

    def __str__(self) -> str:
        return (
            f"lstm emb:{self.embedding_size} hidden:{self.hidden_size} dropout:{self.dropout} lr:{self.learning_rate} "
            f"batch:{self.batch_size} epochs:<={self.epochs} sentences:<={self.sentences} length:<={self.max_length} "
            "loss:text"
        )


BUDGET = Budget()
"""The same for all."""


class LanguageModel(NamedTuple):
    """A trained model and what its ids mean."""

    generator: LSTMGenerator
    """It reads and is never sampled."""
    vocabulary: Vocabulary
    """Tokens that stand once in the training text are left to its unknown symbol."""
    budget: Budget
    """How it was trained."""
    epochs: int
    """After which its weights were taken."""


def judging_vocabulary(sentences: Sequence[Sequence[str]], budget: Budget = BUDGET) -> Vocabulary:
    """The tokens that stand at least twice in real text, or all where too few do.

    So that the unknown symbol has a probability of its own. It is that of the real text whatever is trained on: a
    system must not choose which words it is asked for.

    Raises:
        CorpusError: fewer than two distinct tokens.
    """
    counts: dict[str, int] = {}
    for tokens in sentences:
        for token in tokens:
            counts[token] = counts.get(token, 0) + 1
    enough = sum(count >= 2 for count in counts.values()) >= 2
    return build_vocabulary(sentences, min_count=2 if enough else 1, max_size=budget.max_vocabulary)


def train_language_model(
    training: Sequence[Sequence[str]],
    validation: Sequence[Sequence[str]],
    vocabulary: Vocabulary,
    *,
    seed: int = 0,
    budget: Budget = BUDGET,
    progress: Progress = SILENT,
) -> LanguageModel:
    """Train until the likelihood of the validation text no longer rises, and take the best epoch's weights.

    Args:
        training: token lists.
        validation: of real text, which decides when to stop.
        vocabulary: from `judging_vocabulary`.
        seed: of weights, order and dropout, and of the choice where there are too many sentences.
        budget: the same for whatever is compared.
        progress: where to report.

    Raises:
        CorpusError: there are no sentences.
    """
    # The numbers that judge a text are those of versions before, and so is the dropout of what judges.
    with torch.random.fork_rng(devices=[]), drawing("single"):
        torch.manual_seed(seed)
        generator = LSTMGenerator(
            len(vocabulary), budget.embedding_size, budget.hidden_size, dropout=budget.dropout, end=vocabulary.end
        )
        chosen = torch.randperm(len(training))[: budget.sentences].sort().values.tolist()
        train = encode(LanguageModel(generator, vocabulary, budget, 0), [training[place] for place in chosen])
        valid = encode(LanguageModel(generator, vocabulary, budget, 0), validation)
        optimizer = torch.optim.Adam(generator.parameters(), lr=budget.learning_rate, fused=True)
        per_batch = budget.batch_size * mean_length(train)
        best, best_nll, best_epoch = copy.deepcopy(generator.state_dict()), math.inf, 0
        for epoch in range(1, budget.epochs + 1):
            generator.train()
            batches = epoch_batches(train, budget.batch_size, seed=seed, epoch=epoch)
            with progress.bar(f"Language model that judges, epoch {epoch}: batches", len(batches)) as advance:
                for rows in batches:
                    batch = take(train, rows)
                    loss = mle_loss(generator(batch.tokens), batch.tokens, batch.mask, per_batch)
                    optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(generator.parameters(), 5.0)
                    optimizer.step()
                    advance(1)
            # Unknown tokens are scored here as everywhere among these models.
            nll = held_out_likelihood(generator, valid, None).nll_per_token
            if nll >= best_nll:
                break
            best, best_nll, best_epoch = copy.deepcopy(generator.state_dict()), nll, epoch
    generator.load_state_dict(best)
    return LanguageModel(generator.eval(), vocabulary, budget, best_epoch)


def encode(model: LanguageModel, sentences: Sequence[Sequence[str]]) -> Sequences:
    """Sentences as the model reads them, cut where they are too long."""
    return encode_sentences(sentences, model.vocabulary, model.budget.max_length, "cut")[0]


def language_model_log_probs(model: LanguageModel, sentences: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Log-probability of each sentence, in nats, and its tokens, the end counted and unknown ones as well.

    Returns:
        [sentences], [sentences]

    Raises:
        CorpusError: there are no sentences.
    """
    sequences = encode(model, sentences)
    return sequence_log_probs(model.generator, sequences).numpy(), sequences.mask.sum(dim=1).numpy()


def hidden_states(model: LanguageModel, sentences: Sequence[Sequence[str]], pooling: str = "mean") -> np.ndarray:
    """What the LSTM keeps of each sentence, for metrics on features.

    Args:
        model: trained on real text.
        sentences: token lists.
        pooling: "mean" of the states over the tokens, the start's among them; "last" is the state after the last one.

    Returns:
        [sentences, hidden]

    Raises:
        CorpusError: there are no sentences.
        ValueError: another pooling.
    """
    if pooling not in ("mean", "last"):
        raise ValueError(f"pooling is {pooling!r}: expected mean or last.")
    sequences = encode(model, sentences)
    generator = model.generator
    parts: list[Tensor] = []
    with evaluating(generator):
        for rows in torch.arange(len(sequences.tokens)).split(SENTENCES_AT_ONCE):
            tokens, mask = sequences.tokens[rows], sequences.mask[rows]
            values = embed(previous_tokens(tokens, generator.start), generator.embedding.weight)  # [B, T, E]
            for layer in generator.layers:
                values = layer(values)[0]  # [B, T, H]
            lengths = mask.sum(dim=1)
            if pooling == "last":
                parts.append(values[torch.arange(len(rows)), lengths - 1])
            else:
                parts.append((values * mask.unsqueeze(2)).sum(dim=1) / lengths.unsqueeze(1))
    return torch.cat(parts).double().numpy()
