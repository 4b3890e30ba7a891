"""What two resolved profiles say differently: by meaning, not by layout. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modcli.profile import Category, HashFile, ImageShot, Profile, Shot

#: The parts of a category that are one value.
VALUES = ("action", "label", "threshold", "exempts", "definition", "note", "detectors")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the category (empty: none), what it is about, and both sides (None: not there)."""

    category: str
    what: str
    old: Any
    new: Any


def differences(first: Profile, second: Profile) -> list[Difference]:
    """All that differs but the name, in the order of the categories, those of the first profile first."""
    found = [
        Difference("", what, getattr(first, what), getattr(second, what))
        for what in ("description", "task")
        if getattr(first, what) != getattr(second, what)
    ]
    found += _of_shots("", "ordinary", first.ordinary, second.ordinary)
    found += [
        Difference("", what, _paths(getattr(first, what)), _paths(getattr(second, what)))
        for what in ("blocked_hashes", "allowed_hashes")
        if {file.digest for file in getattr(first, what)} != {file.digest for file in getattr(second, what)}
    ]
    for name in dict.fromkeys((*first.by_name, *second.by_name)):
        one, other = first.by_name.get(name), second.by_name.get(name)
        if one is None or other is None:
            found.append(Difference(name, "category", one and one.action.value, other and other.action.value))
        else:
            found += _of_category(one, other)
    return found


def _paths(files: tuple[HashFile, ...]) -> str:
    return ", ".join(file.path for file in files)


def _of_category(one: Category, other: Category) -> Iterator[Difference]:
    for what in VALUES:
        old, new = _values(one, what), _values(other, what)
        if (set(old) != set(new)) if what == "exempts" else old != new:
            yield Difference(one.name, what, old, new)
    yield from _of_shots(one.name, "example", one.examples, other.examples)
    yield from _of_shots(one.name, "counterexample", one.counterexamples, other.counterexamples)
    yield from _of_pictures(one.name, "example", one.images, other.images)
    yield from _of_pictures(one.name, "counterexample", one.counterimages, other.counterimages)


def _values(category: Category, what: str) -> Any:
    """One of `VALUES`; detectors in words."""
    value = getattr(category, what)
    if what != "detectors":
        return value
    return tuple(
        each.name if each.threshold is None else f"{each.name} from {each.threshold:g}" for each in value
    )


def _of_pictures(
    category: str, what: str, old: tuple[ImageShot, ...], new: tuple[ImageShot, ...]
) -> Iterator[Difference]:
    """Pictures are told by the names of their files, and are the same where their bytes are."""
    before, after = {shot.digest for shot in old}, {shot.digest for shot in new}
    for shot in old:
        if shot.digest not in after:
            yield Difference(category, f"{what} picture", shot.path, None)
    for shot in new:
        if shot.digest not in before:
            yield Difference(category, f"{what} picture", None, shot.path)


def _of_shots(category: str, what: str, old: tuple[Shot, ...], new: tuple[Shot, ...]) -> Iterator[Difference]:
    before, after = {shot.text for shot in old}, {shot.text for shot in new}
    for shot in old:
        if shot.text not in after:
            yield Difference(category, what, shot.text, None)
    for shot in new:
        if shot.text not in before:
            yield Difference(category, what, None, shot.text)
