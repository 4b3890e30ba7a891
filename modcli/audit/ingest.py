"""An export into an audit file: every record once, equal and nearly equal texts as one, in batches kept whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from modcli.audit.media_listing import list_media
from modcli.audit.store import AuditStore, in_chunks, marks
from modcli.cascade.near_duplicates import COMPARED, comparable, is_like, words_key
from modcli.sources.post import Account, Export, Input, Post, Problem, Record, RecordKind

#: The name of the part that is all of a record's own parts together, and its place among them.
WHOLE = "whole post"
#: Records that are kept together.
BATCH = 1000
#: Characters of one text that are kept and judged.
MOST_CHARACTERS = 1_000_000
#: Authors remembered, so that they need not be looked up.
_AUTHORS = 50_000


@dataclass
class Taken:
    """What was taken in. `records` are all that were read; `new` were not there, `known` were, `problems` could not be
    read; `texts` are new ones, of which `alike` are near-duplicates of others."""

    records: int = 0
    new: int = 0
    known: int = 0
    problems: int = 0
    texts: int = 0
    alike: int = 0


def ingest(
    store: AuditStore,
    export: Export,
    *,
    fingerprint: str,
    done: Callable[[Input, Taken, int], None] = lambda _input, _taken, _position: None,
    batch: int = BATCH,
) -> Taken:
    """Take in all of an export that was not taken in yet.

    `fingerprint` stands for its files as they are: where they changed, all is read anew, and what is known stays. After
    each batch `done` is told the input, what was taken in, and how far the input was read. Raises SourceError where an
    input cannot be opened, OutputError where the file cannot be written; what was taken in until then is kept, and the
    next call goes on there.
    """
    _note_source(store, export, fingerprint)
    taken, taking = Taken(), _Taking(store)
    for source in export.inputs:
        number, position, complete = _input(store, source)
        if complete:
            continue
        records = source.read(position)
        # Records are made outside of the transaction: whoever reads a slow disk holds up nobody.
        while found := list(islice(records, batch)):
            position = found[-1].position
            with store.transaction() as connection:
                taking.take(found, number, source.name, taken)
                connection.execute(
                    "UPDATE inputs SET position = ?, records = records + ? WHERE id = ?",
                    (position, len(found), number),
                )
            taking.kept()
            done(source, taken, position)
        with store.transaction() as connection:
            connection.execute("UPDATE inputs SET complete = 1 WHERE id = ?", (number,))
    with store.transaction():
        store.set_fact("taken_in", True)
    return taken


def fingerprint_of(path: Path) -> str:
    """Stands for the files of an export, by their sizes and times."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    told = [(str(one.relative_to(path)), one.stat().st_size, one.stat().st_mtime_ns) for one in files]
    return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()


def _note_source(store: AuditStore, export: Export, fingerprint: str) -> None:
    with store.transaction() as connection:
        # An audit of before media were listed is read again for them.
        if store.fact("fingerprint") not in (None, fingerprint) or not store.fact("lists_media"):
            connection.execute("UPDATE inputs SET position = 0, records = 0, complete = 0")
        if store.fact("fingerprint") != fingerprint:
            store.set_fact("taken_in", False)
        owner = export.owner or Account()
        for name, value in (
            ("source", export.name),
            ("kind", export.kind),
            ("notes", list(export.notes)),
            ("owner", {"handle": owner.handle, "url": owner.url, "name": owner.name}),
            ("fingerprint", fingerprint),
            ("lists_media", True),
        ):
            store.set_fact(name, value)


def _input(store: AuditStore, source: Input) -> tuple[int, int, bool]:
    """Number of an input, how far it was read, and whether that is all of it."""
    with store.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO inputs (name, kind, bytes) VALUES (?, ?, ?)",
            (source.name, source.kind, source.size),
        )
        found = connection.execute(
            "SELECT id, position, complete FROM inputs WHERE name = ?", (source.name,)
        ).fetchone()
    return int(found[0]), int(found[1]), bool(found[2])


@dataclass
class _Text:
    """A text of a batch, and its row once that is known."""

    text: str
    cut: int
    id: int = 0


