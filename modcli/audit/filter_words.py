"""Words for keyword filters: how often one matches what an audit flagged and what it allowed, and which to propose."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: Mastodon's limit, in characters.
LONGEST = 512
#: A proposal is in so many different flagged texts at least, and in at most this share of the allowed ones.
LEAST_TEXTS, MOST_ALLOWED = 3, 0.01
#: A filter of more keywords is more than a person looks through.
MOST_PROPOSED = 10
#: Standard errors that a proposal's log odds ratio is above zero.
_LEAST_Z = 1.96
#: Scripts that put no spaces between words, and Hangul, which writes particles onto them.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_WORD = re.compile(r"#?\w[\w'’-]*")
_LEAST_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of a filter. With `whole_word` it does not match within longer words."""

    text: str
    whole_word: bool

    @classmethod
    def of(cls, written: str) -> Keyword:
        """A keyword as it is written, white space at its ends left out: of whole words, but in scripts that put no
        spaces between them. Raises ValueError for what Mastodon refuses."""
        text = " ".join(written.split())
        if not text:
            raise ValueError("an empty keyword would match everything")
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise ValueError("it is not valid Unicode")
        if len(text) > LONGEST:
            raise ValueError(f"a keyword has {LONGEST} characters at most")
        return cls(text, not _UNSPACED.search(text))

    @property
    def pattern(self) -> re.Pattern[str]:
        """What it matches, as Mastodon does: in small or capitals, a border of words only where it ends in a character of
        a word (mastodon/mastodon, app/models/custom_filter_keyword.rb)."""
        before = r"\b" if self.whole_word and re.match(r"\w", self.text) else ""
        after = r"\b" if self.whole_word and re.search(r"\w\Z", self.text) else ""
        return re.compile(f"{before}{re.escape(self.text)}{after}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Matches:
    """How many different texts a keyword matches: of those that were flagged, and of those that were allowed."""

    keyword: Keyword
    flagged: int
    all_flagged: int
    allowed: int
    all_allowed: int


def measure(keywords: Sequence[Keyword], texts: Iterable[tuple[str, bool]]) -> list[Matches]:
    """What each keyword matches. `texts`: each with whether it was flagged; equal ones count once."""
    seen: set[int] = set()
    totals: Counter[bool] = Counter()
    found: Counter[tuple[int, bool]] = Counter()
    patterns = [one.pattern for one in keywords]
    for text, flagged in texts:
        if _is_new(text, seen):
            totals[flagged] += 1
            found.update((i, flagged) for i, pattern in enumerate(patterns) if pattern.search(text))
    return [
        Matches(one, found[i, True], totals[True], found[i, False], totals[False])
        for i, one in enumerate(keywords)
    ]


def propose(flagged: Iterable[str], allowed: Iterable[str], most: int = MOST_PROPOSED) -> list[Matches]:
    """Words and pairs of words that are frequent in flagged texts and rare in allowed ones, the clearest first.

    By the log odds ratio over its standard error, with a half added to each count (Haldane 1956; Anscombe 1956). Each
    further one is in a flagged text that none before it is in. Scripts without spaces get none: what a word is there,
    this does not know.
    """
    terms = [_terms(text) for text in _distinct(flagged)]
    counts = Counter(term for one in terms for term in one)
    counts = Counter({term: count for term, count in counts.items() if count >= LEAST_TEXTS})
    against: Counter[str] = Counter()
    all_allowed = 0
    if counts:
        for text in _distinct(allowed):
            all_allowed += 1
            against.update(counts.keys() & _terms(text))
    ranked = sorted(
        ((_clearness(count, len(terms), against[term], all_allowed), term) for term, count in counts.items()),
        key=lambda pair: (-pair[0], -len(pair[1]), pair[1]),
    )
    found: list[Matches] = []
    covered: set[int] = set()
    for z, term in ranked:
        there = {i for i, one in enumerate(terms) if term in one}
        if z < _LEAST_Z or against[term] > MOST_ALLOWED * all_allowed or there <= covered:
            continue
        covered |= there
        found.append(Matches(Keyword.of(term), counts[term], len(terms), against[term], all_allowed))
        if len(found) == most:
            break
    return found


def _terms(text: str) -> set[str]:
    text = text.lower()
    words = [match for match in _WORD.finditer(text) if not match[0].endswith(("'", "’", "-"))]
    found = {word[0] for word in words if len(word[0]) >= _LEAST_CHARACTERS}
    for one, other in pairwise(words):
        if text[one.end() : other.start()] == " " and other.end() - one.start() > 2 * _LEAST_CHARACTERS:
            found.add(f"{one[0]} {other[0]}")
    return {term for term in found if len(term) <= LONGEST and not _UNSPACED.search(term)}


def _clearness(flagged: int, all_flagged: int, allowed: int, all_allowed: int) -> float:
    cells = (flagged, all_flagged - flagged, allowed, all_allowed - allowed)
    a, b, c, d = (count + 0.5 for count in cells)
    return math.log(a * d / (b * c)) / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _distinct(texts: Iterable[str]) -> Iterable[str]:
    seen: set[int] = set()
    return (text for text in texts if _is_new(text, seen))


def _is_new(text: str, seen: set[int]) -> bool:
    # The hash alone: two texts of the same are one in 2^64, and a count may be wrong by one.
    key = hash(text)
    if key in seen:
        return False
    seen.add(key)
    return True
