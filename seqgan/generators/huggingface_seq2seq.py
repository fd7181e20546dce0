"""An encoder-decoder model of Hugging Face transformers as a generator of sentences from sources."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seqgan.generators.huggingface import IMPOSSIBLE
from seqgan.generators.inputs import previous_tokens, require_context, require_source
from seqgan.huggingface import cache_name, double_cache_of, encoded, kept_in, positions_of, refuse_beyond, shapes_of
from seqgan.tensors.own_weights import OwnWeights
from seqgan.tensors.rows import State


class HuggingFaceSeq2Seq(OwnWeights):
    """Any encoder-decoder model whose decoder keeps keys and values. Symbols are mapped as by `HuggingFaceGenerator`.

    Args:
        model: of transformers; held, not copied.
        numbers: the model's number of each of the package's ids.
        known: False where the model has none for what is unknown, whose probability is then 0.
        start: the model's numbers of what the decoder reads before the first token; one at least.
        before: and of what the encoder reads before a source,
        after: and behind it.
        end: id that ends a sequence.

    Raises:
        ConfigError: the model keeps something else than keys and values.
    """

    numbers: Tensor
    """Of each id, and of the start symbol. [V + 1]"""

    def __init__(
        self,
        model: Any,
        numbers: Sequence[int],
        known: bool,
        start: Sequence[int],
        before: Sequence[int] = (),
        after: Sequence[int] = (),
        end: int | None = 0,
    ):
        super().__init__()
        self.model = model
        self.vocabulary_size = len(numbers)
        self.start = self.vocabulary_size
        self.end = end
        self.known = known
        self.limit = positions_of(model)
        self.first, self.before, self.after = list(start), list(before), list(after)
        self.register_buffer("numbers", torch.tensor([*numbers, start[-1]]), persistent=False)
        self.shapes = self._probe()

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> State:
        """Source [B, L] and its mask [B, L] to what the decoder looks at.

        Returns:
            The encoder's vectors [B, P, E], and the mask of its positions [B, P].

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        rows, length = source.shape
        head = self.numbers.new_tensor(self.before).expand(rows, -1)
        # What stands behind a source stands right behind it, before the padding.
        columns = torch.arange(length + len(self.after), device=source.device)
        lengths = mask.sum(dim=1, keepdim=True)
        tail = self.numbers.new_tensor(self.after).expand(rows, -1)
        both = torch.cat([self.numbers[source], tail], dim=1)
        place = torch.where(columns < lengths, columns, columns - lengths + length)
        real = columns < lengths + len(self.after)
        numbers = torch.cat([head, both.gather(1, place.clamp(max=both.shape[1] - 1))], dim=1)
        real = torch.cat([torch.ones_like(head, dtype=torch.bool), real], dim=1)
        refuse_beyond(self.limit, self._nothing(1), numbers)
        vectors = self.model.get_encoder()(input_ids=numbers, attention_mask=real.long()).last_hidden_state
        return vectors, real

    def initial_state(self, rows: int, context: State = None) -> State:
        """What was read before the start symbol: nothing, or what little there is before it; then the context.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        context = require_context(self, rows, context)
        state = (self._nothing(rows), self._nothing(rows), context)
        before = self.numbers.new_tensor(self.first[:-1]).expand(rows, -1)
        return self._read(before, state)[1] if before.shape[1] else state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        inputs = tokens if tokens.is_floating_point() else self.numbers[tokens].unsqueeze(1)
        logits, state = self._read(inputs, state)
        return logits.squeeze(1), state

    def forward(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        state = self.initial_state(len(tokens), context)
        return self._read(self.numbers[previous_tokens(tokens, self.start)], state)[0]

    def _read(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """The next columns: the model's numbers [R, T], or one distribution [R, V]. -> logits [R, T, V], next state"""
        pasts, memories, (vectors, mask) = state
        cache = double_cache_of(pasts, memories)
        refuse_beyond(self.limit, pasts, inputs)
        read: dict[str, Any] = {"decoder_input_ids": inputs}
        if inputs.is_floating_point():
            read = {"decoder_inputs_embeds": (inputs @ self._table()).unsqueeze(1)}
        read[self.cache_name] = cache
        result = self.model(
            **read,
            encoder_outputs=encoded(vectors),
            attention_mask=mask.long(),
            use_cache=True,
        )
        logits = result.logits[..., self.numbers[:-1]]
        if not self.known:
            unknown = torch.arange(self.vocabulary_size, device=logits.device) == 1
            logits = logits.masked_fill(unknown, IMPOSSIBLE)
        caches = kept_in(cache.self_attention_cache), kept_in(cache.cross_attention_cache)
        return logits, (*caches, (vectors, mask))

    def _table(self) -> Tensor:
        """The vectors of the package's ids, as the decoder reads them. [V, E]"""
        return self.model.get_decoder().get_input_embeddings()(self.numbers[:-1])

    def _nothing(self, rows: int) -> State:
        """For each block keys and values of no tokens."""
        like = next(self.model.parameters())
        return tuple(tuple(like.new_zeros(rows, heads, 0, size) for heads, size in block) for block in self.shapes)

    def _probe(self) -> list[list[tuple[int, int]]]:
        """Heads and sizes of the keys and values of each block.

        Raises:
            ConfigError: the model keeps something else.
        """
        self.cache_name = cache_name(self.model)
        with torch.no_grad():
            one = self.numbers[-1:].unsqueeze(0)
            result = self.model(input_ids=one, decoder_input_ids=one, use_cache=True)
        cache = getattr(getattr(result, self.cache_name, None), "self_attention_cache", None)
        return shapes_of(self.model, cache, 1)
