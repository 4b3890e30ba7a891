"""Values of JSON: whatever is asked of whatever value, nothing is raised and nothing else comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources.json_values import (
    LONGEST_ADDRESS,
    found_at,
    id_of,
    items_of,
    line_of,
    mapping_of,
    mappings_of,
    name_of,
    parsed,
    text_of,
    web_address,
)

#: Any JSON, halves of surrogate pairs and NUL among its strings.
STRINGS = st.text(st.characters(), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_value(value: object) -> None:
    for found in (text_of(value), line_of(value), id_of(value), web_address(value), name_of(value)):
        found.encode()
        assert "\0" not in found
    assert all(isinstance(one, dict) for one in mappings_of(value))
    assert isinstance(items_of(value), list)
    assert isinstance(mapping_of(value), dict)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\nb", "a\nb"), ("a\0b", "a\ufffdb"), ("a\ud800b", "a?b"), (None, ""), (7, ""), (["a"], "")],
)
def test_text(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://a.example/1", "https://a.example/1"),
        (" HTTPS://a.example/1 ", "HTTPS://a.example/1"),
        ("javascript:alert(1)", ""),
        ("https://a.example/\x1b[31m", ""),
        ("https://a.example/ b", ""),
        ("//a.example", ""),
        ("https://" + "a" * LONGEST_ADDRESS, ""),
        ({"href": "https://a.example"}, ""),
    ],
)
def test_web_address(value: object, address: str) -> None:
    assert web_address(value) == address


def test_a_name_is_any_uri() -> None:
    for name in ("tag:a.example,2016-11-25:objectId=1", "at://did:plc:x/app.bsky.feed.post/1"):
        assert name_of(name) == name
    assert [name_of(name) for name in ("17", "a b:c", ":a")] == ["", "", ""]


@pytest.mark.parametrize(("value", "id"), [(17, "17"), ("17", "17"), (True, ""), (None, ""), (1.5, "")])
def test_id(value: object, id: str) -> None:
    assert id_of(value) == id


def test_a_number_of_too_many_digits_is_no_id() -> None:
    assert id_of(10**5000) == ""


@pytest.mark.parametrize(
    ("path", "found"), [("a", {"b": 1}), ("a.b", 1), ("a.c", None), ("c.d", 2), ("a.b.c", None), ("", None)]
)
def test_found_at(path: str, found: object) -> None:
    assert found_at({"a": {"b": 1}, "c.d": 2, "c": {"d": 3}}, path) == found


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000])
def test_what_is_no_json_is_none(text: str) -> None:
    assert parsed(text) is None
    assert parsed('{"a": 1}', longest=4) is None
