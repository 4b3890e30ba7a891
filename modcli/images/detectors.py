"""What a detector promises: a model that knows one thing, whatever the profile says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from modcli.images.picture import Picture, Seen


class Detector(Protocol):
    """A model made to see one kind of thing (`nudity`). `threshold` is from where it counts as seen; `measured` says in
    a sentence or two what was and was not measured; `digest` is the SHA-256 of all that decides its answers, hex."""

    @property
    def name(self) -> str:
        """What it is called in verdicts: the thing, then the model (`nudity (opennsfw)`)."""
        ...

    @property
    def digest(self) -> str:
        """See above."""
        ...

    @property
    def threshold(self) -> float:
        """See above."""
        ...

    @property
    def measured(self) -> str:
        """See above."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        """What it says of each picture, in order. A picture's answer does not depend on the others. Raises
        BackendError where the runtime fails."""
        ...


def flagged(opinions: Sequence[Seen]) -> bool:
    """Whether any detector has found it: enough to show the picture to a person."""
    return any(each.found for each in opinions)


def agreed(opinions: Sequence[Seen]) -> bool:
    """Whether there is more than one detector and all have found it: what may be acted on without a person. A single
    detector agrees with nobody."""
    return len(opinions) > 1 and all(each.found for each in opinions)
