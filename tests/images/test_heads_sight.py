"""A profile's heads on an embedder that sees colours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modcli.embedders.base import EmbedderFacts, unit_rows
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.errors import Location, SourceError
from modcli.images.embedder import Looks
from modcli.images.heads import EXPRESSIBLE
from modcli.images.heads_sight import EXAMPLES, WORDS, HeadSight, build_head_sight, kept
from modcli.images.moderating import Sight
from modcli.images.picture import Picture
from modcli.profile import Action, Category, Detector, ImageShot, Profile

COLOURS = {"red": (220, 20, 20), "green": (20, 200, 30), "blue": (30, 30, 210)}


def nearness(colours: np.ndarray) -> np.ndarray:
    """(n, 3) colours: how near each is to red, green and blue."""
    ways = np.array(list(COLOURS.values()), np.float32)
    return np.asarray(np.exp(-np.abs(colours[:, None] - ways[None]).sum(2) / 60), np.float32)


class Plain:
    """Sees how near a picture's mean colour is to three."""

    name, digest, width = "colours", "c0", 4

    def embed(self, pictures: Sequence[Picture]) -> np.ndarray:
        near = nearness(np.array([p.pixels.mean((0, 1)) for p in pictures]).reshape(-1, 3))
        return unit_rows(np.hstack([near, np.full((len(near), 1), 0.5, np.float32)]))


class WithLabels(Plain):
    labels = tuple(f"{name} {place}" for name in COLOURS for place in range(5))
    label_texts = tuple(f"the colour {label}" for label in labels)

    def classes(self, pictures: Sequence[Picture]) -> np.ndarray:
        near = np.repeat(self.embed(pictures)[:, :3] ** 4 + 1e-3, 5, axis=1)
        return np.asarray(near / near.sum(1, keepdims=True), np.float32)

    def look(self, pictures: Sequence[Picture]) -> Looks:
        return Looks(self.embed(pictures), self.classes(pictures))


