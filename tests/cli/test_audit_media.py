"""`modcli audit` of archives that carry pictures, as a user gives it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import modcli.cli.assemble_images
from modcli.audit.decisions import standing, text_of
from modcli.audit.outcomes import outcomes
from modcli.audit.review import Reply
from modcli.audit.store import AuditStore
from modcli.cli.app import app
from modcli.cli.audit_rejudge import recorded
from modcli.cli.review_session import give
from modcli.errors import MissingExtraError
from modcli.images.ocr import Transcript
from modcli.images.picture import Picture, Written
from modcli.profile import Action
from tests.images.drawing import moving, saved, scene

PROFILE = """\
categories:
  rude: {action: block, definition: "Insults.", examples: ["you pathetic little clown"]}
"""
CLOWN = "you pathetic little clown, nobody wants you here, delete your account"
MEDIA = "media_attachments/files/1/original"


class Reader:
    """Reads an insult in what is red."""

    name, digest = "fake", "0"

    def __init__(self, **_: object) -> None:
        pass

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        lines = (Written(CLOWN, (3, 4, 20, 9), 0.97),)
        return [Transcript(lines if tuple(one.pixels[0, 0]) == (255, 0, 0) else ()) for one in pictures]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.setenv("MODCLI_IMAGE_EMBEDDER", "none")
    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", Reader)
    monkeypatch.setattr(modcli.cli.assemble_images, "_scripts", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(PROFILE)
    monkeypatch.setenv("MODCLI_PROFILE", str(tmp_path / "p.yaml"))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


def told(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def red(size: tuple[int, int] = (60, 40)) -> bytes:
    image = Image.new("RGB", size, "red")
    image.paste(scene(1).resize((30, 20)), (20, 15))
    return saved(image)


def note(number: int, *files: str, text: str = "A calm day at the harbour.") -> dict[str, Any]:
    documents = [
        {"type": "Document", "mediaType": "image/png", "url": f"/{file}", "name": None} for file in files
    ]
    me = "https://a.example/users/ada"
    return {
        "id": f"{me}/statuses/{number}/activity",
        "type": "Create",
        "actor": me,
        "published": "2025-01-01T10:00:00Z",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "object": {
            "id": f"{me}/statuses/{number}",
            "type": "Note",
            "content": f"<p>{text} {number}</p>" if text else "",
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "attachment": documents,
        },
    }


def members() -> dict[str, bytes]:
    posts = [
        note(1, f"{MEDIA}/fine.png", f"{MEDIA}/red.png"),
        note(2, f"{MEDIA}/red.png", text=""),
        note(3, f"{MEDIA}/near.jpg"),
        note(4, f"{MEDIA}/text.png", f"{MEDIA}/missing.png", "../../etc/passwd"),
        note(5, f"bucket/{MEDIA}/moving.gif"),
    ]
    outbox = {"type": "OrderedCollection", "orderedItems": posts}
    return {
        "outbox.json": json.dumps(outbox).encode(),
        f"{MEDIA}/fine.png": saved(scene(2)),
        f"{MEDIA}/red.png": red(),
        f"{MEDIA}/near.jpg": saved(scene(2), "JPEG", quality=90),
        f"{MEDIA}/text.png": b"no picture at all",
        f"{MEDIA}/moving.gif": moving([scene(5), scene(6)]),
    }


def folder() -> str:
    for name, data in members().items():
        Path("unpacked", name).parent.mkdir(parents=True, exist_ok=True)
        Path("unpacked", name).write_bytes(data)
    return "unpacked"


def zipped() -> str:
    with zipfile.ZipFile("a.zip", "w") as archive:
        for name, data in members().items():
            archive.writestr(name, data)
    return "a.zip"


def tarred() -> str:
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        for name, data in members().items():
            info = tarfile.TarInfo(f"inner/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return "a.tar.gz"


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_media_of_an_archive(make: Callable[[], str]) -> None:
    source = make()
    result = run(source, "--out", "a.db")
    assert result.exit_code == 3, result.output
    assert "3 pictures or videos could not be judged" in result.stderr
    [record] = told(result)
    assert record["media"] == {"listed": 8, "judged": 8, "acted_on": 5, "failed": 3, "not_judged": 0}
    rows = {row["key"][-1]: row for row in told(run("query", "a.db"))}
    first = rows["1"]
    assert (first["action"], first["part"]) == (
        "block",
        f'attachment 2: text in the picture: "{CLOWN}" at (3, 4)',
    )
    assert [one["action"] for one in first["pictures"]] == ["allow", "block"]
    assert rows["2"]["action"] == "block"
    assert rows["3"]["action"] == "allow"
    assert rows["5"]["pictures"][0]["found"]["frames"] == 2
    errors = [row for row in told(run("errors", "a.db")) if "attachment" in row["place"]]
    assert [row["error"].partition(":")[0] for row in errors] == [
        "it is no picture, but text",
        "it is not in the export",
        "its path leads out of the export",
    ]
    again = run(source, "--out", "a.db")
    assert "pictures and videos" not in again.stderr.replace("pictures or videos", "")
    assert told(again)[0]["media"] == record["media"]
    near = [row["pictures"][0]["near_duplicate"] for row in rows.values() if row["key"].endswith("3")]
    assert near == [True]


def test_without_media() -> None:
    source = folder()
    result = run(source, "--out", "a.db", "--no-media")
    assert result.exit_code == 0, result.output
    assert "8 pictures and videos were not judged: --no-media" in result.stderr
    assert told(result)[0]["media"]["not_judged"] == 8
    assert told(result)[0]["not_judged"]["nothing_to_judge"] == 1
    # They can follow, also when the audit itself is named.
    assert told(run("a.db"))[0]["media"]["judged"] == 8


def test_media_that_nothing_here_can_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**_: object) -> None:
        raise MissingExtraError("text in pictures needs RapidOCR", hint="pip install 'modcli[images]'")

    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", missing)
    source = zipped()
    result = run(source, "--out", "a.db")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("were not judged") == 1
    assert (
        "pictures and videos were not judged: text in pictures needs RapidOCR (pip install" in result.stderr
    )
    assert told(result)[0]["media"]["not_judged"] >= 5
    assert run(source, "--out", "a.db", "--media").exit_code == 2


def test_what_a_picture_decided_teaches_nothing() -> None:
    """The words beside a picture are not what is answered, and are no keywords of a filter."""
    run(zipped(), "--out", "a.db")
    with AuditStore(Path("a.db")) as store:
        first = next(iter(outcomes(store, store.chosen())))
        profile = recorded(store.chosen())
    assert first.by_picture
    with AuditStore(Path("a.db"), write=True) as store:
        for reply, labels in ((Reply.RIGHT, ()), (Reply.OTHER, ("rude",))):
            give(store, store.chosen(), profile, first, reply, labels)
        assert [text_of(store, entry) for entry in standing(store)] == [""]
    appealed = CliRunner().invoke(app, ["appeal", "a.db", str(first.id), "--why", "it is art", "--rejudged"])
    assert appealed.exit_code == 3
    assert "a picture decided" in appealed.stderr
    with AuditStore(Path("a.db")) as store:
        assert next(iter(outcomes(store, store.chosen()))).settled is Action.BLOCK


def test_an_archive_that_moved_away() -> None:
    source = zipped()
    run(source, "--out", "a.db", "--no-media")
    Path(source).rename("b.zip")
    result = run("a.db")
    assert result.exit_code == 0
    assert "8 pictures and videos were not judged: " in result.stderr


def test_rows_that_name_pictures() -> None:
    Path("shots").mkdir()
    Path("shots/red.png").write_bytes(red())
    Path("secret.png").write_bytes(red())
    Path("in").mkdir()
    Path("in/link.png").symlink_to("../secret.png")
    rows = [
        *({"image": "fine.png"}, {"text": "who is this?", "image": "red.png"}),
        *({"text": "x", "image": "link.png"}, {"text": "y", "image": "../secret.png"}, {"text": "z"}),
    ]
    Path("in/posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("in/red.png").write_bytes(red())
    Path("in/fine.png").write_bytes(saved(scene(2)))
    result = run("in/posts.jsonl", "--out", "a.db")
    assert result.exit_code == 3, result.output
    rows_ = told(run("query", "a.db"))
    assert [row["action"] for row in rows_] == ["allow", "block", "warn", "warn", "allow"]
    assert rows_[1]["part"].startswith("image: text in the picture: ")
    assert [row["error"] for row in told(run("errors", "a.db"))] == [
        "it is a link that leads out of the export: not followed",
        "its path leads out of the export: not followed",
    ]


def test_texts_alone_load_nothing_for_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("no picture, no reader")

    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", refuse)
    example = Path(__file__).parents[2] / "examples" / "archive"
    result = run(str(example), "--out", "a.db")
    assert result.exit_code in (0, 1), result.output
    assert "pictures and videos were not judged: their files are not part of this export" in result.stderr


def test_words_read_in_pictures_are_words() -> None:
    run(zipped(), "--out", "a.db")
    exported = run("export", "a.db", "--no-text").stdout
    assert "clown" not in exported
    assert "text in the picture at (3, 4)" in exported
    assert "clown" in run("export", "a.db").stdout
    assert [row["key"][-1] for row in told(run("query", "a.db", "--contains", "pathetic"))] == ["1", "2"]
    table = run("query", "a.db", "--action", "block", "--format", "table").stdout
    assert " attachment 2 " in table
    assert " you p" in table


def report(*words: str) -> str:
    result = CliRunner().invoke(app, ["report", "a.db", "-o", "a.html", *words])
    assert result.exit_code == 0, result.output
    return Path("a.html").read_text()


def test_a_report_shows_pictures_when_asked_to() -> None:
    run(zipped(), "--out", "a.db")
    without = report()
    assert "data:image" not in without
    assert "img-src" not in without
    page = report("--media")
    assert "img-src data:;" in page
    assert "5 of 8 pictures and videos are shown, the strictest first; 3 could not be opened" in page
    assert page.count("data:image/jpeg;base64,") == 5
    # The two that are blocked, and what else is of a blocked item.
    assert page.count('class="reveal"') == 3
    assert page.count('<span class="veil"><img') == 3
    # What was read in a blocked picture is behind a click as well.
    assert f"<summary>words in it</summary><p>{CLOWN}</p>" in page
    assert page.count(CLOWN) == 2
    assert CLOWN not in report("--media", "--no-text")
    Path("a.zip").unlink()
    gone = CliRunner().invoke(app, ["report", "a.db", "--media"])
    assert gone.exit_code == 2
    assert "a.zip" in gone.stderr


KILLED = """
import sys, time
import modcli.cli.assemble_images as assembling
from modcli.cli.app import app
from tests.cli.test_audit_media import Reader

