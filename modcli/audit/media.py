"""Judging the pictures and videos of an audit: each once, in batches that are kept whole, in constant memory."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from modcli.audit.run import Wish, chosen_items
from modcli.audit.store import AuditStore, Judgement, in_chunks, marks, row_of
from modcli.errors import Location
from modcli.item import Item, Kind
from modcli.profile import Action
from modcli.sources.media import MediaFile, MediaFiles
from modcli.verdict import Verdict

#: Files that are judged and kept together, and the bytes of them from which on no more are added.
BATCH, MOST_HELD = 32, 64 << 20
#: Characters of what stands beside a picture that are read with it; all of it is judged as a text besides.
BESIDE = 4_000
MISSING = "it is not in the export"
#: What pictures that rows name are called; the others are attachments and portraits of an account.
_ROWS = "image"
_PAGE = 500


class JudgesMedia(Protocol):
    """The part of a moderator of pictures that is used here."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


@dataclass
class MediaDone:
    """How far it has come, in media: `total` were to be judged, `judged` are, of which `alike` have the verdict of
    another and `failed` could not be. `absent` are not part of the export."""

    total: int
    judged: int = 0
    failed: int = 0
    alike: int = 0
    absent: int = 0
    seconds: float = 0.0
    severities: Counter[Action] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "media": self.total,
            "media_judged": self.judged,
            "media_failed": self.failed,
            "media_alike": self.alike,
            "media_absent": self.absent,
            "seconds": round(self.seconds, 3),
            "actions": {action.value: count for action, count in self.severities.items()},
        }


def pending_media(store: AuditStore, judgement: Judgement, wish: Wish) -> int:
    """How many media the wish is about that have no verdict; they are noted for `judge_media`."""
    chosen, values = chosen_items(wish, judgement)
    failed = "AND v.error IS NULL" if wish.retry else ""
    connection = store.connection
    connection.execute("DROP TABLE IF EXISTS temp.media_wanted")
    connection.execute("CREATE TEMP TABLE media_wanted (media INTEGER PRIMARY KEY, path TEXT NOT NULL)")
    connection.execute(
        f"""
        INSERT INTO temp.media_wanted SELECT m.id, m.path FROM media m
        WHERE m.kind <> 'audio' AND m.item IN ({chosen})
          AND NOT EXISTS (SELECT 1 FROM media_verdicts v WHERE v.judgement = :judgement AND v.media = m.id {failed})
        """,
        values | {"judgement": judgement.id},
    )
    connection.execute("CREATE INDEX temp.media_wanted_by_path ON media_wanted (path)")
    return int(connection.execute("SELECT count(*) FROM temp.media_wanted").fetchone()[0])


def judge_media(
    store: AuditStore,
    judgement: Judgement,
    moderator: JudgesMedia,
    files: MediaFiles,
    *,
    on_error: Action,
    options: Mapping[str, Any],
    done: Callable[[MediaDone], None] = lambda _done: None,
) -> MediaDone:
    """Judge what `pending_media` noted. After each batch, which is kept whole, `done` is told how far it is.

    Equal files with equal text beside them are judged once. Each file that is missing, damaged, or leads out of the
    export is an error of its own. Raises what the moderator raises, SourceError where the export cannot be opened,
    OutputError.
    """
    wanted = _Wanted(store)
    state = MediaDone(wanted.count())
    with store.transaction():
        run = store.begin(judgement.id, {**options, "media": True})
    outcome, judging = "failed", _Judging(store, judgement.id, moderator, on_error, state)
    start = time.perf_counter()

    def kept() -> None:
        state.seconds = time.perf_counter() - start
        with store.transaction():
            store.progress(run, judged=state.judged, figures=state.figures())
        done(state)

    try:
        for batch in _batches(wanted, files):
            judging.judge(batch)
            kept()
        for missing in wanted.left(files.holds_any):
            judging.judge([_File(media, MediaFile(path, error=MISSING)) for media, path in missing])
            kept()
        state.absent = wanted.count()
        outcome = "complete"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    finally:
        kept_figures = state.figures()
        with store.transaction():
            store.progress(run, judged=state.judged, figures=kept_figures)
            store.end(run, outcome)
    return state


