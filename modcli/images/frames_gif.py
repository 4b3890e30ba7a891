"""Where the frames of a GIF lie in its bytes, so that one far behind can be decoded without all before it."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass

from modcli.images.decoding_ends import colours

#: So many frames are decoded before one that was picked from far behind: a frame often changes a part of the last one.
CONTEXT = 12


@dataclass(frozen=True, slots=True)
class Map:
    """The bytes before the first frame; where each frame begins and ends (with what says how it is shown); the second at
    which it is shown. `whole` where all was walked in time, `ended` where the end was as it should be."""

    prelude: int
    starts: array[int]
    ends: array[int]
    seconds: array[float]
    duration: float
    whole: bool = True
    ended: bool = False


def map_of(data: bytes, *, deadline: float) -> Map:
    """The frames of a GIF by its blocks, without decoding; `deadline` as `time.monotonic` counts. Never fails: what has
    no form ends it."""
    at = 13 + colours(data[10]) if len(data) > 12 else len(data)
    prelude, start = at, at
    starts, ends, seconds = array("q"), array("q"), array("d")
    now, delay, size = 0.0, 0.1, len(data)
    while at < size:
        block = data[at]
        if block == 0x21:
            if data[at + 1 : at + 2] == b"\xf9" and at + 6 < size:
                delay = _delay(int.from_bytes(data[at + 4 : at + 6], "little"))
            at += 2
        elif block == 0x2C and at + 10 < size:
            at += 11 + colours(data[at + 9])
        else:
            return Map(prelude, starts, ends, seconds, now, ended=block == 0x3B)
        while at < size and data[at]:
            at += 1 + data[at]
        at += 1
        if block == 0x2C:
            starts.append(start)
            ends.append(min(at, size))
            seconds.append(now)
            now, start, delay = now + delay, at, 0.1
            if not len(starts) % 1_024 and time.monotonic() > deadline:
                return Map(prelude, starts, ends, seconds, now, whole=False)
    return Map(prelude, starts, ends, seconds, now)


def excerpt(data: bytes, found: Map, index: int) -> tuple[bytes, int]:
    """A GIF of one frame and the few before it, and the frame's place in it."""
    first = max(0, index - CONTEXT)
    begin, end = found.starts[first], found.ends[index]
    return data[: found.prelude] + data[begin:end] + b";", index - first


def _delay(hundredths: int) -> float:
    """Seconds that a frame is shown: as browsers do, one that asks for less than 0.02 gets 0.1."""
    return 0.1 if hundredths < 2 else hundredths / 100