class Slow(Reader):
    def transcribe(self, pictures):
        time.sleep(0.2)
        return super().transcribe(pictures)

import modcli.audit.media
modcli.audit.media.BATCH = 4
assembling.RapidOcr = Slow
assembling._scripts = lambda *_: None
app(sys.argv[1:])
"""


def test_killed_and_gone_on_with() -> None:
    posts = [note(i, f"{MEDIA}/{i}.png", text="") for i in range(40)]
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("outbox.json", json.dumps({"type": "OrderedCollection", "orderedItems": posts}))
        for i in range(40):
            archive.writestr(f"{MEDIA}/{i}.png", saved(scene(i)))
    words = [sys.executable, "-c", KILLED, "audit", "a.zip", "--out", "a.db", "--progress", "jsonl"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env)
    assert process.stderr is not None
    for line in process.stderr:
        if '"step": "media"' in line:
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before = told(run("show", "a.db"))[0]["media"]["judged"]
    assert 0 < before < 40
    result = run("a.zip", "--out", "a.db")
    assert told(result)[0]["media"] == {
        "listed": 40, "judged": 40, "acted_on": 0, "failed": 0, "not_judged": 0,
    }  # fmt: skip
    runs = told(run("show", "a.db"))[0]["runs"]
    assert runs[-1]["judged"] == 40 - before
