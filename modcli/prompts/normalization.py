"""A text as a reader sees it: without what is there only to fool a filter."""

from __future__ import annotations

import re
import unicodedata

#: Letters of other scripts that look like Latin ones; applied only inside words that mix scripts.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅαοτικρνυΑΒΕΖΗΙΚΜΝΟΡΤΥΧɑɡı",
    "aeopcyxijshdqwABEKMHOPCTXIJSaotikpvuABEZHIKMNOPTYXagi",
)
_WORD = re.compile(r"\w+")
_BLANKS = re.compile(r"[^\S\n]{3,}")
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_REPEATED = re.compile(r"(.)\1{15,}", re.DOTALL)
_JOINERS = "\u200c\u200d"


def normalize(text: str) -> str:
    """The text that is put to the model. Pure; applied twice it changes nothing more.

    Compatibility forms become plain ones (NFKC), invisible and control characters go (joiners stay where scripts and
    emoji need them), look-alike letters inside words of mixed script become Latin, and long runs of one character,
    blanks or empty lines shrink: padding is not worth reading.
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(c for i, c in enumerate(plain) if _visible(plain, i))
    plain = _WORD.sub(lambda word: _latin(word[0]), plain)
    plain = _EMPTY_LINES.sub("\n\n", _BLANKS.sub("  ", plain))
    plain = _REPEATED.sub(lambda run: run[1] * 8, plain)
    # Removing characters can bring others together that compose.
    return unicodedata.normalize("NFKC", plain).strip()


def _visible(text: str, i: int) -> bool:
    character = text[i]
    if character in "\n\t":
        return True
    if character in _JOINERS:
        return 0 < i < len(text) - 1 and _joins(text[i - 1]) and _joins(text[i + 1])
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _joins(character: str) -> bool:
    """Whether a joiner beside this character means something: emoji, Arabic and Indic scripts."""
    code = ord(character)
    return code >= 0x1F000 or 0x2190 <= code <= 0x2BFF or 0x0600 <= code <= 0x0DFF or code == 0xFE0F


def _latin(word: str) -> str:
    if word.isascii():
        return word
    latin = sum("a" <= c.lower() <= "z" for c in word)
    return word.translate(_LOOKALIKES) if latin else word
