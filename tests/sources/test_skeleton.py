"""What the first bytes of a file show."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources.skeleton import HEAD, skeleton_of
from tests.sources.made import member


@pytest.mark.parametrize(
    ("data", "shape", "first"),
    [
        ('[{"a": 1}]', "list", {"a": 1}),
        ("[]", "list", None),
        ('\ufeff {"orderedItems": [{"a": 1}], "totalItems": 2}', "object", {"a": 1}),
        ('{"@context": ["x"], "orderedItems": ["u"]}', "object", "u"),
        ('{"a": 1}\n{"a": 2}\n', "lines", {"a": 1}),
        ("id,text\n1,hello\n", "csv", None),
        ("hello there\nno rows\n", "other", None),
        ("", "other", None),
        (b"\xff\xfe[\0]\0", "other", None),
        (b"\x89PNG\0\0", "other", None),
    ],
)
def test_shapes(data: bytes | str, shape: str, first: object) -> None:
    found = skeleton_of(member("x", data))
    assert (found.shape, found.first) == (shape, first)


def test_keys_scalars_and_arrays_of_an_object() -> None:
    found = skeleton_of(member("x.json", '{"id": "o", "n": null, "in": {"a": [1]}, "l": [], "m": [1]}'))
    assert found.keys == ("id", "n", "in", "l", "m")
    assert dict(found.scalars) == {"id": "o", "n": None}
    assert found.arrays == ("l", "m")
    assert found.first == 1


def test_an_object_longer_than_what_is_looked_at() -> None:
    long = json.dumps({"orderedItems": [{"text": "x" * 1000}] * 2000})
    assert len(long) > HEAD
    found = skeleton_of(member("x.json", long))
    assert (found.shape, found.arrays) == ("object", ("orderedItems",))
    assert found.first == {"text": "x" * 1000}


def test_one_line_of_jsonl_is_a_line() -> None:
    assert skeleton_of(member("x.jsonl", '{"text": "hello"}\n')).shape == "lines"


@given(st.binary(max_size=300))
def test_any_bytes_have_a_shape(data: bytes) -> None:
    assert skeleton_of(member("x", data)).shape in ("object", "list", "lines", "csv", "car", "other")
