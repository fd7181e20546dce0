"""What a kind of discriminator is: its record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.kinds import Kind


@dataclass(frozen=True)
class DiscriminatorKind(Kind[Discriminator]):
    """A kind of discriminator, and what follows from it. What it makes is a `Discriminator`.

    Raises:
        ConfigError: when it is made, as for `Kind`; or filters of which `make` is not told.
    """

    filters: Mapping[int, int] = field(default_factory=dict, hash=False)
    """Of one with filters over n-grams their numbers by width, of which the setting is a multiple. Those that are wider
    than any sentence are left out. Where there are none, `make` is given the multiple itself."""
    distributions: bool = True
    """Reads distributions over tokens as well as tokens: what algorithms on relaxed samples show it."""

    player = "discriminator"
    sizes = (
        *("embedding_size", "hidden_size", "layers", "heads", "dropout"),
        *("filters", "views", "per_view", "per_token"),
    )
    given = (
        *("vocabulary_size", "source_vocabulary_size", "shared_embedding", "max_length"),
        *("source_filters", "turn_separator"),
    )
    """Of these, where there are sources: how many symbols they have, whether those are the sentences' own, filters that
    some source fills, and the symbol between the turns of a source, where they have some."""
    of_pretrained = (
        *("path", "lora_rank", "lora_alpha", "architecture", "base"),
        *("pooling", "opening", "closing"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters and not self.takes("filters"):
            raise ConfigError(f"make of the discriminator {self.name!r} takes no filters, and its record has some.")

    @property
    def per_token(self) -> bool:
        """Whether it can give a logit for each prefix of a sentence."""
        return "per_token" in self.settings

    @property
    def views(self) -> bool:
        """Whether it has several views of a sentence, and can give a logit for each."""
        return "views" in self.settings
