"""Markdown and MFM as a reader sees them: no mark hides a word, and no mark that is none is taken away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources.markup_text import links_seen, markdown_seen, mfm_seen

BOTH = [
    ("plain\n\ntext", "plain\n\ntext"),
    ("**bold** and ~~gone~~", "bold and gone"),
    ("*one* _two_ `three`", "one two three"),
    ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
    ("```js\nlet a\n```", "let a"),
    ("a < b && c > d", "a < b && c > d"),
    ("@bob@a.example #tag :cat:", "@bob@a.example #tag :cat:"),
    ("> quoted\nanswer", "> quoted\nanswer"),
]


@pytest.mark.parametrize(
    ("mfm", "text"),
    [
        *BOTH,
        ("$[x2 k$[spin.speed=2s,x i]ll]", "kill"),
        ("$[x2 [a] b]", "[a] b"),
        ("$[never closed", "$[never closed"),
        ("a] b [c", "a] b [c"),
        ("<center><b>a</b></center> <plain>b</plain>", "a b"),
        ("$[ruby 漢字 かんじ]", "漢字 かんじ"),
        ("[words](https://a.example/x_(y))", "words"),
    ],
)
def test_mfm(mfm: str, text: str) -> None:
    assert mfm_seen(mfm).text.startswith(text)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        *BOTH,
        ("# Title\nbody", "Title\nbody"),
        ("::: spoiler Who did it\nThe cat\n:::", "Who did it\nThe cat"),
        (r"\*not\* marked", "*not* marked"),
        ("![a cat](https://a.example/c.png)", "a cat"),
        ("#notitle", "#notitle"),
    ],
)
def test_markdown(markdown: str, text: str) -> None:
    assert markdown_seen(markdown).text == text


def test_a_link_that_is_not_what_it_looks_like() -> None:
    for seen in (
        mfm_seen("see [bank.example](https://evil.example/x)"),
        markdown_seen("see [bank.example](https://evil.example/x)"),
        links_seen("see bank.example", [(4, 16, "https://evil.example/x")]),
    ):
        (link,) = seen.disguised
        assert (link.shown, link.target) == ("bank.example", "https://evil.example/x")


def test_links_of_plain_text() -> None:
    assert links_seen(" <b> & c ", []).text == "<b> & c"
    assert links_seen("a <b> c\nd", [(0, 1, "https://a.example")]).text.endswith("<b> c\nd")


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "]",
        "$[x ",
        "[a](",
        "[a](x",
        "(x",
        "*",
        "**",
        "***a",
        "_",
        "~~",
        "`",
        "```\n",
        "<b>",
        ":::",
        "\\",
        "#",
    ],
)
def test_linear(piece: str) -> None:
    """Twenty thousand of anything take no time that somebody would notice."""
    begun = time.process_time()
    mfm_seen(piece * 20_000)
    markdown_seen(piece * 20_000)
    assert time.process_time() - begun < 20


@given(st.text(st.sampled_from("$[]()x .*_~`<b>/!?\\#:\n&;\ud800\0h"), max_size=40))
def test_any_text(text: str) -> None:
    mfm_seen(text)
    markdown_seen(text)
