"""What people decide about the items of an audit: rows that are only added to, and what was learned of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modcli.audit.outcomes import Outcome, Selection, outcomes
from modcli.audit.review import Reply
from modcli.audit.store import AuditStore, Judgement, in_chunks, marks, now
from modcli.errors import UsageError
from modcli.profile import Action

REVIEW, APPEAL, UNDO = "review", "appeal", "undo"
#: The fact that says which decisions are shots already: their numbers, by profile file.
LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. `text` is the number of the text that it is about, None where it is about the item as a whole;
    `undoes` the number of the decision that it takes back, `undone` whether one took this back."""

    number: int
    made: str
    judgement: int
    item: int
    key: str
    text: int | None
    answer: str
    labels: tuple[str, ...]
    why: str
    source: str
    before: str
    after: str
    undoes: int | None
    undone: bool

    @property
    def counts(self) -> bool:
        """Whether it decides something."""
        return not self.undone and self.undoes is None and self.answer != Reply.SKIP

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "decision": self.number,
            "made": self.made,
            "judgement": self.judgement,
            "id": self.item,
            "key": self.key,
            "answer": self.answer,
            "labels": list(self.labels),
            "why": self.why,
            "source": self.source,
            "before": self.before or None,
            "after": self.after or None,
            "undoes": self.undoes,
            "undone": self.undone,
        }


@dataclass(frozen=True, slots=True)
class Fresh:
    """A decision that is about to be written: `before` is the action that it is about, `after` the one that it comes to,
    None where it changes nothing; `text` the text that it is about, None for the item as a whole."""

    answer: str
    source: str
    before: Action | None
    labels: tuple[str, ...] = ()
    why: str = ""
    after: Action | None = None
    text: int | None = None


def write(store: AuditStore, judgement: Judgement, item: int, fresh: Fresh) -> int:
    """Add a decision on an item, on disk when this returns; its number. Raises OutputError where it cannot be written."""
    with store.transaction() as connection:
        return int(
            connection.execute(
                "INSERT INTO decisions (made, judgement, item, text, answer, labels, why, source, before, after)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    now(),
                    judgement.id,
                    item,
                    fresh.text,
                    fresh.answer,
                    json.dumps(list(fresh.labels)),
                    fresh.why,
                    fresh.source,
                    fresh.before.value if fresh.before else "",
                    fresh.after.value if fresh.after else "",
                ),
            ).lastrowid
            or 0
        )


def undo(store: AuditStore, number: int, source: str = REVIEW) -> int:
    """Take a decision back by a row of its own; its number. What was decided before it holds again. Raises UsageError
    where there is no such decision, or it is taken back already."""
    row = store.connection.execute(
        "SELECT judgement, item, text, before, after FROM decisions d WHERE id = ? AND undoes IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = d.id)",
        (number,),
    ).fetchone()
    if row is None:
        raise UsageError(f"there is no decision {number} to undo", hint="`modcli review FILE.db --log`")
    with store.transaction() as connection:
        return int(
            connection.execute(
                "INSERT INTO decisions (made, judgement, item, text, answer, source, before, after, undoes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (now(), row[0], row[1], row[2], UNDO, source, row[4] or row[3], row[3], number),
            ).lastrowid
            or 0
        )


def log(store: AuditStore) -> Iterator[Entry]:
    """All decisions in the order in which they were made."""
    undone = {
        row[0] for row in store.connection.execute("SELECT undoes FROM decisions WHERE undoes IS NOT NULL")
    }
    for row in store.connection.execute(
        "SELECT d.id, d.made, d.judgement, d.item, i.key, d.text, d.answer, d.labels, d.why, d.source, d.before,"
        " d.after, d.undoes FROM decisions d JOIN items i ON i.id = d.item ORDER BY d.id"
    ):
        told: tuple[Any, ...] = (*row[:7], tuple(json.loads(row[7])), *row[8:], row[0] in undone)
        yield Entry(*told)


def standing(store: AuditStore) -> list[Entry]:
    """The decisions that hold, the last one on each item that came to an action, in the order in which they were made."""
    last = {entry.item: entry for entry in log(store) if entry.counts and entry.after}
    return sorted(last.values(), key=lambda entry: entry.number)


def last_reply(store: AuditStore) -> Entry | None:
    """The last answer given in a review that was not taken back, a skip included."""
    found = [
        entry for entry in log(store) if entry.source == REVIEW and entry.undoes is None and not entry.undone
    ]
    return found[-1] if found else None


def skipped(store: AuditStore) -> set[int]:
    """The items that were skipped, and that was not taken back."""
    return {entry.item for entry in log(store) if entry.answer == Reply.SKIP and not entry.undone}


