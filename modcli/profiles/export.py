"""A resolved profile written out: as data, as JSON, and as YAML that loads to the same profile."""

from __future__ import annotations

import json
from typing import Any

import yaml

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Detector, HashFile, ImageShot, Profile, Shot, Task


def as_data(profile: Profile) -> dict[str, Any]:
    """The profile in the form of a file, without what is empty."""
    data: dict[str, Any] = {"description": profile.description, "task": profile.task.value}
    data["ordinary"] = [_shot(shot) for shot in profile.ordinary]
    lists = {"blocked_hashes": profile.blocked_hashes, "allowed_hashes": profile.allowed_hashes}
    data["images"] = {
        key: [{"file": file.path, "sha256": file.digest} for file in files]
        for key, files in lists.items()
        if files
    }
    data["categories"] = {category.name: _category(category) for category in profile.categories}
    return {key: value for key, value in data.items() if value}


def as_json(profile: Profile) -> str:
    """The profile as indented JSON, in ASCII, so that nothing in it can act on a terminal."""
    return json.dumps(as_data(profile), indent=2)


def from_json(text: str, name: str) -> Profile:
    """The profile that `as_json` wrote, whatever its categories are called: those of stacked profiles have names that no
    file may give. Raises ProfileError for anything else."""
    try:
        data = json.loads(text)
        return Profile(
            name,
            tuple(_category_of(key, values) for key, values in data["categories"].items()),
            str(data.get("description", "")),
            Task(data["task"]),
            _shots_of(data.get("ordinary", [])),
            _hash_files(data, "blocked_hashes"),
            _hash_files(data, "allowed_hashes"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProfileError(f"the profile {name} that was kept cannot be read: {error!r}") from error


def as_yaml(profile: Profile) -> str:
    """The profile as YAML, texts of several lines as blocks."""
    text: str = yaml.dump(
        as_data(profile), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return text


def _category(category: Category) -> dict[str, Any]:
    values = {
        "action": category.action.value,
        "label": category.label,
        "threshold": category.threshold,
        "exempts": list(category.exempts),
        "definition": category.definition,
        "note": category.note,
        "detectors": [_detector(detector) for detector in category.detectors],
        "examples": [*map(_shot, category.examples), *map(_picture, category.images)],
        "counterexamples": [*map(_shot, category.counterexamples), *map(_picture, category.counterimages)],
    }
    return {key: value for key, value in values.items() if value not in ("", None, [])}


def _category_of(name: str, values: dict[str, Any]) -> Category:
    threshold = values.get("threshold")
    return Category(
        name,
        Action(values["action"]),
        definition=str(values.get("definition", "")),
        note=str(values.get("note", "")),
        label=str(values.get("label", "")),
        examples=_shots_of(values.get("examples", [])),
        counterexamples=_shots_of(values.get("counterexamples", [])),
        threshold=None if threshold is None else float(threshold),
        exempts=tuple(str(exempted) for exempted in values.get("exempts", [])),
        images=_pictures_of(values.get("examples", [])),
        counterimages=_pictures_of(values.get("counterexamples", [])),
        detectors=tuple(
            Detector(one) if isinstance(one, str) else Detector(one["name"], float(one["threshold"]))
            for one in values.get("detectors", [])
        ),
    )


def _shots_of(shots: list[Any]) -> tuple[Shot, ...]:
    return tuple(
        Shot(shot) if isinstance(shot, str) else Shot(shot["text"], shot["reason"])
        for shot in shots
        if isinstance(shot, str) or "image" not in shot
    )


def _pictures_of(shots: list[Any]) -> tuple[ImageShot, ...]:
    return tuple(
        ImageShot(shot["image"], shot["sha256"], shot.get("reason", ""))
        for shot in shots
        if isinstance(shot, dict) and "image" in shot
    )


def _hash_files(data: dict[str, Any], key: str) -> tuple[HashFile, ...]:
    return tuple(HashFile(one["file"], one["sha256"]) for one in data.get("images", {}).get(key, []))


def _picture(shot: ImageShot) -> dict[str, str]:
    told = {"reason": shot.reason} if shot.reason else {}
    return {"image": shot.path, "sha256": shot.digest} | told


def _detector(detector: Detector) -> str | dict[str, Any]:
    if detector.threshold is None:
        return detector.name
    return {"name": detector.name, "threshold": detector.threshold}


def _shot(shot: Shot) -> str | dict[str, str]:
    return {"text": shot.text, "reason": shot.reason} if shot.reason else shot.text


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and indents lists."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        # Outside of double quotes the emitter takes some invisible characters for line breaks.
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
