"""A text as a reader sees it: without what is there only to fool a filter."""

from __future__ import annotations

import re
import unicodedata

#: Changes whenever a text would be read otherwise: a part of every cache key.
VERSION = 2
#: Letters of other scripts that look like Latin ones; applied only inside words that mix scripts. Not the Turkish
#: dotless i: it is a Latin letter, and another word than with a dot.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅαοτικρνυΑΒΕΖΗΙΚΜΝΟΡΤΥΧɑɡօսհո",
    "aeopcyxijshdqwABEKMHOPCTXIJSaotikpvuABEZHIKMNOPTYXagouhn",
)
#: Small capitals. Those that phonetic spelling shares change only beside one that no orthography has.
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰғɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdeffghijklmnopqrstuvwyz")
_CAPITAL = re.compile("[ᴀᴄᴅᴇꜰᴊᴋᴍᴏᴘꜱᴛᴜᴠᴡᴢ]")
#: Marks that strike a letter through; no orthography that writes plain Latin letters or digits uses them.
_STRUCK = re.compile("([A-Za-z0-9\u00c0-\u024f])[\u0334-\u0338\u20d2\u20d3\u20e5\u20e6\u20ea\u20eb]+")
#: A word with the marks that combine with its letters, or a mark would part it.
_WORD = re.compile(r"[\w\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_CONTROL = re.compile(r"[^\t\n -~]")
_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]{3,}")
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_REPEATED = re.compile(r"(.)\1{15,}", re.DOTALL)
_JOINERS = "\u200c\u200d"
#: Characters that show nothing though their category says otherwise: fillers, and variation selectors out of place.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_KEYCAP = "\u20e3"
#: The most marks that one letter keeps; no script needs half as many, and sorting them takes quadratic time.
_MOST_MARKS = 16
#: Characters that are no combining marks themselves, but become marks and nothing else by NFKC.
_LATENT_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")


def normalize(text: str) -> str:
    """The text that is put to the model. Pure; applied twice it changes nothing more.

    Compatibility forms become plain ones (NFKC), invisible and control characters go (joiners stay where scripts and
    emoji need them), look-alike letters inside words of mixed script become Latin, small capitals and struck letters
    plain ones, and piles of marks, long runs of one character, blanks or empty lines shrink: padding is not worth
    reading. Takes linear time.
    """
    plain = text if text.isascii() and not _CONTROL.search(text) else _as_seen(text)
    plain = _EMPTY_LINES.sub("\n\n", _BLANKS.sub("  ", plain))
    return _REPEATED.sub(lambda run: run[1] * 8, plain).strip()


def _as_seen(text: str) -> str:
    """The characters that a reader sees; ASCII that is printable or blank is that already."""
    plain = _compatible(_BREAKS.sub("\n", text)).replace("\u2800", " ")
    plain = _without_stray_joiners(_without_invisible(plain))
    # Removing characters brings others together that compose, and so do letters that change.
    plain = _compatible(plain)
    plain = _STRUCK.sub(r"\1", _WORD.sub(lambda word: _latin(word[0]), plain))
    # Composing may leave a letter with a mark more than it had.
    return _without_piles(_compatible(plain))


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", _without_piles(text))


def _without_piles(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or character in _LATENT_MARKS else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _without_invisible(text: str) -> str:
    kept: list[str] = []
    for i, character in enumerate(text):
        if "\ufe00" <= character <= "\ufe0f":
            # Tells how an emoji, or a digit on a key, is drawn; anywhere else it is a hiding place.
            visible = bool(kept and _pictorial(kept[-1])) or text[i + 1 : i + 2] == _KEYCAP
        elif character in _BLANK_LETTERS or "\U000e0100" <= character <= "\U000e01ef":
            visible = False
        else:
            visible = (
                character in "\n\t"
                or character in _JOINERS
                or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
            )
        if visible:
            kept.append(character)
    return "".join(kept)


def _without_stray_joiners(text: str) -> str:
    return "".join(
        character
        for i, character in enumerate(text)
        if character not in _JOINERS
        or (0 < i < len(text) - 1 and _joins(text[i - 1]) and _joins(text[i + 1]))
    )


def _pictorial(character: str) -> bool:
    return character >= "\U0001f000" or "\u2190" <= character <= "\u2bff"


def _joins(character: str) -> bool:
    """Whether a joiner beside this character means something: emoji, Arabic and Indic scripts."""
    return _pictorial(character) or "\u0600" <= character <= "\u0dff" or character == "\ufe0f"


def _latin(word: str) -> str:
    if word.isascii():
        return word
    if _CAPITAL.search(word):
        word = word.translate(_SMALL_CAPITALS)
    latin = any("a" <= c.lower() <= "z" for c in unicodedata.normalize("NFD", word))
    return word.translate(_LOOKALIKES) if latin else word
