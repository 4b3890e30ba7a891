"""The wish: what one person calls harmful, and what to do about it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property


class Action(StrEnum):
    """What happens to an item, from the mildest to the strictest."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 for allow, 1 for warn, 2 for block."""
        return ("allow", "warn", "block").index(self.value)


def strictest(*actions: Action) -> Action:
    """The strictest of the actions; allow when there are none."""
    return max(actions, key=lambda action: action.severity, default=Action.ALLOW)


class Task(StrEnum):
    """How categories relate: one yes or no, exactly one of many, or any number at once."""

    BINARY = "binary"
    MULTI_CLASS = "multi-class"
    MULTI_LABEL = "multi-label"


@dataclass(frozen=True, slots=True)
class Shot:
    """One labelled example: its text and, optionally, why it is labelled so. The reason is for who reads the profile:
    it reaches neither a prompt nor a judge."""

    text: str
    reason: str = ""


#: What a profile may name under a category's `detectors`.
DETECTORS = ("nudity", "opennsfw", "nsfwjs", "nudenet")


@dataclass(frozen=True, slots=True)
class ImageShot:
    """A picture as an example: where its file is, the SHA-256 of its bytes, hex, and, optionally, why it is labelled
    so. Only pictures are judged by it, never texts."""

    path: str
    digest: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector whose probability counts for a category; `threshold` None: from where the detector itself says."""

    name: str
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class HashFile:
    """A list of hashes of pictures: where its file is, and the SHA-256 of its bytes, hex."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of content.

    `action` is what happens to an item of this kind. `label` is the word the model is asked to choose for it.
    `threshold` is the probability from which on the category fires (None: chosen by the judge).
    `note` is told to the model together with the definition (an unblock writes one).
    `exempts` names the categories that this one is an exception to: where this one is allowed and more probable
    than they are, they do not fire. `images`, `counterimages` and `detectors` are for pictures alone.
    """

    name: str
    action: Action
    definition: str = ""
    note: str = ""
    label: str = ""
    examples: tuple[Shot, ...] = ()
    counterexamples: tuple[Shot, ...] = ()
    threshold: float | None = None
    exempts: tuple[str, ...] = ()
    images: tuple[ImageShot, ...] = ()
    counterimages: tuple[ImageShot, ...] = ()
    detectors: tuple[Detector, ...] = ()

    @property
    def word(self) -> str:
        """The label word: `label` where given, else the name with its dashes read as spaces."""
        return self.label or self.name.replace("-", " ").replace("_", " ")


_OF_PICTURES = {"images", "counterimages", "detectors", "blocked_hashes", "allowed_hashes"}


@dataclass(frozen=True)
class Profile:
    """A set of categories, as loaded, with inheritance and stacking already resolved.

    `ordinary` holds examples that belong to no category. A picture in one of the `blocked_hashes` is blocked, one in the
    `allowed_hashes` alone is allowed.
    """

    name: str
    categories: tuple[Category, ...]
    description: str = ""
    task: Task = Task.MULTI_LABEL
    ordinary: tuple[Shot, ...] = ()
    blocked_hashes: tuple[HashFile, ...] = ()
    allowed_hashes: tuple[HashFile, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that can change a verdict, hex: neither name, description, file layout nor a shot's reason."""
        content = asdict(self)
        del content["name"], content["description"]
        for holder in (content, *content["categories"]):
            for key in {"ordinary", "examples", "counterexamples"} & holder.keys():
                holder[key] = [shot["text"] for shot in holder[key]]
            for key in _OF_PICTURES & holder.keys():
                written = holder.pop(key)
                # What a profile without pictures has been called stays what it is called.
                if written:
                    holder[key] = written if key == "detectors" else [file["digest"] for file in written]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def by_name(self) -> dict[str, Category]:
        """The categories by their names."""
        return {category.name: category for category in self.categories}
