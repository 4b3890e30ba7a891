"""Near-duplicates: items so alike that one verdict does for all, and a check of how far it does.

A verdict is spread only from a representative that was judged itself to items that are like this one, never along a
chain. One word can turn what a post says, so that near-duplicates have the same words and the same signs beyond ASCII:
what differs is order, small and capital letters, punctuation, repetition and numbers. That also makes them easy to find:
candidates share the set of their words, and each is compared exactly, by the resemblance of its shingles (Broder 1997,
On the resemblance and containment of documents). A post that is padded is no near-duplicate of a harmless one.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modcli.cascade.exact_tails import most_marked
from modcli.cascade.guarantee import CONFIDENCE
from modcli.cascade.moderator import Moderator, Statistics
from modcli.item import Item
from modcli.prompts.normalization import normalize
from modcli.verdict import Verdict

#: The stage of a verdict that was spread.
GROUP = "group"
#: The Jaccard similarity of shingles from which on texts are near-duplicates.
THRESHOLD = 0.8
#: Characters in a shingle, and in a text from which on only equal ones are grouped.
_SHINGLE, _LONGEST = 5, 20_000
#: Candidates compared: who sends the same words over and over in other orders costs no more time than this.
COMPARED = 16
#: Representatives that are remembered; the one that was of no use for longest is forgotten.
MOST = 20_000
#: The share of spread verdicts that are checked.
CHECKED_SHARE = 0.05
#: Verdicts that are remembered beyond MOST: those of one batch.
BATCHED = 4096
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+|[^\w\s!-~]")


class NearDuplicates:
    """An index of texts in the order in which they come, of bounded memory. Raises ValueError for a threshold outside of
    (0, 1]."""

    def __init__(self, *, threshold: float = THRESHOLD, most: int = MOST) -> None:
        if not 0 < threshold <= 1 or most < 1:
            raise ValueError(f"no index: threshold {threshold}, at most {most}")
        self._threshold, self._most = threshold, most
        self._by_words: dict[bytes, list[int]] = {}
        self._equal: OrderedDict[bytes, int] = OrderedDict()
        self._texts: OrderedDict[int, tuple[str, bytes]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """How many representatives are remembered."""
        return len(self._texts)

    def add(self, text: str) -> int:
        """The number of the representative of a text, counted from 0 in the order of all that was added; its own where it
        is the first of its kind."""
        number, self._count = self._count, self._count + 1
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._equal.get(digest)
        plain = comparable(text) if known is None else ""
        if known is None and plain:
            known = self._like(plain, number)
        found = number if known is None else known
        self._equal[digest] = found
        self._equal.move_to_end(digest)
        if len(self._equal) > self._most:
            self._equal.popitem(last=False)
        if found in self._texts:
            self._texts.move_to_end(found)
        return found

    def _like(self, plain: str, number: int) -> int | None:
        """A representative that a text is like; where there is none it becomes one."""
        words = words_key(plain)
        candidates = self._by_words.setdefault(words, [])
        for other in candidates[:COMPARED]:
            if is_like(plain, self._texts[other][0], self._threshold):
                return other
        candidates.append(number)
        self._texts[number] = plain, words
        if len(self._texts) > self._most:
            forgotten, (_, key) = self._texts.popitem(last=False)
            self._by_words[key].remove(forgotten)
            if not self._by_words[key]:
                del self._by_words[key]
        return None


def comparable(text: str) -> str:
    """A text as it is compared with others (`folded`); empty for one that is compared with none."""
    return folded(text) if len(text) <= _LONGEST else ""


def words_key(plain: str) -> bytes:
    """16 bytes that stand for the words and signs of a folded text, whatever their order and number."""
    words = " ".join(sorted(set(_WORD.findall(plain))))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()[:16]


def folded(text: str) -> str:
    """A text as it is compared: normalized, in small letters, every number the same."""
    return _DIGITS.sub("0", " ".join(normalize(text).casefold().split()))


def shingles_of(plain: str) -> frozenset[str]:
    """All pieces of five characters; the whole where it is shorter."""
    return frozenset(plain[i : i + _SHINGLE] for i in range(max(len(plain) - _SHINGLE + 1, 1)))


def is_like(plain: str, representative: str, threshold: float = THRESHOLD) -> bool:
    """Whether a folded text may have its representative's verdict."""
    if set(_WORD.findall(plain)) != set(_WORD.findall(representative)):
        return False
    one, other = shingles_of(plain), shingles_of(representative)
    return len(one & other) >= threshold * len(one | other)


