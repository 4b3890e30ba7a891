"""Judging what an audit has not judged yet, batch by batch; each is kept whole, so that a run may end at any moment."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from modcli.audit.outcomes import Selection, condition
from modcli.audit.store import AuditStore, Judgement, Pending
from modcli.cascade.near_duplicates import CHECKED_SHARE, Spread
from modcli.cascade.parts import parts_of
from modcli.errors import Location
from modcli.item import NO_METADATA, Item
from modcli.profile import Action
from modcli.sources.post import RecordKind
from modcli.states.store import content_key
from modcli.verdict import Verdict

#: What has words of its own.
JUDGED = (RecordKind.POST, RecordKind.PROFILE)
#: Texts that are kept together, at least; a moderator may want more at once.
BATCH = 64
#: Of this many parts of a lot, the first ones are judged though they are near-duplicates.
_PARTS = 1 << 20


class Judging(Protocol):
    """The part of a moderator that a run uses."""

    @property
    def batch(self) -> int:
        """How many items it wants at once."""
        ...

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...

    @property
    def statistics(self) -> Any:
        """What has been counted until now."""
        ...


#: Items that belong together, and what became of them.
Judged = tuple[Sequence[Item], Sequence[Verdict]]


class Engine(Protocol):
    """Where batches are judged."""

    @property
    def batch(self) -> int:
        """How many items it wants at once."""
        ...

    def judged(self, batches: Iterable[Sequence[Item]]) -> Generator[Judged, None, None]:
        """Each batch with its verdicts, in order within a batch; the batches in any order. Closed, it ends its work."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """Judges by a moderator, here and one batch after the other."""

    moderator: Judging

    @property
    def batch(self) -> int:
        """See `Engine.batch`."""
        return self.moderator.batch

    def judged(self, batches: Iterable[Sequence[Item]]) -> Generator[Judged, None, None]:
        """See `Engine.judged`."""
        for items in batches:
            yield items, self.moderator.judge(items)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which items are to be judged: those of the selection, of these the `sample` ones with the smallest lots (the same
    ones each time, and a part of any larger sample), and of these the first `limit` in the order of the export. With
    `retry` also what could not be judged before."""

    selection: Selection = field(default_factory=Selection)
    sample: int | None = None
    limit: int | None = None
    retry: bool = False


