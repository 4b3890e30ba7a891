"""What became of the items of an audit: each with its parts, and the strictest verdict on any of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from modcli.audit.ingest import WHOLE
from modcli.audit.store import AuditStore, Judgement, action_of, categories_of
from modcli.profile import Action
from modcli.sources.post import RecordKind, Visibility

_PRIVATE = tuple(one.value for one in Visibility if one.is_private)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items: of these kinds, authors (parts of handle or address), published in [since, until) (ISO dates or times,
    UTC), with a part judged at least as strictly as `severity`, and for this category, and with one of these ids.
    `private`: those meant for some people only as well."""

    kinds: tuple[RecordKind, ...] = ()
    authors: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    severity: int = 0
    category: str = ""
    ids: tuple[int, ...] = ()
    private: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an item, and the number of its text."""

    name: str
    text_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture or video of an item, its place in the export, and the verdict on it. `kind` is what it is said to be
    (`image`, `video`, `audio`, or nothing), `severity` None where there is no verdict, `part` what decided in it;
    `alike`: the verdict is that of another file that is the same or nearly so."""

    name: str
    path: str
    kind: str = ""
    severity: int | None = None
    category: str = ""
    p: float | None = None
    stage: str = ""
    reason: str = ""
    read: float = 1.0
    error: str | None = None
    part: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    alike: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The lines that were read in it."""
        return tuple(str(line["text"]) for line in self.details.get("text") or ())

    @property
    def told(self) -> str:
        """The part that decided, with the name of the attachment before it."""
        return f"{self.name}: {self.part}" if self.part else self.name


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person last said of an item: `right`, `wrong`, `other` (the categories are `labels`) or an `appeal`; `after`
    is the action that it comes to, empty where it changes nothing."""

    number: int
    answer: str
    labels: tuple[str, ...]
    why: str
    after: str
    made: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item and what became of it under one judgement.

    Times are as kept (ISO 8601, UTC). `pieces` are its parts in order, the whole first where there are several.
    `severity` is None where there is no verdict: nothing to judge, or not yet. `part`, `text_id`, `category`, `p`,
    `stage` and `reason` are of the verdict that decided; `scores` are the highest of each category over all parts.
    `error`: a part of it could not be judged. `spread`: the verdict is that of a near-duplicate. `pictures` are its
    media; where one of them decided, `text_id` is 0. `scores` are of texts alone: a picture's are not comparable.
    """

    id: int
    key: str
    kind: str
    handle: str
    author_url: str
    author_name: str
    published: str | None
    edited: str | None
    url: str
    uri: str
    visibility: str
    sensitive: bool
    language: str
    in_reply_to: str
    conversation: str
    target: str
    media: int
    details: Mapping[str, Any]
    place: str
    pieces: tuple[Piece, ...] = ()
    severity: int | None = None
    part: str = ""
    text_id: int = 0
    category: str = ""
    p: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    stage: str = ""
    reason: str = ""
    read: float = 1.0
    error: str | None = None
    spread: bool = False
    decision: Decision | None = None
    pictures: tuple[Medium, ...] = ()

    @property
    def by_picture(self) -> bool:
        """Whether a picture decided, and no text."""
        return self.severity is not None and not self.text_id and bool(self.pictures)

    @property
    def shown_severity(self) -> int:
        """The strictest verdict on any of its media; 0 where there is none."""
        return max((one.severity or 0 for one in self.pictures), default=0)

    @property
    def text(self) -> str:
        """The whole of what its author wrote, or its only part."""
        return self.pieces[0].text if self.pieces else ""

    @property
    def own(self) -> tuple[Piece, ...]:
        """Its parts without the whole."""
        return tuple(piece for piece in self.pieces if piece.name != WHOLE)

    @property
    def action(self) -> Action | None:
        """The judgement's action; None where it was not judged."""
        return None if self.severity is None else action_of(self.severity)

    @property
    def settled(self) -> Action | None:
        """The action that holds: a person's decision, else the judgement's."""
        if self.decision is not None and self.decision.after:
            return Action(self.decision.after)
        return self.action

    @property
    def author(self) -> str:
        """What to call its author: the handle, or the address."""
        return self.handle or self.author_url

    @property
    def is_private(self) -> bool:
        """Whether it was meant for some people only."""
        return self.visibility in _PRIVATE


