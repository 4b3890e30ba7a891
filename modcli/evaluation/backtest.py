"""What flips between two versions of a profile: the same items, judged under both."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.rejudging import Rejudged
from modcli.evaluation.intervals import Interval, paired_share_difference, wilson
from modcli.evaluation.predictions import UNKNOWN, LabelledRow
from modcli.evaluation.run import truth_of
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.verdict import Verdict

#: Characters of a flipped item's text that are kept.
TEXT = 400
_ACTIONS = tuple(Action)


@dataclass(frozen=True)
class Side:
    """What one profile makes of some items.

    `severity` (items,): of the action taken. `by_category`: of what each category brings about, 0 where it does nothing,
    shape (items,) each. `probability` and `margin` (probability less threshold) likewise, NaN where it was not judged.
    """

    severity: NDArray[np.int8]
    by_category: dict[str, NDArray[np.int8]]
    probability: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    margin: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass
class Change:
    """How often something acts, before and after: one category, or (without a name) any of them.

    Counts of items: `items` judged, `before` and `after` flagged (warned of or blocked), `newly` flagged and `no_longer`
    flagged. Of those that changed sides, `right` went where the label says, of `labelled` that have one.
    """

    category: str = ""
    items: int = 0
    before: int = 0
    after: int = 0
    newly: int = 0
    no_longer: int = 0
    right: int = 0
    labelled: int = 0

    @property
    def rate_before(self) -> Interval | None:
        """The share of items flagged before, with its interval; None without items."""
        return wilson(self.before, self.items) if self.items else None

    @property
    def rate_after(self) -> Interval | None:
        """The share of items flagged after."""
        return wilson(self.after, self.items) if self.items else None

    @property
    def difference(self) -> Interval | None:
        """The change of the share, after less before, with the interval of paired shares."""
        return paired_share_difference(self.no_longer, self.newly, self.items) if self.items else None

    def add(
        self, before: NDArray[np.bool_], after: NDArray[np.bool_], truth: NDArray[np.int8] | None
    ) -> None:
        """Count items: whether they are flagged, and whether they should be (1, 0, UNKNOWN), shape (items,) each."""
        self.items += len(before)
        self.before += int(before.sum())
        self.after += int(after.sum())
        self.newly += int((after & ~before).sum())
        self.no_longer += int((before & ~after).sum())
        if truth is not None:
            changed = (before != after) & (truth != UNKNOWN)
            self.labelled += int(changed.sum())
            self.right += int((changed & (after == (truth == 1))).sum())


@dataclass(frozen=True, slots=True)
class Flip:
    """An item of which another action follows. `category` is the one that decided it, with its probability before and
    after (None: not judged). `sureness` is how far the less sure of the two profiles is from its threshold there.
    `right`: whether it went where the label says; None where there is none, or no side of it was wrong or right."""

    id: str
    text: str
    before: Action
    after: Action
    category: str
    p_before: float | None
    p_after: float | None
    sureness: float
    right: bool | None = None


class Backtest:
    """Counts what changes between two profiles, batch by batch, in constant memory.

    `categories` are those that can act under either, `overall` counts items flagged for any reason. `actions` counts
    the items by action before and after. `flips` are the surest of the items whose action differs, at most `show`.
    """

    def __init__(self, categories: Sequence[str], *, show: int = 0) -> None:
        self.overall = Change()
        self.by_category = {name: Change(name) for name in categories}
        self.actions: Counter[tuple[Action, Action]] = Counter()
        self._show = show
        self._offered = 0
        self._surest: list[tuple[float, int, Flip]] = []

    @property
    def items(self) -> int:
        """How many items were judged."""
        return self.overall.items

    @property
    def flipped(self) -> int:
        """How many of them are treated otherwise."""
        return sum(count for (before, after), count in self.actions.items() if before is not after)

    @property
    def flip_rate(self) -> Interval | None:
        """The share of items treated otherwise; None without items."""
        return wilson(self.flipped, self.items) if self.items else None

    @property
    def flips(self) -> list[Flip]:
        """The surest first."""
        return [flip for _, _, flip in sorted(self._surest, key=lambda entry: (-entry[0], -entry[1]))]

    def add(
        self,
        before: Side,
        after: Side,
        items: Sequence[Item] = (),
        truth: dict[str, NDArray[np.int8]] | None = None,
    ) -> None:
        """Count items judged under both. `items` are needed for the flips to be shown. `truth` says by category what
        the items are, and under "" whether they are any that is to be acted on: 1, 0 or UNKNOWN, shape (items,)."""
        whole = None if truth is None else truth.get("")
        self.overall.add(before.severity > 0, after.severity > 0, whole)
        for name, change in self.by_category.items():
            flagged = [
                side.by_category.get(name, np.zeros(len(before.severity), np.int8)) > 0
                for side in (before, after)
            ]
            change.add(flagged[0], flagged[1], None if truth is None else truth.get(name))
        pairs, counts = np.unique(
            np.stack([before.severity, after.severity], axis=1), axis=0, return_counts=True
        )
        for (old, new), count in zip(pairs.tolist(), counts.tolist(), strict=True):
            self.actions[_ACTIONS[old], _ACTIONS[new]] += count
        if self._show and items:
            for i in _surest(before, after, self._show):
                self._offer(_flip(i, items[i], before, after, None if whole is None else int(whole[i])))

    def _offer(self, flip: Flip) -> None:
        """Keep a flip if it is among the surest; of equally sure ones the earlier."""
        self._offered += 1
        entry = (flip.sureness, -self._offered, flip)
        if len(self._surest) < self._show:
            heapq.heappush(self._surest, entry)
        else:
            heapq.heappushpop(self._surest, entry)


def side_of(verdicts: Sequence[Verdict], profile: Profile) -> Side:
    """What was made of some items under a profile as it is judged (`judges.tasks.as_judged`)."""
    by_category, probability, margin = {}, {}, {}
    for category in profile.categories:
        found = [verdict.categories.get(category.name) for verdict in verdicts]
        by_category[category.name] = np.array(
            [0 if one is None else one.action.severity for one in found], np.int8
        )
        probability[category.name] = np.array(
            [np.nan if one is None else one.probability for one in found], np.float64
        )
        margin[category.name] = np.array(
            [np.nan if one is None else one.probability - one.threshold for one in found], np.float64
        )
    severity = np.array([verdict.action.severity for verdict in verdicts], np.int8)
    return Side(severity, by_category, probability, margin)


def sides_of_stored(
    before: Rejudged, after: Rejudged, *, without: Collection[bytes] = frozenset()
) -> tuple[Side, Side]:
    """What was read, judged under both; those known to both, those `without` left out."""
    place = {key: i for i, key in enumerate(before.keys)}
    common = [(place[key], i) for i, key in enumerate(after.keys) if key in place and key not in without]
    chosen = np.array(common, np.int64).reshape(len(common), 2)
    return _chosen(before, chosen[:, 0]), _chosen(after, chosen[:, 1])


def acting(*profiles: Profile) -> list[str]:
    """The categories that can act under one of the profiles, as they are judged: in their order, once."""
    return list(
        dict.fromkeys(
            category.name
            for profile in profiles
            for category in profile.categories
            if category.action is not Action.ALLOW
        )
    )


def truth_of_rows(
    rows: Sequence[LabelledRow | None], before: Profile, after: Profile
) -> dict[str, NDArray[np.int8]]:
    """What rows are known to be (None: nothing is known), for `Backtest.add`, by the users' own profiles."""
    found: dict[str, NDArray[np.int8]] = {}
    for profile in (before, after):
        judged = as_judged(profile)
        unknown = [UNKNOWN] * len(judged.categories)
        truth = [unknown if row is None else truth_of(row, profile, judged) for row in rows]
        columns = np.array(truth, np.int8).reshape(len(rows), len(judged.categories))
        found |= {category.name: columns[:, i] for i, category in enumerate(judged.categories)}
    names = set(acting(before, after))
    found[""] = np.array([UNKNOWN if row is None else row.truth_of(*names) for row in rows], np.int8)
    return found


