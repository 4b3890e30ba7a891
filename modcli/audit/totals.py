"""Counts over a whole audit, by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modcli.audit.media_listing import MediaCounts, media_counts
from modcli.audit.store import AuditStore, Judgement
from modcli.profile import Action

#: The strictest verdict on any part of an item; a decision of a person is not looked at here.
_ITEMS = """
SELECT p.item AS item, max(COALESCE(o.severity, r.severity)) AS severity
FROM parts p JOIN texts t ON t.id = p.text
LEFT JOIN verdicts o ON o.judgement = :judgement AND o.text = t.id
LEFT JOIN verdicts r ON r.judgement = :judgement AND r.text = t.representative
GROUP BY p.item
"""
#: The same, of an audit whose media were judged as well.
_ITEMS_AND_MEDIA = """
SELECT item, max(severity) AS severity FROM (
    SELECT p.item AS item, COALESCE(o.severity, r.severity) AS severity
    FROM parts p JOIN texts t ON t.id = p.text
    LEFT JOIN verdicts o ON o.judgement = :judgement AND o.text = t.id
    LEFT JOIN verdicts r ON r.judgement = :judgement AND r.text = t.representative
    UNION ALL
    SELECT m.item, v.severity FROM media m JOIN media_verdicts v ON v.judgement = :judgement AND v.media = m.id
) GROUP BY item
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Items of an audit under one judgement. `kinds` counts all by kind, `actions` those that were judged, `waiting`
    those that hold text and were not; `nothing` hold none (boosts, likes, bookmarks, pictures without words). `private`
    of all are for some people only. `texts` are distinct ones, `alike` of them near-duplicates. `categories` counts the
    texts that each category acts on, `stages` the verdicts by who decided. `unread` could not be read, `failed` texts
    not be judged. `media` are the pictures and videos."""

    kinds: dict[str, int]
    actions: dict[Action, int]
    waiting: int
    nothing: int
    private: int
    texts: int
    alike: int
    categories: dict[str, int]
    stages: dict[str, int]
    unread: int
    failed: int
    media: MediaCounts

    @property
    def items(self) -> int:
        """All of them."""
        return sum(self.kinds.values())

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "items": self.items,
            "kinds": self.kinds,
            "actions": {action.value: count for action, count in self.actions.items()},
            "not_judged": {"waiting": self.waiting, "nothing_to_judge": self.nothing, "unreadable": self.unread,
                           "failed": self.failed},
            "private": self.private,
            "texts": self.texts,
            "near_duplicates": self.alike,
            "categories": self.categories,
            "stages": self.stages,
            "media": self.media.as_record(),
        }  # fmt: skip


def totals_of(store: AuditStore, judgement: Judgement | None) -> Totals:
    """The counts; without a judgement, nothing was judged."""
    number = judgement.id if judgement is not None else -1
    media = media_counts(store, number)
    found = _ITEMS_AND_MEDIA if media.judged else _ITEMS
    severities: dict[int | None, int] = _counts(
        store, f"SELECT severity, count(*) FROM ({found}) GROUP BY severity", number
    )
    items = _one(store, "SELECT count(*) FROM items")
    return Totals(
        kinds=_counts(store, "SELECT kind, count(*) FROM items GROUP BY kind ORDER BY 2 DESC"),
        actions={action: severities.get(action.severity, 0) for action in Action},
        waiting=severities.get(None, 0),
        nothing=items - sum(severities.values()),
        private=_one(store, "SELECT count(*) FROM items WHERE visibility IN ('followers', 'direct')"),
        texts=_one(store, "SELECT count(*) FROM texts"),
        alike=_one(store, "SELECT count(*) FROM texts WHERE representative IS NOT NULL"),
        categories=_counts(
            store,
            "SELECT category, count(*) FROM text_verdicts WHERE judgement = :judgement AND severity > 0"
            " GROUP BY category ORDER BY 2 DESC",
            number,
        ),
        stages=_counts(
            store,
            "SELECT stage, count(*) FROM verdicts WHERE judgement = :judgement GROUP BY stage ORDER BY 2 DESC",
            number,
        ),
        unread=_one(store, "SELECT count(*) FROM errors"),
        failed=_one(
            store, "SELECT count(*) FROM verdicts WHERE judgement = :judgement AND error IS NOT NULL", number
        ),
        media=media,
    )


def months_of(store: AuditStore, kinds: Sequence[str]) -> list[tuple[str, int]]:
    """How many items of these kinds were published in each month."""
    marks = ", ".join(f"'{kind}'" for kind in kinds)
    return store.connection.execute(
        f"SELECT substr(published, 1, 7), count(*) FROM items WHERE published IS NOT NULL AND kind IN ({marks})"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()


def speed_of(store: AuditStore) -> float | None:
    """Texts a second that the last run of some length judged; None where there was none."""
    row = store.connection.execute(
        "SELECT json_extract(figures, '$.judged') / json_extract(figures, '$.seconds') FROM runs"
        " WHERE json_extract(figures, '$.judged') >= 20 AND json_extract(figures, '$.seconds') > 0"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return float(row[0]) if row and row[0] else None


def _counts(store: AuditStore, question: str, judgement: int = -1) -> dict[Any, int]:
    return dict(
        store.connection.execute(question, {"judgement": judgement} if ":judgement" in question else {})
    )


def _one(store: AuditStore, question: str, judgement: int = -1) -> int:
    values = {"judgement": judgement} if ":judgement" in question else {}
    return int(store.connection.execute(question, values).fetchone()[0])
