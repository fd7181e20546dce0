"""Each kind of product that `seqgan.tensors.products` decides on, by torch's own choice and by oneDNN in turn.

The module gives large products to oneDNN on some processors, as torch's choice leaves half of their registers unused
there. Whether it still does is a question of torch's release and of the processor: here both ways are timed wherever
torch has both, also where the module would leave the choice to torch.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from benchmarks.libraries import onednns_choice, torchs_choice
from seqgan.discriminators.cnn import FILTERS
from seqgan.tensors.products import _wide_amd_processor, add_product, linear, multiply_into, onednn_pays

CLEAR = 1.05
"""Times as fast, from which on a way is said to win: less is within the noise of a quiet machine."""
TURN_SECONDS = 0.01
"""A call is repeated until a turn takes so long, so that the clock is read rarely."""
FEATURES, EMBEDDING = sum(FILTERS.values()), 64
"""Of the SeqGAN discriminator."""


class Shape(NamedTuple):
    """A kind of product: where it is made, and how large."""

    where: str
    """The part of the package that makes it."""
    how: Callable[..., Any]
    """`linear`, `multiply_into` or `add_product`."""
    sizes: tuple[int, int, int]
    """Rows, summed-over size, columns."""


SHAPES = {
    "gates-32": Shape("LSTM gates, hidden 32", linear, (1024, 32, 128)),
    "gates-512": Shape("LSTM gates, hidden 512", linear, (1024, 512, 2048)),
    "output-32": Shape("output layer, hidden 32", linear, (1024, 32, 5000)),
    "output-512": Shape("output layer, hidden 512", linear, (1024, 512, 5000)),
    "output-512-100000": Shape("output layer, hidden 512, 100,000 symbols", linear, (256, 512, 100_000)),
    "transformer": Shape("feed-forward layer, d 256", linear, (64, 256, 1024)),
    "highway-64": Shape("highway of a discriminator's update", linear, (64, FEATURES, FEATURES)),
    "highway-1024": Shape("highway of scores", linear, (1024, FEATURES, FEATURES)),
    "table": Shape("a filter's table of all symbols", linear, (5000, EMBEDDING, 3 * FILTERS[3])),
    "windows": Shape("filters at a window of a batch", multiply_into, (FILTERS[5], 5 * EMBEDDING, 64)),
    "windows-20": Shape("the widest filters at a window of a batch", multiply_into, (FILTERS[20], 20 * EMBEDDING, 64)),
    "gradient-32": Shape("gradient of an output layer, hidden 32", add_product, (5000, 1280, 32)),
    "gradient-512": Shape("gradient of an output layer, hidden 512", add_product, (5000, 1280, 512)),
    "at-the-least": Shape("the least product that is given to oneDNN", linear, (128, 128, 128)),
    "below-the-least": Shape("a quarter of it", linear, (64, 64, 128)),
}


def work_of(shape: Shape, divisor: int = 1) -> tuple[Callable[[], torch.Tensor], torch.Tensor, int]:
    """A call that makes the product and gives it, and what `onednn_pays` is asked of it.

    Args:
        shape: which one.
        divisor: sizes are divided by it.
    """
    rows, size, columns = (max(2, each // divisor) for each in shape.sizes)
    rng = torch.Generator().manual_seed(0)
    if shape.how is linear:
        values, weight = torch.randn(rows, size, generator=rng), torch.randn(columns, size, generator=rng)
        return lambda: linear(values, weight), values, columns
    if shape.how is multiply_into:
        left, right = torch.randn(rows, size, generator=rng), torch.randn(size, columns, generator=rng)
        result = torch.empty(rows, columns)

        def into() -> torch.Tensor:
            multiply_into(result, left, right)
            return result

        return into, left, columns
    # V runs fastest in its memory, as `add_product` wishes.
    total = torch.zeros(columns, rows).T
    left, right = torch.randn(size, rows, generator=rng), torch.randn(size, columns, generator=rng)

    def added() -> torch.Tensor:
        add_product(total, left, right)
        return total

    return added, right, rows


@torch.no_grad()
def compared(name: str, turns: int, divisor: int = 1, clock: Callable[[], float] = time.perf_counter) -> dict[str, Any]:
    """A shape's times both ways, that alternate.

    Args:
        name: of the shape.
        turns: of each way; their ratios' median and quartiles are given.
        divisor: sizes are divided by it.
        clock: tells seconds.

    Raises:
        AssertionError: the two ways give other sums.
    """
    shape = SHAPES[name]
    ways = {"torch": torchs_choice, "onednn": lambda: onednns_choice(least=0)}
    calls, found = {}, {}
    for way, choice in ways.items():
        work, values, columns = work_of(shape, divisor)
        with choice():
            found[way] = work().clone()
        calls[way] = work
    torch.testing.assert_close(found["torch"], found["onednn"], atol=1e-3, rtol=1e-4)
    taken_here = onednn_pays(values, columns)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    repeats = 1
    while True:
        with ways["torch"]():
            once = _turn(calls["torch"], repeats, clock)
        if once >= TURN_SECONDS or turns <= 1:
            break
        repeats *= 2
    for number in range(turns):
        for way in sorted(ways, reverse=bool(number % 2)):
            with ways[way]():
                calls[way]()
                seconds[way].append(_turn(calls[way], repeats, clock) / repeats)
    ratios = [one / other for one, other in zip(seconds["torch"], seconds["onednn"], strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {
        "where": shape.where,
        "how": shape.how.__name__,
        "sizes": [max(2, each // divisor) for each in shape.sizes],
        "torch_seconds": statistics.median(seconds["torch"]),
        "onednn_seconds": statistics.median(seconds["onednn"]),
        "ratio": statistics.median(ratios),
        "quartiles": [low, high],
        "given_to_onednn": taken_here,
    }


def _turn(work: Callable[[], Any], repeats: int, clock: Callable[[], float]) -> float:
    started = clock()
    for _ in range(repeats):
        work()
    return clock() - started


def conclusion(result: dict[str, Any]) -> str:
    """In a few words: which way is the faster one, and whether the package takes it on this processor."""
    taken = "taken here" if result["given_to_onednn"] else "left to torch here"
    if result["ratio"] > CLEAR:
        return f"oneDNN is {result['ratio']:.2f} times as fast; {taken}"
    if result["ratio"] < 1 / CLEAR:
        return f"torch's way is {1 / result['ratio']:.2f} times as fast; {taken}"
    return f"torch has caught up; {taken}"


def table(results: dict[str, dict[str, Any]]) -> str:
    """Results as Markdown."""
    lines = [
        "| product | made by | rows x size x columns | torch, ms | oneDNN, ms | torch over oneDNN (quartiles) | so |",
        "| --- | --- | --- | ---: | ---: | ---: | --- |",
    ]
    for name, result in results.items():
        low, high = result["quartiles"]
        lines.append(
            f"| {name}: {result['where']} | `{result['how']}` | {' x '.join(map(str, result['sizes']))} "
            f"| {1e3 * result['torch_seconds']:.3g} | {1e3 * result['onednn_seconds']:.3g} "
            f"| **{result['ratio']:.2f}** ({low:.2f} to {high:.2f}) | {conclusion(result)} |"
        )
    return "\n".join(lines)


def summary(results: dict[str, dict[str, Any]]) -> str:
    """A line: where oneDNN still wins, and whether the package has it there."""
    wins = [name for name, result in results.items() if result["ratio"] > CLEAR]
    where = f"oneDNN wins at {len(wins)} of {len(results)} products ({', '.join(wins)})" if wins else ""
    rule = "gives large products to oneDNN" if _wide_amd_processor() else "leaves every product to torch"
    return f"torch {torch.__version__}: {where or 'oneDNN wins nowhere'}; on this processor the package {rule}."


def why_not() -> str:
    """Why the two ways cannot be compared here; empty where they can."""
    if not torch.backends.mkldnn.is_available():
        return f"torch {torch.__version__} has no oneDNN: there is one way alone to multiply."
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return (
            f"torch {torch.__version__} has no operator mkldnn::_linear_pointwise: the package never asks for oneDNN."
        )
    return ""
