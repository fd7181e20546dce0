"""The recurrent discriminator: a GRU that judges the whole sequence at its end, or every prefix as it reads."""

from typing import Self

from torch import Tensor, nn

from seqgan.discriminators.inputs import refuse_source
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed


class RNNDiscriminator(nn.Module):
    """Is a sequence real? Judged from the state of a GRU that has read it, from left to right.

    With `per_token` each position has a logit, that of the prefix up to and including its token: no later token
    changes it, so that it can value a prefix without rollouts.

    Args:
        vocabulary_size: V.
        embedding_size: size of a token's vector; the table is the discriminator's own.
        hidden_size: H, size of each GRU layer.
        layers: GRU layers.
        dropout: share of the embeddings and of each layer's outputs that is dropped in training.
        per_token: logits [R, T] in place of [R].

    Source: GRU as in Cho et al. 2014 (arXiv:1406.1078), section 2.3; a logit for each prefix as in de Masson d'Autume
    et al. 2019 (arXiv:1905.09922), who use an LSTM.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        layers: int = 1,
        dropout: float = 0.25,
        per_token: bool = False,
    ):
        super().__init__()
        self.per_token = per_token
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        sizes = [embedding_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(nn.GRU(size, hidden_size, batch_first=True) for size in sizes)
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(hidden_size, 1)
        # As the convolutional discriminator's table: the default, standard normal, saturates the gates.
        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the GRU layers stay in training mode, which changes nothing in them.

        They hold no dropout of their own, and cuDNN refuses the backward pass of a recurrent layer in evaluation
        mode, which is how a gradient reaches a generator through the discriminator.
        """
        super().train(mode)
        self.layers.train()
        return self

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R] or, per token, [R, T].

        Positive for real. Logits where the mask is False mean nothing; they do not depend on the tokens there.
        """
        # Zeros after the end: what stands there then changes not even the logits that nobody reads.
        values = self.dropout(embed(tokens, self.embedding.weight) * mask.unsqueeze(-1))  # [R, T, E]
        for layer in self.layers:
            values = self.dropout(layer(values)[0])  # [R, T, H]
        if self.per_token:
            return self.output(values).squeeze(2)
        # The state after the last real token; a later one would have read padding.
        last = (mask.sum(dim=1) - 1).clamp(min=0)  # [R]
        values = values.gather(1, last.view(-1, 1, 1).expand(-1, 1, values.shape[2])).squeeze(1)  # [R, H]
        return self.output(values).squeeze(1)

    def initial_state(self, rows: int, context: None = None) -> tuple[Tensor, ...]:  # noqa: ARG002
        """State of each layer before the first token, each [R, H]."""
        weight = self.output.weight
        return tuple(weight.new_zeros(rows, weight.shape[1]) for _ in self.layers)

    def step(self, tokens: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One token on. Ids [R] -> logits [R] of what was read with them, next state."""
        values = self.dropout(embed(tokens, self.embedding.weight)).unsqueeze(1)  # [R, 1, E]
        following = []
        for layer, hidden in zip(self.layers, state, strict=True):
            values, last = layer(values, hidden.unsqueeze(0).contiguous())
            values = self.dropout(values)  # [R, 1, H]
            following.append(last.squeeze(0))
        return self.output(values.squeeze(1)).squeeze(1), tuple(following)
