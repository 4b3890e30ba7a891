"""Run a program that fetches something, watch it, and end it with us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

#: Seconds between two looks at a running program.
TICK = 0.2


def run_watched(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, tick: Callable[[], None]
) -> int:
    """Run to the end, with stdout and stderr in `log`; its exit status.

    `tick` is called every TICK seconds. If it raises, or Ctrl-C comes, program and children are killed.
    The program is in a session of its own, so that Ctrl-C in a terminal reaches us alone. Its working
    folder is the log's: where the user stands might hold modules named like Python's own.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(TICK)
                tick()
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def bytes_below(folder: Path) -> int:
    """The size of all files in a folder that others are writing to."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).stat().st_size
    return total
