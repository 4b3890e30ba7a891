"""The texts of an audit judged under another profile by what was read of them: one matrix product, no model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import overload

import numpy as np
from numpy.typing import NDArray

from modcli.audit.store import AuditStore
from modcli.cascade.moderator import probabilities
from modcli.errors import Location, ModcliError
from modcli.item import Item
from modcli.judges.decision import severities_by_category
from modcli.judges.judge import Evidence, Judge
from modcli.profile import Profile
from modcli.states.store import StateStore

Floats = NDArray[np.float64]
#: Every probability of four decimals as JSON: writing a number takes longer than looking it up.
_WRITTEN = np.array([str(number / 10_000) for number in range(10_001)], object)


@dataclass(frozen=True)
class Reread:
    """The texts by their numbers, ascending; the severity of each one's action; of each category the severity of what it
    brings about, and the probability; all of shape (texts,). A text is what its worst window is. `unread` texts were not
    read, or not to their end; `blind` categories can be judged by the profile prompt alone, and are left out."""

    texts: NDArray[np.int64]
    severity: NDArray[np.int8]
    by_category: dict[str, NDArray[np.int8]]
    probability: dict[str, Floats]
    thresholds: dict[str, float]
    unread: int
    blind: tuple[str, ...]

    def at(self, rows: NDArray[np.int64]) -> Reread:
        """Some of the texts."""
        return Reread(
            self.texts[rows],
            self.severity[rows],
            {name: found[rows] for name, found in self.by_category.items()},
            {name: found[rows] for name, found in self.probability.items()},
            self.thresholds,
            self.unread,
            self.blind,
        )


def reread(store: AuditStore, states: StateStore, profile: Profile, judge: Judge) -> Reread:
    """Judge what was read of the texts by a profile as it is judged (`judges.tasks.as_judged`). Raises ModcliError where
    the states cannot be read."""
    return reread_each(store, states, [(profile, judge)])[0]


def reread_each(
    store: AuditStore, states: StateStore, sides: Sequence[tuple[Profile, Judge]]
) -> list[Reread]:
    """`reread` by several profiles, those with the same taps in one pass over the states."""
    texts, windows = _windows(store)
    total = int(
        store.connection.execute("SELECT count(*) FROM texts WHERE representative IS NULL").fetchone()[0]
    )
    found: dict[int, Reread] = {}
    for taps in dict.fromkeys(judge.taps for _, judge in sides):
        alike = [i for i, (_, judge) in enumerate(sides) if judge.taps == taps]
        columns, own = _shared([sides[i][1].columns for i in alike])
        try:
            keys, products = states.products(taps, columns)
        except (OSError, sqlite3.Error) as error:
            raise ModcliError(
                f"the states of the audit cannot be read ({error})", hint="judge it anew"
            ) from error
        kept, rows = _whole(texts, _places(keys, windows))
        products = products[rows]
        for i, chosen in zip(alike, own, strict=True):
            profile, judge = sides[i]
            found[i] = _reread(profile, judge, kept, products[..., chosen], total)
    return [found[i] for i in range(len(sides))]


def _shared(sides: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], list[list[int]]]:
    """The columns (taps, width, k) of several judges without repetition, and which of them are each judge's: of two
    versions of a profile most are the same."""
    place: dict[bytes, int] = {}
    kept: list[NDArray[np.float32]] = []
    own: list[list[int]] = []
    for columns in sides:
        chosen = []
        for column in np.moveaxis(columns, -1, 0):
            found = place.setdefault(column.tobytes(), len(place))
            if found == len(kept):
                kept.append(column)
            chosen.append(found)
        own.append(chosen)
    return np.stack(kept, axis=-1), own


def _whole(texts: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of texts, once for each window, and the rows of their windows, -1 where there is none: those that were read to
    their end."""
    if not len(texts):
        return texts, rows
    starts = np.flatnonzero(np.diff(texts, prepend=-1))
    whole = np.logical_and.reduceat(rows >= 0, starts)
    kept = whole[np.cumsum(np.diff(texts, prepend=-1) != 0) - 1]
    return texts[kept], rows[kept]


def _reread(
    profile: Profile, judge: Judge, texts: NDArray[np.int64], products: NDArray[np.float32], total: int
) -> Reread:
    """Of texts, once for each window, by the products of their windows; of `total` texts the others were not read."""
    starts = np.flatnonzero(np.diff(texts, prepend=-1)) if len(texts) else np.zeros(0, np.int64)
    blind = tuple(c.name for c in judge.categories if c.evidence is Evidence.DEFINITION)
    log_odds = {n: o for n, o in judge.readings(products).items() if n not in blind}
    found = probabilities(log_odds, profile.task)
    thresholds = {category.name: category.threshold for category in judge.categories}
    acting = severities_by_category(profile, found, thresholds)
    by_category = {name: _worst(values, starts).astype(np.int8) for name, values in acting.items()}
    severity = np.max([np.zeros(len(starts), np.int8), *by_category.values()], axis=0)
    return Reread(
        texts=texts[starts],
        severity=severity,
        by_category=by_category,
        probability={name: _worst(values, starts) for name, values in found.items()},
        thresholds=thresholds,
        unread=total - len(starts),
        blind=blind,
    )