@dataclass
class Done:
    """How far a run has come, in texts: `total` were to be judged, `judged` are. `severities` counts the verdicts by
    action, `failed` those that could not be judged, `stages` who decided."""

    total: int
    judged: int = 0
    failed: int = 0
    first_error: str = ""
    seconds: float = 0.0
    severities: Counter[Action] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count these as well."""
        for verdict in verdicts:
            self.judged += 1
            if verdict.error is not None:
                self.failed += 1
                self.first_error = self.first_error or f"text {verdict.id}: {verdict.error}"
            else:
                self.severities[verdict.action] += 1
            self.stages["cache" if verdict.cached else verdict.stage] += 1

    def figures(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "total": self.total,
            "judged": self.judged,
            "failed": self.failed,
            "seconds": round(self.seconds, 3),
            "actions": {action.value: count for action, count in self.severities.items()},
            "stages": dict(self.stages),
        }


def judge_pending(
    store: AuditStore,
    judgement: Judgement,
    engine: Engine,
    wish: Wish,
    *,
    options: Mapping[str, Any],
    done: Callable[[Done], None] = lambda _done: None,
) -> Done:
    """Judge what is pending. After each batch `done` is told how far it is.

    Raises what the engine raises, KeyboardInterrupt, and OutputError where the file cannot be written; what
    was judged until then is kept.
    """

    def keep(verdicts: Mapping[int, Verdict]) -> None:
        store.put(judgement.id, verdicts)

    waiting = pending(store, judgement, wish)
    return judge_texts(store, judgement, engine, waiting, keep=keep, options=options, done=done)


def judge_texts(
    store: AuditStore,
    judgement: Judgement,
    engine: Engine,
    texts: Sequence[int],
    *,
    keep: Callable[[Mapping[int, Verdict]], None],
    options: Mapping[str, Any],
    done: Callable[[Done], None] = lambda _done: None,
) -> Done:
    """Judge texts by their numbers, as a run of its own. `keep` is given the verdicts of each batch, in a transaction.
    Raises as `judge_pending`."""
    state = Done(len(texts))
    with store.transaction():
        run = store.begin(judgement.id, options)
    outcome = "failed"
    try:
        size = max(BATCH, engine.batch)
        batches = (items_of(store, texts[start : start + size]) for start in range(0, len(texts), size))
        start = time.perf_counter()
        with closing(engine.judged(batches)) as judged:
            for items, verdicts in judged:
                state.seconds += time.perf_counter() - start
                state.add(verdicts)
                with store.transaction():
                    note_windows(store, items)
                    keep({int(verdict.id): verdict for verdict in verdicts})
                    store.progress(run, judged=state.judged, figures=state.figures())
                done(state)
                start = time.perf_counter()
        outcome = "complete"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    finally:
        with store.transaction():
            store.progress(run, judged=state.judged, figures=state.figures())
            store.end(run, outcome)
    return state


def pending(store: AuditStore, judgement: Judgement, wish: Wish) -> list[int]:
    """The numbers of the texts that the wish is about and that have no verdict, in the order in which they appear: those
    that stand for themselves, and a random twentieth of near-duplicates, as a check."""
    salt = store.salt
    store.connection.create_function("drawn", 1, lambda digest: is_drawn(salt, digest), deterministic=True)
    chosen, values = chosen_items(wish, judgement)
    failed = "AND v.error IS NULL" if wish.retry else ""
    rows = store.connection.execute(
        f"""
        WITH chosen AS ({chosen}), wanted AS (
            SELECT COALESCE(t.representative, t.id) AS text FROM chosen c JOIN parts p ON p.item = c.id
            JOIN texts t ON t.id = p.text
            UNION
            SELECT t.id FROM chosen c JOIN parts p ON p.item = c.id JOIN texts t ON t.id = p.text
            WHERE t.representative IS NOT NULL AND drawn(t.digest)
        )
        SELECT w.text FROM wanted w
        WHERE NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.judgement = :judgement AND v.text = w.text {failed})
        ORDER BY w.text
        """,
        values | {"judgement": judgement.id},
    )
    return [row[0] for row in rows]


def judgeable(store: AuditStore, wish: Wish) -> int:
    """How many items the wish is about."""
    chosen, values = chosen_items(wish, None)
    return int(store.connection.execute(f"SELECT count(*) FROM ({chosen})", values).fetchone()[0])


def spread_of(store: AuditStore, judgement: Judgement) -> Spread:
    """How many near-duplicates have the verdict of another, and what the check of some of them showed. What was drawn for
    a certificate is not of that check: of it, only what was found has a verdict of its own."""
    rows = store.connection.execute(
        """
        SELECT count(*), count(o.text), COALESCE(sum(o.severity <> r.severity), 0)
        FROM texts t JOIN verdicts r ON r.judgement = :judgement AND r.text = t.representative
        LEFT JOIN verdicts o ON o.judgement = :judgement AND o.text = t.id
            AND NOT EXISTS (SELECT 1 FROM sampled s WHERE s.judgement = :judgement AND s.text = t.id)
        WHERE t.representative IS NOT NULL
        """,
        {"judgement": judgement.id},
    ).fetchone()
    return Spread(*rows)


def chosen_items(wish: Wish, judgement: Judgement | None) -> tuple[str, dict[str, Any]]:
    """The ids of the items that the wish is about, as a query, and its values by name."""
    where, values = condition(wish.selection, judgement.id if judgement else 0)
    kinds = ", ".join(f"'{kind}'" for kind in JUDGED)
    question = (
        f"SELECT i.id FROM items i LEFT JOIN authors a ON a.id = i.author WHERE {where} AND i.kind IN ({kinds})"
        " AND (EXISTS (SELECT 1 FROM parts p WHERE p.item = i.id) OR EXISTS (SELECT 1 FROM media m WHERE m.item = i.id))"
    )
    if wish.sample is not None:
        question += " ORDER BY i.lot LIMIT :sample"
        values["sample"] = wish.sample
    if wish.limit is not None:
        question = f"SELECT id FROM ({question}) ORDER BY id LIMIT :limit"
        values["limit"] = wish.limit
    return question, values


def items_of(store: AuditStore, texts: Sequence[int]) -> list[Item]:
    """The texts of these numbers as they are judged."""
    return [
        Item(
            str(text.id),
            text.text,
            Location(store.file.name, text.id),
            metadata={"truncated_bytes": text.cut} if text.cut else NO_METADATA,
        )
        for text in _texts(store, texts)
    ]


def note_windows(store: AuditStore, items: Sequence[Item]) -> None:
    """Keep under which keys the states of these texts (by their numbers) are found. Within a transaction."""
    store.connection.executemany(
        "INSERT OR IGNORE INTO windows VALUES (?, ?, ?)",
        (
            (int(item.id), ordinal, content_key(window))
            for item in items
            for ordinal, window in enumerate(parts_of(item).texts)
        ),
    )


def _texts(store: AuditStore, numbers: Sequence[int]) -> Iterator[Pending]:
    marks = ",".join("?" * len(numbers))
    for row in store.connection.execute(
        f"SELECT id, text, cut FROM texts WHERE id IN ({marks}) ORDER BY id", numbers
    ):
        yield Pending(*row)


def is_drawn(salt: bytes, digest: bytes) -> bool:
    """Whether a near-duplicate is judged itself: nobody who writes posts can foresee which are."""
    drawn = int.from_bytes(hashlib.sha256(salt + digest).digest()[:8]) % _PARTS
    return drawn < CHECKED_SHARE * _PARTS
