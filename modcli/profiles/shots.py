"""Edits of single shots: one is added with its labels, or removed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

from modcli.errors import ProfileError
from modcli.profile import Profile, Shot
from modcli.profiles.document import shortened
from modcli.profiles.find import Shelf
from modcli.profiles.marked import Path
from modcli.profiles.marked import Sequence as Items
from modcli.profiles.plan import KEYS, Change, Editable, Plan, prose, run, shot_texts


def add_shot(
    target: Editable,
    shelf: Shelf,
    text: str,
    *,
    labels: Sequence[str] = (),
    counter: Sequence[str] = (),
    ordinary: bool = False,
    reason: str = "",
) -> Change:
    """Add one labelled post: with all of its categories, or as a counterexample of some, or as ordinary.

    Raises ProfileError unless exactly one of the three is given, and for a category that does not exist.
    """
    if sum((bool(labels), bool(counter), ordinary)) != 1:
        raise ProfileError(
            "say what the shot shows, in one way",
            hint="--label NAME for each of its categories, or --counter NAME, or --ordinary",
        )
    (text,) = shot_texts([text])
    reason = prose(reason)

    def plan_it(plan: Plan) -> None:
        for name in (*labels, *counter):
            plan.category(name)
        if labels:
            _add_labelled(plan, text, list(dict.fromkeys(labels)), reason)
        elif ordinary:
            _add_ordinary(plan, text, reason)
        for name in dict.fromkeys(counter):
            if reason and text not in {shot.text for shot in plan.category(name).counterexamples}:
                path = ("categories", name, "counterexamples")
                plan.draft.append(path, _shot(text, reason), after=KEYS[:-1])
            else:
                plan.add(name, "counterexamples", [text])

    return run(target, shelf, plan_it)


def add_picture(
    target: Editable,
    shelf: Shelf,
    picture: FilePath,
    data: bytes,
    *,
    labels: Sequence[str] = (),
    counter: Sequence[str] = (),
    reason: str = "",
) -> Change:
    """Add a picture, whose file has these bytes, as an example or a counterexample of some categories. Its path is
    written as seen from the profile's folder.

    Raises ProfileError unless exactly one of the two is given, and for a category that does not exist.
    """
    if bool(labels) == bool(counter):
        raise ProfileError(
            "say what the picture shows, in one way",
            hint="--label NAME for each of its categories, or --counter NAME",
        )
    digest = hashlib.sha256(data).hexdigest()
    reason = prose(reason)
    key = "examples" if labels else "counterexamples"

    def plan_it(plan: Plan) -> None:
        written = {"image": seen_from(target.found.path.parent, picture)} | (
            {"reason": reason} if reason else {}
        )
        for name in dict.fromkeys((*labels, *counter)):
            known = plan.category(name)
            if digest in {shot.digest for shot in (known.images if labels else known.counterimages)}:
                plan.notes.append(f"already among the {key} of '{name}': {shortened(str(picture))}")
                continue
            path: Path = ("categories", name, key)
            if plan.draft.tree.node((*path, "replace")) is not None:
                path = (*path, "replace")
            plan.draft.append(path, written, after=KEYS[: KEYS.index(key)])

    return run(target, shelf, plan_it)


def seen_from(folder: FilePath, file: FilePath) -> str:
    """The path of a file from a folder, with slashes; the whole path where there is none (another drive)."""
    # `..` leaves the folder that a link leads to, not the one that holds the link.
    whole = file.parent.resolve() / file.name
    try:
        return FilePath(os.path.relpath(whole, folder.resolve())).as_posix()
    except ValueError:
        return whole.as_posix()


def remove_shot(target: Editable, shelf: Shelf, text: str) -> Change:
    """Remove a post from everywhere in the file, by its text or by a part that only one post has."""
    (wanted,) = shot_texts([text])

    def plan_it(plan: Plan) -> None:
        texts = list(dict.fromkeys(found for found, _ in _written(plan.draft.data)))
        exact = wanted if wanted in texts else _only(wanted, texts, plan.profile)
        while paths := [path for found, path in _written(plan.draft.data) if found == exact]:
            drop_item(plan, paths[-1])
        left = plan.reload()
        for name in [name for name in plan.profile.by_name if name not in left.by_name]:
            plan.notes.append(f"nothing is left of '{name}', and it is gone")
        if any(exact == shot.text for shot in _inherited(left)):
            plan.notes.append("the same post is still there: it is inherited")

    return run(target, shelf, plan_it)


def _add_labelled(plan: Plan, text: str, labels: list[str], reason: str) -> None:
    for shot in plan.draft.data.get("shots") or ():
        if shot["text"].strip("\n") == text:
            if set(shot["labels"] or ()) == set(labels):
                plan.notes.append(f"already there with these labels: {shortened(text)}")
                return
            raise ProfileError(
                f"already there, labelled {', '.join(shot['labels'] or ['as none'])}: {shortened(text)}",
                hint="`modcli profile remove-shot` it first",
            )
    plan.draft.append(("shots",), {"text": text, "labels": labels} | ({"reason": reason} if reason else {}))


def _add_ordinary(plan: Plan, text: str, reason: str) -> None:
    if text in {shot.text for shot in plan.profile.ordinary}:
        plan.notes.append(f"already among the ordinary posts: {shortened(text)}")
    else:
        plan.draft.append(("ordinary",), _shot(text, reason))


def _shot(text: str, reason: str) -> str | dict[str, Any]:
    return {"text": text, "reason": reason} if reason else text


def _written(data: Any) -> Iterator[tuple[str, Path]]:
    """Every post that the file itself holds, and where."""
    places: list[Path] = [("ordinary",), ("shots",)]
    for name, category in (data.get("categories") or {}).items():
        for key in ("examples", "counterexamples"):
            inner = (category or {}).get(key)
            places.append(
                ("categories", name, key, "replace") if isinstance(inner, dict) else ("categories", name, key)
            )
    for place in places:
        found = data
        for step in place:
            found = (found or {}).get(step)
        for index, item in enumerate(found or ()):
            if isinstance(item, dict) and "text" not in item:
                continue  # a picture
            yield (item if isinstance(item, str) else item["text"]).strip("\n"), (*place, index)


def _only(part: str, texts: Sequence[str], profile: Profile) -> str:
    """The one text that contains the part. Raises ProfileError where there is none, or more than one."""
    found = [text for text in texts if part.casefold() in text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "; ".join(shortened(text) for text in found[:5]) + ("; ..." if len(found) > 5 else "")
        raise ProfileError(
            f"{len(found)} shots contain {shortened(part)}: {listed}",
            hint="give the whole text of one of them",
        )
    if any(part in shot.text for shot in _inherited(profile)):
        raise ProfileError(
            f"the shot is inherited, not written in this file: {shortened(part)}",
            hint="overrule it here with `modcli profile add-shot`, or edit the profile that it comes from",
        )
    raise ProfileError(f"no shot contains {shortened(part)}", hint="`modcli profile show` lists the shots")


def _inherited(profile: Profile) -> Iterator[Shot]:
    yield from profile.ordinary
    for category in profile.categories:
        yield from category.examples
        yield from category.counterexamples


def drop_item(plan: Plan, path: Path) -> None:
    """Take an item out of a list. Raises ProfileError for the last one of a list that replaces an inherited one."""
    around = plan.draft.tree.node(path[:-1])
    if path[-2] == "replace" and isinstance(around, Items) and len(around.items) == 1:
        raise ProfileError(
            "it is the last shot of a list that replaces the inherited ones",
            location=plan.draft.tree.location(path),
            hint="decide by hand what comes in its place: `modcli profile edit`",
        )
    plan.draft.drop(path)
