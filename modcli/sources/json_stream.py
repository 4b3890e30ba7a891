"""The elements of a JSON array, or of JSON Lines, in constant memory, with the places at which reading can go on.

An element that is damaged is one with an error, and those behind it are read all the same. Of two arrays under the same
key the last is read, as the readers of whole files do (archives of Mastodon have been seen with `orderedItems` twice).
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, cast

from modcli.sources.json_damage import Nesting, Outcome, is_definite, next_alike
from modcli.sources.sliding_text import CHUNK, SlidingText

#: A longer element is not parsed: it would have to be held in memory whole.
LONGEST = 16 << 20

TOO_LONG = f"longer than {LONGEST:,} bytes"

_DECODER = json.JSONDecoder(strict=False)
#: Also a comma too many, and what separates values elsewhere (RFC 7464) or is left of joined files.
_GAP = re.compile("[ \t\r\n,\x1e\ufeff]*")
_BEHIND_ELEMENT = re.compile(r"[ \t\r\n]*([,\[\]{}]|\Z)")
_END_OF_LINE = re.compile(r"[ \t\r,]*(\n|\Z)")
_COMMA = re.compile(r"[,\]]")
_ROW = re.compile(r"(?<=\])\s*,\s*(?=\[)")
_LINE = re.compile(r"\n")
_LINE_OF_VALUE = re.compile(r"\n(?=[\r\n]*[\[{])")
#: As much of a key, its colon and bracket is together in what is searched.
_OVERLAP = 1 << 12


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a JSON array, or one value of JSON Lines.

    `value` is None with an `error`, which says why it could not be parsed. `number` counts from 1; that of JSON Lines is
    the number of the line. `start` is the byte at which it begins, `position` that from which reading goes on behind it.
    """

    value: Any
    number: int
    start: int
    position: int
    error: str = ""


def elements(
    stream: BinaryIO, path: Sequence[str] = (), *, position: int = 0, number: int = 0
) -> Iterator[Element]:
    """The elements of the array under the keys `path` of the object that a stream holds; with no path, those of a list,
    or the values that stand one after another. A value under `path` that is no array is an element, unless it is null.

    `position` and `number` are those of the element behind which reading goes on. A stream that cannot go back is copied
    into a temporary file. Raises nothing: what cannot be read is an element with an error, at its place.
    """
    if not stream.seekable():
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            yield from elements(cast(BinaryIO, copy), path, position=position, number=number)
        return
    text = SlidingText(stream)
    if path and not position:
        position, alone = _Search(stream, text, tuple(path)).array()
        if alone is not None:
            yield replace(alone, position=text.drain())
        if not position:
            return
    text.jump(0)
    in_list = bool(path) or _Values(text, in_list=False).next() == "["
    if in_list and not position:
        text.at += 1
    if not position or text.jump(position):
        yield from _Values(text, number, in_list=in_list, alone=bool(path))


