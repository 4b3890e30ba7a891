"""Questions that a person answers with a key."""

from __future__ import annotations

import os
import select
import sys
from collections import deque
from collections.abc import Mapping
from typing import TextIO

from modcli.reports.terminal_text import printable

try:
    import termios
    import tty
except ImportError:  # a system without POSIX terminals: keys count when their line is ended
    termios = None  # type: ignore[assignment]

_ENTER, _ESCAPE, _END = "\n", "\x1b", "\x04"
#: Begins a line anew, on a terminal.
_ANEW = "\r\x1b[K"


class Keys:
    """Reads keys: at once on a terminal, the characters of each line elsewhere. Questions go to stderr."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdin
        self._at_once = termios is not None and self._stream.isatty()
        self._pending: deque[str] = deque()

    def ask(self, question: str, answers: Mapping[str, str]) -> str:
        """One of the keys, whose meaning is then said; keys without a meaning are passed over. Empty at the end of the
        input."""
        _say(f"{question} ")
        while True:
            key = self._next()
            if key in answers or not key:
                _say(f"{answers.get(key, '')}\n")
                return key

    def ask_several(self, question: str, choices: Mapping[str, str], ends: Mapping[str, str]) -> list[str]:
        """Any number of the choices, each switched by its key, until Enter; or one of the `ends`, which counts at once
        and alone. Empty at the end of the input."""
        _say(f"{question} ")
        chosen: set[str] = set()
        while True:
            key = self._next()
            if key in ends or not key:
                self._again(question, ends.get(key, ""))
                _say("\n")
                return [key] if key else []
            if key == _ENTER and chosen:
                _say("\n")
                return [one for one in choices if one in chosen]
            if key in choices:
                chosen ^= {key}
                self._again(question, ", ".join(choices[one] for one in choices if one in chosen))

    def _again(self, question: str, told: str) -> None:
        if self._at_once:
            sys.stderr.write(_ANEW)
            _say(f"{question} {told}")

    def _next(self) -> str:
        """The next key, in lower case; empty at the end of the input."""
        if not self._at_once:
            if not self._pending:
                self._pending.extend(self._stream.readline())
            return self._pending.popleft().lower() if self._pending else ""
        descriptor = self._stream.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSADRAIN)
            key = os.read(descriptor, 1).decode("ascii", "replace")
            if key == _ESCAPE:
                _skip_sequence(descriptor)
        except KeyboardInterrupt:
            _say("\n")
            raise
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        return "" if key == _END else key.replace("\r", _ENTER).lower()


def _skip_sequence(descriptor: int) -> None:
    """Pass over what an arrow or a function key sends after the escape: `[`, parameters and a letter, or `O` and one."""
    sequence = b""
    while select.select([descriptor], [], [], 0.01)[0]:
        byte = os.read(descriptor, 1)
        sequence += byte
        if not byte or ((len(sequence) > 1 or byte not in b"[O") and b"@" <= byte <= b"~"):
            return


def _say(text: str) -> None:
    sys.stderr.write(printable(text))
    sys.stderr.flush()
