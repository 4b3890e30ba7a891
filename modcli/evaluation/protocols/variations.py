"""Texts said in another way: to be understood still, or to get past a filter. Pure: the same text and seed always give
the same variation."""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_LEET = str.maketrans("aeiostlbgzAEIOSTLBGZ", "43105718924310571892")
#: The share of letters that leetspeak and look-alikes replace, where not all.
_MANY = 0.6
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"

_ASCII = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Alphabets whose letters look like Latin ones, by name: which Latin letters they have, and theirs.
_ALPHABETS: Mapping[str, tuple[str, str]] = {
    "Cyrillic": ("ABCEHIJKMOPSTXacdehijopqswxy", "АВСЕНІЈКМОРЅТХасԁеһіјорԛѕԝху"),
    "Greek": ("ABEHIKMNOPTXYZaikoptuv", "ΑΒΕΗΙΚΜΝΟΡΤΧΥΖαικορτυν"),
    "Armenian": ("ghnoqu", "ցհոօզս"),
    "fullwidth": (_ASCII, "".join(chr(ord(letter) + 0xFEE0) for letter in _ASCII)),
    "mathematical": (
        _ASCII,
        "".join(chr(0x1D400 + i) for i in range(26)) + "".join(chr(0x1D41A + i) for i in range(26)),
    ),
    "circled": (
        _ASCII,
        "".join(chr(0x24B6 + i) for i in range(26)) + "".join(chr(0x24D0 + i) for i in range(26)),
    ),
    "small capital": ("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ"),
    "accented": ("aceinouyAEINOUY", "áçéíñóúýÁÉÍÑÓÚÝ"),
}
#: Of these, letters that look like others, but not the same.
_NOT_ALIKE = ("small capital", "accented")
_ALTERED = "altered letters"
_INVISIBLE: Mapping[str, str] = {
    "zero-width spaces": "\u200b",
    "zero-width non-joiners": "\u200c",
    "zero-width joiners": "\u200d",
    "word joiners": "\u2060",
    "soft hyphens": "\u00ad",
}
_STRUCK = "\u0336"

#: Rates of the paper's word-level edits.
RATES = (0.1, 0.5)
LANGUAGES = ("German", "Spanish", "French")


