"""Characters that show nothing: reported unless they have a use where they stand."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.skills.hidden_unicode import decoded_bits, unicode_findings, without_invisible
from modcli.skills.skill import Level, Role, SkillFile
from tests.skills.hidden_cases import bits, selectors, tags

#: Category Cf, but for the signs of Arabic, Syriac and Kaithi numbers, which show.
SHOWN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
FORMAT = [
    chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf" and code not in SHOWN
]
#: Default_Ignorable_Code_Point beyond category Cf, and the blank of Braille.
IGNORED = [*"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u3164\uffa0\u2800\u2065", *map(chr, range(0xFE00, 0xFE10)),
           *map(chr, range(0xE0100, 0xE01F0)), "\U000e0fff"]  # fmt: skip
CONTROLS = [chr(code) for code in (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0x80, 0x9B)]


def found(text: str, role: Role = Role.DOCUMENT) -> list[tuple[str, Level, int]]:
    file = SkillFile("a.md", role, len(text), text=text)
    return [(one.rule, one.level, one.line) for one in unicode_findings(file, text)]


@given(st.sampled_from([*FORMAT, *IGNORED, *CONTROLS]))
@settings(max_examples=400, deadline=None)
def test_whatever_is_invisible_is_reported(character: str) -> None:
    """Between Latin letters nothing of it has a use."""
    assert found(f"first\nab{character}cd\n"), f"U+{ord(character):04X}"
    assert without_invisible(f"ab{character}cd") == "abcd"


@given(st.text())
@settings(deadline=None)
def test_any_text(text: str) -> None:
    text = text.replace("\r", "")
    lines = text.count("\n") + 1
    for role in (Role.DOCUMENT, Role.SCRIPT):
        assert all(1 <= line <= lines for _, _, line in found(text, role))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_halves_of_pairs(data: bytes) -> None:
    found(data.decode("utf-8", "surrogateescape") + "\ud800\u200b")


@pytest.mark.parametrize("text", ["send it", "go", "Löschen"])
def test_what_is_carried_is_read(text: str) -> None:
    file = SkillFile("a.md", Role.DOCUMENT, 0, text=f"ab{selectors(text)}cd")
    assert [one.excerpt for one in unicode_findings(file, file.text or "")] == [text]
    if text.isascii():
        assert decoded_bits(bits(text)) == decoded_bits(bits(text, "\u200d", "\u2060")) == text
        assert unicode_findings(file, tags(text))[0].excerpt == text


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("a\u200bb", Level.WARNING), ("a \u200b b", Level.NOTE), ("a\u00adb", Level.NOTE), ("a\u200eb", Level.NOTE),
        ("a" + "\u200b" * 4, Level.WARNING), ("a" + "\u200b" * 8, Level.PROBLEM), ("a\u202eb", Level.PROBLEM),
        ("a\ufe0f", Level.NOTE), ("a\ufe0f\ufe01", Level.WARNING), ("a" + "\ufe01" * 4, Level.PROBLEM),
        ("\x1b[31mred", Level.WARNING), ("\x1b[8mnot seen", Level.PROBLEM), ("a\x08b", Level.PROBLEM),
        ("a\x00b", Level.NOTE),
        ("\ufeffa\ufeff b", Level.NOTE), ("pаypаl", Level.WARNING),
    ],
)  # fmt: skip
def test_levels(text: str, level: Level) -> None:
    assert [one for _, one, _ in found(text)] == [level]


def test_direction_in_code() -> None:
    text = "x = 'שלום' # \u2066 \u2069"
    assert found(text) == []
    assert ("hidden-bidi", Level.PROBLEM, 1) in found(text, Role.SCRIPT)


def test_lines_are_told() -> None:
    file = SkillFile("a.md", Role.DOCUMENT, 0, text="a\nb\u200bc\n\nd\u200be\n")
    (one,) = unicode_findings(file, file.text or "")
    assert (one.line, [line for _, line, _ in one.near]) == (2, [4])
    assert "2 times on 2 lines" in one.told


@pytest.mark.parametrize("piece", ["a\u200b", "\u202ea", "\x1b[8m", "\U000e0041a", "a\u200b\n", "aоa"])
def test_long_texts(piece: str) -> None:
    """They end with few findings; how fast is not measured here."""
    assert len(found(piece * 5_000)) <= 3
