"""Where a picture's file ends, and what lies behind: a second file that other programs may read instead."""

from __future__ import annotations

import re

from modcli.images.formats import HEAD, is_video, told_as

#: As many pieces of a file are walked at most; an animation of a million frames has more, and is left at that.
MOST_PIECES = 50_000
#: Kinds of boxes that stand at the top of a picture's file.
_BOXES = set(b"ftyp styp meta mdat moov moof mfra free skip wide uuid idat meco".split())
_JPEG_START = re.compile(rb"\x00*\xff\xd8(?=\xff)")
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


def behind_the_end(kind: str, data: bytes) -> str:
    """What lies behind the end of a picture, as a note; "" where nothing does, or where the end is not known."""
    end = _ENDS[kind](data) if kind in _ENDS else None
    if end is None or end >= len(data):
        return ""
    rest = data[end:]
    head = rest[: HEAD * 4].lstrip(b"\x00\xff\r\n ")[:HEAD]
    if not head and not rest.strip(b"\x00\xff\r\n "):
        return ""
    # The length that a video begins with may have been taken for padding.
    head = next(
        (full for full in (rest, b"\x00" * 3 + head, b"\x00" * 2 + head) if is_video(full[:HEAD])), head
    )
    return f"{len(rest):,} bytes behind its end: {told_as(head[:HEAD])}"


def _jpeg(data: bytes) -> int | None:
    """Behind its end, and behind the further pictures that a JPEG of a phone says it holds (a preview, a depth map:
    CIPA DC-007, Multi-Picture Format)."""
    end = _end_of_jpeg(data, 2)
    if b"MPF\x00" in data[:65_536]:
        while end is not None and (start := _JPEG_START.match(data, end)):
            end = _end_of_jpeg(data, start.end())
    return end


def _end_of_jpeg(data: bytes, at: int) -> int | None:
    """Behind the marker EOI, outside of segments (ITU T.81, B.1.1)."""
    for _ in range(MOST_PIECES):
        found = _JPEG_MARKER.search(data, at)
        if found is None:
            return None
        at, marker = found.end(), found[1][0]
        if marker == 0xD9:
            return at
        if marker not in (0x01, 0xD8):
            at += int.from_bytes(data[at : at + 2], "big")
    return None


def _png(data: bytes) -> int | None:
    at = 8
    for _ in range(MOST_PIECES):
        if at + 12 > len(data):
            return None
        length = int.from_bytes(data[at : at + 4], "big")
        kind, at = data[at + 4 : at + 8], at + 12 + length
        if kind == b"IEND":
            return at
    return None


def _gif(data: bytes) -> int | None:
    """Behind the trailer (GIF89a, 27)."""
    if len(data) < 13:
        return None
    at = 13 + colours(data[10])
    for _ in range(MOST_PIECES):
        block = data[at : at + 1]
        if block == b";":
            return at + 1
        if block == b"!":
            at += 2
        elif block == b"," and at + 10 < len(data):
            at += 11 + colours(data[at + 9])
        else:
            return None
        at = _behind_blocks(data, at)
    return None


def colours(flags: int) -> int:
    """Bytes of the table of colours that the flags of a GIF announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """Behind a chain of GIF's sub-blocks: each says its length, and one of length 0 ends it."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _riff(data: bytes) -> int:
    length = int.from_bytes(data[4:8], "little")
    return 8 + length + length % 2


def _boxes(data: bytes) -> int | None:
    """Behind the last box of an ISO base media file (ISO/IEC 14496-12) of a kind that stands there in a picture."""
    at = 0
    for _ in range(MOST_PIECES):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 8 > len(data) or data[at + 4 : at + 8] not in _BOXES:
            return at
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:  # 0: to the end of the file
            return None
        at += length
        if at >= len(data):
            return None
    return None


def _bmp(data: bytes) -> int | None:
    length = int.from_bytes(data[2:6], "little")
    return length if length >= 26 else None


_ENDS = {"jpeg": _jpeg, "png": _png, "gif": _gif, "webp": _riff, "avif": _boxes, "heic": _boxes, "bmp": _bmp}
