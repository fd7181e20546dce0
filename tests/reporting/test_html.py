"""Whatever comes from outside is shown and not obeyed."""

import pytest
from support.well_formed import well_formed

from seqgan.reporting.html import Cell, escape, findings_list, name_head, page, shortened, shorter, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a & b", "a &amp; b"),
        ("\"x\" 'y'", "&quot;x&quot; &#x27;y&#x27;"),
        ("bell\x07 escape\x1b[31m", "bell␇ escape␛[31m"),
        ("\x7f", "␡"),
        ("tab\tline\n", "tab␉line␊"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("no\u00a0break", "no⟨U+00A0⟩break"),
        ("half \ud800", "half ⟨U+D800⟩"),
        ("own \ue000", "own ⟨U+E000⟩"),
        ("naïve 字 👍 ا", "naïve 字 👍 ا"),
        (3.5, "3.5"),
    ],
)
def test_what_is_not_printable_is_shown(text, shown):
    assert escape(text) == shown
    escape(text).encode()  # it can be written


def test_line_feeds_stay_where_they_are_wanted():
    assert escape("a\nb\t", lines=True) == "a\nb␉"


def test_heads_break_behind_slashes_and_keep_the_end_of_long_names():
    assert name_head("runs/<b>/x") == "runs/<wbr>&lt;b&gt;/<wbr>x"
    assert shorter("a" * 80) == "a" * 80
    assert shorter("b" + "a" * 80) == "…" + "a" * 79


def test_long_texts_are_cut_before_they_are_escaped():
    assert shortened("&" * 700).count("&amp;") == 600
    assert shortened("&" * 700).endswith("(700 characters)</span>")
    assert shortened("abc") == "abc"


def test_a_page_is_well_formed_and_asks_for_nothing():
    content = page("A <title>", "<p>lead</p>", [("one", "First & last", "<p>text</p>")])
    tags = well_formed(content)
    assert {"one", "one-title", "content"} <= set(tags.ids)
    assert "<title>A &lt;title&gt;</title>" in content
    assert "http" not in content.replace("http-equiv", "")
    assert "<script" not in content


def test_tables_and_lists_name_their_parts():
    content = table("What <em>it</em> is", ["", "x"], [["row", Cell("1.0", number=True)], ["other", "text"]])
    assert "<caption>What <em>it</em> is</caption>" in content
    assert content.count('scope="col"') == 2
    assert content.count('scope="row"') == 2
    assert '<td class="number">1.0</td>' in content
    assert 'tabindex="0"' in content
    assert "&lt;b&gt;" in findings_list([("warning", "<b>", "x", "y")])
