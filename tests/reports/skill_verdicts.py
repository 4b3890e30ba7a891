"""Verdicts on skills with something of everything, for the tests of reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from modcli.errors import Location
from modcli.profile import Action
from modcli.skills.answers import SkillVerdict, Versions, answered
from modcli.skills.purpose import Answer, Found, Purpose, Witness
from modcli.skills.skill import Axis, Level, Read, Skill
from modcli.skills.suppression import Known, Mark, Suppression
from modcli.verdict import CategoryVerdict
from tests.skills.made import finding, skill

TODAY = date(2031, 5, 20)
VERSIONS = Versions("1.2", "a" * 64, "b" * 64, "c" * 64, adjudicated=True)
HOSTILE = "see [this](http://x.example) {0}\x1b[2J"

PURPOSE = Purpose(
    Answer.NOT,
    Action.BLOCK,
    "hacking 0.90 (from 0.50)",
    {
        "hacking": Found(
            CategoryVerdict(0.9, 0.5, Action.BLOCK),
            (Witness("passage", "SKILL.md", 5, 9, 0.9), Witness("card", "SKILL.md", 3, 3, 0.4)),
        ),
        "medical": Found(CategoryVerdict(0.1, 0.5, Action.ALLOW), (), 0.7),
    },
    stage="passages",
    read=0.99999,
    pieces=4,
)


def bad_skill(root: str = "skills/bad") -> Skill:
    """A skill with a script, a binary file, and a file that was cut."""
    made = skill("Helps.", "body\n", {"scripts/a b.py": "x = 1\n", "big.txt": "start"}, name="bad", root=root)
    *others, big = made.files
    return replace(made, files=(*others, replace(big, read=Read.CUT, why="longer than 1 byte", size=9)))


def bad_verdict(root: str = "skills/bad") -> SkillVerdict:
    """Not for this profile, something hidden (one let stand, one in a baseline, one lowered, one whose suppression has
    expired), dangerous, not all read."""
    one = bad_skill(root)
    findings = [
        finding(excerpt=HOSTILE),
        finding(excerpt="a licence note"),
        finding(excerpt="known before"),
        finding(level=Level.WARNING, excerpt="lowered"),
        finding(excerpt="expired"),
        replace(
            finding(Axis.DANGEROUS, path="scripts/a b.py"), near=(("SKILL.md", 7, "the source"),), last_line=8
        ),
        finding(Axis.COVERAGE, Level.WARNING, path="big.txt", line=0, excerpt=""),
        finding(Axis.FORM, Level.NOTE, line=2, excerpt=""),
    ]
    place = Location(".modcli-skills.yaml", 2)
    suppressions = [
        Suppression(f.rule, f.path, f.fingerprint(), "read by me", expires, place)
        for f, expires in ((findings[1], TODAY), (findings[4], date(2030, 1, 1)))
    ]
    known = Known(
        suppressions, [Mark("bad", f.rule, f.path, f.fingerprint()) for f in findings[2:3]], today=TODAY
    )
    lowered = ["", "", "", "the judge takes it for no order", "", "", "", ""]
    by_rule = [Level.PROBLEM if why else f.level for f, why in zip(findings, lowered, strict=True)]
    return answered(one, findings, PURPOSE, VERSIONS, known, lowered=lowered, by_rule=by_rule)


def fine_verdict() -> SkillVerdict:
    """Nothing to say, settled by its card."""
    purpose = Purpose(Answer.FINE, Action.ALLOW, "below every threshold")
    return answered(skill(), [], purpose, VERSIONS, Known(today=TODAY))