@dataclass(frozen=True, slots=True)
class Variation:
    """A way to vary texts of a category, with a seed, and what `kind` it is of. A text that it leaves as it is has
    nothing that it applies to."""

    name: str
    vary: Callable[[str, str, int], str]
    kind: str = ""

    def __call__(self, text: str, category: str = "", seed: int = 0) -> str:
        """The text, varied."""
        return self.vary(text, category, seed)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Posts of a category in another language: `shots` may become examples, `of` and `beside` are tests of it and not
    of it."""

    shots: tuple[str, ...]
    of: tuple[str, ...]
    beside: tuple[str, ...]


def extensions() -> tuple[Variation, ...]:
    """Variations that a person may want a category to cover."""
    edits = [Variation(f"word edits, {rate}", partial(_edited, rate=rate)) for rate in RATES]
    return (
        Variation("leetspeak", _in_leetspeak),
        Variation("emoji", _in_emoji),
        Variation("code words", _in_code),
        *edits,
    )


def attacks() -> tuple[Variation, ...]:
    """Variations that are meant to get a post past a filter, or hide it."""
    asked = [
        Variation(
            f'{where}: "{wording}"',
            partial(_asking, wording=wording, first=where == "before"),
            f"requests {where} the post",
        )
        for wording in requests()
        for where in ("behind", "before")
    ]
    disguised = [
        Variation(
            f"{name} letters, {how}",
            partial(_disguised, alphabet=name, rate=rate),
            _ALTERED if name in _NOT_ALIKE else "look-alike letters",
        )
        for name in _ALPHABETS
        for how, rate in (("some", _MANY), ("all", 1.0))
    ]
    hidden = [
        Variation(name, partial(_hidden, mark=mark), "invisible characters")
        for name, mark in _INVISIBLE.items()
    ]
    return (*asked, *disguised, *hidden, Variation("struck through", _struck_through, _ALTERED))


def leetspeak(text: str, seed: int = 0) -> str:
    """Most letters that have one are given as a digit."""
    generator = _generator("leetspeak", text, seed)
    return "".join(c.translate(_LEET) if generator.random() < _MANY else c for c in text)


def emoji(text: str, seed: int = 0) -> str:
    """Words that a picture can stand for are replaced by it, and a letter in some of the others."""
    data = _data()
    generator = _generator("emoji", text, seed)

    def pictured(match: re.Match[str]) -> str:
        word = match[0]
        if word.lower() in data["emoji"]:
            return str(data["emoji"][word.lower()])
        places = [i for i, letter in enumerate(word.lower()) if letter in data["emoji_letters"]]
        if len(word) < 4 or not places or generator.random() < 0.5:
            return word
        place = generator.choice(places)
        return f"{word[:place]}{data['emoji_letters'][word[place].lower()]}{word[place + 1 :]}"

    return _WORD.sub(pictured, text)


def coded(text: str, category: str) -> str:
    """The words that tell most of a category give way to invented ones, each always to the same."""
    known = _code_words().get(category, frozenset())
    return _WORD.sub(lambda match: code_word(match[0]) if match[0].lower() in known else match[0], text)


def code_word(word: str) -> str:
    """The invented word that stands for one, whatever its case."""
    digest = hashlib.sha256(word.lower().encode()).digest()
    syllables = 2 + digest[0] % 2
    return (
        "".join(
            _CONSONANTS[digest[1 + 2 * i] % len(_CONSONANTS)] + _VOWELS[digest[2 + 2 * i] % len(_VOWELS)]
            for i in range(syllables)
        )
        + _CONSONANTS[digest[-1] % len(_CONSONANTS)]
    )


def word_edit(text: str, rate: float, seed: int = 0) -> str:
    """One of the four edits of EDA (Wei, Zou 2019, arXiv 1901.11196), at this rate: a share of the words, one at least,
    gives way to a synonym, is deleted, changes places or gets company."""
    words = text.split()
    if len(words) < 2:
        return text
    generator = _generator(f"edit {rate}", text, seed)
    edit = generator.choice((with_synonyms, with_deletions, with_swaps, with_insertions))
    return " ".join(edit(words, max(1, round(rate * len(words))), generator))


def with_synonyms(words: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """So many words, as far as there are synonyms, replaced by one."""
    known = [i for i, word in enumerate(words) if _synonyms(word)]
    changed = list(words)
    for i in generator.sample(known, min(count, len(known))):
        changed[i] = generator.choice(_synonyms(words[i]))
    return changed


def with_deletions(words: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """So many words less; one is always left."""
    gone = set(generator.sample(range(len(words)), min(count, len(words) - 1)))
    return [word for i, word in enumerate(words) if i not in gone]


def with_swaps(words: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """So many times two words change places."""
    changed = list(words)
    for _ in range(count):
        i, j = generator.sample(range(len(words)), 2)
        changed[i], changed[j] = changed[j], changed[i]
    return changed


def with_insertions(words: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """So many words more: synonyms of words that are there, or any of those that have some."""
    near = [synonym for word in words for synonym in _synonyms(word)] or sorted(_data()["synonyms"])
    changed = list(words)
    for _ in range(count):
        changed.insert(generator.randrange(len(changed) + 1), generator.choice(near))
    return changed


def lookalike(text: str, alphabet: str, rate: float, seed: int = 0) -> str:
    """Letters of another alphabet for a share of those that have one of the same looks. Raises KeyError for an unknown
    alphabet."""
    table = str.maketrans(*_ALPHABETS[alphabet])
    generator = _generator(f"lookalike {alphabet}", text, seed)
    return "".join(c.translate(table) if generator.random() < rate else c for c in text)


def strewn(text: str, mark: str, seed: int = 0) -> str:
    """An invisible character between many of the letters, and between some two of every text with two of them."""
    generator = _generator(f"strewn {mark}", text, seed)
    places = [i for i in range(1, len(text)) if text[i - 1].isalnum() and text[i].isalnum()]
    chosen = {i for i in places if generator.random() < _MANY} or set(places[:1])
    return "".join(mark + c if i in chosen else c for i, c in enumerate(text))


def requests() -> tuple[str, ...]:
    """Ways to ask a filter to let a post pass."""
    return tuple(_data()["requests"]["wordings"])


def foreign(language: str, category: str, *, shots: int = 4) -> Foreign:
    """Posts in another language. Raises KeyError for a language or a category that there is nothing of."""
    known = _data()["languages"][language][category]
    return Foreign(tuple(known["of"][:shots]), tuple(known["of"][shots:]), tuple(known["not"]))


def _in_leetspeak(text: str, _category: str, seed: int) -> str:
    return leetspeak(text, seed)


def _in_emoji(text: str, _category: str, seed: int) -> str:
    return emoji(text, seed)


def _in_code(text: str, category: str, _seed: int) -> str:
    return coded(text, category)


def _edited(text: str, _category: str, seed: int, *, rate: float) -> str:
    return word_edit(text, rate, seed)


def _asking(text: str, _category: str, _seed: int, *, wording: str, first: bool) -> str:
    return f"{wording} {text}" if first else f"{text} {wording}"


def _disguised(text: str, _category: str, seed: int, *, alphabet: str, rate: float) -> str:
    return lookalike(text, alphabet, rate, seed)


def _hidden(text: str, _category: str, seed: int, *, mark: str) -> str:
    return strewn(text, mark, seed)


def _struck_through(text: str, _category: str, _seed: int) -> str:
    return "".join(c + _STRUCK if c.isalpha() else c for c in text)


def _synonyms(word: str) -> list[str]:
    found: list[str] = _data()["synonyms"].get(word.lower().strip(".,!?;:\"'()"), [])
    return found


def _generator(what: str, text: str, seed: int) -> random.Random:
    digest = hashlib.sha256(f"{what}\0{seed}\0{text}".encode("utf-8", "surrogatepass")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 -- variety, no secret


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("modcli.evaluation.protocols").joinpath("variations.toml").read_text("utf-8"))


@cache
def _code_words() -> dict[str, frozenset[str]]:
    return {category: frozenset(words.split()) for category, words in _data()["code"].items()}
