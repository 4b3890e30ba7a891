"""Archives and folders: what is read of them, and what never is."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from modcli.errors import SourceError
from modcli.sources import containers
from modcli.sources.containers import is_traversal, open_container

OUTBOX = json.dumps(
    {"orderedItems": [{"type": "Create", "object": {"type": "Note", "content": "x" * 50}}] * 400}
).encode()
FILES = {
    "outbox.json": OUTBOX,
    "media_attachments/a.png": b"\x89PNG",
    "key.pem": b"secret",
    "key/b.json": b"{}",
}


def zipped(path: Path, files: dict[str, bytes] = FILES) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes] = FILES, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def unpacked(path: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def drained(stream: BinaryIO) -> None:
    while stream.read(4096):
        pass


@pytest.mark.parametrize("pack", [zipped, tarred, unpacked])
def test_records_are_offered_media_counted_and_keys_left_alone(tmp_path: Path, pack: object) -> None:
    found = open_container(pack(tmp_path / "export"))  # type: ignore[operator]
    assert [member.name for member in found.members] == ["outbox.json"]
    assert found.media == 1
    assert any("private key" in note and "key.pem" in note for note in found.notes)
    [member] = found.members
    with member.opening() as stream:
        assert stream.read(10) == OUTBOX[:10]
        assert stream.seek(5) == 5
        assert stream.read(7) == OUTBOX[5:12]
        stream.seek(0)
        assert b"".join(iter(lambda: stream.read(1000), b"")) == OUTBOX


def test_a_plain_tar_and_a_bare_file(tmp_path: Path) -> None:
    found = open_container(tarred(tmp_path / "x.tar", mode="w"))
    assert (found.kind, found.members[0].name) == ("tar", "outbox.json")
    (tmp_path / "outbox.json").write_bytes(OUTBOX)
    assert open_container(tmp_path / "outbox.json").kind == "file"


@pytest.mark.parametrize(
    "name", ["../outbox.json", "/etc/outbox.json", "a/../../b.json", "..\\b.json", "C:\\x.json", "C:/x.json"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    assert is_traversal(name)
    for pack in (zipped, tarred):
        found = open_container(pack(tmp_path / "x", {name: b"[]", "a/ok.json": b"[]"}))
        assert [member.name for member in found.members] == ["a/ok.json"]
        assert "leads out" in found.notes[0]


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("[1]")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name, kind in (
            ("a.json", tarfile.SYMTYPE),
            ("b.json", tarfile.LNKTYPE),
            ("c.json", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            archive.addfile(info)
    found = open_container(tmp_path / "x.tar")
    assert found.members == ()
    assert len(found.notes) == 2
    folder = unpacked(tmp_path / "folder", {"outbox.json": b"[]"})
    (folder / "evil.json").symlink_to(secret)
    found = open_container(folder)
    assert [member.name for member in found.members] == ["outbox.json"]
    assert "not followed" in found.notes[0]


def test_bombs_go_off_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "GRACE", 10_000)
    bomb = {"outbox.json": b" " * 5_000_000}
    for pack in (zipped, tarred):
        [member] = open_container(pack(tmp_path / "x", bomb)).members
        with member.opening() as stream:
            with pytest.raises(OSError, match="bomb"):
                drained(stream)
            assert stream.tell() < 3_000_000


def test_a_cut_off_tar_is_read_up_to_there(tmp_path: Path) -> None:
    noise = os.urandom(200_000).hex().encode()
    whole = tarred(
        tmp_path / "x.tgz", {"actor.json": b"{}", "outbox.json": noise, "likes.json": b"[]"}
    ).read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    found = open_container(tmp_path / "cut.tgz")
    assert [member.name for member in found.members][:2] == ["actor.json", "outbox.json"]
    assert any("cut off" in note for note in found.notes)
    with found.members[1].opening() as stream:
        assert stream.read(1000) == noise[:1000]
        with pytest.raises(OSError, match=r"\w"):
            drained(stream)


def test_a_zip_without_its_end_is_told(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "x.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-60])
    with pytest.raises(SourceError, match="damaged zip") as found:
        open_container(tmp_path / "cut.zip")
    assert "downloaded" in str(found.value.hint)


def test_encrypted_members_are_told(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "x.zip", {"outbox.json": b"[]"}).read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    (tmp_path / "y.zip").write_bytes(data)
    found = open_container(tmp_path / "y.zip")
    assert found.members == ()
    assert "encrypted" in found.notes[0]


def test_what_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        open_container(tmp_path / "none")
    (tmp_path / "empty.json").write_bytes(b"")
    with pytest.raises(SourceError, match="is empty"):
        open_container(tmp_path / "empty.json")
