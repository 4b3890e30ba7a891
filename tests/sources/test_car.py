"""CAR files: block by block, from any on, damaged ones among them, whatever the bytes."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Sequence
from typing import Any

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import MissingExtraError
from modcli.sources.car import LARGEST_BLOCK, Paths, blocks

POST = "app.bsky.feed.post"


def varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def encoded(value: Any) -> tuple[bytes, bytes]:
    """The CID of a value, and its bytes."""
    data = libipld.encode_dag_cbor(value)
    return b"\x01\x71\x12\x20" + hashlib.sha256(data).digest(), data


def frame(cid: bytes, data: bytes) -> bytes:
    return varint(len(cid) + len(data)) + cid + data


HEADER_DATA = libipld.encode_dag_cbor({"roots": [encoded({})[0]], "version": 1})
HEADER = varint(len(HEADER_DATA)) + HEADER_DATA


def car(*values: Any) -> bytes:
    return HEADER + b"".join(frame(*encoded(value)) for value in values)


def node(records: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A node of the tree, its keys written as their difference from the one before."""
    entries, before = [], b""
    for key, value in sorted(records):
        path, shared = key.encode(), 0
        while shared < min(len(path), len(before)) and path[shared] == before[shared]:
            shared += 1
        entries.append({"p": shared, "k": path[shared:], "v": encoded(value)[0], "t": None})
        before = path
    return {"l": None, "e": entries}


def repository(records: Sequence[tuple[str, Any]], did: str = "did:plc:abc") -> bytes:
    """A CAR as a server exports it: the commit, the tree, the records."""
    tree = node(records)
    commit = {"did": did, "version": 3, "rev": "3k", "prev": None, "data": encoded(tree)[0], "sig": b"\0"}
    return car(commit, tree, *(value for _, value in records))


def test_blocks_and_places() -> None:
    data = car({"a": 1}, {"b": [2]}, {"c": None})
    found = list(blocks(io.BytesIO(data)))
    assert [block.value for block in found] == [{"a": 1}, {"b": [2]}, {"c": None}]
    assert found[-1].position == len(data)
    for i, block in enumerate(found):
        assert [one.value for one in blocks(io.BytesIO(data), block.position)] == [
            one.value for one in found[i + 1 :]
        ]


def test_paths() -> None:
    records = [(f"{POST}/3k{i}", {"$type": POST, "text": str(i)}) for i in range(30)]
    paths = Paths((POST,))
    found = list(blocks(io.BytesIO(repository([*records, ("other.kind/1", {"x": 1})]))))
    for block in found:
        paths.note(block.value)
    assert paths.did == "did:plc:abc"
    assert {paths.of(block.digest) for block in found} == {"", *(path for path, _ in records)}
    assert paths.of(b"") == paths.of(bytes(16)) == ""


def test_paths_are_bounded() -> None:
    paths = Paths((POST,), most=2)
    paths.note(node([(f"{POST}/{i}", {"i": i}) for i in range(3)]))
    assert paths.incomplete


@pytest.mark.parametrize(
    "value",
    [
        {"e": [7], "l": None},
        {"e": [{"p": -1, "k": b"x", "v": b""}], "l": None},
        {"e": [{"p": "1", "k": b"x", "v": b""}], "l": None},
        {"e": [{"p": 0, "k": f"{POST}/\x1b[31m".encode(), "v": encoded({})[0]}], "l": None},
        {"did": "did:plc:\x1b", "sig": b"", "data": b""},
        [1],
        None,
    ],
)
def test_a_node_that_is_none(value: Any) -> None:
    paths = Paths((POST,))
    paths.note(value)
    assert (paths.of(encoded({})[0][4:20]), paths.did) == ("", "")


def errors(data: bytes) -> list[str]:
    return [block.error for block in blocks(io.BytesIO(data))]


def test_damage() -> None:
    good, (cid, data) = frame(*encoded({"a": 1})), encoded({"b": 2})
    damaged = frame(cid, data[:-1] + b"\x03")
    unreadable = frame(b"\x01\x71\x12\x20" + hashlib.sha256(b"\xff").digest(), b"\xff")
    nested = b"\x81" * 100_000 + b"\0"
    deep = frame(b"\x01\x71\x12\x20" + hashlib.sha256(nested).digest(), nested)
    named = frame(b"\x01\x55\x12\x20" + bytes(32), b"raw")
    found = errors(HEADER + good + damaged + unreadable + deep + named + good)
    assert [bool(error) for error in found] == [False, True, True, True, True, False]
    assert "damaged" in found[1]


@pytest.mark.parametrize("cut", [1, 3, 20, 40])
def test_a_file_that_is_cut_off(cut: int) -> None:
    found = list(blocks(io.BytesIO(car({"a": 1}, {"b": "x" * 100})[:-cut])))
    assert found[0].value == {"a": 1}
    assert "cut off" in found[1].error
    assert len(found) == 2


def test_a_block_of_absurd_size() -> None:
    found = errors(HEADER + varint(1 << 50) + b"x" * 100)
    assert len(found) == 1
    assert "cut off" in found[0]
    found = errors(HEADER + varint(LARGEST_BLOCK + 1) + bytes(LARGEST_BLOCK + 1) + frame(*encoded({})))
    assert [bool(error) for error in found] == [True, False]
    assert errors(HEADER + b"\xff" * 100) == ["no length that can be: nothing behind it can be read"]


def test_what_is_no_car() -> None:
    for data in (b"", b"PK\3\4", b"[1, 2]", varint(3) + b"\xa1aa"):
        assert errors(data) == ["not a CAR file: its header cannot be read"]


def test_without_libipld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libipld", None)
    with pytest.raises(MissingExtraError) as caught:
        next(blocks(io.BytesIO(HEADER)))
    assert caught.value.hint == "pip install 'modcli[bluesky]'"


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes(data: bytes, position: int) -> None:
    for start in (data, HEADER + data):
        for block in blocks(io.BytesIO(start), position):
            assert (block.value is None) or not block.error
