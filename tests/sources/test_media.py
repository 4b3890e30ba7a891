"""The files of an export: each read once, and none outside of it."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from modcli.errors import SourceError
from modcli.sources import media
from modcli.sources.media import KEY, LINK, LINK_OUTSIDE, OUTSIDE, MediaFile, media_of

FILES = {"outbox.json": b"[]", "media/a.png": b"aaa", "media/b.png": b"b" * 40, "media/empty.png": b""}
WANTED = ["media/a.png", "media/b.png", "media/empty.png", "media/missing.png", "../out.png", "/etc/passwd"]


def folder(tmp_path: Path) -> Path:
    (tmp_path / "out.png").write_bytes(b"secret")
    root = tmp_path / "export"
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "media" / "link.png").symlink_to("../../out.png")
    (root / "media" / "gone.png").symlink_to("../../gone.png")
    (root / "media" / "inner.png").symlink_to("a.png")
    return root


def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**FILES, "../out.png": b"x"}.items():
            archive.writestr(name, data)
        link = zipfile.ZipInfo("media/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return path


def tarred(tmp_path: Path) -> Path:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {**FILES, "../out.png": b"x"}.items():
            info = tarfile.TarInfo(f"./{name}" if name == "media/a.png" else name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("media/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def read(path: Path, *names: str) -> dict[str, bytes | str]:
    found = list(media_of(path).read([*WANTED, *names]))
    assert len({one.name for one in found}) == len(found)
    return {one.name: one.error or one.data for one in found}


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_what_there_is_is_read(make: object, tmp_path: Path) -> None:
    found = read(make(tmp_path))  # type: ignore[operator]
    assert found == {
        "media/a.png": b"aaa",
        "media/b.png": b"b" * 40,
        "media/empty.png": "it is empty",
        "../out.png": OUTSIDE,
        "/etc/passwd": OUTSIDE,
    }


def test_links(tmp_path: Path) -> None:
    found = read(folder(tmp_path), "media/link.png", "media/gone.png", "media/inner.png", "media")
    assert [found[f"media/{name}.png"] for name in ("link", "gone", "inner")] == [
        *(LINK_OUTSIDE, LINK_OUTSIDE, b"aaa")
    ]
    assert found["media"] == "it is no regular file"
    for path in (zipped(tmp_path), tarred(tmp_path)):
        assert read(path, "media/link.png")["media/link.png"] == LINK


def test_a_key_is_never_opened(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "id.pem").write_bytes(b"secret")
    assert read(root, "id.pem")["id.pem"] == KEY


def test_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    root = folder(tmp_path)
    os.mkfifo(root / "media" / "pipe.png")
    assert read(root, "media/pipe.png")["media/pipe.png"] == "it is no regular file"


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_what_is_too_long(make: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MOST_BYTES", 10)
    found = read(make(tmp_path))  # type: ignore[operator]
    assert found["media/b.png"] == "it has 40 bytes, more than 10"
    assert found["media/a.png"] == b"aaa"


def test_damaged_archives(tmp_path: Path) -> None:
    path = zipped(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.index(b"media/b.png") + len(b"media/b.png")
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)
    found = read(path)
    assert str(found["media/b.png"]).startswith("it cannot be read: ")
    assert found["media/a.png"] == b"aaa"
    cut = tmp_path / "cut.tar"
    with tarfile.open(cut, "w") as archive:
        for name in ("outbox.json", "media/a.png", "media/b.png"):
            info = tarfile.TarInfo(name)
            info.size = 2_000
            archive.addfile(info, io.BytesIO(bytes([1]) * 2_000))
    cut.write_bytes(cut.read_bytes()[: 512 * 11])
    found = read(cut)
    assert found["media/a.png"] == bytes([1]) * 2_000
    assert found.get("media/b.png", "cut off").__class__ is str


def test_what_holds_media(tmp_path: Path) -> None:
    assert media_of(folder(tmp_path)).holds_any
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "outbox.json").write_text("[]")
    assert not media_of(tmp_path / "texts").holds_any
    assert list(media_of(tmp_path / "texts" / "outbox.json").read(["outbox.json"])) == [
        MediaFile("outbox.json", b"[]")
    ]
    archive = zipped(tmp_path)
    files = media_of(archive)
    archive.unlink()
    with pytest.raises(SourceError, match="media cannot be read"):
        list(files.read(["a.png"]))
