"""Small pieces of HTML. Whatever comes from outside goes through `escape`, here and nowhere else."""

import html
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

from seqgan import __version__

LONGEST_SHOWN = 600
"""Characters of a sample or a name that are shown."""
LONGEST_NAME = 80
"""Characters of a run's name that are shown where it is repeated."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Content security policy of a page: it asks for nothing, and runs nothing."""


class Cell(NamedTuple):
    """A cell of a table, whose content is HTML already."""

    content: str
    number: bool = False
    """Set to the right, in figures of one width."""


Row = Sequence[Cell | str]
"""Cells of a table; a plain string is HTML, too."""


def escape(text: object, *, lines: bool = False) -> str:
    """Text as HTML shows it, also inside attributes; what is not printable becomes a visible symbol.

    Control characters become their pictures, and other characters that are not seen or change the direction of what
    follows become their code points, ⟨U+202E⟩: a page shows what a text holds, and does not obey it.

    Args:
        text: any.
        lines: keep line feeds, for preformatted text.
    """
    return "".join(
        character if lines and character == "\n" else _visible(character) for character in html.escape(str(text))
    )


def shortened(text: str, most: int = LONGEST_SHOWN) -> str:
    """The escaped beginning of a text, and how long it is where that is not all."""
    if len(text) <= most:
        return escape(text)
    return f'{escape(text[:most])}… <span class="muted">({len(text):,} characters)</span>'


def shorter(name: str, most: int = LONGEST_NAME) -> str:
    """The end of a long name, which tells folders apart."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if unicodedata.category(character) == "Zs":
        return character if character in "\u3000\u2009" else f"⟨U+{code:04X}⟩"
    return f"⟨U+{code:04X}⟩"


def name_head(name: str) -> str:
    """A run's name as the head of a column: it may break behind a slash."""
    return escape(shorter(name)).replace("/", "/<wbr>")


def table(caption: str, head: Sequence[str], rows: Iterable[Row], kind: str = "") -> str:
    """A table with a caption; the first cell of each row names the row.

    Args:
        caption: what it shows; HTML.
        head: heads of the columns; HTML.
        rows: their cells.
        kind: class of the table.
    """
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = []
    for first, *others in rows:
        name = first.content if isinstance(first, Cell) else first
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in others]
        tail = "".join(f'<td class="number">{c.content}</td>' if c.number else f"<td>{c.content}</td>" for c in cells)
        body.append(f'<tr><th scope="row">{name}</th>{tail}</tr>')
    content = (
        f'<table class="{kind}"><caption>{caption}</caption><thead><tr>{columns}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    return scroller(content, "Table, scrolls sideways")


def scroller(content: str, label: str) -> str:
    """Content that may be wider than the page, and can be scrolled by keyboard."""
    return f'<div class="scroller" role="region" aria-label="{escape(label)}" tabindex="0">{content}</div>'


def figure(svg: str, title: str, summary: str, key: str) -> str:
    """A picture with its title and, in words, what it shows.

    Args:
        svg: from `seqgan.reporting.figures`.
        title: what it is; text.
        summary: what can be seen in it; HTML.
        key: an id that no other figure of the page has.
    """
    opened = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" aria-describedby="{key}-says" ', 1)
    caption = f'<figcaption id="{key}-says">{summary}</figcaption>'
    return f'<figure id="{key}"><h3>{escape(title)}</h3>{opened}{caption}</figure>'


def section(key: str, title: str, content: str) -> str:
    """A part of a page that its contents list links to."""
    heading = f'<h2 id="{key}-title">{escape(title)}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{heading}{content}</section>'


def code(text: str) -> str:
    """Commands or settings, to be copied."""
    return f'<pre tabindex="0"><code>{escape(text, lines=True)}</code></pre>'


def paragraph(content: str, kind: str = "") -> str:
    """A paragraph of HTML."""
    return f'<p class="{kind}">{content}</p>' if kind else f"<p>{content}</p>"


def findings_list(findings: Iterable[tuple[str, str, str, str]]) -> str:
    """Findings as a list: level, name, what was found and what to do, all of them text."""
    items = [
        f'<li class="{escape(level)}"><strong><span class="level">{escape(level)}</span> {escape(name)}</strong> '
        f'{escape(text)} <span class="mend">{escape(mend)}</span></li>'
        for level, name, text, mend in findings
    ]
    return f'<ul class="findings">{"".join(items)}</ul>'


def page(title: str, lead: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """A whole page.

    Args:
        title: text.
        lead: what stands under the title; HTML.
        sections: key, title and HTML of each part, in order.
    """
    style = files("seqgan.reporting").joinpath("page.css").read_text(encoding="utf-8")
    links = "".join(f'<li><a href="#{key}">{escape(name)}</a></li>' for key, name, _ in sections)
    parts = "\n".join(section(*part) for part in sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="generator" content="seqgan {__version__}">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><h1>{escape(title)}</h1>{lead}<nav aria-label="Contents"><ul>{links}</ul></nav></header>
<main id="content">
{parts}
</main>
<footer><p>Made by seqgan {__version__}. One file; it asks the network for nothing.</p></footer>
</body>
</html>
"""
