"""A causal language model of Hugging Face transformers as a generator, with or without a source as its prompt."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seqgan.errors import ConfigError
from seqgan.generators.inputs import previous_tokens
from seqgan.huggingface import accepts, cache_name, cache_of, kept_in, positions_of, refuse_beyond, shapes_of
from seqgan.tensors.own_weights import OwnWeights
from seqgan.tensors.rows import State

IMPOSSIBLE = -1e9
"""The logit of a symbol that a model has not. Finite: an entropy would else be NaN."""


class HuggingFaceGenerator(OwnWeights):
    """Any causal model whose state is the keys and values of what it read.

    The package's ids are mapped onto the model's own numbers, so that no row of its tables moves; logits are its own,
    of the symbols that may come out. Beside those of the vocabulary it has others (padding, a second end symbol, pieces
    with a line feed), which cannot be drawn: the distribution is the model's given that none of them comes.

    A source is read as a prompt: the model's start, the source, then `separator`. Prompts are padded on the left, so
    that all rows write their first token in the same column, and each token is told its own position.

    Args:
        model: a causal model of transformers; held, not copied.
        numbers: the model's number of each of the package's ids.
        known: False where the model has none for what is unknown, whose probability is then 0.
        start: the model's numbers of what it reads before anything else; one at least.
        separator: its numbers of what stands between a source and the sentence; none where there are no sources.
        end: id that ends a sequence.

    Raises:
        ConfigError: the model keeps something else than keys and values, or cannot read padded prompts.
    """

    numbers: Tensor
    """Of each id, and of the start symbol. [V + 1]"""

    def __init__(
        self,
        model: Any,
        numbers: Sequence[int],
        known: bool,
        start: Sequence[int],
        separator: Sequence[int] = (),
        end: int | None = 0,
    ):
        super().__init__()
        self.model = model
        self.vocabulary_size = len(numbers)
        self.start = self.vocabulary_size
        self.end = end
        self.known = known
        self.limit = positions_of(model)
        self.before, self.separator = list(start), list(separator)
        # The last thing that is read before the first token is what the start symbol stands for: of a prompt's
        # separator, or, without a source, of the model's own start.
        last = self.separator[-1] if self.separator else self.before[-1]
        self.register_buffer("numbers", torch.tensor([*numbers, last]), persistent=False)
        self.shapes = self._probe()

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> State:
        """Source [B, L] and its mask [B, L] to what the model keeps of the prompt; None without a source.

        Returns:
            For each block keys and values, both [B, heads, P, D]; then the mask of the P columns, [B, P].

        Raises:
            ConfigError: there is a source, and the generator was made without a separator.
        """
        if source is None or source_mask is None:
            return None
        if not self.separator:
            raise ConfigError(
                "This generator was made for sentences without sources: build it for a corpus of pairs to have it "
                "read prompts."
            )
        numbers, mask = self._prompts(source, source_mask)
        return self._read(numbers, (self._nothing(len(numbers)), mask[:, :0]), mask)[1]

    def initial_state(self, rows: int, context: State = None) -> State:
        """What was read before the start symbol: the prompt, or what little there is before it.

        Raises:
            ValueError: the context is of another number of rows.
        """
        if context is not None:
            if len(context[-1]) != rows:
                raise ValueError(f"{rows} rows are asked for, and the context has {len(context[-1])}: repeat its rows.")
            return context
        before = self.numbers.new_tensor(self.before[:-1]).expand(rows, -1)
        if before.shape[1] == 0:
            return (self._nothing(rows), None)
        return self._read(before, (self._nothing(rows), None))[1]

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        mask = None if state[1] is None else torch.ones_like(state[1][:, :1])
        inputs = tokens if tokens.is_floating_point() else self.numbers[tokens].unsqueeze(1)
        logits, state = self._read(inputs, state, mask)
        return logits.squeeze(1), state

    def forward(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]

        Raises:
            ValueError: the context is of another number of rows.
        """
        state = self.initial_state(len(tokens), context)
        numbers = self.numbers[previous_tokens(tokens, self.start)]
        # What follows an end is read like anything else, and changes nothing before it.
        return self._read(numbers, state, None if state[1] is None else torch.ones_like(tokens, dtype=torch.bool))[0]

    def _prompts(self, source: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Start, source and separator but its last number, padded on the left. [B, L] -> [B, P] both"""
        rows, length = source.shape
        order = mask.long().argsort(dim=1, stable=True)  # padding first, the tokens in their order behind it
        numbers, mask = self.numbers[source.gather(1, order)], mask.gather(1, order)
        head = numbers.new_tensor(self.before).expand(rows, -1)
        tail = numbers.new_tensor(self.separator[:-1]).expand(rows, -1)
        # The start stands right before the first token: where a row has padding, behind that.
        columns = torch.arange(length + head.shape[1], device=source.device)
        padding = length - mask.sum(dim=1, keepdim=True)
        behind = torch.cat([head, numbers], dim=1)
        place = columns - padding  # of what is in each column, counted from the start
        taken = torch.where(place < head.shape[1], place, columns).clamp(min=0)
        real = torch.cat([place >= 0, torch.ones_like(tail, dtype=torch.bool)], dim=1)
        return torch.cat([behind.gather(1, taken), tail], dim=1), real

    def _read(self, inputs: Tensor, state: State, mask: Tensor | None = None) -> tuple[Tensor, State]:
        """The next columns: the model's numbers [R, T], or one distribution [R, V]; mask
        [R, T] where rows have padding.

        Returns:
            Logits [R, T, V], next state.
        """
        pasts, past_mask = state
        cache = cache_of(pasts)
        refuse_beyond(self.limit, pasts, inputs)
        read: dict[str, Any] = {self.cache_name: cache, "use_cache": True}
        if inputs.is_floating_point():
            read["inputs_embeds"] = (inputs @ self._table()).unsqueeze(1)
        else:
            read["input_ids"] = inputs
        if mask is not None and past_mask is not None:
            past_mask = torch.cat([past_mask, mask], dim=1)
            read["attention_mask"] = past_mask.long()
            positions = past_mask.long().cumsum(dim=1) - 1
            positions = positions[:, -mask.shape[1] :].clamp(min=0)
        else:
            first = pasts[0][0].shape[2]
            length = 1 if inputs.is_floating_point() else inputs.shape[1]
            positions = torch.arange(first, first + length, device=inputs.device).expand(len(inputs), -1)
        if self.reads_positions:
            read["position_ids"] = positions
        logits = self.model(**read).logits[..., self.numbers[:-1]]
        return self._possible(logits), (kept_in(cache), past_mask)

    def _possible(self, logits: Tensor) -> Tensor:
        """The unknown symbol made impossible where the model has none. [..., V] -> [..., V]"""
        if self.known:
            return logits
        unknown = torch.arange(self.vocabulary_size, device=logits.device) == 1
        return logits.masked_fill(unknown, IMPOSSIBLE)

    def _table(self) -> Tensor:
        """The vectors of the package's ids, as the model reads them. [V, E]"""
        return self.model.get_input_embeddings()(self.numbers[:-1])

    def _nothing(self, rows: int) -> State:
        """For each block keys and values of no tokens."""
        like = next(self.model.parameters())
        return tuple(tuple(like.new_zeros(rows, heads, 0, size) for heads, size in block) for block in self.shapes)

    def _probe(self) -> list[list[tuple[int, int]]]:
        """Heads and sizes of the keys and values of each block.

        Raises:
            ConfigError: the model keeps something else, or cannot read padded prompts.
        """
        self.reads_positions = accepts(self.model, "position_ids")
        self.cache_name = cache_name(self.model)
        with torch.no_grad():
            result = self.model(input_ids=self.numbers[-1:].unsqueeze(0), use_cache=True)
            shapes = shapes_of(self.model, getattr(result, self.cache_name, None), 1)
            if self.separator:
                numbers = self.numbers[-1:].expand(2, 2)
                mask = torch.tensor([[False, True], [True, True]])
                padded = self.model(input_ids=numbers, attention_mask=mask.long(), use_cache=True)
                if not padded.logits[:, -1].isfinite().all():
                    raise ConfigError(
                        f"{type(self.model).__name__} cannot read prompts of several lengths together: use another "
                        "model, or sentences without sources."
                    )
        return shapes
