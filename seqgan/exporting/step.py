"""One decoding step of a generator as a graph: previous tokens and a state to logits and the next state.

A state, which is nested in whatever way the model likes, becomes a flat list of tensors with names. Their first axis is
the row; which others change from step to step, or from source to source, is found by trying.
"""

import copy
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree as pytree

from seqgan.decoding.states import makes_all_at_once
from seqgan.errors import ConfigError
from seqgan.generators.protocol import Generator, GeneratorModule, Noisy
from seqgan.generators.transformer import ROWS
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.own_weights import OwnWeights
from seqgan.tensors.rows import State

TRIED_ROWS = 3
"""Rows of the tensors that a graph is traced with: neither 0 nor 1, which tracing takes for constants."""
STEPS = 2
"""Steps that are made before the one which is traced, so that no axis of its state has length 0 or 1."""


class StepGraph(NamedTuple):
    """A generator that steps, as graphs."""

    step: ExportedProgram
    """`tokens` [R] and the state's tensors to logits [R, V] and the next state's tensors, in the same order."""
    encode: ExportedProgram | None
    """`source` and `source_mask` [R, L] to the first state's tensors; L is fixed, and shorter sources are padded. None
    without sources."""
    state: tuple[str, ...]
    """Names of the state's tensors."""
    axes: tuple[dict[int, str], ...]
    """Of each, the axes that have no fixed length, and what they count."""
    initial: tuple[Tensor, ...] | None
    """The first state of one row, which all rows have alike, [1, ...] each; None with sources."""


class Step(nn.Module):
    """A generator's `step` on a flat state.

    Args:
        generator: any that steps.
        structure: of its states.
    """

    def __init__(self, generator: Generator, structure: pytree.TreeSpec):
        super().__init__()
        self.generator = generator
        self._structure = structure

    def forward(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, ...]:
        """[R] and the state's tensors -> logits [R, V], and those of the next state."""
        logits, next_state = self.generator.step(tokens, pytree.tree_unflatten(state, self._structure))
        return (logits, *pytree.tree_leaves(next_state))


class Encode(nn.Module):
    """What a generator makes of sources, as a flat first state.

    Args:
        generator: one that reads sources.
    """

    def __init__(self, generator: Generator):
        super().__init__()
        self.generator = generator

    def forward(self, source: Tensor, source_mask: Tensor) -> tuple[Tensor, ...]:
        """[R, L], [R, L] -> the state's tensors"""
        # The number of rows as the tracer knows it; len() would be a constant.
        context = context_of(self.generator, Condition(source, source_mask))
        return tuple(pytree.tree_leaves(first_state(self.generator, source.shape[0], context)))


def export_step(generator: GeneratorModule, max_length: int, max_source_length: int = 0) -> StepGraph:
    """Trace a generator's step, and what it makes of sources, in evaluation mode and on the CPU.

    The number of rows is free, and so are the lengths of cached keys and of the source that a step looks at.

    Args:
        generator: any that steps.
        max_length: T, most steps.
        max_source_length: L, of padded sources; 0 without sources.

    Raises:
        ConfigError: a generator that makes all positions at once, or a model of transformers.
    """
    if makes_all_at_once(generator):
        raise ConfigError(
            f"{type(generator).__name__} makes all positions at once and has no decoding step: export it with --format "
            "folder."
        )
    if isinstance(generator, OwnWeights):
        raise ConfigError(
            "A model of transformers has no graph here: export it with --format folder, or its own weights with the "
            "tools of its library."
        )
    generator = copy.deepcopy(generator).cpu()  # the caller's stays where it is
    source_length = max_source_length and max(max_source_length, 2)
    with evaluating(generator):
        state = tried_state(generator, STEPS, source_length)
        tensors, structure = pytree.tree_flatten(state)
        names = tuple(f"state_{number}" for number in range(len(tensors)))
        axes = changing_axes(
            tensors,
            pytree.tree_leaves(tried_state(generator, STEPS + 1, source_length)),
            pytree.tree_leaves(tried_state(generator, STEPS, source_length + 1)) if source_length else tensors,
        )
        # A sequence of max_length tokens asks for its last logits behind max_length - 1 of them.
        sizes = {
            "rows": Dim("rows", max=ROWS),
            "length": Dim("length", max=max(max_length - 1, STEPS)),
            "source": Dim("source", max=max(65_536, source_length)),
        }
        dynamic = [{axis: sizes[name] for axis, name in each.items()} for each in axes]
        tokens = torch.full((TRIED_ROWS,), generator.start)
        program = torch.export.export(
            Step(generator, structure), (tokens, tensors), dynamic_shapes=({0: sizes["rows"]}, dynamic)
        )
        encode = initial = None
        if source_length:
            rows = {0: sizes["rows"]}
            encode = torch.export.export(
                Encode(generator), tuple(tried_condition(source_length)), dynamic_shapes=(rows, rows)
            )
        else:
            initial = tuple(part.contiguous() for part in pytree.tree_leaves(first_state(generator, 1, None)))
    return StepGraph(program, encode, names, axes, initial)


