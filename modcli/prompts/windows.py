"""A long text in overlapping pieces that each fit into one pass."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of UTF-8 in one window. No tokenizer makes more tokens than bytes, so a window always fits into a pass.
SIZE = 900
#: Bytes that a window shares with the one before, so that nothing is cut apart unread.
OVERLAP = 150
#: Windows read of one item at most; what lies behind them is reported as unread.
MOST = 48


@dataclass(frozen=True, slots=True)
class Windows:
    """The pieces of one text, and the share of its bytes that they cover, 0 to 1."""

    texts: tuple[str, ...]
    read: float


def windows(text: str, *, size: int = SIZE, overlap: int = OVERLAP, most: int = MOST) -> Windows:
    """Cut a text at white space where there is some near the end of a window, anywhere else between characters.

    Where the text is too long for `most` windows, they are spread over the whole of it, first and last part included:
    padding cannot push a payload out of sight for certain, and `read` tells how much was seen.

    Sizes are in bytes. Raises ValueError for sizes with which a cut may not get ahead, and fewer than two windows.
    """
    if size < 16 or not 0 <= overlap <= size // 2 or most < 2:
        raise ValueError(f"no windows of {size} bytes that share {overlap}, {most} at most")
    raw = text.encode("utf-8", "replace")
    if len(raw) <= size:
        return Windows((text,), 1.0)
    spans: list[tuple[int, int]] = []
    start = 0
    while True:
        end = _cut(raw, start, start + size)
        spans.append((start, end))
        if end == len(raw):
            break
        start = _boundary(raw, max(end - overlap, start + 1))
    if len(spans) > most:
        spans = [spans[round(i * (len(spans) - 1) / (most - 1))] for i in range(most)]
    return Windows(tuple(raw[a:b].decode("utf-8", "replace") for a, b in spans), _covered(spans) / len(raw))


def _cut(raw: bytes, start: int, end: int) -> int:
    """The end of a window that begins at `start` and may reach to `end`."""
    if end >= len(raw):
        return len(raw)
    for position in range(end, max(start + (end - start) * 3 // 4, start + 1), -1):
        if raw[position : position + 1].isspace():
            return position
    return _boundary(raw, end)


def _boundary(raw: bytes, position: int) -> int:
    """The nearest position at or before that begins a character."""
    while position > 0 and raw[position] & 0xC0 == 0x80:
        position -= 1
    return position


def _covered(spans: list[tuple[int, int]]) -> int:
    total = reach = 0
    for start, end in spans:
        total += max(end - max(start, reach), 0)
        reach = max(reach, end)
    return total
