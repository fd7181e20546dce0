"""From a generator to sentences. Ids become strings here only."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.tokenizers import Tokenizer
from seqgan.data.vocabulary import Vocabulary
from seqgan.decoding.sampling import sample
from seqgan.errors import ConfigError
from seqgan.progress import SILENT, Progress

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

ROWS = 512
"""Sentences that are sampled at once."""


def generate_sentences(
    generator: "GeneratorModule",
    count: int,
    max_length: int,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    rng: torch.Generator,
    progress: Progress = SILENT,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
) -> list[str]:
    """Sample sentences as text. The arguments are those of `sample`, and what turns ids into text.

    Raises:
        ConfigError: the prefix is as long as a sentence may be.
    """
    if prefix is not None and len(prefix) >= max_length:
        raise ConfigError(f"The prefix has {len(prefix)} tokens, and sentences have at most {max_length}: shorten it.")
    if hasattr(generator, "distributions") and (temperature, top_k, top_p, prefix) != (1.0, 0, 1.0, None):
        raise ConfigError(
            "This generator makes all positions at once and has no next token to choose: leave out temperature, top-k, "
            "top-p and prefix."
        )
    sentences: list[str] = []
    with progress.bar("Sampling: sentences", count) as advance:
        while len(sentences) < count:
            # Whole batches are drawn, so that the first sentences are the same however many are asked for.
            tokens, _ = sample(
                generator,
                ROWS,
                max_length,
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                prefix=prefix,
            )
            wanted = tokens[: count - len(sentences)].tolist()
            sentences += [tokenizer.detokenize(vocabulary.decode(ids)) for ids in wanted]
            advance(len(wanted))
    return sentences


def encode_prefix(text: str, tokenizer: Tokenizer, vocabulary: Vocabulary) -> Tensor | None:
    """The ids that sentences are to begin with; None for an empty text.

    Raises:
        ConfigError: a token of it is not in the vocabulary.
    """
    tokens = tokenizer.tokenize(text)
    ids = vocabulary.encode(tokens)
    for token, number in zip(tokens, ids, strict=True):
        if number == vocabulary.unknown:
            raise ConfigError(f"The prefix has {token!r}, which the run's vocabulary does not: use words it knows.")
    return torch.tensor(ids) if ids else None
