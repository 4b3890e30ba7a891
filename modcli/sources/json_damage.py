"""Where a value ends that is not valid JSON, so that what follows it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from enum import Enum, auto
from itertools import islice
from typing import Any

#: Everything but a string: a bracket, what stands between values, or a word (which may be none of JSON's).
_TOKEN = re.compile(r'(?P<bracket>[\[\]{}])|(?P<between>[\s,]+|:)|(?P<word>[^\s,:"\[\]{}]+)')
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_REST_OF_STRING = re.compile(r"(?:[^\"\\]++|\\.)*+", re.DOTALL)
_OPENS = {"]": "[", "}": "{"}
#: Longer numbers are none that anybody wrote.
_LONGEST_WORD = 8192
#: More keys of an object are not needed to tell what is like it.
_MOST_KEYS = 64
#: Where nothing is known of the elements, as many characters, or objects, are looked at to see what they are like.
_SAMPLE, _MOST_SEEN = 1 << 16, 32
#: A comma, spaces and the first key take fewer characters.
_EDGE = 256
#: More places at which the next element may begin are not tried.
MOST_TRIALS = 1000

_DECODER = json.JSONDecoder(strict=False)


class Outcome(Enum):
    """What became of looking for the end of a value: it was found; it is not in the text so far; brackets or quotes are
    missing, so that it cannot be found."""

    FOUND = auto()
    OPEN = auto()
    LOST = auto()


class Nesting:
    """Looks for the end of a value by its brackets, outside of strings; goes on where more of the text comes.

    `keys` are those of the value itself, as far as seen. `lost` says that the end cannot be found any more.
    """

    def __init__(self, *, lost: bool = False) -> None:
        self.keys: set[str] = set()
        self.lost = lost
        self._open: list[str] = []
        self._in_string = False
        self._valued = False  # the last token was a string or a word, after which no other can come
        self._last = ""

    def follow(self, text: str, index: int, *, ended: bool) -> tuple[Outcome, int]:
        """Go on from an index of a text, behind which nothing more comes where it has `ended`. The outcome, and the index
        up to which the text was looked at."""
        outcome = Outcome.LOST if self.lost else None
        while outcome is None:
            if index == len(text):
                return Outcome.OPEN, index
            if self._in_string or text[index] == '"':
                outcome, index = self._string(text, index)
            else:
                outcome, index = self._token(text, index, ended)
        self.lost = outcome is Outcome.LOST
        return outcome, index

    def _string(self, text: str, index: int) -> tuple[Outcome | None, int]:
        if not self._in_string:
            if self._valued:
                return Outcome.LOST, index
            self._valued = True
            whole = _STRING.match(text, index)
            if whole is not None:
                self._last = whole[1]
                return self._closed(), whole.end()
            self._in_string, index = True, index + 1
        found = _REST_OF_STRING.match(text, index)
        index = found.end() if found else index
        if text.startswith('"', index):
            self._in_string = False
            return self._closed(), index + 1
        return Outcome.OPEN, index  # a backslash alone, or the end

    def _token(self, text: str, index: int, ended: bool) -> tuple[Outcome | None, int]:
        token = _TOKEN.match(text, index)
        if token is None:  # never: every character but a quote begins one
            return Outcome.LOST, index
        if token.lastgroup == "word":
            if self._valued or len(token[0]) > _LONGEST_WORD:
                return Outcome.LOST, index
            if token.end() == len(text) and not ended:
                return Outcome.OPEN, index
            self._valued = True
            return self._closed(), token.end()
        if token.lastgroup == "between":
            if token[0] == ":" and len(self._open) == 1 and len(self.keys) < _MOST_KEYS:
                self.keys.add(self._last)
            # A space alone may stand between two words, which is none of JSON's either.
            self._valued = self._valued and token[0].isspace()
            return None, token.end()
        self._valued = False
        bracket = token[0]
        if bracket in "[{":
            self._open.append(bracket)
            return None, token.end()
        if not self._open or self._open.pop() != _OPENS[bracket]:
            return Outcome.LOST, index
        return self._closed(), token.end()

    def _closed(self) -> Outcome | None:
        return None if self._open else Outcome.FOUND


def is_definite(error: Exception, size: int) -> bool:
    """Whether more text would not make a value valid that could not be parsed in a text of a size."""
    if not isinstance(error, json.JSONDecodeError):
        return True
    # A word or an escape may be cut off at the end. The longest is -Infinity, or two escapes.
    return error.pos < size - 16 and not error.msg.startswith("Unterminated string")


def candidates(text: str, start: int, keys: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where in a text, behind an index, the next element of an array of objects may begin, after a comma or a bracket,
    with one of the keys that elements have, where these are known: the index of that comma, and that of the element."""
    names = "|".join(re.escape(json.dumps(key, ensure_ascii=False)) for key in islice(keys, _MOST_KEYS))
    key = rf"\s*(?:{names})\s*:" if keys else ""
    for found in re.compile(rf"[,}}\]]\s*(?=\{{{key})").finditer(text, start):
        yield found.span()


def is_like(value: Any, keys: Collection[str], *, known: bool) -> bool:
    """Whether a value is an object that has half of the keys at least, one of which may be garbled where they are not
    those of a sound one."""
    return isinstance(value, dict) and 2 * sum(key in value for key in keys) >= len(keys) - (not known)


def next_alike(
    text: str, start: int, keys: Collection[str], *, known: bool, ended: bool
) -> tuple[int | None, int]:
    """The index behind `start` at which an element begins that is like the others; None where there is none in this text.
    And the index from which to look on when there is more of it.

    Where it is not `known` what the others are like, but for some `keys` of the damaged one, objects within elements are
    told from elements by having fewer keys.
    """
    if not known and not ended and len(text) - start < _SAMPLE:
        return None, start
    alike: list[tuple[int, int]] = []
    behind = start
    for comma, index in islice(candidates(text, start, keys if known else ()), MOST_TRIALS):
        if index < behind:
            continue
        try:
            value, behind = _DECODER.raw_decode(text, index)
        except (ValueError, RecursionError) as error:
            if not ended and not is_definite(error, len(text)) and not alike:
                return None, comma
            continue
        if is_like(value, keys, known=known):
            if known:
                return index, index
            alike.append((index, len(value)))
            if len(alike) == _MOST_SEEN:
                break
    most = max((size for _, size in alike), default=0)
    found = next((index for index, size in alike if 2 * size > most), None)
    return found, max(start, len(text) - _EDGE)