@dataclass
class _Taking:
    """Puts batches of records into the tables."""

    store: AuditStore
    authors: dict[tuple[str, str], int] = field(default_factory=dict)
    fresh: dict[tuple[str, str], int] = field(default_factory=dict)
    salt: bytes = b""

    def __post_init__(self) -> None:
        self.salt = self.store.salt

    def kept(self) -> None:
        """The batch is on the disk: what it added may be relied on."""
        if len(self.authors) > _AUTHORS:
            self.authors.clear()
        self.authors |= self.fresh
        self.fresh = {}

    def take(self, records: Sequence[Record], number: int, name: str, taken: Taken) -> None:
        self.fresh = {}
        posts: dict[str, Post] = {}
        problems: list[Problem] = []
        for record in records:
            if isinstance(record.found, Problem):
                problems.append(record.found)
            else:
                # The last one of the same key counts.
                posts[_key(record.found)] = record.found
        taken.records += len(records)
        taken.problems += len(problems)
        self.store.connection.executemany(
            "INSERT OR IGNORE INTO errors (input, place, message, hint) VALUES (?, ?, ?, ?)",
            ((number, str(one.location), one.message, one.hint) for one in problems),
        )
        parts = {key: _parts(post) for key, post in posts.items()}
        texts = self._texts((text for own in parts.values() for _, text in own), taken)
        known = self._known(posts)
        taken.known += len(known)
        taken.new += len(posts) - len(known)
        self._update({key: posts[key] for key in known}, known)
        ids = dict(known)
        first = self._next("items")
        new = [key for key in posts if key not in known]
        ids |= {key: first + i for i, key in enumerate(new)}
        self.store.connection.executemany(
            f"INSERT INTO items VALUES {marks(range(19))}",
            (self._item(ids[key], key, posts[key], number) for key in new),
        )
        self.store.connection.executemany(
            "INSERT INTO parts VALUES (?, ?, ?, ?)",
            (
                (ids[key], ordinal, part, texts[text].id)
                for key, own in parts.items()
                for ordinal, (part, text) in enumerate(own)
            ),
        )
        by_id = {ids[key]: post for key, post in posts.items()}
        list_media(self.store, by_id, name, frozenset(known.values()))

    def _known(self, posts: dict[str, Post]) -> dict[str, int]:
        """The ids of the keys that are there."""
        found: dict[str, int] = {}
        for keys in in_chunks(list(posts)):
            found |= dict(
                self.store.connection.execute(f"SELECT key, id FROM items WHERE key IN {marks(keys)}", keys)
            )
        return found

    def _update(self, posts: dict[str, Post], ids: dict[str, int]) -> None:
        """An item that comes again may have been edited: it is what it was last."""
        self.store.connection.executemany("DELETE FROM parts WHERE item = ?", ((ids[key],) for key in posts))
        self.store.connection.executemany(
            "UPDATE items SET edited = ?, sensitive = ?, details = ? WHERE id = ?",
            ((_time(post.edited), post.sensitive, _details(post), ids[key]) for key, post in posts.items()),
        )

    def _texts(self, texts: Iterable[str], taken: Taken) -> dict[str, _Text]:
        """The rows of the texts, made where there are none."""
        found: dict[bytes, _Text] = {}
        by_text: dict[str, _Text] = {}
        for text in texts:
            if text not in by_text:
                kept = text[:MOST_CHARACTERS]
                cut = len(text[MOST_CHARACTERS:].encode("utf-8", "replace")) if len(kept) < len(text) else 0
                digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
                by_text[text] = found.setdefault(digest, _Text(_storable(kept), cut))
        for digests in in_chunks(list(found)):
            rows = self.store.connection.execute(
                f"SELECT digest, id FROM texts WHERE digest IN {marks(digests)}", digests
            )
            for digest, id in rows:
                found[digest].id = id
        new = {digest: one for digest, one in found.items() if not one.id}
        self._add_texts(new, taken)
        return by_text

    def _add_texts(self, new: dict[bytes, _Text], taken: Taken) -> None:
        first = self._next("texts")
        plain = {digest: "" if one.cut else comparable(one.text) for digest, one in new.items()}
        words = {digest: words_key(text) for digest, text in plain.items() if text}
        candidates = self._candidates(set(words.values()))
        rows: list[tuple[Any, ...]] = []
        for i, (digest, one) in enumerate(new.items()):
            one.id = first + i
            representative = None
            if digest in words:
                alike = candidates.setdefault(words[digest], [])
                representative = next(
                    (id for id, other in alike[:COMPARED] if is_like(plain[digest], other)), None
                )
                if representative is None:
                    alike.append((one.id, plain[digest]))
            taken.alike += representative is not None
            rows.append((one.id, digest, words.get(digest), representative, one.cut, one.text))
        taken.texts += len(rows)
        self.store.connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _candidates(self, words: set[bytes]) -> dict[bytes, list[tuple[int, str]]]:
        """The representatives that share the words, folded."""
        found: dict[bytes, list[tuple[int, str]]] = {}
        for keys in in_chunks(list(words)):
            rows = self.store.connection.execute(
                f"SELECT words, id, text FROM texts WHERE words IN {marks(keys)} AND representative IS NULL"
                " AND words IS NOT NULL ORDER BY id",
                keys,
            )
            for key, id, text in rows:
                alike = found.setdefault(key, [])
                if len(alike) < COMPARED:
                    alike.append((id, comparable(text)))
        return found

    def _next(self, table: str) -> int:
        return int(
            self.store.connection.execute(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}").fetchone()[0]
        )

    def _item(self, id: int, key: str, post: Post, number: int) -> tuple[Any, ...]:
        lot = int.from_bytes(hashlib.sha256(self.salt + key.encode("utf-8", "replace")).digest()[:8]) >> 1
        return (
            id,
            key,
            post.kind.value,
            self._author(post.author),
            _time(post.published),
            _time(post.edited),
            _storable(post.url),
            _storable(post.uri),
            post.visibility.value,
            int(post.sensitive),
            _storable(post.language),
            _storable(post.in_reply_to),
            _storable(post.conversation),
            _storable(post.target),
            post.media,
            _details(post),
            number,
            _storable(str(post.location)),
            lot,
        )

    def _author(self, account: Account | None) -> int | None:
        if account is None or not (account.handle or account.url):
            return None
        key = _storable(account.handle), _storable(account.url)
        known = self.authors.get(key) or self.fresh.get(key)
        if known is None:
            row = self.store.connection.execute(
                "INSERT INTO authors (handle, url, name) VALUES (?, ?, ?) ON CONFLICT (handle, url)"
                " DO UPDATE SET name = CASE WHEN excluded.name = '' THEN name ELSE excluded.name END RETURNING id",
                (*key, _storable(account.name)),
            ).fetchone()
            known = self.fresh[key] = int(row[0])
        return known


