"""Archives as trees: what is in them, within limits, whatever they are made of."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.skills import archives
from modcli.skills.archives import BROKEN, ArchiveTree, archive_kind, open_archive
from modcli.skills.trees import Entry, Kind


def tarred(*members: tarfile.TarInfo, content: bytes = b"1") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for info in members:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return packed.getvalue()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def opened(data: bytes, name: str = "a", most: int = 1 << 20) -> tuple[dict[str, Entry], ArchiveTree]:
    tree = open_archive(io.BytesIO(data), archive_kind(data[:512]), name, len(data), most)
    return {entry.path: entry for entry in tree.entries()}, tree


def content(entry: Entry) -> bytes:
    assert entry.opening is not None
    with entry.opening() as stream:
        return stream.read()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tar_however_it_is_packed(pack: object) -> None:
    data = pack(tarred(tarfile.TarInfo("./d/a.py"), content=b"print(1)"))  # type: ignore[operator]
    found, tree = opened(data)
    with tree:
        assert content(found["d/a.py"]) == content(found["d/a.py"]) == b"print(1)"
        assert [one.kind for one in tree.children("")] == [Kind.FOLDER]
        assert [one.path for one in tree.children("d")] == ["d/a.py"]
        assert tree.children("nowhere") == []


def test_a_single_file_that_is_packed() -> None:
    found, tree = opened(gzip.compress(b"echo hi\n"), "x.zip!run.sh.gz")
    with tree:
        assert content(found["run.sh"]) == b"echo hi\n"


def test_what_unpacks_to_too_much_is_cut_and_told() -> None:
    found, tree = opened(gzip.compress(b"x" * 5000), "x.gz", most=1000)
    with tree:
        assert content(found["x"]) == b"x" * 1000
        assert tree.notes == ["it unpacks to more than 1,000 bytes: the rest was not read"]


def test_links_devices_and_pipes_in_a_tar() -> None:
    kinds = {"up": tarfile.SYMTYPE, "in": tarfile.SYMTYPE, "loop": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}
    targets = {"up": "../../x", "in": "a.py", "loop": ".", "hard": "a.py"}
    members = [tarfile.TarInfo("a.py")]
    for name, kind in {**kinds, "pipe": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE}.items():
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, targets.get(name, "")
        members.append(info)
    found, tree = opened(tarred(*members))
    with tree:
        assert {path: one.kind for path, one in found.items() if one.opening is None} == {
            **dict.fromkeys(kinds, Kind.LINK),
            "pipe": Kind.OTHER,
            "device": Kind.OTHER,
        }
        assert found["up"].target is None
        assert found["in"].target == found["hard"].target == "a.py"
        assert "loop" in found["loop"].why


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    for data in (zipped(a=b"", b=b"", c=b""), tarred(*map(tarfile.TarInfo, "abc"))):
        found, tree = opened(data)
        with tree:
            assert sorted(found) == ["a", "b"]
            assert "not looked at" in tree.notes[0]


def test_names_of_many_folders_do_not_break_it() -> None:
    found, tree = opened(zipped(**{"d/" * 20_000 + "a.py": b"1", "back\\slash.py": b"2"}))
    with tree:
        assert [one.remark for one in found.values() if one.path.endswith("a.py")] == [
            "it is more than 100 folders deep"
        ]
        assert content(found["back/slash.py"]) == b"2"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x05\x06", "zip"),
        (b"\x1f\x8b\x08", "packed"),
        (b"Rar!\x1a", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"# Text", ""),
        (b"", ""),
    ],
)
def test_kinds(start: bytes, kind: str) -> None:
    assert archive_kind(start) == kind


@given(
    st.sampled_from(["zip", "tar", "gz"]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=4)), max_size=6),
)
def test_damage_raises_nothing_else(kind: str, damage: list[tuple[int, bytes]]) -> None:
    packed = tarred(tarfile.TarInfo("a.py"), tarfile.TarInfo("b.py"))
    data = bytearray({"zip": zipped(a=b"1" * 50, b=b"2"), "tar": packed, "gz": gzip.compress(packed)}[kind])
    for place, piece in damage:
        data[place : place + len(piece)] = piece
    with suppress(*BROKEN, StopIteration):
        found, tree = opened(bytes(data))
        with tree:
            for entry in found.values():
                if entry.opening is not None:
                    with suppress(*BROKEN):
                        content(entry)
