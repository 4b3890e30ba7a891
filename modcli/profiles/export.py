"""A resolved profile written out: as data, as JSON, and as YAML that loads to the same profile."""

from __future__ import annotations

import json
from typing import Any

import yaml

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Profile, Shot, Task


def as_data(profile: Profile) -> dict[str, Any]:
    """The profile in the form of a file, without what is empty."""
    data: dict[str, Any] = {"description": profile.description, "task": profile.task.value}
    data["ordinary"] = [_shot(shot) for shot in profile.ordinary]
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
        "examples": [_shot(shot) for shot in category.examples],
        "counterexamples": [_shot(shot) for shot in category.counterexamples],
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
    )


def _shots_of(shots: list[Any]) -> tuple[Shot, ...]:
    return tuple(
        Shot(shot) if isinstance(shot, str) else Shot(shot["text"], shot["reason"]) for shot in shots
    )


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
