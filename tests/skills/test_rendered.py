"""A page as a reader sees it, and what of its source he does not see."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.skills.hidden_styles import hidden_by_style
from modcli.skills.rendered import front_lines, rendered, rendered_html

UNSEEN = [
    ("one\n\n<!-- two\nthree -->", "comment", 3, 4, "two\nthree"),
    ("a <!-- two --> b", "comment", 1, 1, "two"),
    ("<!-- two", "comment", 1, 1, "two"),
    ("one\n\n<!-- a\n\nb", "comment", 3, 5, "a\n\nb"),
    ("[//]: # (two)", "definition", 1, 1, "//\ntwo\n#"),
    ("text\n\n[a]: <> 'two\nthree'", "definition", 3, 4, "a\ntwo\nthree"),
    ("[one](b 'two')", "title", 1, 1, "two"),
    ("[one][b]\n\n[b]: c 'two'", "title", 3, 3, "two"),
    ("line\n![two](b)", "alt", 2, 2, "two"),
    ("```py two words\nx\n```", "info", 1, 1, "two words"),
    ("[^1]: two words", "footnote", 1, 1, "two words"),
    ("<div style='display:none'>\n\ntwo\n\n</div>\n\nthree", "element", 3, 3, "two"),
    ("a <span hidden>two **three**</span> b", "element", 1, 1, "two three"),
    ("<p style='display:none'>\n\ntwo", "", 0, 0, ""),  # the paragraph of Markdown ends the one of HTML
    ("<img alt='two'>", "alt", 1, 1, "two"),
    ("<input type=hidden value='two'>", "attribute", 1, 1, "two"),
    ("<script>two</script>", "unshown", 1, 1, "two"),
    ("a\n\n| b |\n|---|\n| c <!-- two --> |", "comment", 5, 5, "two"),
    ("`a\nb` <!-- two -->", "comment", 2, 2, "two"),
    ("---\na: b\n---\n\n<!-- two -->", "comment", 5, 5, "two"),
]


@pytest.mark.parametrize(("source", "kind", "line", "last_line", "said"), UNSEEN)
def test_unseen(source: str, kind: str, line: int, last_line: int, said: str) -> None:
    found = [one for one in rendered(source).unseen if one.kind not in ("address", "front")]
    if not kind:
        assert found == []
        return
    assert [(one.kind, one.line, one.last_line, one.text.strip()) for one in found] == [
        (kind, line, last_line, said)
    ]
    assert said not in rendered(source).text


def test_what_is_seen() -> None:
    page = rendered(
        "# One\n\nTwo *three* [four](x).\n\n- five\n\n```\n<!-- six -->\n```\n\n<b>seven</b> &amp; `eight`\n"
    )
    assert (
        page.text.split()
        == "One Two three four . five <!-- six --> seven & eight".replace("four .", "four.").split()
    )


def test_a_page_of_html() -> None:
    page = rendered_html(
        "<style>.a, #b {display: none}</style>\n<p>one</p><p class='a x'>two</p><i id=b>three</i>"
    )
    assert page.text.split() == ["one"]
    assert [one.text for one in page.unseen if one.kind == "element"] == ["two", "three"]


@pytest.mark.parametrize(
    ("style", "hides"),
    [
        ("display:none", True), ("DISPLAY : NONE !important", True), ("visibility: hidden", True),
        ("opacity:0", True),
        ("opacity: .9", False), ("font-size: 0", True), ("font-size:1px", True), ("font-size: 12px", False),
        ("width:0;height:0;overflow:hidden", True), ("width:0", False), ("left:-9999px", True), ("left:-20px", False),
        ("text-indent:-9999em", True), ("color:white", True), ("color:#fff;background:#000", False),
        ("color:red", False),
        ("color:rgb(254, 254, 254)", True), ("color:#000; background-color: black", True),
        ("color: transparent", True),
        ("clip: rect(0,0,0,0)", True), ("clip-path: inset(100%)", True), ("transform: scale(0)", True), ("", False),
        ("transform: scale(0.9)", False), ("color:white;background:url(a.png)", False), (";;:;x", False),
    ],
)  # fmt: skip
def test_styles(style: str, hides: bool) -> None:
    assert bool(hidden_by_style(style)) is hides


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("---\na: b\n---\nc", 3),
        ("\ufeff---\na\n...\n", 3),
        ("---\na", 0),
        ("a\n---\nb\n---", 0),
        ("", 0),
        ("---\r\na\r\n---\r\n", 3),
    ],
)
def test_front_matter(text: str, lines: int) -> None:
    assert front_lines(text) == lines


#: Ways to put a word into a page.
WRAPS = [
    "{}", "# {}", "- {}", "> {}", "*{}*", "`{}`", "```\n{}\n```", "    {}", "<!-- {} -->", "<!-- {}",
    "<b>{}</b>", "<p hidden>{}</p>",
    "[{}](b)", "[a]({})", "[a](b '{}')", "![{}](b)", "[//]: # ({})", "[{}]: b", "| a |\n|---|\n| {} |",
    "<i title='{}'>x</i>",
    "```x {}\ny\n```", "<div>\n\n{}\n\n</div>", "<style>{}</style>", "1. {}", "[^n]: a {}",
    "<details>{}</details>", "~~{}~~",
    "<img alt='{}'>", "&lt;{}&gt;", "<{}@example.com>", "<https://example.com/{}>", "<?{}?>", "<!{}>",
    "<textarea>{}</textarea>",
]  # fmt: skip


@given(st.lists(st.sampled_from(WRAPS), min_size=1, max_size=8), st.sampled_from(["\n\n", "\n", " "]))
@settings(max_examples=200, deadline=None)
def test_no_word_falls_between(wraps: list[str], between: str) -> None:
    """Every word of the source is in what is seen or in a piece that is not."""
    source = between.join(wrap.format(f"word{number}x") for number, wrap in enumerate(wraps))
    page = rendered(source)
    # The name of a tag or of a language is syntax; a joined line may turn a word into one.
    everything = page.text + "\n".join(f"{one.text} {one.how}" for one in page.unseen)
    for number in range(len(wraps)):
        assert f"word{number}x" in everything.lower() or between != "\n\n"


@given(st.text(alphabet="<>!-/ab\"'= \n&;[]()`*#|~:%$\\{}", max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_page(source: str) -> None:
    lines = source.count("\n") + 1
    for one in rendered(source).unseen:
        assert 1 <= one.line <= one.last_line <= lines + 1
    rendered_html(source)


@pytest.mark.parametrize(
    "piece", ["[", "![", "<a ", "<!--", "> ", "*a _b ", "</i>", "<p><b>", "`", "<div hidden>x", "[a]: b\n"]
)
def test_hostile_pages(piece: str) -> None:
    """They end; how fast is not measured here."""
    rendered(piece * (20_000 // len(piece)))
