"""Detectors by the names that profiles use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from modcli.errors import ModcliError, UsageError
from modcli.images.detectors import Detector
from modcli.images.detectors_nudity import NsfwJs, NudeNet, OpenNsfw
from modcli.weights.locate import ModelFile

#: Gives the registry's model of this name, fetched first where that is allowed. Raises WeightsError.
Locate = Callable[[str], ModelFile]


@dataclass(frozen=True, slots=True)
class Opening:
    """What every detector is opened with: where models are, a folder for what is made of them once, how many threads
    (0: all cores), and thresholds other than their own, by the detector's name in THRESHOLDS."""

    locate: Locate
    cache_dir: Path
    threads: int = 0
    thresholds: Mapping[str, float] | None = None

    def threshold(self, name: str) -> float:
        """From where the detector of this name counts something as found."""
        return (self.thresholds or {}).get(name, THRESHOLDS[name])


class Opened(NamedTuple):
    """Detectors, the main one first, and why further opinions cannot be had."""

    detectors: tuple[Detector, ...]
    notes: tuple[str, ...]


#: From where each counts something as found. Not fitted: it is the middle, and on harmless photographs none comes near.
THRESHOLDS: Mapping[str, float] = {"opennsfw": 0.5, "nsfwjs": 0.5, "nudenet": 0.5}
#: What a profile may name, and which detectors that is: the first must be there, the others are further opinions.
DETECTORS: Mapping[str, tuple[str, ...]] = {
    "nudity": ("opennsfw", "nsfwjs"),
    "opennsfw": ("opennsfw",),
    "nsfwjs": ("nsfwjs",),
    "nudenet": ("nudenet",),
}
#: The model of the registry that each needs.
MODELS: Mapping[str, str] = {"opennsfw": "opennsfw", "nsfwjs": "nsfwjs-mobilenet-v2"}


def open_detectors(name: str, opening: Opening) -> Opened:
    """The detectors of this name in a profile.

    Raises UsageError for an unknown name, and what opening the main one raises (WeightsError, MissingExtraError,
    BackendError). A further opinion that cannot be had is told in the notes: without it nobody agrees, and nothing is
    acted on alone.
    """
    if name not in DETECTORS:
        raise UsageError(f"no detector is called {name!r}", hint=f"there is {', '.join(DETECTORS)}")
    first, *others = DETECTORS[name]
    detectors, notes = [_open(first, opening)], []
    for other in others:
        try:
            detectors.append(_open(other, opening))
        except ModcliError as error:
            hint = f" ({error.hint})" if error.hint else ""
            notes.append(f"{name}: no second opinion by {other}: {error}{hint}")
    return Opened(tuple(detectors), tuple(notes))


def _open(name: str, opening: Opening) -> Detector:
    threshold, threads = opening.threshold(name), opening.threads
    if name == "nudenet":
        return NudeNet(threshold=threshold)
    file = opening.locate(MODELS[name])
    if name == "opennsfw":
        return OpenNsfw(file.path, digest=file.digest, threshold=threshold, threads=threads)
    return NsfwJs(file.path, opening.cache_dir, digest=file.digest, threshold=threshold, threads=threads)
