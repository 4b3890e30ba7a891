"""A program that is watched, and ended with us."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from modcli.weights.child import bytes_below, run_watched


def test_output_and_status_come_back(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd()); print('oh', file=sys.stderr); sys.exit(3)"
    status = run_watched(
        [sys.executable, "-c", script], environment=os.environ, log=tmp_path / "log", tick=lambda: None
    )
    assert status == 3
    assert sorted((tmp_path / "log").read_text().splitlines()) == [str(tmp_path), "oh"]


def test_an_interruption_ends_the_program_and_its_children(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('child.pid').write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )

    def tick() -> None:
        if (tmp_path / "child.pid").exists() and (tmp_path / "child.pid").read_text():
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_watched([sys.executable, "-c", script], environment=os.environ, log=tmp_path / "log", tick=tick)
    assert time.monotonic() - started < 20
    stat = Path("/proc") / (tmp_path / "child.pid").read_text() / "stat"
    deadline = time.monotonic() + 5
    # Whoever inherits the child may take a moment to bury it: a zombie (Z) is dead too.
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_bytes_below_counts_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"123")
    (tmp_path / "y").write_bytes(b"45")
    assert bytes_below(tmp_path) == 5
    assert bytes_below(tmp_path / "none") == 0
