"""What a profile says of pictures: found beside its file, inherited, stacked, edited, written out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Detector, ImageShot, Profile
from modcli.profiles.compare import differences
from modcli.profiles.edit import extend
from modcli.profiles.export import as_json, as_yaml, from_json
from modcli.profiles.find import Found, Origin, Shelf
from modcli.profiles.lint import lint
from modcli.profiles.load import load, load_bytes
from modcli.profiles.pictures import MAX_BYTES
from modcli.profiles.plan import editable
from modcli.profiles.shots import remove_shot
from modcli.profiles.stack import stack

KNIVES = """\
categories:
  knives:
    detectors: [nudity, {name: nudity, threshold: 0.7}]
    examples:
      - a knife   # a text
      - {image: shots/knife.png, reason: Sharp.}
    counterexamples: [{image: shots/spoon.png}]
images:
  blocked_hashes: list.txt
"""


@pytest.fixture
def files(shelf: Shelf) -> Path:
    folder = shelf.user / "shots"
    folder.mkdir(parents=True)
    for name in ("knife", "spoon", "fork"):
        (folder / f"{name}.png").write_bytes(name.encode())
    (shelf.user / "list.txt").write_text("f" * 64)
    return folder


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_pictures_are_found_beside_the_file(files: Path, read: Callable[[str], Profile]) -> None:
    (knives,) = read(KNIVES).categories
    assert knives.images == (ImageShot(str(files / "knife.png"), digest(b"knife"), "Sharp."),)
    assert [shot.digest for shot in knives.counterimages] == [digest(b"spoon")]
    assert [shot.text for shot in knives.examples] == ["a knife"]
    assert knives.detectors == (Detector("nudity", 0.7),)
    assert [file.digest for file in read(KNIVES).blocked_hashes] == [digest(b"f" * 64)]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("shots/knife.png", "shots/gone.png", "6:17", "cannot be read: No such file"),
        ("shots/knife.png", "shots", "6:17", "is no file"),
        ("shots/spoon.png", "empty.png", "7:31", "is empty"),
        ("shots/spoon.png", "shots/knife.png", "7:23", "both an example and a counterexample of 'knives'"),
        ("list.txt", "gone.txt", "9:19", "cannot be read"),
        ("reason: Sharp.", f"sha256: {'0' * 64}", "6:17", "another SHA-256"),
        ("nudity,", "nudty,", "3:17", "there is no detector 'nudty'"),
        ("reason: Sharp.", "text: x", "6:34", "unknown key 'text'"),
    ],
)
def test_what_cannot_be(
    files: Path, read: Callable[[str], Profile], old: str, new: str, place: str, message: str
) -> None:
    (files.parent / "empty.png").touch()
    assert old in KNIVES
    with pytest.raises(ProfileError, match=message) as caught:
        read(KNIVES.replace(old, new))
    assert str(caught.value).split("mine.yaml:")[1].startswith(f"{place}:")
    assert caught.value.hint


def test_a_huge_file_is_refused_unread(files: Path, read: Callable[[str], Profile]) -> None:
    with (files / "knife.png").open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ProfileError, match="67,108,865 bytes"):
        read(KNIVES)


def test_the_digest_follows_the_bytes_and_not_the_name(files: Path, read: Callable[[str], Profile]) -> None:
    before = read(KNIVES).digest
    (files / "knife.png").rename(files / "blade.png")
    assert read(KNIVES.replace("knife.png", "blade.png")).digest == before
    (files / "blade.png").write_bytes(b"another")
    assert read(KNIVES.replace("knife.png", "blade.png")).digest != before


def test_a_profile_without_pictures_is_called_as_it_always_was() -> None:
    profile = Profile("p", (Category("rude", Action.BLOCK, "Insults."),))
    assert profile.digest == "54cdb16ad1db49812c41a0f24374e6c9ae98f8aec2d0e8d50aadc1c3b477d1a6"


@pytest.mark.parametrize(
    "changed",
    [
        {"images": (ImageShot("a", "1" * 64),)},
        {"counterimages": (ImageShot("a", "1" * 64),)},
        {"detectors": (Detector("nudity"),)},
        {"detectors": (Detector("nudity", 0.4),)},
    ],
)
def test_each_has_its_say_in_the_digest(changed: dict[str, tuple[object, ...]]) -> None:
    rude = Category("rude", Action.BLOCK)
    assert Profile("p", (replace(rude, **changed),)).digest != Profile("p", (rude,)).digest  # type: ignore[arg-type]


def test_inheritance(files: Path, write: Callable[[str, str], Path], shelf: Shelf) -> None:
    write("parent", KNIVES)
    write(
        "child",
        "extends: parent\ncategories:\n  knives:\n    counterexamples: [{image: shots/knife.png}]\n"
        "    examples: [{image: shots/fork.png}]\nimages: {allowed_hashes: [list.txt]}\n",
    )
    (knives,) = load("child", shelf).categories
    assert [Path(shot.path).stem for shot in knives.images] == ["fork"]
    assert [Path(shot.path).stem for shot in knives.counterimages] == ["spoon", "knife"]
    assert knives.detectors == (Detector("nudity", 0.7),)
    assert len(load("child", shelf).blocked_hashes) == len(load("child", shelf).allowed_hashes) == 1
    write(
        "bare",
        "extends: parent\ncategories:\n  knives:\n    examples: {replace: [{image: shots/fork.png}]}\n    detectors: []\n"
        "images: {blocked_hashes: []}",
    )
    bare = load("bare", shelf)
    assert [Path(shot.path).stem for shot in bare.categories[0].images] == ["fork"]
    assert not bare.categories[0].examples
    assert not bare.categories[0].detectors
    assert not bare.blocked_hashes


def test_stacking(files: Path, read: Callable[[str], Profile]) -> None:
    first = read(KNIVES)
    other = read(KNIVES.replace("knife.png", "fork.png").replace("blocked", "allowed"))
    both = stack([first, replace(other, name="other")])
    assert [category.name for category in both.categories] == ["knives", "knives@other"]
    assert len(both.blocked_hashes) == 1
    assert not both.allowed_hashes, "the first profile does not know them to be fine"
    assert len(stack([other, replace(other, name="other")]).allowed_hashes) == 1


@pytest.mark.parametrize("written", [as_yaml, as_json])
def test_written_out_it_is_the_same(
    files: Path, read: Callable[[str], Profile], written: Callable[[Profile], str]
) -> None:
    profile = read(KNIVES)
    found = Found("mine", Path("/elsewhere/mine.yaml"), Origin.PATH)
    assert load_bytes(written(profile).encode(), found, Shelf(Path("/nonexistent"))) == profile
    (files / "knife.png").unlink()
    assert from_json(as_json(profile), "mine") == profile, "what was kept needs no file"


def test_edits_keep_them(files: Path, write: Callable[[str, str], Path], shelf: Shelf) -> None:
    path = write("mine", KNIVES)
    extend(editable("mine", shelf), shelf, "knives", examples=["a dagger"])
    assert remove_shot(editable("mine", shelf), shelf, "a knife").new == path.read_text()
    (knives,) = load("mine", shelf).categories
    assert [shot.text for shot in knives.examples] == ["a dagger"]
    assert [Path(shot.path).stem for shot in knives.images] == ["knife"]
    assert "{image: shots/knife.png, reason: Sharp.}" in path.read_text()


def test_they_are_compared_by_their_bytes(files: Path, read: Callable[[str], Profile]) -> None:
    first = read(KNIVES)
    second = read(
        KNIVES.replace("knife.png", "fork.png").replace("0.7", "0.8").replace("list.txt", "shots/fork.png")
    )
    assert [(one.category, one.what) for one in differences(first, second)] == [
        ("", "blocked_hashes"),
        ("knives", "detectors"),
        ("knives", "example picture"),
        ("knives", "example picture"),
    ]
    assert not differences(first, read(KNIVES))


def test_pictures_alone_tell_little_of_texts() -> None:
    knives = Category("knives", Action.BLOCK, images=(ImageShot("a", "1" * 64),))
    assert [finding.message for finding in lint(Profile("p", (knives,)))] == [
        "nothing but pictures tells what it is"
    ]