def in_common(one: Reread, other: Reread) -> tuple[Reread, Reread]:
    """Both, of the texts that both know."""
    if np.array_equal(one.texts, other.texts):
        return one, other
    _, left, right = np.intersect1d(one.texts, other.texts, assume_unique=True, return_indices=True)
    return one.at(left), other.at(right)


class Texts(Sequence[Item]):
    """Texts of an audit by their numbers, each looked up when asked for; the id is that of the first item with it."""

    def __init__(self, store: AuditStore, numbers: NDArray[np.int64]) -> None:
        self._store, self._numbers = store, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Texts: ...
    def __getitem__(self, place: int | slice) -> Item | Texts:
        if isinstance(place, slice):
            return Texts(self._store, self._numbers[place])
        number = int(self._numbers[place])
        item, text = self._store.connection.execute(
            "SELECT (SELECT min(p.item) FROM parts p WHERE p.text = t.id), t.text FROM texts t WHERE t.id = ?",
            (number,),
        ).fetchone()
        return Item(str(item), text, Location(self._store.file.name, number))


def keep(store: AuditStore, judgement: int, found: Reread) -> None:
    """Keep the verdicts, but for texts that have the full judge's by a certificate. Within a transaction."""
    corrected = {
        row[0]
        for row in store.connection.execute(
            "SELECT text FROM sampled WHERE judgement = ? AND (severity > 0 OR certificate = 0)", (judgement,)
        )
    }
    if corrected:
        found = found.at(np.flatnonzero(~np.isin(found.texts, list(corrected))))
    names = list(found.probability)
    if names:
        ten_thousandths = np.stack(
            [np.rint(found.probability[name] * 10_000).astype(np.int16) for name in names]
        )
        probabilities = ten_thousandths / 10_000
        acting = np.stack([found.by_category[name] for name in names])
        margins = np.stack([found.probability[name] - found.thresholds[name] for name in names])
        score = np.where(acting == found.severity, 10.0, 0.0) * (found.severity > 0) + margins
        lead = score.argmax(axis=0)
        template = "{" + ", ".join(f"{json.dumps(name).replace('%', '%%')}: %s" for name in names) + "}"
        # Whole columns at once: there may be a million texts.
        store.connection.executemany(
            "INSERT OR REPLACE INTO verdicts (judgement, text, severity, category, p, scores, stage, reason, read)"
            " VALUES (?, ?, ?, ?, ?, ?, 'reading', '', 1)",
            zip(
                repeat(judgement),
                found.texts.tolist(),
                found.severity.tolist(),
                [names[best] for best in lead.tolist()],
                probabilities[lead, np.arange(len(lead))].tolist(),
                map(template.__mod__, zip(*_WRITTEN[ten_thousandths].tolist(), strict=True)),
            ),
        )
    store.connection.execute(
        "UPDATE judgements SET thresholds = ? WHERE id = ?", (json.dumps(found.thresholds), judgement)
    )


def _windows(store: AuditStore) -> tuple[NDArray[np.int64], bytes]:
    """The numbers of the texts, ascending, once for each window, and the keys of the windows, one behind the other."""
    rows = store.connection.execute(
        "SELECT w.text, w.key FROM windows w JOIN texts t ON t.id = w.text WHERE t.representative IS NULL"
        " ORDER BY w.text, w.ordinal"
    ).fetchall()
    texts = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return texts, b"".join(row[1] for row in rows)


def _places(keys: list[bytes], windows: bytes) -> NDArray[np.int64]:
    """Where each of the windows (16 bytes each) stands among the keys, which are in order; -1 for those that do not."""
    known = np.frombuffer(b"".join(keys), ">u8").reshape(-1, 2)
    wanted = np.frombuffer(windows, ">u8").reshape(-1, 2)
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    first = known[:, 0].astype(np.uint64)
    place = np.minimum(np.searchsorted(first, wanted[:, 0].astype(np.uint64)), len(known) - 1)
    # Two keys that agree in their first half are one in ten million million millions; the other half tells them apart.
    return np.where((known[place] == wanted).all(axis=1), place, -1).astype(np.int64)


def _worst(values: NDArray[np.float64] | NDArray[np.int8], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(starts):
        return np.zeros(0, np.float64)
    return np.asarray(np.maximum.reduceat(values, starts), np.float64)