@dataclass
class Spread:
    """How many verdicts were `spread` from a representative; of these `checked`, drawn at random, were judged themselves
    as well, which gave another action for `differing`; those are corrected."""

    spread: int = 0
    checked: int = 0
    differing: int = 0
    confidence: float = CONFIDENCE

    @property
    def at_most(self) -> int:
        """How many of the spread verdicts differ at most from those of the judge, the corrected ones included."""
        return most_marked(self.spread, self.checked, self.differing, self.confidence)

    def words(self) -> str:
        """One sentence."""
        return (
            f"at most {self.at_most:,} of {self.spread:,} verdicts that were spread among near-duplicates differ from "
            f"the judge's, {100 * self.confidence:g}% confidence ({self.differing:,} did among {self.checked:,} "
            f"checked, and are corrected)"
        )


class Grouped:
    """A moderator that judges the first of near-duplicates, in the order in which they come, and spreads its verdict.

    What could not be read, was cut off, or has a representative that could not be judged is judged itself; and so is a
    random share of what is spread: nobody who writes posts can foresee which.
    """

    def __init__(
        self,
        moderator: Moderator,
        *,
        checked: float = CHECKED_SHARE,
        threshold: float = THRESHOLD,
        most: int = MOST,
        seed: int | None = None,
    ) -> None:
        self._moderator = moderator
        self._index = NearDuplicates(threshold=threshold, most=most)
        self._verdicts: OrderedDict[int, Verdict] = OrderedDict()
        self._most = most
        self._share = checked
        self._chance = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 -- for tests
        #: What was spread until now.
        self.spread = Spread()

    @property
    def batch(self) -> int:
        """See `Moderator.batch`."""
        return self._moderator.batch

    @property
    def statistics(self) -> Statistics:
        """See `Moderator.statistics`."""
        return self._moderator.statistics

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        """See `Moderator.explain`."""
        return self._moderator.explain(item, verdict)

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises what the moderator raises."""
        numbers = [self._number(item) for item in items]
        first = {number: i for i, number in reversed(list(enumerate(numbers))) if number is not None}
        members = [
            i for i, number in enumerate(numbers) if number is not None and self._follows(number, i, first)
        ]
        checked = {i for i in members if self._chance.random() < self._share}
        found = self._judged(items, [i for i in range(len(items)) if i not in members or i in checked])
        for i, number in enumerate(numbers):
            if number is not None and first[number] == i and i not in members:
                self._remember(number, found[i])
        spread = {i: self._verdicts[number] for i in members if (number := numbers[i]) is not None}
        failed = [i for i, verdict in spread.items() if verdict.error is not None]
        found |= self._judged(items, [i for i in failed if i not in found])
        for i, verdict in spread.items():
            if i in failed:
                continue
            self.spread.spread += 1
            if i in checked:
                self.spread.checked += 1
                self.spread.differing += found[i].action is not verdict.action
                continue
            reason = f"nearly the same as {verdict.id}: {verdict.reason}"
            found[i] = replace(
                verdict, id=items[i].id, stage=GROUP, reason=reason, rationale=None, cached=False
            )
            self.statistics.stages[GROUP] += 1
        return [found[i] for i in range(len(items))]

    def _number(self, item: Item) -> int | None:
        """The number of an item's representative; None where it is to be judged itself in any case."""
        if item.error is not None or item.metadata.get("truncated_bytes"):
            return None
        return self._index.add(item.text)

    def _follows(self, number: int, i: int, first: Mapping[int, int]) -> bool:
        return number in self._verdicts or first[number] != i

    def _judged(self, items: Sequence[Item], rows: Sequence[int]) -> dict[int, Verdict]:
        return dict(zip(rows, self._moderator.judge([items[i] for i in rows]), strict=True)) if rows else {}

    def _remember(self, number: int, verdict: Verdict) -> None:
        self._verdicts[number] = verdict
        if len(self._verdicts) > self._most + BATCHED:
            self._verdicts.popitem(last=False)
