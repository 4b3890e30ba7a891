"""`modcli check` with pictures: named, found by their content, or in a field of JSON Lines."""

from __future__ import annotations

import importlib
import json
import os
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import modcli.cli.assemble_images
import modcli.cli.check
from modcli.cli.app import app
from modcli.cli.check_images import with_image
from modcli.errors import Location
from modcli.images.detectors_opening import Opened
from modcli.images.hashes import hashes_of
from modcli.images.ocr import Transcript
from modcli.images.picture import Picture, Seen, Written
from modcli.item import Item, Kind
from modcli.profile import Action
from modcli.sources.spooled import Spooled
from tests.cli.fake import FakeModerator
from tests.images.drawing import moving, saved, scene

PROFILE = """\
categories:
  rude: {action: block, definition: Insults.}
"""
RED, GREEN = "red", "green"
Run = Callable[..., Result]


def plain(colour: str, size: tuple[int, int] = (40, 30)) -> bytes:
    return saved(Image.new("RGB", size, colour))


class Reader:
    """Reads "so bad" in what is red."""

    name, digest = "fake", "0"

    def __init__(self, **_: object) -> None:
        pass

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        lines = (Written("so bad", (3, 4, 20, 9), 0.97),)
        return [
            Transcript(lines if tuple(picture.pixels[0, 0]) == (255, 0, 0) else ()) for picture in pictures
        ]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli check` with a fake moderator and reader, in a folder with a profile."""

    def build(settings: object, profile: object, *, on_error: Action, **_: object) -> FakeModerator:
        return FakeModerator(on_error)

    monkeypatch.setattr(modcli.cli.check, "build_moderator", build)
    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", Reader)
    monkeypatch.setattr(modcli.cli.assemble_images, "_scripts", lambda *_: None)
    monkeypatch.setenv("MODCLI_IMAGE_EMBEDDER", "none")
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(PROFILE)
    monkeypatch.setenv("MODCLI_PROFILE", str(tmp_path / "p.yaml"))
    Path("red.png").write_bytes(plain(RED))
    Path("green.png").write_bytes(plain(GREEN))

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["check", *arguments], input=stdin)

    return run


def records(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def actions(result: Result) -> list[object]:
    return [record["action"] for record in records(result)]


def test_named_pictures(run: Run) -> None:
    result = run("--image", "green.png", "red.png")
    assert result.exit_code == 1, result.output
    green, red = records(result)
    assert green["id"] == "green.png"
    assert (green["action"], green["untold"]) == ("allow", ["rude"])
    assert str(green["reason"]).endswith("no model can tell from the picture itself: rude")
    assert (red["action"], red["part"]) == ("block", 'text in the picture: "so bad" at (3, 4)')
    assert red["picture"] == {
        "format": "png",
        "width": 40,
        "height": 30,
        "text": [{"text": "so bad", "at": [3, 4], "sureness": 0.97}],
    }


def test_pictures_are_known_by_their_content(run: Run) -> None:
    Path("posts.txt").write_text("fine\nbad\n")
    Path("red.png").rename("red.txt")
    result = run("posts.txt", "red.txt", "green.png")
    assert actions(result) == ["allow", "block", "block", "allow"]
    assert [record["id"] for record in records(result)] == [
        "posts.txt:1",
        "posts.txt:2",
        "red.txt",
        "green.png",
    ]


def test_json_lines_name_pictures_beside_texts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    Path("red.png").rename(folder / "red.png")
    lines = [
        {"id": "a", "text": "fine", "image": "red.png"},
        {"id": "b", "image": "../green.png"},
        {"id": "c", "text": "iffy", "image": "../green.png"},
        {"id": "d", "text": "bad"},
        {"id": "e", "text": "fine", "image": None},
        {"id": "f", "text": "fine", "image": 3},
        {"id": "g", "image": "https://example.org/a.png"},
        {"id": "h", "image": "gone.png"},
        {"id": "i"},
    ]
    (folder / "posts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run("folder/posts.jsonl")
    assert result.exit_code == 3
    found = {record["id"]: record for record in records(result)}
    assert list(found) == [*"abcdefghi"]
    assert [found[id]["action"] for id in "abcde"] == ["block", "allow", "warn", "block", "allow"]
    assert found["c"]["part"] == "text beside the picture"
    errors = [str(record.get("error")) for record in list(found.values())[5:]]
    assert errors[0] == "field 'image' is not the path of a file"
    assert errors[1].startswith("field 'image' is an address, and pictures are not fetched")
    assert errors[2].startswith("it cannot be read: No such file")
    assert errors[3].startswith("no field 'text'")


def test_what_is_no_picture_is_one_error_each_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    Path("text.jpg").write_text("bad\n")
    Path("zero.png").touch()
    Path("cut.png").write_bytes(plain(RED)[:20])
    named = ["text.jpg", "zero.png", "cut.png", "gone.png", str(tmp_path), "green.png"]
    for result in (run("--image", *named), run(*[name for name in named if name != str(tmp_path)])):
        assert result.exit_code == 3
        found = records(result)
        assert [bool(record.get("error")) for record in found] == [True] * (len(found) - 1) + [False]
        assert found[-1]["action"] == "allow"
        assert "Traceback" not in result.output


def test_hostile_pictures_are_one_error_each_or_a_note_and_the_rest_goes_on(run: Run) -> None:
    small = saved(Image.new("RGB", (8, 8)), "BMP")
    Path("bomb.bmp").write_bytes(small[:18] + struct.pack("<ii", 60_000, 60_000) + small[26:])
    Path("pixel.png").write_bytes(plain(GREEN, (1, 1)))
    Path("long.png").write_bytes(plain(GREEN, (60_000, 2)))
    Path("loop.png").symlink_to("loop.png")
    Path("two.png").write_bytes(plain(GREEN) + b"PK\x03\x04 and more")
    Path("drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><g>')
    result = run(
        "--image", "bomb.bmp", "pixel.png", "long.png", "loop.png", "two.png", "drawing.svg", "red.png"
    )
    assert "Traceback" not in result.output
    found = {str(record["id"]): record for record in records(result)}
    assert len(found) == 7
    errors = {name: str(record["error"]) for name, record in found.items() if record.get("error")}
    assert list(errors) == ["bomb.bmp", "loop.png", "drawing.svg"]
    assert "60,000 x 60,000 pixels" in errors["bomb.bmp"]
    assert "behind its end: a ZIP archive" in str(found["two.png"]["reason"])
    assert [found[name]["action"] for name in ("pixel.png", "long.png", "red.png")] == [
        "allow",
        "allow",
        "block",
    ]


def test_records_of_json_lines_can_wait_on_disk() -> None:
    """A budget goes through them twice."""
    item = Item("a", "fine", Location("posts.jsonl", 1), metadata={"fields": {"image": "b.png"}})
    image = with_image(item)
    text = with_image(replace(item, metadata={"fields": MappingProxyType({})}))
    with closing(Spooled()) as spooled:
        assert list(spooled.through([image, text])) == list(spooled.again()) == [image, text]
    assert (image.kind, text.kind) == (Kind.IMAGE, Kind.TEXT)


def test_a_picture_through_a_pipe(run: Run) -> None:
    (record,) = records(run("--image", "-", stdin=plain(RED)))
    assert (record["id"], record["action"]) == ("<stdin>", "block")


def test_print_passes_names_on(run: Run) -> None:
    result = run("--print", "blocked", "--image", "green.png", "red.png", "gone.png")
    assert result.stdout == "red.png\ngone.png\n"
    assert "gone.png: not judged, passed on" in result.stderr
    assert run("--print", "allowed", "--image", "green.png", "red.png").stdout == "green.png\n"


@pytest.mark.parametrize("form", ["table", "csv"])
def test_other_forms_describe_the_picture(run: Run, form: str) -> None:
    result = run("--format", form, "--image", "green.png", "red.png")
    assert "png, 40 x 30" in result.stdout
    assert "so bad" in result.stdout
    assert "no model can tell" in result.stdout, "of the one that is allowed"


def test_names_act_on_no_terminal(run: Run) -> None:
    name = "a\x1b[31m\udcff.png"
    Path(os.fsdecode(os.fsencode(name))).write_bytes(plain(GREEN))
    for form in ("table", "jsonl", "csv"):
        result = run("--format", form, "--image", name)
        assert "\x1b" not in result.output
        assert result.exit_code == 0, result.output


def test_nothing_that_a_camera_wrote_is_shown(run: Run) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x9286] = "SecretPlace"
    Path("photo.jpg").write_bytes(saved(scene(), "JPEG", exif=exif))
    for form in ("table", "jsonl", "csv"):
        assert "Secret" not in run("--format", form, "--explain", "--image", "photo.jpg").output


def test_explanations_are_of_the_text_that_decided(run: Run) -> None:
    green, red = records(run("--explain", "--image", "green.png", "red.png"))
    assert red["rationale"] == "It says 'so bad'."
    assert "rationale" not in green


def test_stages_count_pictures_and_not_what_was_read_in_them(run: Run) -> None:
    result = run("--stats", "--image", "green.png", "red.png")
    assert "2 items" in result.stderr


def test_known_pictures(run: Run) -> None:
    Path("a.png").write_bytes(saved(scene(1)))
    Path("b.jpg").write_bytes(saved(scene(1).transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG", quality=60))
    Path("c.png").write_bytes(saved(scene(2)))
    (value,) = [each.value for each in hashes_of(np.asarray(scene(1)), ("phash",))]
    Path("list.txt").write_text(f"{value}\n")
    Path("p.yaml").write_text(PROFILE + "images: {blocked_hashes: list.txt}\n")
    a, b, c = records(run("--image", "a.png", "b.jpg", "c.png"))
    assert [record["action"] for record in (a, b, c)] == ["block", "block", "allow"]
    assert a["part"] == "known picture"
    assert "mirrored" in str(b["reason"])
    Path("p.yaml").write_text(PROFILE + "images: {allowed_hashes: list.txt}\n")
    (a,) = records(run("--image", "a.png"))
    assert (a["action"], a["part"]) == ("allow", "known picture")
    assert "untold" not in a


class Skin:
    """Finds nudity in what is green; the second opinion does not."""

    measured, threshold = "nothing", 0.5

    def __init__(self, name: str, says: float) -> None:
        self.name, self.digest, self._says = name, name, says

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        return [
            Seen(self.name, self._says if tuple(one.pixels[0, 0]) == (0, 128, 0) else 0.01, self.threshold)
            for one in pictures
        ]


@pytest.mark.parametrize(
    ("says", "written", "action"),
    [
        ((0.9, 0.8), "[nudity]", "block"),
        ((0.9, 0.1), "[nudity]", "warn"),
        ((0.1, 0.2), "[nudity]", "allow"),
        ((0.6, 0.6), "[{name: nudity, threshold: 0.7}]", "allow"),
        ((0.9,), "[nudity]", "warn"),
        ((0.9,), "[opennsfw]", "block"),
    ],
)
def test_detectors(
    run: Run, monkeypatch: pytest.MonkeyPatch, says: tuple[float, ...], written: str, action: str
) -> None:
    detectors = tuple(Skin(f"nudity ({i})", value) for i, value in enumerate(says))
    monkeypatch.setattr(modcli.cli.assemble_images, "open_detectors", lambda *_: Opened(detectors, ()))
    Path("p.yaml").write_text(
        PROFILE + f"  skin: {{action: block, definition: Bare., detectors: {written}}}\n"
    )
    result = run("--image", "green.png")
    (found,) = records(result)
    assert found["action"] == action
    assert found["untold"] == ["rude"]
    if action != "allow":
        assert str(found["reason"]).startswith("picture: skin 0.90 (from 0.50) (nudity (0) 0.90")


def test_a_moving_picture(run: Run) -> None:
    calm, loud = (Image.new("RGB", (60, 40), colour) for colour in (GREEN, RED))
    Path("a.gif").write_bytes(moving([calm, calm, loud, calm]))
    (record,) = records(run("--image", "a.gif"))
    assert record["action"] == "block"
    assert str(record["part"]).startswith("frame at 0:00, text in the picture")
    picture = record["picture"]
    assert isinstance(picture, dict)
    assert picture["flagged_at"] == [0.2]


@pytest.mark.parametrize("option", [["--text-field", "x"], ["--budget", "3"], ["--skill", "x"]])
def test_what_is_for_texts(run: Run, option: list[str]) -> None:
    result = run("--image", "red.png", *option)
    assert result.exit_code == 2
    assert "is for texts, and --image judges pictures" in result.stderr


def test_without_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modcli.cli.assemble_images", None)
    real = importlib.import_module

    def without(name: str) -> object:
        if name == "modcli.cli.assemble_images":
            raise ModuleNotFoundError("No module named 'PIL'", name="PIL")
        return real(name)

    monkeypatch.setattr(importlib, "import_module", without)
    result = run("--image", "red.png")
    assert result.exit_code == 2
    assert "pictures are judged with PIL" in result.stderr
    assert "pip install 'modcli[images]'" in result.stderr


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user runs them: with the reader of texts that is installed, and without a model."""
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"MODCLI_{name}_DIR", str(tmp_path / name))
    folder = Path(__file__).parents[2] / "examples" / "images"
    result = CliRunner().invoke(
        app,
        ["check", "--backend", "scripted", "-p", str(folder / "profile.yaml"), str(folder / "posts.jsonl")],
    )
    assert result.exit_code == 1, result.output
    message, sign, chart, text = records(result)
    assert [message["action"], sign["action"], chart["action"]] == ["block", "allow", "block"]
    assert "double your money tomorrow" in str(message["part"])
    assert str(chart["part"]).startswith('frame at 0:02, text in the picture: "Double your money" at (')
    assert "picture" not in text


def test_near_duplicates_are_judged_once(run: Run) -> None:
    shot = scene(3)
    Path("a.png").write_bytes(saved(shot))
    Path("b.jpg").write_bytes(saved(shot, "JPEG", quality=90))
    Path("c.png").write_bytes(saved(scene(4)))
    result = run("--group", "--no-cache", "--image", "a.png", "b.jpg", "c.png")
    first, second, third = records(result)
    assert second["stage"] == "group"
    assert str(second["reason"]).startswith("nearly the same as a.png: ")
    assert second["action"] == first["action"]
    assert third["stage"] != "group"
    apart = records(run("--no-cache", "--image", "a.png", "b.jpg"))
    assert all(one["stage"] != "group" for one in apart)


def test_verdicts_on_pictures_are_kept_without_their_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path / "cache"))
    read: list[int] = []

    class Counting(Reader):
        def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
            read.append(len(pictures))
            return super().transcribe(pictures)

    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", Counting)
    first = records(run("--image", "red.png", "green.png"))
    assert read == [2]
    second = records(run("--image", "red.png", "green.png"))
    assert read == [2]
    assert [one["action"] for one in second] == [one["action"] for one in first] == ["block", "allow"]
    assert second[0]["part"] == "text in the picture at (3, 4)"
    assert second[1] == first[1]
    assert b"so bad" not in (tmp_path / "cache" / "verdicts.db").read_bytes()
    run("--no-cache", "--image", "red.png")
    assert read == [2, 1]
    explained = records(run("--explain", "--image", "red.png"))[0]
    assert read == [2, 1, 1]
    assert "so bad" in str(explained["rationale"])
    monkeypatch.setattr(Counting, "digest", "another")
    run("--image", "red.png")
    assert read == [2, 1, 1, 1]
