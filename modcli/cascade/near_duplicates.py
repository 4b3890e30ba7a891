"""Near-duplicates: items so alike that one verdict does for all, and a check of how far it does.

Candidates come from MinHash and banding (Broder 1997, On the resemblance and containment of documents; Leskovec,
Rajaraman and Ullman 2020, Mining of massive datasets, chapter 3); each is then compared exactly. A verdict is spread
only from a representative that was judged itself to items that are like this one, never along a chain. One word can turn
what a post says, so that near-duplicates have the same words and the same signs beyond ASCII: what differs is order,
small and capital letters, punctuation, repetition and numbers. A post that is padded is no near-duplicate of a harmless
one.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modcli.cascade.exact_tails import most_marked
from modcli.cascade.guarantee import CONFIDENCE
from modcli.errors import MissingExtraError
from modcli.item import Item
from modcli.prompts.normalization import normalize
from modcli.verdict import Verdict

#: The stage of a verdict that was spread.
GROUP = "group"
#: The Jaccard similarity of shingles from which on texts are near-duplicates.
THRESHOLD = 0.8
#: Characters in a shingle, and in a text from which on only equal ones are grouped.
_SHINGLE, _LONGEST = 5, 20_000
#: Bands and rows of MinHash: a pair at 0.8 is found with a probability of 0.99.
_BANDS, _ROWS = 12, 5
#: Candidates compared: who fills a band with texts that are alike, but not enough, costs no more time than this.
_COMPARED = 16
#: Representatives that are remembered; the one that was of no use for longest is forgotten.
MOST = 20_000
#: Spread verdicts that are checked.
CHECKED = 60
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+|[^\w\s!-~]")

JudgeAll = Callable[[Sequence[Item]], list[Verdict]]


class NearDuplicates:
    """An index of texts in the order in which they come, of bounded memory. Raises MissingExtraError without
    datasketch, ValueError for a threshold outside of (0, 1]."""

    def __init__(self, *, threshold: float = THRESHOLD, most: int = MOST) -> None:
        try:
            from datasketch import MinHash, MinHashLSH
        except ImportError as error:
            raise MissingExtraError(
                f"near-duplicates need datasketch ({error})", hint="pip install 'modcli[prefilter]'"
            ) from error
        if not 0 < threshold <= 1 or most < 1:
            raise ValueError(f"no index: threshold {threshold}, at most {most}")
        self._threshold, self._most = threshold, most
        self._bands: Any = MinHashLSH(num_perm=_BANDS * _ROWS, params=(_BANDS, _ROWS))
        self._new_sketch: Callable[[], Any] = lambda: MinHash(num_perm=_BANDS * _ROWS)
        self._equal: OrderedDict[bytes, int] = OrderedDict()
        self._texts: OrderedDict[int, str] = OrderedDict()
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
        plain = folded(text) if known is None and len(text) <= _LONGEST else ""
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
        shingles = shingles_of(plain)
        sketch = self._new_sketch()
        sketch.update_batch([shingle.encode("utf-8", "replace") for shingle in sorted(shingles)])
        for other in sorted(self._bands.query(sketch))[:_COMPARED]:
            if is_like(plain, self._texts[other], self._threshold):
                return int(other)
        self._bands.insert(number, sketch, check_duplication=False)
        self._texts[number] = plain
        if len(self._texts) > self._most:
            self._bands.remove(self._texts.popitem(last=False)[0])
        return None


def groups(texts: Sequence[str], *, threshold: float = THRESHOLD, most: int = MOST) -> list[int]:
    """The number of each text's representative. Raises as `NearDuplicates`."""
    index = NearDuplicates(threshold=threshold, most=most)
    return [index.add(text) for text in texts]


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


@dataclass(frozen=True)
class Spread:
    """Verdicts of which `spread` were those of a representative; of these `checked`, a uniform random sample, were then
    judged themselves, which gave another action for `differing`; those are corrected."""

    verdicts: tuple[Verdict, ...]
    spread: int
    checked: int
    differing: int
    confidence: float = CONFIDENCE

    @property
    def at_most(self) -> int:
        """How many of the spread verdicts differ at most from those of the judge, the corrected ones included."""
        return most_marked(self.spread, self.checked, self.differing, self.confidence)

    def words(self) -> str:
        """One sentence."""
        return (
            f"At most {self.at_most:,} of {self.spread:,} spread verdicts differ from the judge's, "
            f"{100 * self.confidence:g}% confidence ({self.differing:,} did among {self.checked:,} checked, and are "
            f"corrected)."
        )


def judge_by_groups(
    judge: JudgeAll,
    items: Sequence[Item],
    *,
    checked: int = CHECKED,
    seed: int | None = None,
    threshold: float = THRESHOLD,
) -> Spread:
    """Judge one item of each group of near-duplicates, spread its verdict, and check a random sample of what was spread.

    What could not be read, was cut off, or has a representative that could not be judged is judged itself. Nobody who
    writes posts can foresee the sample unless a `seed` is given. `judge` gives one verdict an item. Raises what it
    raises, and as `NearDuplicates`.
    """
    alike = [
        i for i, item in enumerate(items) if item.error is None and not item.metadata.get("truncated_bytes")
    ]
    found = groups([items[i].text for i in alike], threshold=threshold)
    first = {i: alike[representative] for i, representative in zip(alike, found, strict=True)}
    own = [i for i in range(len(items)) if first.get(i, i) == i]
    verdicts = dict(zip(own, judge([items[i] for i in own]), strict=True))
    failed = [i for i in first if i not in verdicts and verdicts[first[i]].error is not None]
    verdicts |= zip(failed, judge([items[i] for i in failed]), strict=True) if failed else ()
    members = [i for i in first if i not in verdicts]
    verdicts |= {i: _spread(verdicts[first[i]], items[i], items[first[i]]) for i in members}
    chance = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 -- for tests
    sample = sorted(chance.sample(members, min(checked, len(members))))
    again = judge([items[i] for i in sample]) if sample else []
    differing = sum(
        verdict.action is not verdicts[i].action for i, verdict in zip(sample, again, strict=True)
    )
    verdicts |= zip(sample, again, strict=True)
    return Spread(tuple(verdicts[i] for i in range(len(items))), len(members), len(sample), differing)


def _spread(verdict: Verdict, item: Item, representative: Item) -> Verdict:
    reason = f"nearly the same as {representative.id}: {verdict.reason}"
    return replace(verdict, id=item.id, stage=GROUP, reason=reason, rationale=None, cached=False)
