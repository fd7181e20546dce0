"""RelGAN's discriminator: many small embeddings of a sequence, each judged by one convolutional network."""

from collections.abc import Mapping

from torch import Tensor, nn

from seqgan.discriminators.cnn import strongest
from seqgan.discriminators.inputs import refuse_source
from seqgan.errors import ConfigError
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed
from seqgan.tensors.products import Linear

FILTERS = {2: 300, 3: 300, 4: 300, 5: 300}
"""Number of filters for each width, as in the RelGAN authors' program."""
REDUCED = 100
"""Size of the layer before the logit."""


class ManyViewDiscriminator(nn.Module):
    """Is a sequence real? The mean judgement of several views of it; each has embeddings of its own.

    One network of convolutions judges all views. Windows and what follows a sequence's end are treated as in
    `CNNDiscriminator`.

    Args:
        vocabulary_size: V.
        embedding_size: size of a token's vector, all views together.
        views: S, into how many parts of equal size the vector is cut; must divide embedding_size.
        filters: number of filters for each width.
        dropout: share of the features dropped in training, after the highway layer.
        per_view: logits [R, S] in place of their means [R]. RelGAN's loss is a mean over views, so that it wants
            each view's logit; a reward wants one a sequence.

    Raises:
        ConfigError: views do not divide embedding_size.

    Source: Nie et al. 2019, "RelGAN", ICLR, and the program that its authors published; initialisation
    as of `CNNDiscriminator`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        views: int = 64,
        filters: Mapping[int, int] = FILTERS,
        dropout: float = 0.25,
        per_view: bool = False,
    ):
        super().__init__()
        if embedding_size % views:
            raise ConfigError(
                f"The views of a sequence share out its embedding, but embedding_size is {embedding_size} and views is "
                f"{views}: make embedding_size a multiple of views."
            )
        features = sum(filters.values())
        view_size = embedding_size // views
        self.views = views
        self.per_view = per_view
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.convolutions = nn.ModuleList(nn.Conv1d(view_size, count, width) for width, count in filters.items())
        self.highway_gate = Linear(features, features)
        self.highway_transform = Linear(features, features)
        self.dropout = Dropout(dropout)
        # Two linear maps with nothing between them, as in the program.
        self.reduction = Linear(features, REDUCED)
        self.output = nn.Linear(REDUCED, 1)

        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)
        for layer in [*self.convolutions]:
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            nn.init.constant_(layer.bias, 0.1)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R] or, per view, [R, S]. Positive for real."""
        values = embed(tokens, self.embedding.weight) * mask.unsqueeze(-1)  # [R, T, E]
        # [R * S, T, E / S]: the views of a sequence stand together.
        values = values.unflatten(2, (self.views, -1)).transpose(1, 2).flatten(0, 1)
        features = strongest(self.convolutions, values, mask.repeat_interleave(self.views, dim=0))  # [R * S, F]
        gate = self.highway_gate(features).sigmoid()
        features = gate * self.highway_transform(features).relu() + (1 - gate) * features
        logits = self.output(self.reduction(self.dropout(features))).view(-1, self.views)  # [R, S]
        return logits if self.per_view else logits.mean(dim=1)
