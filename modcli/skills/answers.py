"""The three answers to a skill, kept apart: what it is for, whether it hides something, and whether it is dangerous."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from modcli.profile import Action, strictest
from modcli.skills.purpose import Answer, Purpose
from modcli.skills.skill import Axis, Finding, Level, Rule, Skill, SkillFile
from modcli.skills.suppression import Known, Let, Mark, Suppression

#: Rules of the judge: one for each category of the profile, and one for a skill that says nothing and holds nothing.
PURPOSE_RULE, UNSAID = "purpose/", "purpose/unsaid"


class Held(StrEnum):
    """Whether something is so: no, a person should look, or yes."""

    NO = "no"
    LOOK = "look"
    YES = "yes"


class Fail(StrEnum):
    """What makes the exit status 1. ANY is the first three; WARN is that, and whatever a person should look at."""

    HARMFUL = "harmful"
    HIDDEN = "hidden"
    DANGEROUS = "dangerous"
    ANY = "any"
    WARN = "warn"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Versions:
    """What an answer depends on: the version of modcli, digests of all rules, of the model and of the profile (empty
    where no purpose was judged), and whether the judge was let lower what rules found."""

    modcli: str
    rules: str
    model: str = ""
    profile: str = ""
    adjudicated: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding as it stands in the end. `let` says why it does not count; `lowered` why its level is lower than the rule
    had it, which was `level_by_rule`; `lapsed` is a suppression of it that has expired."""

    finding: Finding
    mark: Mark
    level_by_rule: Level
    let: Let | None = None
    lowered: str = ""
    lapsed: Suppression | None = None

    @property
    def counts(self) -> bool:
        """Whether it is a part of the answer."""
        return self.let is None


@dataclass(frozen=True)
class SkillVerdict:
    """All that is answered of one skill. `purpose` is None where nobody was asked; `lets` says of each category that
    decided it why it does not count, where it does not."""

    id: str
    name: str
    kind: str
    digest: str
    main_path: str
    files: tuple[SkillFile, ...]
    entries: tuple[Entry, ...]
    purpose: Purpose | None
    purpose_marks: tuple[tuple[Mark, Let | None], ...]
    versions: Versions
    notes: tuple[str, ...] = ()

    @property
    def purpose_counts(self) -> bool:
        """Whether the answer on its purpose was not let stand by a person."""
        marks = self.purpose_marks
        return self.purpose is not None and not (marks and all(let is not None for _, let in marks))

    @property
    def is_harmful(self) -> bool:
        """Whether it is not for this profile."""
        return self.purpose_counts and self.purpose is not None and self.purpose.answer is Answer.NOT

    @cached_property
    def hidden(self) -> Held:
        """Whether it hides something."""
        return self._held(Axis.HIDDEN)

    @cached_property
    def dangerous(self) -> Held:
        """Whether what it does is dangerous."""
        return self._held(Axis.DANGEROUS)

    @property
    def is_read(self) -> bool:
        """Whether all of it was read, as far as its coverage was not let stand by a person."""
        return not self._counted(Axis.COVERAGE, Level.WARNING, Level.PROBLEM)

    @property
    def error(self) -> str | None:
        """Why it could not be judged as a whole."""
        if self.purpose is not None and self.purpose.error is not None:
            return f"its purpose: {self.purpose.error}"
        unread = self._counted(Axis.COVERAGE, Level.PROBLEM)
        return f"{unread[0].finding.path}: {unread[0].finding.told}" if unread else None

    @property
    def action(self) -> Action:
        """What comes of the three answers together."""
        yes = self.is_harmful or Held.YES in (self.hidden, self.dangerous)
        look = Held.LOOK in (self.hidden, self.dangerous)
        asks = self.purpose is not None and self.purpose.answer in (Answer.PERSON, Answer.DUAL_USE)
        return strictest(
            Action.BLOCK if yes else Action.ALLOW,
            Action.WARN if look or (asks and self.purpose_counts) else Action.ALLOW,
        )

    @property
    def agreement(self) -> str:
        """Who has something against it: `both` the rules and the judge, `rules only`, `judge only` or `neither`; `not
        judged` where the judge was not asked. Neither was told what the other said."""
        rules = Held.YES in (self.hidden, self.dangerous)
        if self.purpose is None:
            return "not judged"
        if rules and self.is_harmful:
            return "both"
        return "rules only" if rules else "judge only" if self.is_harmful else "neither"

    def fails(self, wish: Fail) -> bool:
        """Whether it makes the exit status 1."""
        match wish:
            case Fail.HARMFUL:
                return self.is_harmful
            case Fail.HIDDEN:
                return self.hidden is Held.YES
            case Fail.DANGEROUS:
                return self.dangerous is Held.YES
            case Fail.ANY:
                return self.action is Action.BLOCK
            case Fail.WARN:
                return self.action is not Action.ALLOW
            case Fail.NEVER:
                return False

    def of(self, axis: Axis) -> list[Entry]:
        """What was found for one of the answers, the heaviest that counts first, then in the order of the files."""
        levels = list(Level)
        mine = [entry for entry in self.entries if entry.finding.axis is axis]
        return sorted(
            mine,
            key=lambda e: (not e.counts, -levels.index(e.finding.level), e.finding.path, e.finding.line),
        )

    def _held(self, axis: Axis) -> Held:
        if self._counted(axis, Level.PROBLEM):
            return Held.YES
        # What was not read may hold anything.
        return Held.LOOK if self._counted(axis, Level.WARNING) or not self.is_read else Held.NO

    def _counted(self, axis: Axis, *levels: Level) -> list[Entry]:
        return [e for e in self.entries if e.counts and e.finding.axis is axis and e.finding.level in levels]


