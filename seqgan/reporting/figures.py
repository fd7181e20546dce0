"""Pictures as SVG text, drawn by matplotlib, that take the page's colours and fonts.

A picture is drawn in stand-in colours, which are then replaced by the page's CSS variables: the same picture is
light, dark and printed. No text from outside is drawn in it, only names that this package made; runs are named in the
page's legend, by colour and by dashes. The same data give the same bytes.
"""

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STAND_INS = {"ink": "#010101", "muted": "#020202", "grid": "#030303", "shade": "#040404", "paper": "#050505"}
"""What is drawn in the colour of that variable."""
SERIES = 6
"""Colours that tell series apart; a seventh one takes the first colour and other dashes."""
SERIES_COLOURS = [f"#0601{number:02x}" for number in range(SERIES)]
DASHES: Sequence[Any] = ("solid", (0, (6, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = "osD^vP"
WIDTH, HEIGHT = 360, 236
"""Of a picture at its natural size, in pixels: not much wider than a phone, so that its text can be read there."""
PLANE_WIDTH, PLANE_HEIGHT = 420, 360
FONT_PIXELS = 11.5
ROOM = 0.05
"""Share of a scale that stays free above what is drawn."""
PLANE_SPAN = 0.05
"""Of both axes of a plane, at least."""
INTERVAL_SPAN = 0.04
"""Of the axis of differences, at least."""
ROW_HEIGHT, AXIS_HEIGHT = 34, 56
"""Of a row of differences, and of what is below all."""


class Line(NamedTuple):
    """A curve."""

    x: Sequence[float]
    y: Sequence[float | None]
    """None where there is no number."""
    series: int | None = 0
    """Which colour and dashes; None for what belongs to no series, in the colour of text."""
    spread: Sequence[float | None] | None = None
    """Half the height of a band around it."""
    light: bool = False
    """Thin and dotted: of the same series, and of another kind."""


class Panel(NamedTuple):
    """A phase of training: a part of the picture with an axis of its own along it."""

    name: str
    unit: str
    """Of the axis along it."""
    lines: Sequence[Line]
    narrow: bool = False


class Point(NamedTuple):
    """A place in the plane of quality and diversity."""

    x: float
    y: float
    label: str = ""
    x_ends: tuple[float, float] | None = None
    """Of the interval along."""
    y_ends: tuple[float, float] | None = None
    """Of the interval up."""


class Interval(NamedTuple):
    """A number and where it may lie."""

    name: str
    value: float
    ends: tuple[float, float] | None = None
    """None where they are not known."""


class Path(NamedTuple):
    """Points in order, joined."""

    points: Sequence[Point]
    series: int | None = 0
    hollow: bool = False
    """Whether its marks are rings."""


def check_drawable() -> None:
    """That matplotlib is there.

    Raises:
        ConfigError: it is not; names the extra that brings it.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError(
            "A page's pictures are drawn by matplotlib, which is not installed: pip install 'seqgan[report]'."
        )


def curves(
    panels: Sequence[Panel],
    key: str,
    *,
    level: float | None = None,
    low: float | None = None,
    high: float | None = None,
    least: float = 0.0,
) -> str:
    """Curves over the phases of a training, side by side on one scale.

    Args:
        panels: the phases, in order; those without lines are left out.
        key: an id that no other picture of the page has.
        level: where to draw a horizontal line to compare with.
        low: where the scale begins at the latest.
        high: where it ends at the earliest.
        least: what it spans at least, so that chance does not look like a cliff.
    """
    panels = [panel for panel in panels if any(_known(line) for line in panel.lines)]

    def draw(figure: "Figure") -> None:
        ratios = [0.28 if panel.narrow else 1.0 for panel in panels]
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=ratios)[0]
        for number, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
            _plain(axis)
            axis.set_title(panel.name, fontsize=FONT_PIXELS, color=STAND_INS["muted"], loc="left", pad=5)
            axis.set_xlabel("" if panel.narrow else panel.unit)
            if number < len(panels) - 1:
                axis.set_facecolor(STAND_INS["shade"])
            if number:
                axis.tick_params(axis="y", length=0)
            for line in panel.lines:
                _draw_line(axis, line)
            if level is not None:
                axis.axhline(level, color=STAND_INS["muted"], linewidth=1, dashes=(3, 3), zorder=1)
            _whole_steps(axis, panel)
        _stretch(axes[0].yaxis, least, low, high)

    return _svg(draw, key, WIDTH, HEIGHT)


def plane(paths: Sequence[Path], key: str, x_name: str, y_name: str, better: str = "") -> str:
    """Quality against diversity.

    Args:
        paths: joined points; a single one is a mark.
        key: an id that no other picture of the page has.
        x_name: of the axis along.
        y_name: of the axis up.
        better: which way is better, for the corner: ``"better ↖"``.
    """

    def draw(figure: "Figure") -> None:
        axis = figure.subplots()
        _plain(axis)
        axis.margins(0.12)
        axis.set_xlabel(x_name)
        axis.set_ylabel(y_name)
        for path in paths:
            colour, dashes = _look(path.series)
            marker = (
                MARKERS[(path.series or 0) % len(MARKERS)] if path.series is not None else "o" if path.hollow else "*"
            )
            inside = STAND_INS["paper"] if path.hollow else colour
            axis.plot(
                [point.x for point in path.points],
                [point.y for point in path.points],
                color=colour,
                linestyle=dashes,
                linewidth=1.6,
                marker=marker,
                markersize=10 if marker == "*" else 6,
                markerfacecolor=inside,
                markeredgewidth=1.4,
            )
            for point in path.points:
                if point.x_ends is not None:
                    axis.plot(point.x_ends, (point.y, point.y), color=colour, linewidth=0.9)
                if point.y_ends is not None:
                    axis.plot((point.x, point.x), point.y_ends, color=colour, linewidth=0.9)
                if point.label:
                    axis.annotate(
                        point.label,
                        (point.x, point.y),
                        xytext=(7, -4),
                        textcoords="offset points",
                        color=STAND_INS["ink"],
                        fontsize=FONT_PIXELS - 0.5,
                        bbox={"boxstyle": "square,pad=0.1", "color": STAND_INS["paper"], "alpha": 0.75, "linewidth": 0},
                    )
        for scale in (axis.xaxis, axis.yaxis):
            _stretch(scale, PLANE_SPAN)
        if better:
            axis.text(
                *(0.02, 0.97, better),
                transform=axis.transAxes,
                va="top",
                color=STAND_INS["muted"],
                fontsize=FONT_PIXELS,
            )

    return _svg(draw, key, PLANE_WIDTH, PLANE_HEIGHT)


def histogram(lines: Sequence[Line], key: str, x_name: str, y_name: str) -> str:
    """Shares over a count, as steps."""

    def draw(figure: "Figure") -> None:
        axis = figure.subplots()
        _plain(axis)
        axis.set_xlabel(x_name)
        axis.set_ylabel(y_name)
        for line in lines:
            colour, dashes = _look(line.series)
            axis.step(line.x, [0.0 if y is None else y for y in line.y], where="mid", color=colour, linestyle=dashes)
        axis.set_ylim(bottom=0)

    return _svg(draw, key, WIDTH, HEIGHT)


def intervals(rows: Sequence[Interval], key: str, x_name: str) -> str:
    """Differences with their intervals, one below the other, beside a line at 0; the first one is the uppermost.

    Args:
        rows: at least one; an interval without ends is a mark alone.
        key: an id that no other picture of the page has.
        x_name: of the axis along.
    """

    def draw(figure: "Figure") -> None:
        axis = figure.subplots()
        _plain(axis)
        axis.grid(visible=False, axis="y")
        axis.set_xlabel(x_name)
        axis.axvline(0, color=STAND_INS["muted"], linewidth=1, dashes=(3, 3), zorder=1)
        colour, _ = _look(0)
        for place, row in enumerate(rows):
            if row.ends is not None:
                axis.plot(row.ends, (place, place), color=colour, linewidth=2.2, solid_capstyle="butt")
            axis.plot([row.value], [place], color=colour, marker=MARKERS[0], markersize=6)
        axis.set_yticks(range(len(rows)), labels=[row.name for row in rows])
        axis.set_ylim(len(rows) - 0.5, -0.5)
        _stretch(axis.xaxis, INTERVAL_SPAN)

    return _svg(draw, key, PLANE_WIDTH, round(ROW_HEIGHT * len(rows) + AXIS_HEIGHT))


def growth(lines: Sequence[Line], key: str, x_name: str, y_name: str) -> str:
    """Curves on two logarithmic scales."""

    def draw(figure: "Figure") -> None:
        from matplotlib.ticker import FuncFormatter

        axis = figure.subplots()
        _plain(axis)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel(x_name)
        axis.set_ylabel(y_name)
        for line in lines:
            _draw_line(axis, line)
        axis.minorticks_off()
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))

    return _svg(draw, key, WIDTH, HEIGHT)


def bars(names: Sequence[str], series: Sequence[Sequence[float]], key: str, x_name: str, y_name: str) -> str:
    """Groups of bars: a group for each name, in it a bar for each series."""

    def draw(figure: "Figure") -> None:
        axis = figure.subplots()
        _plain(axis)
        axis.grid(visible=False, axis="x")
        axis.set_xlabel(x_name)
        axis.set_ylabel(y_name)
        width = 0.8 / max(1, len(series))
        for number, values in enumerate(series):
            places = [place - 0.4 + width * (number + 0.5) for place in range(len(names))]
            axis.bar(places, values, width * 0.92, color=_look(number)[0], zorder=2)
        axis.set_xticks(range(len(names)), labels=list(names))
        axis.set_ylim(bottom=0)

    return _svg(draw, key, WIDTH, HEIGHT)


def swatch(series: int | None) -> str:
    """A piece of a series' line, for the legend of the page."""
    colour = "var(--ink)" if series is None else f"var(--series-{series % SERIES})"
    dashes = "" if series is None else _dash_array(series)
    return (
        '<svg viewBox="0 0 36 12" aria-hidden="true"><line x1="0" y1="6" x2="36" y2="6" '
        f'style="stroke: {colour}; stroke-width: 3{dashes}"/></svg>'
    )


def _dash_array(series: int) -> str:
    dashes = DASHES[_dashes_of(series)]
    return "" if dashes == "solid" else f"; stroke-dasharray: {' '.join(str(length) for length in dashes[1])}"


def _dashes_of(series: int) -> int:
    """Series of one colour have different dashes, and so have the first six."""
    return (series + series // SERIES) % len(DASHES)


def _look(series: int | None) -> tuple[str, Any]:
    """Colour and dashes of a series."""
    if series is None:
        return STAND_INS["ink"], "solid"
    return SERIES_COLOURS[series % SERIES], DASHES[_dashes_of(series)]


def _known(line: Line) -> bool:
    return any(y is not None for y in line.y)


def _draw_line(axis: "Axes", line: Line) -> None:
    nan = float("nan")
    colour, dashes = _look(line.series)
    y = [nan if value is None else value for value in line.y]
    if line.spread is not None:
        half = [nan if value is None else value for value in line.spread]
        low, high = zip(*((m - h, m + h) for m, h in zip(y, half, strict=True)), strict=True)
        axis.fill_between(line.x, low, high, color=colour, alpha=0.16, linewidth=0)
    known = [(place, value) for place, value in zip(line.x, y, strict=True) if value == value]
    # What is measured now and then is joined, and each measurement marked.
    sparse = len(known) <= 30
    axis.plot(
        [place for place, _ in known],
        [value for _, value in known],
        color=colour,
        linestyle=(0, (1.5, 1.5)) if line.light else dashes,
        linewidth=1.1 if line.light else 1.7,
        marker=(MARKERS[(line.series or 0) % len(MARKERS)] if sparse and not line.light else None),
        markersize=3.4,
    )


def _plain(axis: "Axes") -> None:
    """The look of all pictures: a quiet grid, no box."""
    axis.grid(color=STAND_INS["grid"], linewidth=1)
    axis.set_axisbelow(True)
    axis.set_facecolor("none")
    for side in ("top", "right", "left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.tick_params(length=0, labelcolor=STAND_INS["muted"], labelsize=FONT_PIXELS, pad=4)
    for label in (axis.xaxis.label, axis.yaxis.label):
        label.set(color=STAND_INS["muted"], fontsize=FONT_PIXELS)


def _whole_steps(axis: "Axes", panel: Panel) -> None:
    """Epochs and rounds are whole numbers; a phase with one measurement shows that one."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    places = sorted({place for line in panel.lines for place in line.x})
    if len(places) == 1:
        axis.xaxis.set_major_locator(FixedLocator(places))
        axis.set_xlim(places[0] - 1, places[0] + 1)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _stretch(scale: Any, least: float, low: float | None = None, high: float | None = None) -> None:
    """Widen the limits of an axis: to `least` around their middle, and to `low` and `high`."""
    # The limits and not the view's interval: asking for them brings them up to date with what was drawn.
    bottom, top = scale.axes.get_xlim() if scale.axis_name == "x" else scale.axes.get_ylim()
    missing = max(0.0, least - (top - bottom)) / 2
    bottom, top = bottom - missing, top + missing
    if low is not None and bottom > low:
        bottom, top = low, top + ROOM * (top - low)
    top = top if high is None else max(high, top)
    scale.axes.set(**{"xlim" if scale.axis_name == "x" else "ylim": (bottom, top)})


def _short(value: float) -> str:
    """10,000 as 10k."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"


def _svg(draw: Callable[["Figure"], None], key: str, width: int, height: int) -> str:
    """What `draw` draws, as an SVG element that the page's variables colour.

    Args:
        draw: is given an empty figure.
        key: goes before every id in it.
        width: natural, in pixels.
        height: likewise.
    """
    import io
    import logging

    logging.getLogger("matplotlib").setLevel(logging.WARNING)  # it tells of its font cache when it is new
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    style: dict[Any, Any] = {
        "svg.fonttype": "none",  # text stays text: it is selected, searched, read aloud, and has the page's font
        "svg.hashsalt": "seqgan",
        "font.family": "DejaVu Sans",  # comes with matplotlib; what is measured with, and wider than most
        "font.size": FONT_PIXELS,
        "axes.unicode_minus": True,
        "lines.linewidth": 1.6,
        "path.simplify": True,
    }
    with matplotlib.rc_context(style):
        # An SVG point is a pixel of the page, since its width is set there.
        layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03)
        figure = Figure(figsize=(width / 72, height / 72), layout=layout)
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_page(buffer.getvalue(), key)


def _for_page(svg: str, key: str) -> str:
    """An SVG document as an element of a page: ids of its own, the page's colours and font, no fixed size."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    head, _, rest = svg.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]}>{rest}'
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
    for name, colour in STAND_INS.items():
        svg = svg.replace(colour, f"var(--{name})")
    for number, colour in enumerate(SERIES_COLOURS):
        svg = svg.replace(colour, f"var(--series-{number})")
    svg = re.sub(r"font(-family)?: ([\d.]+px )?[^;\"]*'DejaVu Sans'[^;\"]*", _without_family, svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg.replace("; ; ", "; "))
    return re.sub(r"\n\s*", "\n", svg).strip()


def _without_family(match: re.Match[str]) -> str:
    """A font declaration with its size alone."""
    size = re.search(r"[\d.]+px", match[0])
    return f"font-size: {size[0]}" if size else ""