class WithTexts(Plain):
    """Texts in the same space: those that name a colour are where it is."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        found = [[name in text for name in COLOURS] + [0.5] for text in texts]
        return unit_rows(np.array(found, np.float32))


class Meanings:
    """A text embedder in which the words of EXPRESSIBLE are near the labels."""

    def __init__(self) -> None:
        self.facts, self.asked = EmbedderFacts("meanings", "m0", 4, 99), 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += len(texts)
        found = np.zeros((len(texts), 4), np.float32)
        for row, text in zip(found, texts, strict=True):
            for place, name in enumerate(COLOURS):
                row[place] += name in text
            if text in EXPRESSIBLE:
                row[EXPRESSIBLE.index(text) % 3] = 1
            row[3] += not row.any()
        return unit_rows(found)


def coloured(name: str, *colour: int, seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).integers(-9, 10, (24, 24, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    return Picture(name, hashlib.sha256(pixels.tobytes()).hexdigest(), "png", 24, 24, pixels)


def open_(path: Path) -> Picture:
    """The name says the colour."""
    colour = path.stem.rstrip("0123456789")
    if colour not in COLOURS:
        raise SourceError("is cut short", location=Location(str(path)))
    return coloured(str(path), *COLOURS[colour], seed=len(path.name))


def shot(name: str) -> ImageShot:
    return ImageShot(f"/shots/{name}", hashlib.sha256(name.encode()).hexdigest())


def category(name: str, *images: str, **more: object) -> Category:
    return Category(name, Action.BLOCK, images=tuple(shot(each) for each in images), **more)  # type: ignore[arg-type]


def built(profile: Profile, folder: Path, embedder: Plain, texts: object = None) -> HeadSight:
    return build_head_sight(profile, embedder, texts, open_, folder)  # type: ignore[arg-type]


REDS = Profile(
    "p", (category("reds", "red1.png", "red22.png"), category("blues", "blue1.png", threshold=0.3))
)
SEEN = [coloured(name, *colour, seed=5) for name, colour in COLOURS.items()]


def test_examples_tell_and_the_nearest_is_named(tmp_path: Path) -> None:
    sight: Sight = built(REDS, tmp_path, Plain())
    assert sight.tells == {"reds", "blues"}
    red, green, blue = sight.look(SEEN)
    of_reds, of_blues = ([opinions[place] for opinions in (red, green, blue)] for place in (0, 1))
    assert [one.lead >= 0 for one in of_reds] == [True, False, False]
    assert max(of_blues, key=lambda one: one.probability) is blue[1]
    assert (red[0].stage, red[0].category, red[0].threshold) == (EXAMPLES, "reds", 0.5)
    assert red[0].told.startswith("like red")
    assert Path(red[0].shots[0]).name in ("red1.png", "red22.png")
    assert blue[1].threshold == 0.3
    assert not red[0].doubted
    assert sight.look([]) == []


def test_words_tell_where_there_is_no_example(tmp_path: Path) -> None:
    profile = Profile("p", (category("green"), category("politics"), category("reds", "red1.png")))
    sight = built(profile, tmp_path, WithLabels(), Meanings())
    assert sight.tells == {"green", "reds"}
    assert sight.untold == {
        "politics": "colours has no labels that are kinds of it: it needs example pictures"
    }
    red, green, _ = sight.look(SEEN)
    own = {one.category: one for one in green}
    assert own["green"].lead > 0
    assert own["green"].stage == WORDS
    assert own["green"].told.startswith("looks like green")
    assert own["green"].doubted, "of words alone it is warned of at most"
    assert {one.category: one.lead > 0 for one in red} == {"green": False, "reds": True}


def test_texts_in_the_same_space(tmp_path: Path) -> None:
    sight = built(Profile("p", (category("green"),)), tmp_path, WithTexts())
    assert [opinions[0].probability > 0.5 for opinions in sight.look(SEEN)] == [False, True, False]


@pytest.mark.parametrize(
    ("embedder", "texts", "why"),
    [
        (Plain(), Meanings(), "has no words"),
        (WithLabels(), None, "without a text embedder"),
        (WithLabels(), ScriptedEmbedder(), "does not tell words apart|no labels that are kinds"),
    ],
)
def test_why_no_model_can_tell(embedder: Plain, texts: object, why: str, tmp_path: Path) -> None:
    sight = built(Profile("p", (category("sadness"),)), tmp_path, embedder, texts)
    assert sight.tells == frozenset()
    assert sight.look(SEEN) == [[], [], []]
    with pytest.raises(AssertionError):
        assert not sight.untold
    assert any(each in sight.untold["sadness"] for each in why.split("|"))


def test_what_a_detector_tells_needs_no_head(tmp_path: Path) -> None:
    profile = Profile(
        "p", (category("nudity", detectors=(Detector("nudity"),)), category("reds", "red1.png"))
    )
    sight = built(profile, tmp_path, Plain())
    assert sight.tells == {"reds"}
    assert sight.untold == {}


def test_examples_that_have_little_in_common(tmp_path: Path) -> None:
    mixed = Profile("p", (category("mixed", "red1.png", "green1.png", "blue1.png"),))
    (note,) = built(mixed, tmp_path, Plain()).notes
    assert "mixed: of its 3 example pictures" in note
    assert built(REDS, tmp_path, Plain()).notes == ()


def test_an_example_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is cut short") as caught:
        built(Profile("p", (category("a", "broken.png"),)), tmp_path, Plain())
    assert caught.value.hint == "it is an example picture of the profile"


def test_the_digest_stands_for_all_that_decides(tmp_path: Path) -> None:
    def digest(profile: Profile, texts: object = None) -> str:
        return built(profile, tmp_path, WithLabels(), texts).digest

    first = REDS.categories[0]
    changed = [
        REDS,
        replace(REDS, categories=(replace(first, images=first.images[:1]), REDS.categories[1])),
        replace(REDS, categories=(replace(first, counterimages=(shot("green1.png"),)), REDS.categories[1])),
        replace(REDS, categories=(replace(first, definition="what is red"), REDS.categories[1])),
    ]
    assert len({digest(profile) for profile in changed}) == 4
    assert digest(REDS) == digest(replace(REDS, name="other"))
    assert digest(REDS, Meanings()) != digest(REDS)


def test_what_is_slow_is_done_once(tmp_path: Path) -> None:
    profile, texts = Profile("p", (category("green"),)), Meanings()
    first = built(profile, tmp_path, WithLabels(), texts)
    before = texts.asked
    second = built(profile, tmp_path, WithLabels(), texts)
    assert texts.asked - before == before - 2 * len(WithLabels.labels)
    np.testing.assert_array_equal(
        [one[0].probability for one in first.look(SEEN)], [one[0].probability for one in second.look(SEEN)]
    )


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_cache_is_made_again(content: bytes, tmp_path: Path) -> None:
    made = np.ones((2, 3), np.float32)
    kept(tmp_path, "key", lambda: made)
    (file,) = tmp_path.iterdir()
    np.testing.assert_array_equal(kept(tmp_path, "key", lambda: 0 * made), made)
    file.write_bytes(content)
    np.testing.assert_array_equal(kept(tmp_path, "key", lambda: 2 * made), 2 * made)
    (tmp_path / "file").write_text("")
    np.testing.assert_array_equal(kept(tmp_path / "file" / "x", "key", lambda: made), made)
