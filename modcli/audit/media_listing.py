"""The media of items, as an export is taken in: which file belongs to which item, what it is called there, how many."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from modcli.audit.store import AuditStore, in_chunks, marks
from modcli.sources.post import Attached, Post

#: A longer name within an export is none.
LONGEST = 4096


def list_media(
    store: AuditStore, posts: Mapping[int, Post], input_name: str, known: frozenset[int] = frozenset()
) -> None:
    """List what is attached to items, by their ids. What a `known` item has no more is dropped with what was said of it;
    the rest keeps its verdicts. Within a transaction."""
    folder = posixpath.dirname(input_name)
    wanted = {
        (item, path): one
        for item, post in posts.items()
        for one in post.attached
        if len(path := _within(folder, one)) <= LONGEST
    }
    gone = [
        (media,)
        for items in in_chunks(sorted(known & posts.keys()))
        for media, item, path in store.connection.execute(
            f"SELECT id, item, path FROM media WHERE item IN {marks(items)}", items
        )
        if (item, path) not in wanted
    ]
    store.connection.executemany("DELETE FROM media_verdicts WHERE media = ?", gone)
    store.connection.executemany("DELETE FROM media WHERE id = ?", gone)
    store.connection.executemany(
        "INSERT INTO media (item, name, path, kind, remote) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (item, path) DO UPDATE SET name = excluded.name, kind = excluded.kind, remote = excluded.remote",
        ((item, one.name, path, one.kind, int(one.remote)) for (item, path), one in wanted.items()),
    )


def _within(folder: str, one: Attached) -> str:
    """The path within the export; what leads out of it stays as it is, and is refused when it is to be read."""
    return posixpath.join(folder, one.path) if folder else one.path


@dataclass(frozen=True, slots=True)
class MediaCounts:
    """The media of an audit: all that are `listed`, `judged` under a judgement, of these `failed` and `acted` on;
    `sound` is never listened to; the rest is `waiting`, or not part of the export."""

    listed: int
    judged: int
    failed: int
    acted: int
    sound: int

    @property
    def waiting(self) -> int:
        """Neither judged nor sound."""
        return self.listed - self.judged - self.sound

    def as_record(self) -> dict[str, int]:
        """In JSON's terms."""
        return {
            "listed": self.listed,
            "judged": self.judged,
            "acted_on": self.acted,
            "failed": self.failed,
            "not_judged": self.waiting + self.sound,
        }


def media_counts(store: AuditStore, judgement: int) -> MediaCounts:
    """The counts under a judgement's number."""
    row = store.connection.execute(
        """
        SELECT count(*), count(v.media), count(v.error), COALESCE(sum(v.severity > 0), 0),
               COALESCE(sum(m.kind = 'audio'), 0)
        FROM media m LEFT JOIN media_verdicts v ON v.media = m.id AND v.judgement = ?
        """,
        (judgement,),
    ).fetchone()
    return MediaCounts(*row)
