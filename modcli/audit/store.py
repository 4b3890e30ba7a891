"""The audit file: one SQLite database with all that an audit read and judged. docs/audit-file.md describes its tables."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from modcli import __version__
from modcli.audit.schema import APPLICATION_ID, FROM_1, MEDIA, SCHEMA, VERSION
from modcli.errors import Location, OutputError, SourceError, UsageError
from modcli.profile import Action
from modcli.states.database import transaction
from modcli.verdict import Verdict

#: Bytes of SQLite's page cache, and pages in the log after which it is written back.
_CACHE_KIB, _LOG_PAGES = 65_536, 4_000
#: Seconds that somebody who reads waits for one who writes.
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """By what texts were judged: a profile (its JSON), a model (digest and name), a method (all else that a verdict
    depends on) and a depth, `full` or `reading`. `thresholds` are those of its categories, as far as known."""

    id: int
    name: str
    profile: str
    profile_digest: str
    model: str
    model_name: str
    method: str
    depth: str
    thresholds: Mapping[str, float]
    made: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A text that has no verdict yet; `cut` bytes of it were not kept."""

    id: int
    text: str
    cut: int


def now() -> str:
    """The time, as it is kept: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class AuditStore:
    """An open audit file, a context manager. One process writes, others may read meanwhile.

    What stands in a `transaction` is kept as a whole or not at all, whatever happens to the process or the machine.
    Raises SourceError for a file that is no audit or of another version, UsageError where another process writes to it,
    and OutputError where it cannot be written.
    """

    def __init__(self, file: Path, *, write: bool = False) -> None:
        self.file = file
        self._lock = FileLock(self.states_folder / "writer.lock") if write else None
        if self._lock is not None:
            self._take(self._lock)
        try:
            self.connection = _opened(file, write=write)
        except BaseException:
            self._release()
            raise

    @classmethod
    def is_audit(cls, file: Path) -> bool:
        """Whether a file is an audit, of whatever version."""
        try:
            with file.open("rb") as stream:
                head = stream.read(100)
        except OSError:
            return False
        return head[:15] == b"SQLite format 3" and head[68:72] == APPLICATION_ID.to_bytes(4, "big")

    def __enter__(self) -> AuditStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and let others write to it."""
        with suppress(sqlite3.Error):
            self.connection.close()
        self._release()

    @property
    def states_folder(self) -> Path:
        """Where the states of its texts are kept, and the lock of who writes: beside it."""
        return self.file.with_name(f"{self.file.name}.states")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written within, or none of it. Raises OutputError where it cannot be written."""
        try:
            with transaction(self.connection):
                yield self.connection
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"cannot be written: {error}",
                location=Location(str(self.file)),
                hint="make room, then give the same command again: what was judged is kept",
            ) from error

    # Facts: single values by name.

    def fact(self, name: str, otherwise: Any = None) -> Any:
        """What is kept under a name, any JSON value."""
        found = self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else otherwise

    def set_fact(self, name: str, value: Any) -> None:
        """Keep a value under a name. Within a transaction."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    @property
    def salt(self) -> bytes:
        """What makes this audit's random choices its own."""
        return bytes.fromhex(str(self.fact("salt")))

    # Judgements and their verdicts.

    def judgement(
        self, *, name: str, profile: str, digest: str, model: str, model_name: str, method: str, depth: str
    ) -> Judgement:
        """The judgement by these, made where there is none. Within a transaction."""
        key = (digest, model, method, depth)
        self.connection.execute(
            "INSERT OR IGNORE INTO judgements (name, profile, profile_digest, model, model_name, method, depth, made)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, profile, digest, model, model_name, method, depth, now()),
        )
        found = self.connection.execute(
            "SELECT id FROM judgements WHERE profile_digest = ? AND model = ? AND method = ? AND depth = ?",
            key,
        ).fetchone()
        return next(one for one in self.judgements() if one.id == found[0])

    def judgements(self) -> list[Judgement]:
        """All of them, in the order in which they were made."""
        rows = self.connection.execute(
            "SELECT id, name, profile, profile_digest, model, model_name, method, depth, thresholds, made"
            " FROM judgements ORDER BY id"
        )
        told = [(*row[:8], json.loads(row[8]), row[9]) for row in rows]
        return [Judgement(*one) for one in told]

    def chosen(self, number: int | None = None) -> Judgement:
        """The judgement of a number; without one that which the audit was made with. Raises UsageError where there is
        none."""
        judgements = self.judgements()
        wanted = self.fact("judgement") if number is None else number
        for one in judgements:
            if one.id == wanted:
                return one
        if number is None:
            raise UsageError(
                f"{self.file}: nothing was judged yet", hint="modcli audit SOURCE -p PROFILE --out FILE"
            )
        known = ", ".join(f"{one.id} ({one.name}, {one.depth})" for one in judgements)
        raise UsageError(f"{self.file}: no judgement {number}", hint=f"there are {known}" if known else None)

    def put(self, judgement: int, verdicts: Mapping[int, Verdict]) -> None:
        """Keep verdicts by the ids of their texts. Within a transaction."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO verdicts (judgement, text, severity, category, p, scores, stage, reason, read, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((judgement, text, *row_of(verdict)) for text, verdict in verdicts.items()),
        )
        thresholds = {
            name: found.threshold
            for verdict in verdicts.values()
            for name, found in verdict.categories.items()
        }
        if thresholds:
            self.connection.execute(
                "UPDATE judgements SET thresholds = json_patch(thresholds, ?) WHERE id = ?",
                (json.dumps(thresholds), judgement),
            )

    # Runs: who did what, when.

    def begin(self, judgement: int | None, options: Mapping[str, Any]) -> int:
        """The number of a new run. Within a transaction."""
        return int(
            self.connection.execute(
                "INSERT INTO runs (judgement, started, version, options) VALUES (?, ?, ?, ?)",
                (judgement, now(), __version__, json.dumps(options)),
            ).lastrowid
            or 0
        )

    def progress(self, run: int, *, judged: int, figures: Mapping[str, Any]) -> None:
        """How far a run has come. Within a transaction."""
        self.connection.execute(
            "UPDATE runs SET ended = ?, judged = ?, figures = ? WHERE id = ?",
            (now(), judged, json.dumps(figures), run),
        )

    def end(self, run: int, outcome: str) -> None:
        """How a run ended: `complete`, `interrupted`, `failed`, `limit`. Within a transaction."""
        self.connection.execute("UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (now(), outcome, run))

    def _take(self, lock: FileLock) -> None:
        try:
            self.states_folder.mkdir(exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(
                f"{self.file}: another process is writing to it",
                hint="wait until it is done; `modcli audit show` may look at it meanwhile",
            ) from error
        except OSError as error:
            raise OutputError(
                f"cannot be written: {error.strerror or error}",
                location=Location(str(self.file)),
                hint=f"name another place, or make the folder first: mkdir -p {self.file.parent}",
            ) from error

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()


def categories_of(scores: str) -> dict[str, float]:
    """The probabilities in a row's `scores`."""
    return dict(json.loads(scores))


