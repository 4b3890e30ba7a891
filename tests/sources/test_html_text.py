"""HTML as a reader sees it."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources.html_text import as_seen
from modcli.sources.post import Link

MENTION = (
    '<span class="h-card"><a href="https://o.example/@bob" class="u-url mention">@<span>bob</span></a></span>'
)
TAG = '<a href="https://v.example/tags/word" class="mention hashtag" rel="tag">#<span>word</span></a>'
CUT = (
    '<a href="https://www.news.example/2024/05/long-path"><span class="invisible">https://www.</span>'
    '<span class="ellipsis">news.example/2024/05</span><span class="invisible">/long-path</span></a>'
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain\ntext", "plain\ntext"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br />three", "one\ntwo\nthree"),
        ("geht.</p><p>#tag", "geht.\n\n#tag"),
        ("a &lt;b&gt; &amp; c&#39;s", "a <b> & c's"),
        ("<ul><li>one</li><li>two</li></ul>end", "one\ntwo\n\nend"),
        (f"<p>{MENTION} hello {TAG}!</p>", "@bob hello #word!"),
        (f"<p>see {CUT}</p>", "see https://www.news.example/2024/05/long-path"),
        ("a <script>alert(1)</script><style>p{}</style><!-- no -->b", "a b"),
        ("x<p hidden>no</p><span style='display: none'>no</span>y", "xy"),
        ('<p class="quote-inline">RE: <a href="https://a.example/1">x</a></p><p>mine</p>', "mine"),
        ('so <img alt=":blobcat:" src="x"> nice', "so :blobcat: nice"),
        ("<pre>  two\n    lines</pre>", "two\nlines"),
        ("many   \n  blanks <b>in</b>side", "many blanks inside"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href="https://e.example/x">click here</a>', "click here (https://e.example/x)"),
        ('<a href="https://e.example/x"></a>', "https://e.example/x"),
    ],
)
def test_what_is_seen(markup: str, text: str) -> None:
    seen = as_seen(markup)
    assert seen.text == text
    assert seen.disguised == ()


@pytest.mark.parametrize(
    ("shown", "target", "is_disguised"),
    [
        ("bank.example", "https://evil.example/login", True),
        ("https://bank.example/login", "https://bank.example.evil.example/login", True),
        ("www.bank.example", "https://bank.example/", False),
        ("bank.example/very/lo…", "https://bank.example/very/long", False),
        ("münchen.example", "https://xn--mnchen-3ya.example/", False),
        ("аpple.example", "https://apple.example/", True),
        ("read this", "https://evil.example/", False),
        ("v1.2", "https://evil.example/", False),
    ],
)
def test_links_that_are_not_what_they_look_like(shown: str, target: str, is_disguised: bool) -> None:
    seen = as_seen(f'<p><a href="{target}">{shown}</a></p>')
    assert seen.disguised == ((Link(shown, target),) if is_disguised else ())
    assert seen.text.startswith(shown)
    if is_disguised:
        assert target in seen.text


def test_mentions_are_told_apart() -> None:
    assert as_seen(MENTION).mentions == (("https://o.example/@bob", "@bob"),)
    assert as_seen(TAG).mentions == ()


@given(st.text(max_size=200))
def test_any_text_comes_through_when_it_is_escaped(text: str) -> None:
    seen = as_seen(f"<pre>{html.escape(text)}</pre>").text
    # What a parser of HTML replaces, and blanks, aside.
    kept = [c for c in text if c.isprintable() and not c.isspace()]
    assert [c for c in seen if c.isprintable() and not c.isspace()] == kept


PIECES = ["<p>", "</p>", "<a href='http://a.b'>", "</a>", "<b", "&", "x", "<li>", "<!--", '"']


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_broken_markup_stops_nothing(pieces: list[str]) -> None:
    assert isinstance(as_seen("".join(pieces)).text, str)


@pytest.mark.parametrize("piece", ["<b>", "<p>", "<a href='http://a.b'>", "<", "&", "<div hidden>"])
def test_endless_markup_ends(piece: str) -> None:
    assert isinstance(as_seen(piece * 20_000).text, str)


@pytest.mark.parametrize("piece", ["<b>", "<div>", "<blockquote>", "<p>a</p>", "<section><p>"])
@pytest.mark.parametrize("count", [5_000, 210_000])
def test_nothing_is_lost_behind_endless_markup(piece: str, count: int) -> None:
    """210,000 blocks in one another would take the parser minutes."""
    assert as_seen(f"{piece * count}buy this &amp; that").text.endswith("buy this & that")


def test_deep_blocks_still_part_lines() -> None:
    html = f"{'<div>' * 600}one<div>two</div>three{'</div>' * 600}<p>four</p><p>five</p>"
    assert as_seen(html).text == "one\ntwo\nthree\n\nfour\n\nfive"
