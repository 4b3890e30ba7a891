"""Whole exports, recognized by what is in them."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from modcli.errors import SourceError
from modcli.sources.exports import open_export
from modcli.sources.fields import Fields
from modcli.sources.post import Export, Post, Problem, RecordKind, Visibility

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive"


def posts(export: Export) -> list[Post]:
    found = [record.found for source in export.inputs for record in source.read()]
    assert not [one for one in found if isinstance(one, Problem)]
    return [one for one in found if isinstance(one, Post)]


@pytest.fixture(params=["folder", "zip", "tar.gz", "one folder down", "one folder down, zipped"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    below = tmp_path / "in"
    shutil.copytree(EXAMPLE, below / "archive-1")
    match request.param:
        case "folder":
            return EXAMPLE
        case "zip":
            return Path(shutil.make_archive(str(tmp_path / "x"), "zip", EXAMPLE))
        case "one folder down":
            return below
        case "one folder down, zipped":
            return Path(shutil.make_archive(str(tmp_path / "x"), "zip", below))
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(EXAMPLE, arcname=".")
    return tmp_path / "x.tar.gz"


def test_an_account_archive_however_it_is_packed(packed: Path) -> None:
    export = open_export(packed)
    found = posts(export)
    assert export.kind.startswith("account archive")
    assert export.owner is not None
    assert export.owner.handle == "ada@village.example"
    kinds = Counter(post.kind for post in found)
    assert kinds == {
        RecordKind.POST: 35,
        RecordKind.LIKE: 3,
        RecordKind.BOOST: 3,
        RecordKind.PROFILE: 1,
        RecordKind.BOOKMARK: 1,
    }
    assert Counter(post.visibility for post in found)[Visibility.DIRECT] == 1
    assert Counter(post.visibility for post in found)[Visibility.FOLLOWERS] == 1
    assert {post.author.handle for post in found if post.author} == {"ada@village.example"}
    assert [post.disguised[0].shown for post in found if post.disguised] == [
        "https://petition.village.example"
    ]


def test_reading_goes_on_from_any_record(tmp_path: Path) -> None:
    for source in open_export(EXAMPLE).inputs:
        records = list(source.read())
        for i, record in enumerate(records):
            assert [one.found for one in source.read(record.position)] == [
                one.found for one in records[i + 1 :]
            ]


def test_a_bare_outbox_and_a_bare_list(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.json"
    shutil.copy(EXAMPLE / "outbox.json", outbox)
    assert len(posts(open_export(outbox))) == 38
    outbox.write_text(json.dumps(json.loads(outbox.read_text())["orderedItems"]))
    assert len(posts(open_export(outbox))) == 38


def test_damage_in_the_middle_loses_one_record(tmp_path: Path) -> None:
    text = (EXAMPLE / "outbox.json").read_text()
    (tmp_path / "outbox.json").write_text(text.replace('"type": "Create"', '"type": Create', 1))
    [source] = open_export(tmp_path / "outbox.json").inputs
    found = [record.found for record in source.read()]
    [problem] = [one for one in found if isinstance(one, Problem)]
    assert "byte" in problem.message
    assert problem.location.name == "outbox.json#1"
    assert len(found) == 38


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("posts.jsonl", '{"text": "one", "author": "a@b.example"}\n{"text": "two"}\n', 2),
        ("posts.csv", "id,text\n1,one\n2,\"two\nlines\"\n", 2),
        ("statuses.json", json.dumps([{"id": "1", "content": "<p>hi</p>", "visibility": "public"}]), 1),
        ("notes.json", json.dumps([{"id": "1", "text": "hi", "createdAt": "2025-01-01T00:00:00Z", "fileIds": []}]), 1),
    ],
)  # fmt: skip
def test_other_kinds(tmp_path: Path, name: str, text: str, count: int) -> None:
    (tmp_path / name).write_text(text)
    found = [one for one in posts(open_export(tmp_path / name)) if one.kind is RecordKind.POST]
    assert len(found) == count
    assert all(one.text for one in found)


def test_rows_by_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("who;said\nann;hello\n")
    [found] = posts(open_export(tmp_path / "x.csv", fields=Fields.of(["text=said", "author=who"])))
    assert found.text == "hello"


def test_nothing_of_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    with pytest.raises(SourceError) as found:
        open_export(tmp_path)
    assert "outbox.json" in str(found.value.hint)
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(SourceError, match=r"x\.json"):
        open_export(tmp_path)
    with pytest.raises(SourceError) as found:
        open_export(tmp_path / "x.json")
    assert "--map" in str(found.value.hint)


def test_utf_16_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.json").write_text("[]", "utf-16")
    with pytest.raises(SourceError, match="is UTF-16"):
        open_export(tmp_path / "outbox.json")


def test_an_archive_without_posts_is_told(tmp_path: Path) -> None:
    (tmp_path / "likes.json").write_text('{"orderedItems": ["https://a.example/1"]}', "utf-8")
    assert "there is no outbox.json in it: no post of the account was read" in open_export(tmp_path).notes
