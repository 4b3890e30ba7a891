"""The hub as a source of weights: one file of a repository at a pinned revision."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from modcli.weights.child import run_watched
from modcli.weights.hub_worker import REACHED
from modcli.weights.registry import Entry, PinnedFile
from modcli.weights.transport import Fetched, Progress, TransportFailed

#: Seconds that the hub has for a first answer, and that the program which asks has on top of it: it must
#: start, and looking up a name is bounded by nothing else.
PATIENCE = 4.0
STARTING = 6.0


class Run(Protocol):
    """How the worker is run: `run_watched`, or a stand-in."""

    def __call__(
        self, command: Sequence[str], *, environment: Mapping[str, str], log: Path, tick: Callable[[], None]
    ) -> int:
        """Run to the end; the exit status."""
        ...


class HubTransport:
    """Fetches through huggingface_hub, going on behind what is there already.

    A hub that does not answer is asked once per run, not once per file.
    """

    source = "hub"
    title = "the hub"

    def __init__(self, run: Run = run_watched, *, patience: float = PATIENCE + STARTING) -> None:
        self._run = run
        self._patience = patience
        self._unreachable: str | None = None

    def fetch(self, entry: Entry, file: PinnedFile, folder: Path, progress: Progress) -> Fetched:
        """See Transport."""
        if entry.hub is None:
            raise TransportFailed("it is not there")
        if self._unreachable is not None:
            raise TransportFailed(self._unreachable)
        target = folder / "hub" / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        log = folder / "hub.log"
        asked = time.monotonic()

        def tick() -> None:
            if REACHED in log.read_text("utf-8", "replace"):
                there = target.stat().st_size if target.exists() else 0
                progress.advance(min(file.bytes, there), file.bytes, entry.name)
            elif time.monotonic() - asked > self._patience:
                self._unreachable = f"no answer within {self._patience:.0f} s"
                raise TransportFailed(self._unreachable)

        name = entry.hub.name_of(file)
        worker = [sys.executable, "-P", "-m", "modcli.weights.hub_worker"]
        command = [*worker, entry.hub.repository, entry.hub.revision, name, str(file.bytes)]
        command += [str(target.resolve()), str(PATIENCE)]
        try:
            status = self._run(command, environment=_environment(), log=log, tick=tick)
            said = log.read_text("utf-8", "replace").strip().splitlines()
        finally:
            log.unlink(missing_ok=True)
        if status != 0:
            reason = said[-1][:300] if said else f"status {status}"
            if REACHED not in said:
                self._unreachable = reason
            raise TransportFailed(reason)
        with target.open("rb") as stream:
            return Fetched(target, hashlib.file_digest(stream, "sha256").hexdigest())


def _environment() -> dict[str, str]:
    """Ours, with the library quiet and impatient."""
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONWARNINGS": "ignore"}
    return {"HF_HUB_DOWNLOAD_TIMEOUT": "15", **os.environ, **quiet}
