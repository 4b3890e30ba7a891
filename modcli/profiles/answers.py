"""A person's answers become shots of a profile: many in one edit, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modcli.errors import Location, ProfileError
from modcli.profile import Profile
from modcli.profiles import document
from modcli.profiles.document import MAX_BYTES
from modcli.profiles.dropping import drop_roles, roles_of
from modcli.profiles.find import Shelf
from modcli.profiles.inherit import ALL_OTHERS, COUNTEREXAMPLE, EXAMPLE, UNKNOWN, claims_of
from modcli.profiles.marked import MAX_NODES
from modcli.profiles.origins import Role
from modcli.profiles.plan import Change, Editable, Plan, run, shot_texts

#: Parts that an answer adds to a profile's tree beside its labels: itself, and four keys and values at most.
_NODES = 9
#: Bytes around an answer: indentation, a dash or a comma, the end of the line.
_AROUND = 12


@dataclass(frozen=True)
class Answer:
    """A text, the categories that it belongs to, and those of which nobody said; it belongs to none of the others.
    `location` is where it was said."""

    text: str
    labels: frozenset[str]
    unknown: frozenset[str]
    location: Location


@dataclass(frozen=True)
class Conflict:
    """An answer that says otherwise than something else does: `said` there and `meant` here, in words. `settled`: the
    answer has been learned all the same."""

    text: str
    meant: str
    said: str
    here: Location
    there: Location
    settled: bool


@dataclass(frozen=True)
class Learned:
    """What came of the answers: `new` were learned, `known` were there already, `repeated` stood among the answers
    twice."""

    change: Change
    new: int
    known: int
    repeated: int
    conflicts: tuple[Conflict, ...]


def learn(
    target: Editable,
    shelf: Shelf,
    answers: Sequence[Answer],
    *,
    overrule: bool = False,
    rehearsal: bool = False,
    origin: Callable[[Role], Location | None] = lambda _role: None,
) -> Learned:
    """Add answers to a profile as shots with labels.

    Two answers that contradict each other are both left out. One that contradicts what the profile's own file says is
    left out too, or takes its place where it is to `overrule`. What is only inherited gives way to an answer; `origin`
    tells where that was written. In a `rehearsal` nothing is written. Raises ProfileError, and changes nothing, where a
    category does not exist, a text is empty, or the file would become too large.
    """
    gathering = _Gathering(overrule, origin)

    def plan_it(plan: Plan) -> None:
        for answer in answers:
            for name in (*answer.labels, *answer.unknown):
                plan.category(name)
        gathering.decide(_once(answers, gathering), plan)
        drop_roles(plan, gathering.dropped)
        entries = [_entry(answer, list(plan.profile.by_name)) for answer in gathering.new]
        if entries:
            _fit(plan, entries)
            plan.draft.extend(("shots",), list(entries))

    change = run(target, shelf, plan_it, rehearsal=rehearsal)
    return Learned(
        change, len(gathering.new), gathering.known, gathering.repeated, tuple(gathering.conflicts)
    )


@dataclass
class _Gathering:
    """What is to become of each answer, gathered while the edit is made."""

    overrule: bool
    origin: Callable[[Role], Location | None]
    new: list[Answer] = field(default_factory=list)
    dropped: list[Role] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    known: int = 0
    repeated: int = 0

    def decide(self, answers: Iterable[Answer], plan: Plan) -> None:
        """Compare each answer with the profile."""
        roles = roles_of(plan.profile)
        own = _own_places(plan)
        kinds: dict[str, list[Role]] = {}
        for role in roles:
            kinds.setdefault(role.text, []).append(role)
        for answer in answers:
            meant = _roles(answer, plan.profile)
            against = [role for role in kinds.get(answer.text, ()) if _contradicts(role, answer)]
            held = sorted((role for role in against if role in own), key=str)
            for role in (held or sorted(against, key=str))[:1]:
                there = own.get(role) or self.origin(role) or Location(plan.draft.tree.name)
                settled = self.overrule or not held
                self.conflict(answer, role, there, settled=settled)
            if held and not self.overrule:
                continue
            self.dropped += held
            if not against and meant <= roles:
                self.known += 1
            else:
                self.new.append(answer)

    def conflict(self, answer: Answer, role: Role, there: Location, *, settled: bool) -> None:
        """An answer that says otherwise than a shot."""
        said = f"{role.kind} of '{role.category}'" if role.category else role.kind
        self.conflicts.append(Conflict(answer.text, _meant(answer), said, answer.location, there, settled))


def _meant(answer: Answer) -> str:
    """What an answer says, in words."""
    return ", ".join(sorted(answer.labels)) or "none"


def _once(answers: Sequence[Answer], gathering: _Gathering) -> list[Answer]:
    """Each text once; without those that were answered in two ways."""
    found: dict[str, Answer] = {}
    left_out: set[str] = set()
    for answer in answers:
        (text,) = shot_texts([answer.text])
        answer = Answer(text, answer.labels, answer.unknown - answer.labels, answer.location)
        before = found.get(text)
        if before is None:
            found[text] = answer
        elif _opposed(before, answer) or _opposed(answer, before):
            left_out.add(text)
            gathering.conflicts.append(
                Conflict(
                    text, _meant(answer), _meant(before), answer.location, before.location, settled=False
                )
            )
        else:
            gathering.repeated += 1
            labels = before.labels | answer.labels
            found[text] = Answer(text, labels, (before.unknown & answer.unknown) - labels, before.location)
    return [answer for text, answer in found.items() if text not in left_out]


def _opposed(one: Answer, other: Answer) -> bool:
    """Whether one says of a category that the other denies."""
    return bool(one.labels - other.labels - other.unknown)


def _roles(answer: Answer, profile: Profile) -> set[Role]:
    """What the answer's text is to be."""
    found = {Role(name, EXAMPLE, answer.text) for name in answer.labels}
    others = profile.by_name.keys() - answer.labels - answer.unknown
    return found | {Role(name, COUNTEREXAMPLE, answer.text) for name in others}