class _Values:
    """The elements of an array, or values one after another, from where a text is at. It is then behind the list's end.

    `alone` says that what follows the list is of no interest, as it is where the list stands in an object.
    """

    def __init__(
        self, text: SlidingText, number: int = 0, *, in_list: bool = True, alone: bool = True
    ) -> None:
        self._text = text
        self._number = number
        self._in_list, self._alone = in_list, alone
        self._newlines = 0  # since the last value
        self._good: Mapping[str, Any] = {}  # an element that was sound: the others are like it
        self._opening = ""  # what the first began with
        self._retried = -1
        self._finished = False

    def __iter__(self) -> Iterator[Element]:
        while not self._finished and (character := self.next()):
            if not self._in_list or character != "]":
                yield self.element()
                continue
            self._text.at += 1
            following = self.next()
            if following == "[" and not self._alone:  # pages that were saved one behind the other
                self._text.at += 1
            elif following and following in "[{":
                yield self._stray(self._text.byte_at(self._text.at))
            elif not following or self._alone:
                return
            else:
                self._number += 1
                start = self._text.byte_at(self._text.at)
                yield self._to_the_end(start, "something follows the end of the list")
        text = self._text
        if not self._finished and (self._in_list or text.failure):
            self._number += 1
            yield self._to_the_end(
                text.byte_at(text.at), text.failure or "the file ends in the middle of the list"
            )

    def next(self) -> str:
        """The next character that is not between two values, at which the text is then; empty at its end."""
        text = self._text
        while True:
            gap = _GAP.match(text.text, text.at)
            end = gap.end() if gap else text.at
            if not self._in_list:
                self._newlines += text.text.count("\n", text.at, end)
            text.at = end
            if end < len(text.text):
                return text.text[end]
            if not text.fill():
                return ""

    def element(self) -> Element:
        """The value that begins where the text is at, which is then behind it."""
        text = self._text
        # Values that stand on lines are counted as these are, blank ones before them included.
        self._number += max(1, self._newlines + (not self._number))
        self._newlines = 0
        while True:
            try:
                value, end = _DECODER.raw_decode(text.text, text.at)
            except (ValueError, RecursionError) as error:
                damaged = self._damaged(error)
                if damaged is not None:
                    return damaged
                continue
            behind = _BEHIND_ELEMENT.match(text.text, end) if self._in_list else None
            edge = behind.end() if behind else end
            # What is missing may be the rest of a number (of 1.5e+7 at any of its signs), or what must follow.
            if len(text.text) - edge < 4 and edge - end < CHUNK and not text.ended:
                text.fill()
                continue
            if self._in_list and behind is None:
                message = f"not valid JSON: no comma at byte {text.byte_at(end):,}"
                return self._recovered(text.byte_at(text.at), message, Nesting(lost=True), end, end)
            return self._sound(value, end)

    def _sound(self, value: Any, end: int) -> Element:
        text = self._text
        start, position = text.byte_at(text.at), text.byte_at(end)
        error = text.broken(text.at, end)
        text.at = end
        if position - start > LONGEST:
            error = TOO_LONG
        if error:
            return Element(None, self._number, start, position, error)
        if isinstance(value, dict):
            self._good = value
        return Element(value, self._number, start, position)

    def _damaged(self, error: Exception) -> Element | None:
        """What becomes of a value that could not be parsed; None where it is to be tried again with more of the text."""
        text = self._text
        start, message = text.byte_at(text.at), self._reason(error)
        nesting, looked = Nesting(), text.at
        self._opening = self._opening or text.text[text.at]
        waiting = self._retried != start and not is_definite(error, len(text.text))
        while waiting:
            outcome, looked = nesting.follow(text.text, looked, ended=text.ended)
            if outcome is Outcome.OPEN and len(text.text) - text.at > LONGEST:
                message = TOO_LONG
                break
            looked -= text.at
            if outcome is not Outcome.OPEN or not text.fill():
                self._retried = start
                return None
        return self._recovered(start, message, nesting, looked, text.at + 1)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, json.JSONDecodeError):
            what = error.msg.removesuffix(" at")
            return f"not valid JSON: {what} at byte {self._text.byte_at(error.pos):,}"
        if isinstance(error, RecursionError):
            return "JSON nested too deeply"
        return f"not usable JSON: {str(error).split(':')[0]}"  # the interpreter's limit on the digits of an integer

    def _recovered(self, start: int, message: str, nesting: Nesting, looked: int, searched: int) -> Element:
        """The error of a value that begins at the byte `start`; the text goes on where the next value may begin.

        `nesting` has followed it up to `looked`. Where that cannot find its end, the beginning of the next value is
        searched for from `searched` on.
        """
        text = self._text
        opening = text.text[text.at]
        if self._in_list:
            opening = "{" if self._good else self._opening or opening
        while True:
            ended = text.ended
            outcome, looked = nesting.follow(text.text, looked, ended=ended)
            if outcome is Outcome.FOUND and not self._is_end(looked):
                nesting.lost = True
            end, searched = self._next_value(opening, nesting, searched)
            if (
                outcome is Outcome.FOUND
                and not nesting.lost
                and (self._in_list or end is None or looked < end)
            ):
                end = looked
            if end is not None:
                position, text.at = text.byte_at(end), end
                return Element(None, self._number, start, position, message)
            if len(text.text) - searched > LONGEST:
                searched = len(text.text)
            text.at = searched if nesting.lost else min(looked, searched)
            looked, searched = looked - text.at, searched - text.at
            if ended:
                return self._to_the_end(start, f"{message} (the file ends within it)")
            text.fill()

    def _is_end(self, index: int) -> bool:
        """Whether what stands at an index is what follows a value."""
        behind = _BEHIND_ELEMENT if self._in_list else _END_OF_LINE
        return behind.match(self._text.text, index) is not None

    def _next_value(self, opening: str, nesting: Nesting, searched: int) -> tuple[int | None, int]:
        """Where the next value may begin, in what is held of the text from an index on, and the index from which to
        search more of it; `opening` is what values begin with."""
        text = self._text.text
        if self._in_list and opening == "{":
            keys = self._good.keys() or nesting.keys
            return next_alike(text, searched, keys, known=bool(self._good), ended=self._text.ended)
        if self._in_list and not nesting.lost:
            return None, searched
        if self._in_list:
            found = (_ROW if opening == "[" else _COMMA).search(text, searched)
        else:
            found = (_LINE_OF_VALUE if opening in "[{" else _LINE).search(text, searched)
        return (found.start(), found.start()) if found else (None, max(searched, len(text) - CHUNK // 2))

    def _stray(self, byte: int) -> Element:
        """The list has ended, and goes on at a byte."""
        self._number += 1
        return Element(None, self._number, byte, byte, "not valid JSON: the list ends before it")

    def _to_the_end(self, start: int, message: str) -> Element:
        """The last element: nothing can be read behind it."""
        self._finished = True
        message = self._text.failure or message
        return Element(None, self._number, start, self._text.drain(), message)


class _LostError(Exception):
    """An object is damaged, so that its keys cannot be told any more."""


class _Search:
    """Where the array under keys of an object begins."""

    def __init__(self, stream: BinaryIO, text: SlidingText, path: tuple[str, ...]) -> None:
        self._stream = stream
        self._text = text
        self._path = path
        self._values = _Values(text, in_list=False)
        self._found = 0
        self._alone: Element | None = None

    def array(self) -> tuple[int, Element | None]:
        """The byte behind the bracket of the array, 0 where there is none; and the element that stands in its place."""
        # Only where a key occurs several times has the whole file to be read in order to find the last.
        last = [_occurrences(self._stream, key) for key in self._path] != [1] * len(self._path)
        self._text.jump(0)
        try:
            if self._values.next() == "{":
                self._object(0, last=last)
        except _LostError:
            if not self._found and self._alone is None:
                return self._textual(), None
        return self._found, self._alone

    def _object(self, depth: int, *, last: bool) -> bool:
        """Go through an object, and those within it on the path. Whether the array was found, and need not be looked for
        any further. Raises _LostError where it is damaged."""
        self._text.at += 1
        while (character := self._values.next()) == '"':
            key = self._values.element().value
            if self._values.next() != ":":
                break
            self._text.at += 1
            character = self._values.next()
            if key == self._path[depth] and depth + 1 == len(self._path):
                self._take(character, last=last)
                if not last:
                    return True
            elif key == self._path[depth] and character == "{":
                if self._object(depth + 1, last=last):
                    return True
            else:
                self._skip(character)
        if character != "}":
            raise _LostError
        self._text.at += 1
        return False

    def _take(self, character: str, *, last: bool) -> None:
        """What stands under the last key of the path."""
        self._found, self._alone = 0, None
        if character == "[":
            self._found = self._text.byte_at(self._text.at + 1)
            if last:
                self._skip(character)
        elif character:
            element = self._values.element()
            if element.value is not None or element.error:
                self._alone = replace(element, number=1)

    def _skip(self, character: str) -> None:
        if character == "[":
            self._text.at += 1
            for _ in _Values(self._text):
                pass
        elif not character or self._values.element().error:
            raise _LostError

    def _textual(self) -> int:
        """The byte behind the bracket of the last array under the key, wherever that is: what is before is damaged."""
        pattern = re.compile(re.escape(json.dumps(self._path[-1]).encode()) + rb"\s*:\s*\[")
        held, start, found = b"", 0, 0
        for chunk in _chunks(self._stream):
            held += chunk
            for match in pattern.finditer(held):
                found = start + match.end()
            start += max(0, len(held) - _OVERLAP)
            held = held[-_OVERLAP:]
        return found


def _occurrences(stream: BinaryIO, key: str) -> int:
    """How often a key, or a text that is the same, stands in a stream: fast."""
    wanted = json.dumps(key, ensure_ascii=False).encode("utf-8", "replace")
    count, held = 0, b""
    for chunk in _chunks(stream):
        held += chunk
        count += held.count(wanted)
        held = held[1 - len(wanted) :]
    return count


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a stream from its start, as far as they can be read."""
    with suppress(OSError, EOFError):
        stream.seek(0)
        while chunk := stream.read(CHUNK):
            yield chunk
