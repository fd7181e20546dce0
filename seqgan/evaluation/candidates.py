"""How much the odds of candidates differ of which one is taken: whether there are enough of them."""

from torch import Tensor

from seqgan.objectives.density_ratio import effective_share
from seqgan.progress import Progress

FEW = 0.25
"""Share of the candidates, below which it is said that they are few."""


class CandidateShares:
    """Gathers the logits of candidates as they are drawn, and says what they amount to.

    Args:
        tau: what logits are divided by.
    """

    def __init__(self, tau: float):
        self.tau = tau
        self.candidates = 0
        self.shares: list[float] = []

    def add(self, logits: Tensor) -> None:
        """Logits of the candidates of some rows. [B, n]"""
        self.candidates = logits.shape[1]
        self.shares += effective_share(logits.cpu().double() / self.tau).tolist()

    def tell(self, progress: Progress) -> None:
        """Say how many candidates of equal weight would carry as much, in the mean over rows."""
        if not self.shares:
            return
        share = sum(self.shares) / len(self.shares)
        few = (
            " That is few: there are too few candidates, or the discriminator is surer than it may be. Give --resample "
            "more of them."
        )
        progress.note(
            f"Of {self.candidates} candidates a sentence, as much as {share * self.candidates:.1f} would carry if all "
            f"weighed alike.{few if share < FEW else ''}"
        )
