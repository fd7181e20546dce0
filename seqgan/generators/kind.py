"""What a kind of generator is: its record."""

from dataclasses import dataclass

from seqgan.errors import ConfigError
from seqgan.generators.protocol import GeneratorModule
from seqgan.kinds import Kind


@dataclass(frozen=True)
class GeneratorKind(Kind[GeneratorModule]):
    """A kind of generator, and what follows from it. What it makes is a `Generator` or a `OneShotGenerator`.

    Raises:
        ConfigError: when it is made, as for `Kind`; or sizes of tied ones that do not exist.
    """

    at_once: bool = False
    """Makes all positions at once, from noise, and has no likelihood to pretrain with."""
    state_noise: bool = False
    """Has a recurrent state that can hold noise, where it learns through relaxed samples."""
    tied_sizes: tuple[str, str] | None = None
    """Sizes that are equal where embeddings and output share a matrix."""

    player = "generator"
    sizes = ("embedding_size", "hidden_size", "layers", "heads", "dropout", "tied", "noise_size")
    given = ("vocabulary_size", "source_vocabulary_size", "shared_embedding", "start", "end", "max_length", "drawn")
    """Of these, source_vocabulary_size and shared_embedding where there are sources: how many symbols they have, and
    whether those are the sentences' own. drawn: of one that is `at_once`, whether its algorithm has its tokens drawn.
    """
    of_pretrained = ("path", "lora_rank", "lora_alpha", "architecture", "base")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_once and self.source != "never":
            raise ConfigError(
                f"The generator {self.name!r} makes all positions at once from noise, and reads a source."
            )
        for size in self.tied_sizes or ():
            self._check_size("tied_sizes", size)
