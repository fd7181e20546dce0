"""The settings of maximum likelihood."""

from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.settings.types import Count, Positive, Rate, Section


class PretrainConfig(Section, frozen=True, kw_only=True):
    """Maximum likelihood for the generator."""

    epochs: Annotated[int, Meta(ge=1), tyro.conf.arg(aliases=["--epochs"], metavar="N")] = 40
    """Most passes over the training text."""
    patience: Count = 3
    """Stop after this many epochs without a better held-out likelihood, and keep the best; 0 makes all epochs and keeps
    the last, as the SeqGAN authors do."""
    batch_size: Positive = 64
    """Sentences per update."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam."""
    clip_norm: Annotated[float, Meta(gt=0)] = 5.0
    """Gradients are scaled down to this norm."""
    start: Annotated[str | None, tyro.conf.arg(aliases=["--from"], metavar="RUN")] = None
    """Begin with the generator of this run, its weights and vocabulary, in a run of its own; only its sizes and tokens
    must stay."""
    start_weights: Annotated[str, tyro.conf.Suppress] = ""
    """SHA-256 of those weights, so that the run can be made again; filled in by pretrain."""
    epoch_updates: Count = 0
    """Updates after which an epoch ends, with its evaluation, for texts of which a whole pass takes long; the next
    epoch goes on in the text where it ended. 0: an epoch is a pass over the text."""
    checkpoint_every: Count = 0
    """Updates between two training states within an epoch, from which an interrupted run goes on; 0 writes them at the
    ends of epochs alone."""
    weighting: Annotated[str, tyro.conf.Suppress] = "text"
    """What a token weighs in the loss: text, the same wherever it stands, in batches of any lengths; batch, one over
    the tokens of its batch, whose sentences are about as long. The latter is no maximum likelihood: that of runs made
    before."""
    draws: Annotated[str, tyro.conf.Suppress] = "shared"
    """Random numbers of dropout on a CPU: shared, one for four values, and sentences of a batch that are about as long
    go through the generator together; or single, one for each value of a whole batch, padding among them: that of runs
    made before."""
