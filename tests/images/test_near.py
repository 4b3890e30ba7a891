"""Near-duplicates among pictures: one is judged, and the others say whose verdict they have."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from modcli.errors import Location
from modcli.images.hashes import Fingerprint, Groups
from modcli.images.moderating import Eyes, ImageModerator
from modcli.images.near import GROUP, NearPictures
from modcli.images.ocr import Transcript
from modcli.images.parts import Opinion
from modcli.images.picture import Picture, Sampled, Written
from modcli.item import Item, Kind
from modcli.profile import Action, Category, Profile
from modcli.verdict import Verdict
from tests.images.drawing import saved, scene
from tests.images.test_moderating import Texts

PROFILE = Profile("p", (Category("nudity", Action.BLOCK), Category("scam", Action.BLOCK)))


def picture(image: Image.Image, name: str) -> Picture:
    width, height = image.size
    return Picture(name, name, "png", width, height, np.asarray(image.convert("RGB")))


def compressed(image: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(saved(image, "JPEG", quality=90)))


class Looking:
    tells, digest, pixels_alone = frozenset({"nudity"}), "0", True

    def __init__(self) -> None:
        self.seen: list[str] = []

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        self.seen += [one.name for one in pictures]
        return [[Opinion("nudity", 0.9 if one.name[0] in "ab" else 0.1, 0.5, "detector")] for one in pictures]


class Reading:
    name, digest = "scripted", "1"

    def __init__(self, text: str = "") -> None:
        self._lines = (Written(text, (0, 0, 9, 9), 0.9),) if text else ()

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        return [Transcript(self._lines) for _ in pictures]

    def read(self, pictures: Sequence[Picture]) -> list[list[Written]]:
        return [list(self._lines) for _ in pictures]


SHOWN = {
    "a": scene(1),
    "b": compressed(scene(1)),
    "c": scene(2),
    "d": compressed(scene(2)),
    "e": compressed(scene(1)),
}


def judge(
    looking: Looking, *named: tuple[str, str], text: str = "", pixels_alone: bool = True
) -> list[Verdict]:
    looking.pixels_alone = pixels_alone

    def open_(item: Item) -> Sampled:
        return Sampled([picture(SHOWN[item.id], item.id)], 1, 0.0, "a still picture")

    moderator = ImageModerator(
        PROFILE,
        Eyes(sights=[looking], reader=Reading(text)),
        Texts(),
        open_,
        digest="d",
        near=NearPictures(),
        beside_alone=False,
    )
    return moderator.judge([Item(name, beside, Location(name), kind=Kind.IMAGE) for name, beside in named])


def test_the_first_is_judged_for_all() -> None:
    looking = Looking()
    found = judge(looking, ("a", ""), ("c", ""), ("b", ""), ("d", ""), ("e", ""))
    assert looking.seen == ["a", "c"]
    assert [one.action for one in found] == [
        Action.BLOCK,
        Action.ALLOW,
        Action.BLOCK,
        Action.ALLOW,
        Action.BLOCK,
    ]
    assert [one.id for one in found] == ["a", "c", "b", "d", "e"]
    assert [one.stage == GROUP for one in found] == [False, False, True, True, True]
    assert found[2].reason.startswith("nearly the same as a: ")
    assert found[2].picture == {"format": "png", "width": 320, "height": 240, "like": "a"}


def test_what_stands_beside_counts_where_it_is_read_with_it() -> None:
    same = Looking()
    judge(same, ("a", "one"), ("b", "two"))
    assert same.seen == ["a"]
    for text, alone in (("hello", True), ("", False)):
        looking = Looking()
        found = judge(looking, ("a", "one"), ("b", "two"), ("e", "one"), text=text, pixels_alone=alone)
        assert looking.seen == ["a", "b"]
        assert found[2].reason.startswith("nearly the same as a: ")


def test_so_many_groups_are_remembered() -> None:
    groups = Groups(2)
    prints = [Fingerprint.of(picture(scene(seed), str(seed))) for seed in (1, 2, 3)]
    assert [groups.place(one) for one in (prints[0], prints[1], prints[0])] == [0, 1, 0]
    assert groups.place(prints[2]) == 3  # the oldest is forgotten
    assert groups.place(prints[1]) == 1
    assert groups.place(prints[0]) == 5


def test_verdicts_that_are_forgotten_are_made_anew() -> None:
    near = NearPictures(most=1)
    near.remember(1, "x", Verdict("b", Action.ALLOW))
    assert near.known(1, "x") is not None
    assert near.known(1, "y") is None
    near.remember(0, None, Verdict("a", Action.ALLOW))
    assert (near.known(0, "x") is None) is not (near.known(1, "x") is None)
