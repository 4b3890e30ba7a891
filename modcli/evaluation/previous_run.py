"""The last run of a profile's tests, kept in a small file: what was found, and the profile as it was then.

Of texts and definitions nothing but digests is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modcli.cascade.replacing import replacing
from modcli.profile import Action, Category, Profile, Shot
from modcli.verdict import CategoryVerdict

_FORM = 1
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class KeptTest:
    """What was expected of a test, whether that came, and what was found for each category."""

    expected: Action
    passed: bool
    found: Mapping[str, CategoryVerdict]


@dataclass(frozen=True)
class KeptRun:
    """One run. `when` is in seconds since 1970, `version` stands for all that judges but profile and model.
    `categories` are the digests of each category's parts, `shared` those of what all categories share; `tests` go by
    their keys (`key_of`)."""

    when: float
    version: str
    categories: Mapping[str, Mapping[str, str]]
    shared: Mapping[str, str]
    tests: Mapping[str, KeptTest]


def key_of(text: str, category: str) -> str:
    """What a test is known by from run to run: its post and its category."""
    return hashlib.sha256(f"{text}\0{category}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def parts_of_category(category: Category) -> dict[str, str]:
    """The digest of each part of a category; an example's reason changes no verdict, and is none."""
    parts = {
        "action": category.action.value,
        "label": category.word,
        "threshold": category.threshold,
        "exempts": sorted(category.exempts),
        "definition": category.definition,
        "note": category.note,
        "examples": _texts(category.examples),
        "counterexamples": _texts(category.counterexamples),
    }
    return {name: _digest(part) for name, part in parts.items()}


def parts_of_profile(profile: Profile) -> dict[str, str]:
    """The digests of what all categories share."""
    return {"task": _digest(profile.task.value), "ordinary": _digest(_texts(profile.ordinary))}


def differing_parts(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the parts that differ."""
    return tuple(name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name))


def run_file(folder: Path, *identity: str) -> Path:
    """Where the last run of this identity (profile, model, stage) is kept."""
    return folder / f"{hashlib.sha256(chr(0).join(identity).encode()).hexdigest()}.json"


def save_run(file: Path, run: KeptRun) -> None:
    """Keep a run in the place of the one before; whoever looks meanwhile sees one of them whole. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps({"form": _FORM, **asdict(run)}), "utf-8")


def load_run(file: Path) -> KeptRun | None:
    """The run that was kept; None where there is none, or none that can be read."""
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["form"] != _FORM:
            return None
        tests = {key: _kept_test(test) for key, test in kept["tests"].items()}
        return KeptRun(float(kept["when"]), kept["version"], kept["categories"], kept["shared"], tests)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _kept_test(kept: Mapping[str, Any]) -> KeptTest:
    found = {
        name: CategoryVerdict(
            probability=float(one["probability"]),
            threshold=float(one["threshold"]),
            action=Action(one["action"]),
            exempted_by=one["exempted_by"],
        )
        for name, one in kept["found"].items()
    }
    return KeptTest(Action(kept["expected"]), bool(kept["passed"]), found)


def _texts(shots: tuple[Shot, ...]) -> list[str]:
    return [shot.text for shot in shots]


def _digest(part: object) -> str:
    return hashlib.sha256(json.dumps(part).encode()).hexdigest()[:_DIGITS]
