"""The table: readable at any width, and no item steers the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from modcli.reports.terminal import TableReport
from modcli.reports.terminal_text import one_line, printable
from tests.reports.examples import ALLOWED, BLOCKED, ERROR, HOSTILE, item, sink_and_output, written

ROWS = [
    (item(text="you utter fool, " * 20), BLOCKED),
    (item(text="日本語" * 60), ALLOWED),
    (item(text=""), ERROR),
]


def table(width: int, rows: object = ROWS, *, colour: bool = False, **options: object) -> str:
    sink, output = sink_and_output()
    console = Console(
        file=io.TextIOWrapper(io.BytesIO(), "utf-8"),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    return written(TableReport(output, console, **options), sink, rows)  # type: ignore[arg-type]


def test_wide() -> None:
    assert table(92).splitlines() == [
        "ACTION P    CATEGORY         ID            TEXT",
        "block  0.91 toxicity         posts.txt:7   you utter fool, you utter fool, you utter fool, …",
        "            toxicity 0.91, above 0.50",
        "allow  0.02 toxicity         2             日本語日本語日本語日本語日本語日本語日本語日本語…",
        "warn        not judged       3             not valid UTF-8: byte 0xff at position 1",
    ]


def test_narrow() -> None:
    assert table(40).splitlines()[:4] == [
        "ACTION P    CATEGORY",
        "  TEXT",
        "block  0.91 toxicity",
        "  you utter fool, you utter fool, you u…",
    ]


@pytest.mark.parametrize("width", [20, 40, 49, 50, 71, 72, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for line in table(width).splitlines():
        assert cell_len(line) <= width


def test_an_explanation_is_below_its_item() -> None:
    rows = [(item(), replace(BLOCKED, rationale="It insults a person."))]
    text = table(80, rows, definitions={"toxicity": "Insults and threats."})
    assert [line.strip() for line in text.splitlines()[2:]] == [
        "toxicity 0.91, above 0.50",
        "It insults a person.",
        "definition: Insults and threats.",
        "example: you fool",
    ]


def test_colours_follow_the_console() -> None:
    assert "\x1b[1;31mblock" in table(80, colour=True)
    assert "\x1b" not in table(80)


@given(st.text(st.characters()) | st.just(HOSTILE))
def test_no_text_acts_on_the_terminal(text: str) -> None:
    verdict = replace(BLOCKED, id=text, reason=text, rationale=text)
    coloured = table(100, [(item(text=text), verdict)], colour=True, definitions={"toxicity": text})
    plain = re.sub("\x1b\\[[0-9;]*m", "", coloured)
    assert all(line.isprintable() for line in plain.split("\n"))


def test_markup_is_not_obeyed() -> None:
    assert "[red]:smile:" in table(80, [(item(text="[red]:smile:"), ALLOWED)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb\u200bc\ufeff", "a\\u202eb\\u200bc\\ufeff"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("cr\rbell\x07c1\x9b", "cr\\rbell\\x07c1\\x9b"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line() -> None:
    assert one_line(" a\n\n b\u2028c\xa0d\x1b ", 100) == "a b c d\\x1b"
    assert one_line("abcdef", 3) == "abc"
