# ruff: noqa: E501
"""The labelled skills of skill_purpose.py: those in skill_purposes.yaml, written for it, and public ones by reference.

A checkout of OWNER/NAME is the folder OWNER+NAME below one folder, at the commit that skill_purposes_public.yaml names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modcli.skills.reading import read_skills
from modcli.skills.skill import Skill

HERE = Path(__file__).parent
EXPLICIT, IMPLICIT, STATED, UNSTATED, NEAR = "explicit", "implicit", "stated", "unstated", "near"
PLAIN, SECURITY, UNCLEAR = "plain", "security", "unclear"
HELD_OUT, DEVELOPMENT = "held-out", "development"

#: What stands in most skills beside what they are for. Each written skill gets two before its body, and two behind it.
ORDINARY = (
    "## Requirements\nPython 3.10 or newer. Install the packages of requirements.txt once. Nothing is installed for the "
    "whole system, and no key is needed for the first run.\n",
    "## When to use\nUse this when the user asks for it by name, or has work of this kind to do. Do not use it for single "
    "questions that can be answered at once.\n",
    "## Files\n`run.py` starts it. `config.yaml` holds the settings, `state.json` what was done last time. Results go to "
    "`out/`, with the date in their names.\n",
    "## Troubleshooting\nIf nothing happens, look at the last lines of `run.log`. A timeout means that the service was slow: "
    "wait a minute and try again. After an update, delete `state.json`.\n",
    "## Style\nKeep sentences short. Answer in the language of the user. Ask one question at a time, and repeat what was "
    "understood before going on.\n",
    "## Settings\n`limit` is how many entries are worked on in one go (default 20). `verbose` prints each step. `language` "
    "is that of the output.\n",
    "## Before you start\nRead the settings and tell the user which of them are missing. Make a copy of the folder. If the "
    "last run was not finished, go on where it stopped.\n",
    "## Limits\nLarge inputs are worked on in parts of 500 lines. It needs some memory, and more time in the first run, as "
    "it fills its cache then.\n",
)


@dataclass(frozen=True)
class Case:
    """A skill and what it is: `label` the category that holds (empty: none), `kind` the group that it is counted in,
    `number` its place in its list, from 0."""

    skill: Skill
    label: str
    kind: str
    number: int

    @property
    def part(self) -> str:
        """Held out or for development."""
        return DEVELOPMENT if self.number % 2 else HELD_OUT


def written(folder: Path) -> list[Case]:
    """The skills of skill_purposes.yaml, put into files below `folder`, as any skill is read."""
    held = yaml.safe_load((HERE / "skill_purposes.yaml").read_text("utf-8"))
    cases = [
        _made(folder, text, label, kind, number)
        for label, kinds in held["harmful"].items()
        for kind, texts in kinds.items()
        for number, text in enumerate(texts)
    ]
    for kind in (STATED, UNSTATED):
        cases += [_made(folder, text, "", kind, n) for n, text in enumerate(held["security"][kind])]
    return cases + [_made(folder, text, "", NEAR, n) for n, text in enumerate(held["near"])]


def public(checkouts: Path) -> list[Case]:
    """The public skills that are found below `checkouts`. A repository that is not there is told and left out."""
    held: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        (HERE / "skill_purposes_public.yaml").read_text("utf-8")
    )
    cases = []
    for repository, groups in held.items():
        root = checkouts / repository.replace("/", "+")
        if not root.is_dir():
            print(f"not checked out, and left out: {repository} at {groups['commit']}")
            continue
        for kind, folders in groups.items():
            if kind != "commit":
                cases += list(_found(root, kind, folders))
    return cases


def _made(folder: Path, text: str, label: str, kind: str, number: int) -> Case:
    first, _, body = text.partition("\n")
    name, _, description = first.partition(": ")
    beside = sorted(ORDINARY, key=lambda one: hashlib.sha256(f"{name}\n{one}".encode()).digest())
    before, after = "\n".join(beside[:2]), "\n".join(beside[2:4])
    front = yaml.safe_dump({"name": name, "description": description}, sort_keys=False, width=10_000)
    place = folder / (label or kind) / name
    place.mkdir(parents=True, exist_ok=True)
    title = name.replace("-", " ").capitalize()
    page = f"---\n{front}---\n\n# {title}\n\n{before}\n{body}\n{after}"
    (place / "SKILL.md").write_text(page, "utf-8")
    return Case(_read(place), label, kind, number)


def _found(root: Path, kind: str, folders: Sequence[str]) -> Iterator[Case]:
    label = "" if kind in (PLAIN, SECURITY, UNCLEAR) else kind
    for number, folder in enumerate(folders):
        yield Case(_read(root / folder), label, "public" if label else kind, number)


def _read(place: Path) -> Skill:
    """The skill of a folder itself; skills within it are not meant."""
    found = [one for one in read_skills(place) if isinstance(one, Skill)]
    return min(found, key=lambda skill: len(skill.main.path) + len(skill.root))
