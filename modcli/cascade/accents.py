"""What is left of an item without its accents: it is judged as well where most languages have fewer of them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from modcli.cascade.parts import Parts

#: Changes whenever other texts would be looked at twice.
VERSION = 1
#: Of the Latin letters of a text, the share that carry a mark from which on it is read without them as well. English has
#: next to none, German, Spanish and French a few in a hundred, Vietnamese more than this: it is read both ways.
DENSE = 0.18
#: Texts with fewer marks are left as they are: a name is no disguise.
_FEWEST = 4
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_MARKS = re.compile("[\u0300-\u036f]+")


def without_accents(parts: Parts) -> Parts | None:
    """The windows without the marks of their Latin letters, or None where these are not dense in any window."""
    plain = tuple(_plain(text) for text in parts.texts)
    return replace(parts, texts=plain) if plain != parts.texts else None


def _plain(text: str) -> str:
    if text.isascii():
        return text
    letters = _LATIN.findall(text)
    marked = sum(not letter.isascii() and len(unicodedata.normalize("NFD", letter)) > 1 for letter in letters)
    loose = len(_MARKS.findall(text))
    if marked + loose < _FEWEST or marked + loose < DENSE * len(letters):
        return text
    # Marks go from Latin letters alone: with another script they tell words apart.
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", re.sub("(?<=[A-Za-z])[\u0300-\u036f]+", "", apart))
