"""CAR files (content-addressed archives, version 1) of the repositories of the AT Protocol, read as a stream.

After the specification of CARv1 (ipld.io/specs/transport/car/carv1) and atproto.com/specs/repository. The blocks are
decoded by libipld, which of itself reads a file whole: the frame around them, a length and a name, is read here.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from modcli.errors import MissingExtraError

#: The largest record that a server takes is 1 MiB; a larger block than this is skipped.
LARGEST_BLOCK = 4 << 20
#: Records whose paths are remembered, at about 90 bytes each.
MOST_PATHS = 3_000_000
_CHUNK = 1 << 16
#: Bytes of a digest that stand for a block.
_DIGEST = 16
_DID = re.compile(r"did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200}")
_PATH = re.compile(r"[A-Za-z0-9.-]+/[A-Za-z0-9._~:-]{1,512}")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a CAR: its `value`, None with an error; bytes from 0 at which it begins, and behind it; what its
    name is made of (the digest of its bytes)."""

    value: Any
    start: int
    position: int
    digest: bytes = b""
    error: str = ""


def blocks(stream: BinaryIO, position: int = 0) -> Iterator[Block]:
    """The blocks of a CAR in order, from a `position` on; 0 for all. One that is damaged has an error; so has the
    last one where the file is cut off. Raises MissingExtraError where libipld is not installed."""
    decode = decoder()
    reader = _Reader(stream)
    header = reader.frame()
    if header is None or header.error or not _is_header(decode, header.data):
        yield Block(None, 0, reader.at, error="not a CAR file: its header cannot be read")
        return
    reader.skip_to(position)
    while (frame := reader.frame()) is not None:
        if frame.error:
            yield Block(None, frame.start, reader.at, error=frame.error)
            continue
        digest, at, error = _named(frame.data)
        value = None
        if not error:
            data = frame.data[at:]
            if hashlib.sha256(data).digest() != digest:
                error = "a block that is not what its name says: it is damaged"
            else:
                try:
                    value = decode(data)
                except (ValueError, RecursionError) as wrong:
                    error = f"a block that cannot be read: {wrong}"
        yield Block(value, frame.start, reader.at, digest[:_DIGEST], error)


class Paths:
    """What the records of a repository are called (`app.bsky.feed.post/3k...`), by the nodes of its tree; and whose
    it is."""

    def __init__(self, collections: tuple[str, ...], most: int = MOST_PATHS) -> None:
        self.did = ""
        #: Whether there were more than are remembered.
        self.incomplete = False
        self._collections, self._most = tuple(f"{one}/".encode() for one in collections), most
        self._found: list[bytes] = []
        self._sorted = True

    def note(self, value: Any) -> bool:
        """Take in a block where it is a node of the tree or the commit on top of it; false for all others."""
        if not isinstance(value, dict) or "$type" in value:
            return False
        if isinstance(value.get("e"), list) and "l" in value:
            self._note_entries(value["e"])
            return True
        did = value.get("did")
        if isinstance(did, str) and "sig" in value and "data" in value:
            self.did = did if _DID.fullmatch(did) else ""
            return True
        return False

    def of(self, digest: bytes) -> str:
        """The path of a record; empty where there is none."""
        if not self._sorted:
            self._found.sort()
            self._sorted = True
        at = bisect_left(self._found, digest)
        if at < len(self._found) and self._found[at].startswith(digest) and len(digest) == _DIGEST:
            path = self._found[at][_DIGEST:].decode("utf-8", "replace")
            return path if _PATH.fullmatch(path) else ""
        return ""

    def _note_entries(self, entries: list[Any]) -> None:
        """Keys of a node are written without what they share with the one before (`p` bytes of it)."""
        key = b""
        for entry in entries:
            if not isinstance(entry, dict):
                return
            shared, rest, name = entry.get("p"), entry.get("k"), entry.get("v")
            if not isinstance(shared, int) or not isinstance(rest, bytes) or not isinstance(name, bytes):
                return
            key = key[: max(shared, 0)] + rest
            if len(key) > 1024:
                return
            if key.startswith(self._collections):
                if len(self._found) >= self._most:
                    self.incomplete = True
                    return
                digest, _, error = _named(name)
                if not error:
                    self._found.append(digest[:_DIGEST] + key)
                    self._sorted = False


@dataclass(frozen=True, slots=True)
class _Frame:
    start: int
    data: bytes
    error: str = ""


class _Reader:
    """The frames of a CAR: each its length, then its bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.at = 0

    def frame(self) -> _Frame | None:
        """The next one; None at the end."""
        start = self.at
        length, shift = 0, 0
        while True:
            byte = self._read(1)
            if not byte:
                return _Frame(start, b"", "the file is cut off here") if shift else None
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80:
                break
            if shift > 63:
                self._skip(None)
                return _Frame(start, b"", "no length that can be: nothing behind it can be read")
        if length > LARGEST_BLOCK:
            whole = self._skip(length)
            cut = "" if whole else ", and the file is cut off in it"
            return _Frame(start, b"", f"a block of {length:,} bytes, more than records have{cut}")
        data = self._read(length)
        return _Frame(start, data, "" if len(data) == length else "the file is cut off here")

    def skip_to(self, position: int) -> None:
        if position > self.at:
            self._skip(position - self.at)

    def _skip(self, length: int | None) -> bool:
        """Read on without keeping anything, to the end for None; whether there was as much."""
        left = length
        while left is None or left:
            piece = self._read(_CHUNK if left is None else min(left, _CHUNK))
            if not piece:
                return left is None
            left = None if left is None else left - len(piece)
        return True

    def _read(self, length: int) -> bytes:
        pieces, left = [], length
        while left and (piece := self._stream.read(left)):
            pieces.append(piece)
            left -= len(piece)
        self.at += length - left
        return b"".join(pieces)


def _named(data: bytes) -> tuple[bytes, int, str]:
    """The SHA-256 in a CID, the bytes that the CID takes, and what is wrong with it."""
    # In a node, links have the zero byte of a multibase identity before them.
    if data[:1] == b"\0":
        digest, at, error = _named(data[1:])
        return digest, at + 1, error
    if len(data) >= 36 and data[:4] == b"\x01\x71\x12\x20":
        return data[4:36], 36, ""
    return b"", 0, "a block with a name of another kind than records have"


def _is_header(decode: Any, data: bytes) -> bool:
    try:
        header = decode(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("version") == 1


def decoder() -> Any:
    """What decodes a block. Raises MissingExtraError where libipld is not installed."""
    try:
        from libipld import decode_dag_cbor
    except ImportError as error:
        raise MissingExtraError(
            "reading a CAR file of Bluesky needs libipld", hint="pip install 'modcli[bluesky]'"
        ) from error
    return decode_dag_cbor
