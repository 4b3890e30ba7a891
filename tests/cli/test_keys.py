"""Keys from a terminal, and from lines."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from modcli.cli.keys import Keys

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")
tty = pytest.importorskip("tty")
YES_OR_NO = {"y": "yes", "n": "no"}


Typed = Callable[[bytes], Keys]


@pytest.fixture
def typed() -> Iterator[Typed]:
    """Keys of a terminal at which these bytes are typed."""
    with ExitStack() as opened:

        def typed(keys: bytes) -> Keys:
            person, program = pty.openpty()
            opened.callback(os.close, person)
            stream = opened.enter_context(os.fdopen(program, "r"))
            # As it is while a question waits: what is typed is not held back until the line ends.
            tty.setcbreak(program)
            os.write(person, keys)
            return Keys(stream)

        yield typed


def test_a_key_counts_at_once_and_its_meaning_is_said(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = typed(b"xYn")
    assert keys.ask("Drop it?", YES_OR_NO) == "y"
    assert capsys.readouterr().err == "Drop it? yes\n"
    assert keys.ask("Drop it?", YES_OR_NO) == "n"


def test_arrows_and_foreign_letters_are_no_answers(typed: Typed) -> None:
    assert typed("ü".encode() + b"n").ask("?", YES_OR_NO) == "n"
    assert typed(b"\x1b[A\x04").ask("?", {"a": "arrow"}) == ""


def test_the_end_of_the_input_is_no_answer(typed: Typed) -> None:
    assert typed(b"\x04").ask("?", YES_OR_NO) == ""
    assert typed(b"1\x04").ask_several("?", {"1": "one"}, {}) == []
    assert Keys(io.StringIO("")).ask("?", YES_OR_NO) == ""


def test_choices_are_switched_until_enter(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    choices, ends = {"1": "spam", "2": "ads", "3": "rude"}, {"n": "none", "q": "quit"}
    assert typed(b"\r3121\r").ask_several("?", choices, ends) == ["2", "3"]
    assert capsys.readouterr().err.endswith("\r\x1b[K? ads, rude\n")
    assert typed(b"12n").ask_several("?", choices, ends) == ["n"]
    assert capsys.readouterr().err.endswith("? none\n")


def test_what_is_shown_cannot_steer_the_terminal(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    typed(b"y").ask("\x1b[2J?", YES_OR_NO)
    assert capsys.readouterr().err == "\\x1b[2J? yes\n"


def test_without_a_terminal_the_characters_of_lines_count() -> None:
    keys = Keys(io.StringIO("12\nn\ny\n"))
    assert keys.ask_several("?", {"1": "one", "2": "two"}, {"n": "none"}) == ["1", "2"]
    assert keys.ask_several("?", {"1": "one"}, {"n": "none"}) == ["n"]
    assert keys.ask("?", YES_OR_NO) == "y"


def test_the_terminal_is_left_as_it_was() -> None:
    person, program = pty.openpty()
    try:
        before = termios.tcgetattr(program)
        os.write(person, b"y\n")
        with os.fdopen(program, "r", closefd=False) as stream:
            assert Keys(stream).ask("?", YES_OR_NO) == "y"
        assert termios.tcgetattr(program) == before
    finally:
        os.close(person)
        os.close(program)
