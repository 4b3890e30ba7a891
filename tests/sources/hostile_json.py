"""Any JSON, made of the keys that a reader of it looks for: what it says may be of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from hypothesis import strategies as st

from modcli.sources.post import Post, Problem

#: Halves of surrogate pairs and NUL among them.
STRINGS = st.text(st.characters(), max_size=12)
_WORDS = st.sampled_from(
    [
        *(
            "https://a.example/@bob/1",
            "https://[",
            "at://did:plc:x/app.bsky.feed.post/3k",
            "bob@b.example",
            "@bob",
        ),
        *(
            "<p>a</p>",
            "<a href='https://x.example'>https://y.example</a>",
            "2024-02-30T25:61:00Z",
            "2024-01-01",
        ),
        *(
            "public",
            "direct",
            "accepted",
            "$[x2 a]",
            "[a](b)",
            "1",
            "99999999999999999999",
            '{"_mastopy_data": [',
        ),
    ]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | STRINGS
    | _WORDS
    | st.just(10**400)
)


def any_json(keys: Sequence[str]) -> st.SearchStrategy[object]:
    """Any JSON, whose objects have some of the keys more often than others."""
    names = st.sampled_from(keys) | STRINGS
    return st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=8),
        max_leaves=12,
    )


def any_object(keys: Sequence[str]) -> st.SearchStrategy[dict[str, object]]:
    """An object with some of the keys, of any values."""
    return st.dictionaries(st.sampled_from(keys), any_json(keys), max_size=len(keys))


def strings_of(value: object) -> Iterator[str]:
    """All strings in a value of dataclasses and tuples."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from strings_of(getattr(value, one.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from strings_of(one)


def check(found: object) -> None:
    """What came out of a mapping is a Post or a Problem that can be kept as it is."""
    assert isinstance(found, Post | Problem)
    for text in strings_of(found):
        text.encode()
        assert "\0" not in text
    if isinstance(found, Post):
        assert found.key
        assert all(part.text.strip() for part in found.parts)
        assert found.url == "" or found.url.lower().startswith(("http://", "https://"))