def find_item(store: AuditStore, name: str) -> int:
    """The number of an item, named by it, by its key, or by its address. Raises UsageError where there is none, or there
    are several."""
    if name.isascii() and name.isdecimal() and len(name) < 19:
        question = "SELECT id FROM items WHERE id = ?"
        found = store.connection.execute(question, (int(name),)).fetchall()
    else:
        found = store.connection.execute("SELECT id FROM items WHERE key = ?", (name,)).fetchall()
        found = (
            found
            or store.connection.execute(
                "SELECT id FROM items WHERE :name <> '' AND (url = :name OR uri = :name) ORDER BY id LIMIT 5",
                {"name": name},
            ).fetchall()
        )
    if not found:
        raise UsageError(
            f"{store.file}: no item {name}",
            hint="name its number, key or address; `modcli audit query --contains WORDS` finds it",
        )
    if len(found) > 1:
        numbers = ", ".join(str(row[0]) for row in found)
        raise UsageError(f"{name} is the address of items {numbers}", hint="name one of them by its number")
    return int(found[0][0])


def outcome_of(store: AuditStore, judgement: Judgement, item: int) -> Outcome:
    """What became of one item."""
    return next(iter(outcomes(store, judgement, Selection(ids=(item,)))))


class Alike:
    """Which texts are equal or near-duplicates: a text's group is the number of the one that stands for it."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store
        self._group: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        for text, representative in store.connection.execute(
            "SELECT id, representative FROM texts WHERE representative IS NOT NULL"
        ):
            self._group[text] = representative
            self._members.setdefault(representative, []).append(text)

    def group(self, text: int) -> int:
        """The group of a text."""
        return self._group.get(text, text)

    def others(self, one: Outcome) -> int:
        """How many other items have the text that decided, or nearly the same."""
        if not one.text_id:
            return 0
        return len(self.items([self.group(one.text_id)]) - {one.id})

    def items(self, texts: Iterable[int]) -> set[int]:
        """The items that have one of the texts, or a near-duplicate for which it stands."""
        wanted = [member for text in texts for member in (text, *self._members.get(text, ()))]
        found: set[int] = set()
        for chunk in in_chunks(wanted):
            rows = self._store.connection.execute(
                f"SELECT item FROM parts WHERE text IN {marks(chunk)}", chunk
            )
            found.update(row[0] for row in rows)
        return found

    def drawn(self) -> set[int]:
        """The groups of which a text was drawn for a certificate."""
        # Certificate 0 is of what was judged in full without a draw.
        rows = self._store.connection.execute("SELECT text FROM sampled WHERE certificate IS NOT 0")
        return {self.group(row[0]) for row in rows}


def kept_apart(store: AuditStore, items: Collection[int]) -> set[int]:
    """Those of the items of which some part, or what nearly equals it, was drawn for a certificate: to fit a profile to
    them would make the certificate say less than it seems to."""
    alike = Alike(store)
    drawn = alike.drawn()
    if not drawn:
        return set()
    found: set[int] = set()
    for chunk in in_chunks(sorted(items)):
        rows = store.connection.execute(f"SELECT item, text FROM parts WHERE item IN {marks(chunk)}", chunk)
        found.update(item for item, text in rows if alike.group(text) in drawn)
    return found


def text_of(store: AuditStore, entry: Entry) -> str:
    """The text that a decision is about; the whole of what the author wrote where it is about the item. Empty where a
    picture was acted on: the words beside it teach nothing."""
    if entry.text is not None:
        question, number = "SELECT text FROM texts WHERE id = ?", entry.text
    else:
        question = (
            "SELECT t.text FROM parts p JOIN texts t ON t.id = p.text WHERE p.item = ? AND NOT EXISTS (SELECT 1 FROM"
            " media m JOIN media_verdicts v ON v.media = m.id WHERE m.item = p.item AND v.severity > 0)"
            " ORDER BY p.ordinal"
        )
        number = entry.item
    found = store.connection.execute(question, (number,)).fetchone()
    return str(found[0]) if found else ""


def learned(store: AuditStore, profile: str) -> set[int]:
    """The numbers of the decisions that are shots of a profile (its file) already."""
    return set(store.fact(LEARNED, {}).get(profile, ()))


def note_learned(store: AuditStore, profile: str, numbers: Sequence[int]) -> None:
    """Remember which decisions became shots of a profile."""
    with store.transaction():
        known = store.fact(LEARNED, {})
        known[profile] = sorted({*known.get(profile, ()), *numbers})
        store.set_fact(LEARNED, known)
