"""What an audit came to, for a report: by month, category, author and thread, with the risk of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.audit.outcomes import Outcome
from modcli.audit.risk import Floats, Risk, log_risk
from modcli.profile import Action

#: What the month of an item without a date is called.
NO_DATE = "no date"


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together: how many were judged, blocked and warned of, and their cumulative log-risk."""

    name: str
    judged: int
    blocked: int
    warned: int
    risk: Risk

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        counts = {"name": self.name, "judged": self.judged, "blocked": self.blocked, "warned": self.warned}
        return counts | {"log_risk": self.risk.as_record()}


@dataclass(frozen=True, slots=True)
class CategorySummary:
    """A category: the items that it blocked and warned of, as the one that decided, and its probability over all."""

    name: str
    action: Action
    threshold: float
    blocked: int
    warned: int
    risk: Risk

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        counts = {"name": self.name, "action": self.action.value, "threshold": round(self.threshold, 4)}
        counts |= {"blocked": self.blocked, "warned": self.warned}
        return counts | {"probability": self.risk.as_record()}


@dataclass(frozen=True)
class Summary:
    """Of the items that a report is about: `judged` of them, as people decided where they did (`decided`), else as
    judged; `waiting` were not judged. `risk` is the cumulative log-risk over the union of the categories that act.
    `ranked` are the ids of the items that hold text, the strictest first, and of equal ones the surest; (items,)."""

    items: int
    judged: int
    waiting: int
    blocked: int
    warned: int
    decided: int
    categories: tuple[CategorySummary, ...]
    risk: Risk
    months: tuple[Group, ...]
    authors: tuple[Group, ...]
    threads: tuple[Group, ...]
    ranked: NDArray[np.int64]

    @property
    def allowed(self) -> int:
        """How many were allowed."""
        return self.judged - self.blocked - self.warned

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms, without the items."""
        record: dict[str, Any] = {"items": self.items, "judged": self.judged, "waiting": self.waiting}
        record |= {"blocked": self.blocked, "warned": self.warned, "allowed": self.allowed}
        record |= {"decided_by_people": self.decided, "log_risk": self.risk.as_record()}
        for name in ("categories", "months", "authors", "threads"):
            record[name] = [one.as_record() for one in getattr(self, name)]
        return record


def summarize(
    found: Iterable[Outcome], actions: Mapping[str, Action], thresholds: Mapping[str, float]
) -> Summary:
    """Items, in one pass. `actions` are those of the categories as they are judged, `thresholds` from where each acts."""
    columns = _Columns(tuple(actions))
    for one in found:
        columns.add(one, thresholds)
    return _summary(columns, actions, thresholds)


class Names:
    """Numbers for strings, in the order in which they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


class _Columns:
    """What is kept of each item, in a few bytes."""

    def __init__(self, categories: Sequence[str]) -> None:
        self.categories = categories
        self.ids, self.severity, self.margin = array("q"), array("b"), array("f")
        self.lead, self.month, self.author, self.thread = array("l"), array("l"), array("l"), array("l")
        self.leads, self.months, self.authors, self.threads = Names(), Names(), Names(), Names()
        self.scores = array("f")
        self.items = self.decided = 0
        #: The thread of each address.
        self._known: dict[str, str] = {}

    def add(self, one: Outcome, thresholds: Mapping[str, float]) -> None:
        """Count an item; one without text only as being there."""
        self.items += 1
        thread = self._thread_of(one)
        if not one.pieces and one.severity is None:
            return
        action = one.settled
        self.decided += one.decision is not None and bool(one.decision.after)
        self.ids.append(one.id)
        self.severity.append(-1 if action is None else action.severity)
        self.margin.append((one.p or 0.0) - thresholds.get(one.category, 0.5))
        self.lead.append(self.leads[one.category])
        self.month.append(self.months[one.published[:7] if one.published else NO_DATE])
        self.author.append(self.authors[one.author])
        self.thread.append(self.threads[thread])
        self.scores.extend(one.scores.get(name, float("nan")) for name in self.categories)

    def _thread_of(self, one: Outcome) -> str:
        thread = one.conversation or self._known.get(one.in_reply_to) or one.in_reply_to or one.key
        for address in (one.key, one.uri, one.url):
            if address:
                self._known[address] = thread
        return thread


def _summary(columns: _Columns, actions: Mapping[str, Action], thresholds: Mapping[str, float]) -> Summary:
    severity = np.array(columns.severity, np.int8)
    margin = np.array(columns.margin, np.float64)
    scores = np.array(columns.scores, np.float64).reshape(len(severity), len(columns.categories))
    ranked = np.lexsort((-margin, -severity))
    judged = severity >= 0
    acting = [i for i, name in enumerate(columns.categories) if actions[name] is not Action.ALLOW]
    risks = log_risk(scores[:, acting]) if acting else np.zeros(len(severity))
    lead = np.array(columns.lead, np.int64)

    def grouped(column: array[int], names: Names) -> list[Group]:
        return _groups(
            np.array(column, np.int64)[judged], list(names.numbers), severity[judged], risks[judged]
        )

    categories = []
    for i, name in enumerate(columns.categories):
        own = lead == columns.leads.numbers.get(name, -1)
        values = scores[judged, i]
        categories.append(
            CategorySummary(
                name,
                actions[name],
                thresholds.get(name, 0.5),
                int((own & (severity == 2)).sum()),
                int((own & (severity == 1)).sum()),
                Risk.of(values[~np.isnan(values)]),
            )
        )
    return Summary(
        items=columns.items,
        judged=int(judged.sum()),
        waiting=int((~judged).sum()),
        blocked=int((severity == 2).sum()),
        warned=int((severity == 1).sum()),
        decided=columns.decided,
        categories=tuple(categories),
        risk=Risk.of(risks[judged]),
        months=tuple(sorted(grouped(columns.month, columns.months), key=lambda g: g.name)),
        authors=tuple(sorted(grouped(columns.author, columns.authors), key=_worst_first)),
        threads=tuple(
            sorted(
                (g for g in grouped(columns.thread, columns.threads) if g.judged > 1 and g.name),
                key=_worst_first,
            )
        ),
        ranked=np.array(columns.ids, np.int64)[ranked],
    )


def _groups(
    column: NDArray[np.int64], names: Sequence[str], severity: NDArray[np.int8], risks: Floats
) -> list[Group]:
    if not len(column):
        return []
    order = np.argsort(column, kind="stable")
    column, severity, risks = column[order], severity[order], risks[order]
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(column))
    return [
        Group(
            names[column[start]],
            int(end - start),
            int((severity[start:end] == 2).sum()),
            int((severity[start:end] == 1).sum()),
            Risk.of(risks[start:end]),
        )
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _worst_first(group: Group) -> tuple[int, int, float, str]:
    return -group.blocked, -group.warned, -group.risk.tail, group.name