def _parts(post: Post) -> list[tuple[str, str]]:
    """What is judged of a post, by the names of its parts: all that its author wrote as one, and each part by itself, so
    that none is hidden behind the others."""
    found = [(part.name.value, part.text) for part in post.parts if part.text]
    own = [part for part in post.parts if part.text and part.name.is_own]
    return [(WHOLE, post.text), *found] if len(own) > 1 else found


def _key(post: Post) -> str:
    """What tells a record from all others of the audit; who likes a post is no second post."""
    key = post.key if post.kind is RecordKind.POST else f"{post.kind} {post.key}"
    return _storable(key)


def _details(post: Post) -> str:
    found: dict[str, Any] = {}
    if post.mentions:
        found["mentions"] = post.mentions
    if post.tags:
        found["tags"] = post.tags
    if post.disguised:
        found["disguised"] = [[link.shown, link.target] for link in post.disguised]
    return json.dumps(found) if found else "{}"


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None


def _storable(text: str) -> str:
    """SQLite keeps valid Unicode only."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def inputs_of(store: AuditStore) -> Iterator[tuple[str, str, int, bool]]:
    """Name, kind, number of records and whether it was read to its end, of each input."""
    for name, kind, records, complete in store.connection.execute(
        "SELECT name, kind, records, complete FROM inputs ORDER BY id"
    ):
        yield name, kind, records, bool(complete)
