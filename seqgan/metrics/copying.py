"""How much was copied from the training text. A model that copies it gets a perfect BLEU."""

from collections.abc import Sequence

from seqgan.metrics.ngrams import Tokens, check_sentences


def copied_share(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> float:
    """Share of the sentences that are training sentences, token by token."""
    check_sentences(sentences)
    check_sentences(training, "training")
    known = {tuple(tokens) for tokens in training}
    return sum(tuple(tokens) in known for tokens in sentences) / max(1, len(sentences))
