"""The hub, with a stand-in for the program that asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from modcli.weights.hub import HubTransport
from modcli.weights.transport import Silent, TransportFailed
from tests.weights import tiny

ENTRY = tiny.registry().get("big")


class FakeWorker:
    """Writes to the log and to the target, and ends."""

    def __init__(self, says: str, status: int = 0, content: bytes = b"", ticks: int = 1) -> None:
        self.runs: list[list[str]] = []
        self._says, self._status, self._content, self._ticks = says, status, content, ticks

    def __call__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        tick: Callable[[], None],
    ) -> int:
        self.runs.append(list(command))
        log.write_text(self._says)
        if self._content:
            Path(command[-2]).write_bytes(self._content)
        for _ in range(self._ticks):
            tick()
        return self._status


def test_a_file_is_fetched_at_its_pinned_revision(tmp_path: Path) -> None:
    worker, heard = FakeWorker("reached\n", content=tiny.BIG), tiny.Heard()
    fetched = HubTransport(worker).fetch(ENTRY, ENTRY.files[0], tmp_path, heard)
    assert fetched.path.read_bytes() == tiny.BIG
    assert fetched.digest == tiny.sha(tiny.BIG)
    assert worker.runs[0][4:8] == ["a/b", "0" * 40, "big.gguf", str(len(tiny.BIG))]
    assert heard.steps == [(len(tiny.BIG), len(tiny.BIG), "big")]
    assert not (tmp_path / "hub.log").exists()


def test_a_hub_that_cannot_be_reached_is_asked_once(tmp_path: Path) -> None:
    worker = FakeWorker("ConnectError: Name or service not known\n", status=1)
    transport = HubTransport(worker)
    for _ in range(2):
        with pytest.raises(TransportFailed, match="Name or service not known"):
            transport.fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())
    assert len(worker.runs) == 1


def test_a_hub_that_answers_no_is_asked_again(tmp_path: Path) -> None:
    worker = FakeWorker("reached\nHfHubHTTPError: 404\n", status=1)
    transport = HubTransport(worker)
    for _ in range(2):
        with pytest.raises(TransportFailed, match="404"):
            transport.fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())
    assert len(worker.runs) == 2


def test_silence_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(TransportFailed, match="no answer"):
        HubTransport(FakeWorker(""), patience=-1).fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())


def test_the_worker_itself_gives_its_reason_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(TransportFailed, match=r"^OfflineModeIsEnabled: [^\n]*$"):
        HubTransport().fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())