def rules_digest(rules: Iterable[Rule]) -> str:
    """Stands for all rules: SHA-256 over what each is and says, in the order of their ids, hex."""
    total = hashlib.sha256()
    for rule in sorted(rules, key=lambda one: one.id):
        parts = (rule.id, rule.axis, rule.level, rule.title, rule.why, rule.fix)
        total.update("\0".join(parts).encode() + b"\n")
    return total.hexdigest()


def answered(
    skill: Skill,
    findings: Sequence[Finding],
    purpose: Purpose | None,
    versions: Versions,
    known: Known,
    *,
    lowered: Sequence[str] = (),
    by_rule: Sequence[Level] = (),
) -> SkillVerdict:
    """All answers to a skill. `findings` are what rules found, `lowered` why each has a lower level than `by_rule`
    (empty: it has not; without either none has)."""
    digests = {file.path: file.digest for file in skill.files}
    entries = []
    for i, finding in enumerate(findings):
        mark = Mark(
            skill.name, finding.rule, finding.path, finding.fingerprint(), digests.get(finding.path, "")
        )
        let = known.let(mark)
        entries.append(
            Entry(
                finding,
                mark,
                by_rule[i] if by_rule else finding.level,
                let,
                lowered[i] if lowered else "",
                known.expired(mark) if let is None else None,
            )
        )
    marks = purpose_marks(skill, purpose) if purpose is not None else []
    part = skill.kind in ("command", "agent")  # of a plugin, with whose root it would be one of many
    return SkillVerdict(
        f"{skill.root}/{skill.main.path}" if part else skill.root,
        skill.name,
        skill.kind,
        skill.digest,
        skill.main.path,
        skill.files,
        tuple(entries),
        purpose,
        tuple((mark, known.let(mark)) for mark in marks),
        versions,
        skill.notes,
    )


def purpose_marks(skill: Skill, purpose: Purpose) -> list[Mark]:
    """What a purpose that is not fine is known by: the categories that decided it, and the whole skill as it is now. It
    counts again as soon as anything in the skill changes."""
    if purpose.answer is Answer.FINE:
        return []
    rules = [f"{PURPOSE_RULE}{name}" for name in purpose.decided_by] or [UNSAID]
    return [
        Mark(skill.name, rule, skill.main.path, _fingerprint(rule, skill.digest), skill.digest)
        for rule in rules
    ]


def _fingerprint(rule: str, digest: str) -> str:
    return hashlib.sha256(f"{rule}\0{digest}".encode()).hexdigest()[:16]