def _contradicts(role: Role, answer: Answer) -> bool:
    """Whether a text that has this role cannot be what the answer says."""
    if role.kind == EXAMPLE:
        return role.category not in answer.labels and role.category not in answer.unknown
    if role.kind == COUNTEREXAMPLE:
        return role.category in answer.labels
    return bool(answer.labels)


def _own_places(plan: Plan) -> Mapping[Role, Location]:
    written = document.read(plan.draft.text.encode(), plan.draft.tree.name)
    return {
        Role(claim.category, claim.kind, claim.shot.text): written.tree.location(claim.path)
        for claim in claims_of(written, plan.profile.by_name)
        if claim.kind != UNKNOWN
    }


def _entry(answer: Answer, names: Sequence[str]) -> dict[str, Any]:
    labels = [name for name in names if name in answer.labels]
    unknown = [name for name in names if name in answer.unknown]
    of_all_others = bool(unknown) and len(labels) + len(unknown) == len(names)
    told = {"unknown": ALL_OTHERS if of_all_others else unknown} if unknown else {}
    return {"text": answer.text, "labels": labels} | told


def _fit(plan: Plan, entries: Sequence[dict[str, Any]]) -> None:
    """Raise ProfileError where the file would become too large, and say how many would fit."""
    room = MAX_BYTES - len(plan.draft.text.encode())
    nodes = MAX_NODES - getattr(plan.draft.tree.root, "size", 1)
    for number, entry in enumerate(entries):
        room -= len(plan.draft.written(entry).encode()) + _AROUND
        nodes -= _NODES + len(entry["labels"]) + len(entry.get("unknown", ()))
        if room < 0 or nodes < 0:
            raise ProfileError(
                f"{len(entries):,} answers do not fit: a profile has at most {MAX_BYTES:,} bytes and {MAX_NODES:,} parts",
                location=Location(plan.draft.tree.name),
                hint=f"--limit {number} fits; a few hundred answers do, keep the others to evaluate with"
                if number
                else "take shots out first: `modcli profile doctor`",
            )