@dataclass(frozen=True, slots=True)
class _File:
    media: int
    file: MediaFile


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is still to be judged. See `sources.media.Wanted`."""

    store: AuditStore

    def count(self) -> int:
        return int(self.store.connection.execute("SELECT count(*) FROM temp.media_wanted").fetchone()[0])

    def __iter__(self) -> Iterator[str]:
        # Page by page: what was judged meanwhile is gone, and no cursor is left open over a transaction.
        last = ""
        while True:
            rows = self.store.connection.execute(
                "SELECT DISTINCT path FROM temp.media_wanted WHERE path > ? ORDER BY path LIMIT ?",
                (last, _PAGE),
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from (row[0] for row in rows)

    def __contains__(self, name: object) -> bool:
        return bool(self.ids(str(name)))

    def ids(self, name: str) -> list[int]:
        """The media in a file."""
        rows = self.store.connection.execute(
            "SELECT media FROM temp.media_wanted WHERE path = ? ORDER BY media", (name,)
        )
        return [row[0] for row in rows]

    def left(self, holds_any: bool) -> Iterator[list[tuple[int, str]]]:
        """What was not found and should have been, in batches. An export without media lacks none, and what has an
        address of the web is elsewhere; but what a row names is to be there."""
        while rows := self.store.connection.execute(
            "SELECT w.media, w.path FROM temp.media_wanted w JOIN media m ON m.id = w.media"
            " WHERE NOT m.remote AND (? OR m.name LIKE ?) ORDER BY w.media LIMIT ?",
            (int(holds_any), f"{_ROWS}%", BATCH),
        ).fetchall():
            yield rows


def _batches(wanted: _Wanted, files: MediaFiles) -> Iterator[list[_File]]:
    batch: list[_File] = []
    taken: set[int] = set()
    held = 0
    for file in files.read(wanted):
        # An archive may hold two files of one name: the first counts.
        fresh = [media for media in wanted.ids(file.name) if media not in taken]
        batch += [_File(media, file) for media in fresh]
        taken |= set(fresh)
        held += len(file.data) if fresh else 0
        if len(batch) >= BATCH or held >= MOST_HELD:
            yield batch
            batch, taken, held = [], set(), 0
    if batch:
        yield batch


@dataclass(frozen=True)
class _Judging:
    """Judges batches of files and keeps what they come to."""

    store: AuditStore
    judgement: int
    moderator: JudgesMedia
    on_error: Action
    state: MediaDone

    def judge(self, batch: Sequence[_File]) -> None:
        beside = self._beside([one.media for one in batch])
        contents = {
            one.media: _content(one.file, beside.get(one.media, "")) for one in batch if one.file.data
        }
        known = self._known(sorted(set(contents.values())))
        first: dict[bytes, _File] = {}
        for one in batch:
            if one.media in contents and contents[one.media] not in known:
                first.setdefault(contents[one.media], one)
        items = [self._item(one, beside.get(one.media, "")) for one in first.values()]
        verdicts = self.moderator.judge(items) if items else []
        fresh = {one.media: verdict for one, verdict in zip(first.values(), verdicts, strict=True)}
        rows: list[tuple[Any, ...]] = []
        for one in batch:
            content = contents.get(one.media)
            if content is None:
                failed = Verdict("", self.on_error, reason="could not be judged", error=one.file.error)
                rows.append(self._row(one.media, failed, None, None))
            elif content in known:
                rows.append((self.judgement, one.media, *known[content][1:], content, known[content][0]))
                self._count(Action(tuple(Action)[known[content][1]]), None, alike=True)
            else:
                origin = first[content].media
                rows.append(
                    self._row(one.media, fresh[origin], content, origin if origin != one.media else None)
                )
        with self.store.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO media_verdicts (judgement, media, severity, category, p, scores, stage, reason,"
                f" read, error, part, details, model, content, alike) VALUES {marks(range(15))}",
                rows,
            )
            connection.executemany(
                "DELETE FROM temp.media_wanted WHERE media = ?", ((one.media,) for one in batch)
            )

    def _row(self, media: int, verdict: Verdict, content: bytes | None, alike: int | None) -> tuple[Any, ...]:
        self._count(verdict.action, verdict.error, alike=alike is not None)
        details = json.dumps(
            {**(verdict.picture or {}), **({"untold": verdict.untold} if verdict.untold else {})}
        )
        told = (*row_of(verdict), verdict.part, details, verdict.model)
        # What could not be judged speaks for no other.
        return (self.judgement, media, *told, content if verdict.error is None else None, alike)

    def _count(self, action: Action, error: str | None, *, alike: bool) -> None:
        self.state.judged += 1
        self.state.alike += alike
        if error is None:
            self.state.severities[action] += 1
        else:
            self.state.failed += 1

    def _known(self, contents: Sequence[bytes]) -> dict[bytes, tuple[Any, ...]]:
        """Of what was judged before: the media, and its row from severity to model."""
        found: dict[bytes, tuple[Any, ...]] = {}
        for some in in_chunks(contents):
            rows = self.store.connection.execute(
                "SELECT content, COALESCE(alike, media), severity, category, p, scores, stage, reason, read, error, part,"
                f" details, model FROM media_verdicts WHERE judgement = ? AND content IN {marks(some)}",
                (self.judgement, *some),
            )
            found |= {row[0]: tuple(row[1:]) for row in rows}
        return found

    def _beside(self, media: Sequence[int]) -> dict[int, str]:
        """What the author of each item wrote beside it."""
        rows = self.store.connection.execute(
            "SELECT m.id, t.text FROM media m JOIN parts p ON p.item = m.item JOIN texts t ON t.id = p.text"
            f" WHERE m.id IN {marks(media)} AND p.name NOT IN ('link preview', 'quoted text')"
            " ORDER BY m.id, p.ordinal DESC",
            media,
        )
        # The last of each is the first part: the whole post, where there are several.
        return {row[0]: row[1][:BESIDE] for row in rows}

    def _item(self, one: _File, beside: str) -> Item:
        data = MappingProxyType({"data": one.file.data})
        return Item(one.file.name, beside, Location(one.file.name), kind=Kind.IMAGE, metadata=data)


def _content(file: MediaFile, beside: str) -> bytes:
    """Stands for a file with the text beside it."""
    own = hashlib.sha256(file.data).digest()
    return hashlib.sha256(own + beside.encode("utf-8", "replace")).digest()[:16]
