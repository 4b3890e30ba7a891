"""Text made safe for a terminal. Whoever wrote an item must not be able to steer the reader's screen."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with all that is invisible or acts on a terminal shown as an escape; line feeds and tabs stay.

    That is control characters, direction marks and overrides, zero-width characters, unassigned code points
    and halves of surrogate pairs.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() else _escape(c) for c in text)


def one_line(text: str, most: int) -> str:
    """The first `most` characters, printable and on one line, runs of white space as one space."""
    return printable(" ".join(text[:most].split()))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
