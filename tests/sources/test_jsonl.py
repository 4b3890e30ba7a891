"""JSON Lines: a bad record is an item with an error that says what to do about it."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modcli.item import Item
from modcli.sources.jsonl import read_jsonl
from modcli.sources.lines import is_utf16, raw_chunks


def items(data: bytes, **options: object) -> list[Item]:
    return list(read_jsonl(io.BytesIO(data), "posts.jsonl", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "field", "id", "text"),
    [
        (b'{"text": "a"}', "text", "posts.jsonl:1", "a"),
        (b'\xef\xbb\xbf{"text": "a"}\r', "text", "posts.jsonl:1", "a"),
        (b'{"id": "x1", "text": ""}', "text", "x1", ""),
        (b'{"id": 17, "content": "a"}', "content", "17", "a"),
        (b'{"id": null, "text": "a"}', "text", "posts.jsonl:1", "a"),
        (b'{"id": [1], "text": "a"}', "text", "posts.jsonl:1", "a"),
        (b'{"id": true, "text": "a"}', "text", "posts.jsonl:1", "a"),
        (b'{"id": "\\ud800", "text": "a"}', "text", "posts.jsonl:1", "a"),
        (b'{"status": {"content": "a"}}', "status.content", "posts.jsonl:1", "a"),
        (b'{"status.content": "b", "status": {"content": "a"}}', "status.content", "posts.jsonl:1", "b"),
        (b'{"text": "\\ud83d\\ude00"}', "text", "posts.jsonl:1", "\U0001f600"),
        (b'{"text": "a\\nb"}', "text", "posts.jsonl:1", "a\nb"),
    ],
)
def test_the_field_is_the_text(line: bytes, field: str, id: str, text: str) -> None:
    (item,) = items(line + b"\n", field=field)
    assert (item.id, item.text, item.error) == (id, text, None)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{", "not valid JSON: Expecting property name enclosed in double quotes at column 2"),
        (b'{"text": "a"} x', "not valid JSON: Extra data at column 15"),
        (b"[1]", "not a JSON object but an array"),
        (b'"text"', "not a JSON object but a string"),
        (b"7", "not a JSON object but a number"),
        (b"null", "not a JSON object but null"),
        (b'{"n": NaN, "text": "a"}', "not valid JSON: NaN"),
        (b'{"n": -Infinity, "text": "a"}', "not valid JSON: -Infinity"),
        (b'{"text": "a", "text": "b"}', "key 'text' occurs twice"),
        (b'{"a": {"b": 1, "b": 2}, "text": "a"}', "key 'b' occurs twice"),
        (b'{"id": "p", "content": "a"}', "no field 'text' (there are: 'id', 'content')"),
        (b"{}", "no field 'text'"),
        (b'{"text": null}', "field 'text' is null, not a text"),
        (b'{"text": 1}', "field 'text' is a number, not a text"),
        (b'{"text": {"a": 1}}', "field 'text' is an object, not a text"),
        (b'{"text": true}', "field 'text' is true or false, not a text"),
        (b'{"text": "a\\ud800b"}', "field 'text' holds half of a surrogate pair: no valid text"),
        (b'{"text": "a\\u0000b"}', "field 'text' holds a NUL character: not text"),
        (b'{"text": "\xff"}', "not valid UTF-8: byte 0xff at position 11"),
        (b"\0\0\0", "not valid JSON: Expecting value at column 1"),
        (b'{"a":' * 100_000, "JSON nested too deeply"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not usable JSON: Exceeds the limit"),
    ],
)
def test_a_bad_record_among_good_ones(line: bytes, error: str) -> None:
    found = items(b'{"text": "good"}\n' + line + b'\n{"text": "also good"}')
    assert [item.text for item in found] == ["good", "", "also good"]
    assert [str(item.location) for item in found] == ["posts.jsonl:1", "posts.jsonl:2", "posts.jsonl:3"]
    assert (found[1].error or "").startswith(error)
    assert found[1].raw == line + b"\n"


def test_blank_lines_are_no_records() -> None:
    found = items(b'\n  \r\n{"text": "a"}\n\n')
    assert [(item.id, item.text) for item in found] == [("posts.jsonl:3", "a")]


def test_a_line_too_long_to_be_parsed() -> None:
    long = b'{"text": "' + b"x" * 300 + b'"}\n'
    found = items(long + b'{"text": "a"}\n', max_bytes=100, keep_rest=True)
    assert [item.error for item in found] == ["313 bytes in one line; the most that is parsed is 100", None]
    assert b"".join(raw_chunks(found[0])) == long


def test_a_long_text_is_cut_and_counted() -> None:
    (item,) = items(json.dumps({"text": "é" * 30}).encode(), max_characters=10)
    assert item.text == "é" * 10
    assert item.metadata == {"truncated_bytes": 40}


def test_fields_are_kept_beside_the_text() -> None:
    kept = ("labels", "meta.lang", "a.b", "none")
    found = items(
        b'{"text": "a", "labels": ["x"], "meta": {"lang": null}, "a.b": 1, "a": {"b": 2}}\n'
        b'{"text": "long text", "meta": "no object"}\n'
        b'{"labels": 3}\n'
        b"{\n",
        keep=kept,
        max_characters=4,
    )
    assert [item.metadata.get("fields") for item in found] == [
        {"labels": ["x"], "meta.lang": None, "a.b": 1},
        {},
        {"labels": 3},  # what it is known to be can be told though its text cannot
        None,
    ]
    assert found[1].metadata["truncated_bytes"] == 5
    assert (found[2].error or "").startswith("no field 'text'")


def test_nothing_is_kept_unasked() -> None:
    (item,) = items(b'{"text": "a", "labels": ["x"]}')
    assert item.metadata == {}


@given(st.binary(max_size=200))
def test_any_bytes_never_raise(data: bytes) -> None:
    assume(not is_utf16(data))
    assert len(items(data)) <= data.count(b"\n") + 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON | st.fixed_dictionaries({"text": st.text()}, optional={"id": JSON}), max_size=5))
def test_any_json_gives_one_item_a_line(values: list[object]) -> None:
    found = items(b"".join(json.dumps(value).encode() + b"\n" for value in values))
    assert len(found) == len(values)
    for item, value in zip(found, values, strict=True):
        if item.error is None:
            assert isinstance(value, dict)
            assert item.text == value["text"]
            item.text.encode()
            item.id.encode()