def _chosen(rejudged: Rejudged, rows: NDArray[np.int64]) -> Side:
    return Side(rejudged.severity[rows], {name: found[rows] for name, found in rejudged.by_category.items()})


def _surest(before: Side, after: Side, most: int) -> list[int]:
    """The rows of the flips that are surest, at most `most`, in their order; as `_flip` has it, for all at once."""
    rows = np.flatnonzero(before.severity != after.severity)
    sureness = np.zeros(len(rows))
    nothing, unknown = np.zeros(len(before.severity), np.int8), np.full(len(before.severity), np.nan)
    for name in dict.fromkeys((*before.by_category, *after.by_category)):
        acts = [side.by_category.get(name, nothing)[rows] for side in (before, after)]
        margins = [np.abs(side.margin.get(name, unknown)[rows]) for side in (before, after)]
        found = np.nan_to_num(np.fmin(*margins))
        sureness = np.where(acts[0] != acts[1], np.maximum(sureness, found), sureness)
    chosen = np.argsort(-sureness, kind="stable")[:most]
    return sorted(rows[chosen].tolist())


def _flip(row: int, item: Item, before: Side, after: Side, truth: int | None) -> Flip:
    """The flip of one item, told by the category that brought it about: of those that act otherwise, the surest."""
    names = dict.fromkeys((*before.by_category, *after.by_category))
    changed = [name for name in names if _acts(before, name, row) != _acts(after, name, row)]
    # Where nothing of a category changed, an item that could not be read to its end did.
    name = max(changed, key=lambda name: _sureness(name, row, before, after), default="")
    old, new = _ACTIONS[int(before.severity[row])], _ACTIONS[int(after.severity[row])]
    known = truth is not None and truth != UNKNOWN and (old is Action.ALLOW) is not (new is Action.ALLOW)
    return Flip(
        id=item.id,
        text=item.text[:TEXT],
        before=old,
        after=new,
        category=name,
        p_before=_at(before.probability, name, row),
        p_after=_at(after.probability, name, row),
        sureness=_sureness(name, row, before, after),
        right=(new is not Action.ALLOW) is (truth == 1) if known else None,
    )


def _acts(side: Side, name: str, row: int) -> int:
    found = side.by_category.get(name)
    return 0 if found is None else int(found[row])


def _sureness(name: str, row: int, before: Side, after: Side) -> float:
    margins = [_at(side.margin, name, row) for side in (before, after)]
    return min((abs(margin) for margin in margins if margin is not None), default=0.0)


def _at(found: dict[str, NDArray[np.float64]], name: str, row: int) -> float | None:
    value = float(found[name][row]) if name in found else np.nan
    return None if np.isnan(value) else value