_ITEMS = """
SELECT i.id, i.key, i.kind, COALESCE(a.handle, ''), COALESCE(a.url, ''), COALESCE(a.name, ''), i.published, i.edited,
       i.url, i.uri, i.visibility, i.sensitive, i.language, i.in_reply_to, i.conversation, i.target, i.media, i.details,
       i.place
FROM items i LEFT JOIN authors a ON a.id = i.author WHERE {where} ORDER BY i.id
"""
#: A text has its own verdict or, as a near-duplicate, that of its representative.
_PARTS = """
SELECT p.item, p.name, p.text, t.text,
       COALESCE(o.severity, r.severity), COALESCE(o.category, r.category), COALESCE(o.p, r.p),
       COALESCE(o.scores, r.scores), COALESCE(o.stage, r.stage), COALESCE(o.reason, r.reason), COALESCE(o.read, r.read),
       CASE WHEN o.text IS NULL THEN r.error ELSE o.error END, o.text IS NULL
FROM items i JOIN parts p ON p.item = i.id JOIN texts t ON t.id = p.text
LEFT JOIN verdicts o ON o.judgement = :judgement AND o.text = t.id
LEFT JOIN verdicts r ON r.judgement = :judgement AND r.text = t.representative AND o.text IS NULL
LEFT JOIN authors a ON a.id = i.author
WHERE {where} ORDER BY p.item, p.ordinal
"""


_MEDIA = """
SELECT m.item, m.name, m.path, m.kind, v.severity, v.category, v.p, v.stage, v.reason, v.read, v.error, v.part, v.details,
       v.alike IS NOT NULL OR v.stage = 'group'
FROM media m JOIN items i ON i.id = m.item LEFT JOIN media_verdicts v ON v.judgement = :judgement AND v.media = m.id
LEFT JOIN authors a ON a.id = i.author
WHERE {where} ORDER BY m.item, m.id
"""


def outcomes(
    store: AuditStore, judgement: Judgement, selection: Selection = Selection()
) -> Iterator[Outcome]:
    """The selected items in the order of the export, in constant memory."""
    where, values = condition(selection, judgement.id)
    values |= {"judgement": judgement.id}
    decisions = decisions_of(store)
    parts = groupby(store.connection.execute(_PARTS.format(where=where), values), key=itemgetter(0))
    media = groupby(store.connection.execute(_MEDIA.format(where=where), values), key=itemgetter(0))
    group, shown = next(parts, None), next(media, None)
    for row in store.connection.execute(_ITEMS.format(where=where), values):
        own: list[Any] = []
        if group is not None and group[0] == row[0]:
            own = list(group[1])
            group = next(parts, None)
        found = _outcome(row, own, decisions.get(row[0]), judgement.thresholds)
        if shown is not None and shown[0] == row[0]:
            found = _with_media(found, [_medium(one) for one in shown[1]])
            shown = next(media, None)
        yield found


def condition(selection: Selection, judgement: int) -> tuple[str, dict[str, Any]]:
    """The selection as a condition on `items i` and `authors a`, and its values by name."""
    parts, values = ["1"], dict[str, Any]()
    for name, wanted, column in (
        ("kind", [k.value for k in selection.kinds], "i.kind"),
        ("id", selection.ids, "i.id"),
    ):
        if wanted:
            marks = ", ".join(f":{name}{i}" for i in range(len(wanted)))
            parts.append(f"{column} IN ({marks})")
            values |= {f"{name}{i}": value for i, value in enumerate(wanted)}
    if selection.authors:
        like = [
            f"(a.handle LIKE :author{i} ESCAPE '!' OR a.url LIKE :author{i} ESCAPE '!')"
            for i in range(len(selection.authors))
        ]
        parts.append(f"({' OR '.join(like)})")
        values |= {
            f"author{i}": f"%{_escaped(name.lstrip('@'))}%" for i, name in enumerate(selection.authors)
        }
    if selection.since:
        parts.append("i.published >= :since")
        values["since"] = selection.since
    if selection.until:
        parts.append("i.published < :until")
        values["until"] = selection.until
    if not selection.private:
        parts.append(f"i.visibility NOT IN ({', '.join(repr(name) for name in _PRIVATE)})")
    if selection.severity or selection.category:
        verdict = "v.judgement = :for_judgement AND v.severity >= :severity"
        verdict += " AND v.category = :category" if selection.category else ""
        parts.append(
            "i.id IN (SELECT q.item FROM parts q JOIN text_verdicts v ON v.text = q.text WHERE "
            + verdict
            + " UNION SELECT m.item FROM media m JOIN media_verdicts v ON v.media = m.id WHERE "
            + verdict
            + ")"
        )
        values |= {"for_judgement": judgement, "severity": selection.severity, "category": selection.category}
    return " AND ".join(parts), values


