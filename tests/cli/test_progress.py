"""Progress without a terminal: few lines, and no control characters."""

from __future__ import annotations

import io

from modcli.cli.progress import TransferProgress


def test_first_and_last_are_told_and_little_between() -> None:
    stream = io.StringIO()
    with TransferProgress(stream) as progress:
        for done in range(0, 101):
            progress.advance(done * 1_000_000, 100_000_000, "model\x1b[31m")
        progress.note("a\x07b")
    lines = stream.getvalue().splitlines()
    assert lines == [
        "model\\x1b[31m: 0 of 100 MB (0%)",
        "model\\x1b[31m: 100 of 100 MB (100%)",
        "note: a\\x07b",
    ]