def action_of(severity: int) -> Action:
    """The action of a severity."""
    return tuple(Action)[severity]


def in_chunks(values: Sequence[Any], size: int = 900) -> Iterator[Sequence[Any]]:
    """Pieces of a sequence, none longer than a query may have parameters."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def marks(values: Iterable[Any]) -> str:
    """`(?,?,?)` for so many values."""
    return f"({','.join('?' for _ in values)})"


def row_of(verdict: Verdict) -> tuple[Any, ...]:
    """What is kept of a verdict: severity, leading category, its probability, all of them, and the rest."""
    found = verdict.categories
    acting = {name: one for name, one in found.items() if one.action is verdict.action} or found
    if verdict.action is Action.ALLOW:
        acting = found
        lead = max(found, key=lambda name: found[name].probability - found[name].threshold, default="")
    else:
        lead = max(acting, key=lambda name: acting[name].probability, default="")
    scores = json.dumps({name: round(one.probability, 4) for name, one in found.items()})
    p = round(found[lead].probability, 4) if lead else None
    return (
        verdict.action.severity,
        lead,
        p,
        scores,
        verdict.stage,
        verdict.reason,
        verdict.read_share,
        verdict.error,
    )


def _opened(file: Path, *, write: bool) -> sqlite3.Connection:
    existed = file.exists() and file.stat().st_size > 0
    if not existed and not write:
        raise SourceError(
            "no such audit", location=Location(str(file)), hint="modcli audit SOURCE --out FILE"
        )
    mode = "rwc" if write else "ro"
    try:
        connection = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            version = _check(connection, file) if existed else VERSION
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            if write:
                _prepare(connection, existed=existed)
            if version < VERSION:
                _bring_up(connection, write=write)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise SourceError(
            f"cannot be opened as an audit: {error}", location=Location(str(file)), hint=_hint(file)
        ) from error
    return connection


def _check(connection: sqlite3.Connection, file: Path) -> int:
    """Its version."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise SourceError("is no audit of modcli", location=Location(str(file)), hint="name another file")
    if not 1 <= version <= VERSION:
        raise SourceError(
            f"is an audit of version {version}, and this modcli knows version {VERSION}",
            location=Location(str(file)),
            hint="make the audit anew, or use the modcli that made it",
        )
    return int(version)


def _bring_up(connection: sqlite3.Connection, *, write: bool) -> None:
    """What a file of version 1 lacks: for who writes, in the file; for who reads, beside it, empty."""
    if not write:
        for statement in _statements(
            MEDIA.replace("CREATE TABLE", "CREATE TEMP TABLE").replace(" INDEX ", " INDEX temp.")
        ):
            connection.execute(statement)
        return
    with transaction(connection):
        for statement in _statements(FROM_1):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION:d}")


def _prepare(connection: sqlite3.Connection, *, existed: bool) -> None:
    # Each batch that is said to be done has reached the disk.
    connection.execute("PRAGMA synchronous = FULL")
    if not existed:
        _create(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in _statements(SCHEMA):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute(f"PRAGMA user_version = {VERSION:d}")
        for name, value in (("salt", secrets.token_hex(16)), ("created", now()), ("version", __version__)):
            connection.execute("INSERT INTO facts VALUES (?, ?)", (name, json.dumps(value)))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger holds semicolons of its own."""
    gathered = ""
    for piece in script.split(";"):
        gathered += piece
        if sqlite3.complete_statement(f"{gathered};"):
            yield gathered
            gathered = ""
        else:
            gathered += ";"
    if gathered.strip(" \n;"):
        yield gathered


def _hint(file: Path) -> str:
    readable = os.access(file, os.R_OK) if file.exists() else True
    return "name another file" if readable else "its permissions do not let you read it"