def decisions_of(store: AuditStore) -> dict[int, Decision]:
    """The last decision on each item; what was undone does not count. One that changes nothing, as an appeal that was not
    granted, leaves the action that was decided before."""
    rows = store.connection.execute(
        "SELECT id, item, answer, labels, why, after, made, undoes FROM decisions ORDER BY id"
    ).fetchall()
    undone = {row[7] for row in rows if row[7] is not None}
    found: dict[int, Decision] = {}
    for number, item, answer, labels, why, after, made, undoes in rows:
        if number not in undone and undoes is None and answer != "skip":
            after = after or (found[item].after if item in found else "")
            found[item] = Decision(number, answer, tuple(json.loads(labels)), why, after, made)
    return found


def _outcome(
    row: sqlite3.Row | tuple[Any, ...],
    parts: Sequence[tuple[Any, ...]],
    decision: Decision | None,
    thresholds: Mapping[str, float],
) -> Outcome:
    pieces = tuple(Piece(part[1], part[2], part[3]) for part in parts)
    told: tuple[Any, ...] = (*row[:11], bool(row[11]), *row[12:17], json.loads(row[17]), row[18], pieces)
    judged = [part for part in parts if part[4] is not None]
    if not judged:
        return replace(Outcome(*told), decision=decision)
    scores: dict[str, float] = {}
    for part in judged:
        for name, p in categories_of(part[7]).items():
            scores[name] = max(p, scores.get(name, 0.0))
    lead = judged[0] if len(judged) == 1 else max(judged, key=lambda part: _weight(part, thresholds))
    found: tuple[Any, ...] = (
        *(lead[4], lead[1], lead[2], lead[5], lead[6], scores, lead[8], lead[9]),
        min(part[10] for part in judged),
        next((part[11] for part in judged if part[11] is not None), None),
        bool(lead[12]),
        decision,
    )
    # In the order of the fields: it is made for each of a million items.
    return Outcome(*told, *found)


def _medium(row: tuple[Any, ...]) -> Medium:
    if row[4] is None:
        return Medium(row[1], row[2], row[3])
    told: tuple[Any, ...] = (*row[1:12], json.loads(row[12]), bool(row[13]))
    return Medium(*told)


def _with_media(found: Outcome, media: Sequence[Medium]) -> Outcome:
    """An item is what its strictest part is: of equally strict ones the text, which came first."""
    judged = [one for one in media if one.severity is not None]
    found = replace(found, pictures=tuple(media))
    if not judged:
        return found
    lead = max(judged, key=lambda one: (one.severity or 0, one.error is None))
    error = found.error or next((one.error for one in judged if one.error is not None), None)
    read = min(found.read, *(one.read for one in judged))
    if found.severity is not None and found.severity >= (lead.severity or 0):
        return replace(found, error=error, read=read)
    return replace(
        found,
        severity=lead.severity,
        part=lead.told,
        text_id=0,
        category=lead.category,
        p=lead.p,
        stage=lead.stage,
        reason=lead.reason,
        read=read,
        error=error,
        spread=lead.alike,
    )


def _weight(part: tuple[Any, ...], thresholds: Mapping[str, float]) -> tuple[int, float, bool]:
    """The strictest part first, and of these the one that is furthest above its threshold; a part before the whole."""
    margin = (part[6] or 0.0) - thresholds.get(part[5], 0.5)
    return part[4], round(margin, 2), part[1] != WHOLE


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
