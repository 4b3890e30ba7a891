"""A folder of skills as what an audit takes in: each skill one record, its text the card and then the passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modcli.errors import Location
from modcli.skills.card import card_of, passages
from modcli.skills.reading import read_skills
from modcli.skills.skill import Skill
from modcli.sources.post import Export, Part, PartName, Post, Problem, Record, RecordKind

#: Passages of one skill: as many as are read of one text (`windows.MOST` of them, which overlap) beside the card.
MOST_PASSAGES = 36


@dataclass(frozen=True)
class SkillsInput:
    """The skills at a path, read in the order in which `read_skills` finds them."""

    path: Path

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return str(self.path)

    @property
    def kind(self) -> str:
        """See `Input.kind`."""
        return "skills"

    @property
    def size(self) -> int:
        """See `Input.size`: not known."""
        return 0

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`. A position is how many skills come before it. Of a skill that is longer than what is judged
        of it, a Problem says so, beside it."""
        for number, found in enumerate(read_skills(self.path), 1):
            if number <= position:
                continue
            if isinstance(found, Problem):
                yield Record(found, number)
                continue
            text = passages(found, most=MOST_PASSAGES)
            if text.read < 1:
                # Before the skill, at a place from which it is read again: neither is lost.
                yield Record(_in_part(found, text.read), number - 1)
            whole = "\n\n".join((card_of(found).text, *(piece.text for piece in text.pieces)))
            yield Record(_post(found, self.path, whole), number)


def skills_export(path: Path) -> Export:
    """The skills at a path. Their purpose is judged, as posts are: by the worst window; what they hide and whether they
    are dangerous is for `modcli check --skill`."""
    note = "an audit judges what skills are for; `modcli check --skill` also says what they hide, and what is dangerous"
    return Export(str(path), "agent skills", (SkillsInput(path),), notes=(note,))


def _post(skill: Skill, path: Path, text: str) -> Post:
    # The place tells a skill from others, and stays when it is changed: then it is the same one, edited. It is seen from
    # the folder of all, wherever that is.
    place = Location(skill.root, max(1, skill.front.lines.get("description", 1)))
    within = skill.root.removeprefix(str(path)).lstrip("/") or skill.name
    return Post(f"skill:{within}", RecordKind.POST, place, (Part(PartName.TEXT, text),))


def _in_part(skill: Skill, share: float) -> Problem:
    return Problem(
        Location(skill.root),
        f"the skill was judged by {int(share * 1000) / 10:.1f}% of its text",
        "`modcli check --skill` judges more of it, and all files by rules",
    )