def first_state(generator: Generator, rows: int, context: State) -> State:
    """`initial_state`, of as many rows as a context has where there is one."""
    if context is None:
        return generator.initial_state(rows)
    return generator.initial_state(rows, context)


def tried_state(generator: Generator, steps: int, source_length: int) -> State:
    """A state after some steps."""
    context = context_of(generator, tried_condition(source_length)) if source_length else None
    state = first_state(generator, TRIED_ROWS, context)
    tokens = torch.full((TRIED_ROWS,), generator.start)
    for _ in range(steps):
        _, state = generator.step(tokens, state)
        tokens = torch.ones_like(tokens)
    return state


def tried_condition(length: int) -> Condition:
    """Some sources, TRIED_ROWS of L tokens."""
    tokens = torch.ones(TRIED_ROWS, length, dtype=torch.long)
    return Condition(tokens, torch.ones_like(tokens, dtype=torch.bool))


def changing_axes(tensors: list[Tensor], longer: list[Tensor], wider: list[Tensor]) -> tuple[dict[int, str], ...]:
    """Of each tensor the axes that have no fixed length: rows, those of another length after a step, and with a source.

    Args:
        tensors: of a state.
        longer: of the state after a step more.
        wider: of the state with a source of a token more.
    """
    found: list[dict[int, str]] = []
    for tensor, other, of_source in zip(tensors, longer, wider, strict=True):
        axes = {0: "rows"}
        for axis in range(1, tensor.dim()):
            if tensor.shape[axis] != other.shape[axis]:
                axes[axis] = "length"
            elif tensor.shape[axis] != of_source.shape[axis]:
                axes[axis] = "source"
        found.append(axes)
    return tuple(found)


def described(generator: Generator, graph: StepGraph, max_length: int, max_source_length: int) -> dict[str, Any]:
    """What a program that runs the graphs needs to know, as JSON has it.

    Args:
        generator: whose graphs they are.
        graph: the graphs.
        max_length: T, most tokens of a sentence.
        max_source_length: L, to which sources are padded; 0 without sources.
    """
    about: dict[str, Any] = {
        "start": generator.start,
        "end": generator.end,
        "vocabulary_size": generator.vocabulary_size,
        "max_length": max_length,
        "state": list(graph.state),
        "axes": [{str(axis): name for axis, name in each.items()} for each in graph.axes],
    }
    if max_source_length:
        about["max_source_length"] = max_source_length
    # Of generators that learnt through relaxed samples: noise in the first state, and the likeliest token chosen.
    if getattr(generator, "state_noise", 0.0):
        about |= {"state_noise": cast(Noisy, generator).state_noise, "greedy": bool(cast(Noisy, generator).greedy)}
    return about
