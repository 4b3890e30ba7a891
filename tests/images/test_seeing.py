"""Detectors as opinions on categories: thresholds, second opinions, several names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from modcli.images.picture import Picture, Seen
from modcli.images.seeing import DetectorSight
from modcli.profile import Action, Category, Detector, Profile

PICTURE = Picture("a", "", "png", 1, 1, np.zeros((1, 1, 3), np.uint8))


class Fixed:
    measured = ""

    def __init__(self, name: str, says: float, threshold: float = 0.5) -> None:
        self.name, self.digest, self.threshold, self._says = name, name, threshold, says
        self.looks = 0

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        self.looks += 1
        return [Seen(self.name, self._says, self.threshold, "skin") for _ in pictures]


def profile(*detectors: Detector) -> Profile:
    return Profile("p", (Category("bare", Action.BLOCK, detectors=detectors), Category("rude", Action.BLOCK)))


@pytest.mark.parametrize(
    ("says", "threshold", "alone", "probability", "doubted"),
    [
        ((0.9, 0.7), None, (), 0.9, False),
        ((0.3, 0.7), None, (), 0.7, True),
        ((0.3, 0.2), None, (), 0.3, False),
        ((0.9, 0.7), 0.8, (), 0.9, True),
        ((0.9,), None, (), 0.9, False),
        ((0.9,), None, ("nudity",), 0.9, True),
    ],
)
def test_opinions(
    says: tuple[float, ...],
    threshold: float | None,
    alone: tuple[str, ...],
    probability: float,
    doubted: bool,
) -> None:
    detectors = [Fixed(f"model {i}", value) for i, value in enumerate(says)]
    sight = DetectorSight(profile(Detector("nudity", threshold)), {"nudity": detectors}, alone)
    assert sight.tells == {"bare"}
    (opinions,) = sight.look([PICTURE])
    (opinion,) = opinions
    assert (opinion.category, opinion.probability, opinion.doubted) == ("bare", probability, doubted)
    assert opinion.threshold == (0.5 if threshold is None else threshold)
    assert opinion.told.startswith(f"model 0 {says[0]:.2f}, skin")


def test_one_under_two_names_looks_once() -> None:
    shared, other = Fixed("opennsfw", 0.9), Fixed("nsfwjs", 0.1)
    named = profile(Detector("nudity"), Detector("opennsfw", 0.95))
    sight = DetectorSight(named, {"nudity": [shared, other], "opennsfw": [shared]})
    (opinions,) = sight.look([PICTURE])
    assert [opinion.threshold for opinion in opinions] == [0.5, 0.95]
    assert shared.looks == 1


def test_the_digest_is_that_of_the_detectors() -> None:
    one = DetectorSight(profile(Detector("nudity")), {"nudity": [Fixed("a", 0.1)]})
    other = DetectorSight(profile(Detector("nudity")), {"nudity": [Fixed("b", 0.1)]})
    assert one.digest != other.digest
