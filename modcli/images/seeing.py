"""What detectors say, as opinions on the categories of a profile that name them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modcli.images.detectors import Detector, agreed, flagged
from modcli.images.parts import Opinion
from modcli.images.picture import Picture, Seen
from modcli.profile import Detector as Named
from modcli.profile import Profile

DETECTOR = "detector"


class DetectorSight:
    """Detectors by the names that a profile uses; several of one name are opinions on the same thing.

    It is seen where any of them finds it; where not all do, or where a second one that there should be is not at hand
    (`alone`), it is warned of at most.
    """

    #: What stands beside a picture changes nothing.
    pixels_alone = True

    def __init__(
        self, profile: Profile, detectors: Mapping[str, Sequence[Detector]], alone: Sequence[str] = ()
    ) -> None:
        self._detectors = detectors
        self._alone = frozenset(alone)
        self._named = [
            (category.name, detector)
            for category in profile.categories
            for detector in category.detectors
            if detector.name in detectors
        ]
        self.tells = frozenset(category for category, _ in self._named)
        digests = [one.digest for name in sorted(detectors) for one in detectors[name]]
        self.digest = hashlib.sha256("\0".join(digests).encode()).hexdigest()

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        """See `Sight.look`."""
        # A detector that stands under two names looks once.
        each = {id(one): one for detectors in self._detectors.values() for one in detectors}
        seen = {key: one.detect(pictures) for key, one in each.items()}
        return [
            [
                self._opinion(category, named, [seen[id(one)][i] for one in self._detectors[named.name]])
                for category, named in self._named
            ]
            for i in range(len(pictures))
        ]

    def _opinion(self, category: str, named: Named, seen: Sequence[Seen]) -> Opinion:
        opinions = [
            one if named.threshold is None else replace(one, threshold=named.threshold) for one in seen
        ]
        strongest = max(opinions, key=lambda one: one.probability - one.threshold)
        told = "; ".join(
            f"{one.detector} {one.probability:.2f}" + (f", {one.told}" if one.told else "")
            for one in opinions
        )
        doubted = named.name in self._alone or (
            len(opinions) > 1 and flagged(opinions) and not agreed(opinions)
        )
        return Opinion(category, strongest.probability, strongest.threshold, DETECTOR, told, doubted=doubted)
