"""The pages in a real headless Chromium: no errors, no requests, every part seen, light, dark and on a phone.

Chromium is looked for under the name in SEQGAN_CHROMIUM, else on the PATH. With SEQGAN_SCREENSHOTS the pictures of the
pages are kept in that folder, to be looked at.
"""

import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from support.hand_made_runs import adversarial_log, adversarial_run, evaluated, pretrained_run, swept

from seqgan.cli.main import main

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
HOSTILE = ["<script>document.title='owned'</script>", '"><img src=x onerror="document.title=\'owned\'">', "x" * 3000]
HOSTILE += ["right \u202eto left", "אבג دهو", "bell \x07 and \x1b[31m", "word " * 200, "</li></ol></main>"]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    path = os.environ.get("SEQGAN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on the PATH: install it, or set SEQGAN_CHROMIUM to its path")
    with playwright.sync_playwright() as started:
        # The sandbox needs rights that containers seldom give, and the page is our own file.
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of two runs with everything, hostile text in all of it, and one of a corpus; by name."""
    here = tmp_path_factory.mktemp("pages")
    name = "runs & \u202e<b>"
    parent = pretrained_run(here / name, corpus="<script>.txt")
    child = adversarial_run(parent / "seqgan", corpus="<script>.txt", samples=dict.fromkeys(range(0, 7, 2), HOSTILE))
    log = adversarial_log(6, **{"generator/effective_sample_size": 9.0, "discriminator/accuracy": 0.99})
    other = adversarial_run(parent / ("long-" * 30), algo="maligan", log=log)
    for number, folder in enumerate((parent, child, other)):
        evaluated(folder)
        swept(folder, number / 50)
    (child / "verdict.json").write_text(json.dumps({"sentence": "It did not help.", "evidence": HOSTILE}))
    (here / "train.txt").write_text("".join(f"{line}\n" for line in [*HOSTILE, "a b .", "a b ."]), encoding="utf-8")
    (here / "valid.txt").write_text("a b .\nc d\n")
    (here / "test.txt").write_text("a b .\nc d\n")
    assert main(["report", str(child), str(other), "--output", str(here / "report.html"), "--quiet"]) == 0
    assert (
        main(
            [
                "inspect",
                str(here),
                "--output",
                str(here / "corpus.html"),
                "--quiet",
                "--json",
                str(here / "corpus.json"),
            ]
        )
        == 0
    )
    return {name: here / f"{name}.html" for name in ("report", "corpus")}


def opened(browser, path, size="desktop", scheme="light"):
    """A page, and what went wrong with it."""
    width, height = SIZES[size]
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith("file://") else None)
    page.goto(path.as_uri())
    return page, wrong


def luminance(colour):
    """Relative luminance of a colour as CSS computes it, ``rgb(1, 2, 3)``."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_white():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)


COLOURS = """() => {
  const seen = new Set();
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('defs')) continue;
    const style = getComputedStyle(element);
    const text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (text) seen.add('text ' + (element instanceof SVGElement ? style.fill : style.color));
    else if (element.matches('svg path') && /series/.test(element.getAttribute('style') || '')
             && style.stroke !== 'none') seen.add('line ' + style.stroke);
  }
  return [getComputedStyle(document.body).backgroundColor, ...seen];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["report", "corpus"])
def test_a_page_opens_without_errors_and_can_be_read(browser, pages, name, size, scheme):
    page, wrong = opened(browser, pages[name], size, scheme)
    assert wrong == []
    assert "owned" not in page.title()
    width, seen = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert seen <= width  # nothing makes the page itself scroll sideways
    paper, *colours = page.evaluate(COLOURS)
    assert (luminance(paper) < 0.05) == (scheme == "dark")
    for colour in colours:
        kind, _, value = colour.partition(" ")
        assert contrast(paper, value) >= (4.5 if kind == "text" else 3), colour
    small = "[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height)"
    assert min(page.evaluate(small)) > 8  # pixels
    folder = os.environ.get("SEQGAN_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-{size}-{scheme}.png"), full_page=True)
    page.context.close()


HEADINGS = {
    "report": "Curves of both players|Quality and diversity|Metrics|Health|Samples|Memorisation|Settings|To repeat it",
    "corpus": "Pictures|Findings|Settings that suit it|Splits|Vocabulary|Copies and leaks|Odd characters|To repeat it",
}
PICTURES = {"report": 11 + 2, "corpus": 3}
"""Curves of what the logs hold and the two planes; lengths, growth and thresholds."""
TABLES = {"report": 3, "corpus": 4}


@pytest.mark.parametrize("name", HEADINGS)
def test_every_part_is_seen_and_read_aloud(browser, pages, name):
    page, wrong = opened(browser, pages[name])
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == HEADINGS[name].split("|")
    for heading in headings:
        region = page.get_by_role("region", name=heading, exact=True)
        assert region.bounding_box()["height"] > 60
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    pictures = page.locator("svg[role=img]")
    assert pictures.count() == PICTURES[name]
    for picture in pictures.all():
        assert picture.get_attribute("aria-label")
        says = picture.get_attribute("aria-describedby")
        assert len(page.locator(f"#{says}").inner_text()) > 10
        assert picture.bounding_box()["width"] > 250
    tables = page.get_by_role("table")
    assert tables.count() >= TABLES[name]
    assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.caption && t.tHead)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert wrong == []
    page.context.close()


def test_a_page_is_printed_dark_on_white(browser, pages):
    page, _ = opened(browser, pages["report"], scheme="dark")
    page.emulate_media(media="print")
    paper, *colours = page.evaluate(COLOURS)
    assert luminance(paper) > 0.95
    assert all(contrast(paper, colour.partition(" ")[2]) >= 3 for colour in colours)
    page.context.close()
