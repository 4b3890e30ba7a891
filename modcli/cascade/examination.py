"""A profile examined: what each of its shots does to the others and to a person's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from modcli.cascade.preparation import read_background, shot_text
from modcli.cascade.refitting import Measured, Refits
from modcli.cascade.workbench import Workbench
from modcli.judges.background import Background
from modcli.judges.fitting import Shots
from modcli.judges.influence import Group, Influence, States
from modcli.judges.judge import CategoryJudge, Evidence, Judge
from modcli.judges.suspects import LEAST, Suspect, alike, suspects, suspects_by_answers
from modcli.judges.tasks import as_judged, contrast, elsewhere, ordinary
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.answers import Answer
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.origins import Origin, Role
from modcli.prompts.normalization import normalize

#: Cosines (mean over taps) from which on two states are those of one text said twice. Of two that are filed on opposite
#: sides more is asked: a near miss is what a good counterexample is.
NEAR_DUPLICATE, CONTRADICTION = 0.97, 0.98
#: Answers from which on they may say that a suspected shot is of use.
_ENOUGH_ANSWERS = 20
#: What is found twice over comes last, and what is of use before that.
_LAST = {"hard": -5.0, "duplicate": -9.0, "near-duplicate": -10.0}


class Kind(StrEnum):
    """What is found of shots."""

    BLUNTING = "blunting"
    MISLABELLED = "mislabelled"
    CONTRADICTION = "contradiction"
    HARMFUL = "harmful"
    HARD = "hard"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"

    @property
    def harms(self) -> bool:
        """Whether the judge is better without it; what is merely said twice, or hard, does no harm."""
        return self.value not in _LAST


@dataclass(frozen=True)
class Placed:
    """A shot as it is named: its text, the places that have to lose it for it to lose its say, and where the first of
    them is written (None where nobody told)."""

    text: str
    roles: tuple[Role, ...]
    origin: Origin | None = None


@dataclass(frozen=True)
class Finding:
    """Something found of shots of a category. `beside` is what they repeat or contradict, `similarity` how much (a
    cosine). `also` names other categories of which the same was found."""

    kind: Kind
    category: str
    shots: tuple[Placed, ...]
    beside: tuple[Placed, ...] = ()
    measured: Measured | None = None
    similarity: float | None = None
    also: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """All that has to be dropped."""
        return tuple(dict.fromkeys(role for shot in self.shots for role in shot.roles))


@dataclass(frozen=True)
class Examined:
    """One category: its examples, what is held against them, and what its judgement rests on. `told`: there are enough
    to tell anything of them."""

    category: str
    examples: int
    against: int
    evidence: Evidence
    told: bool


@dataclass(frozen=True)
class Examination:
    """What was found, what does most harm first, and what was looked at."""

    findings: tuple[Finding, ...]
    categories: tuple[Examined, ...]


def examine(
    bench: Workbench,
    profile: Profile,
    *,
    answers: Sequence[Answer] = (),
    origins: Mapping[Role, Origin] | None = None,
    progress: Callable[[str], None] = lambda _category: None,
) -> Examination:
    """Examine a user's profile. `origins` tells where shots are written; `progress` is told of each category. Raises what
    the preparation of a judge raises."""
    judged = as_judged(profile)
    judge = bench.preparation(judged).judge
    by_name = {one.name: one for one in judge.categories}
    reading = _Reading(bench, judge)
    seen: list[Examined] = []
    found: list[tuple[float, Finding]] = []
    for category in judged.categories:
        progress(category.name)
        own = by_name.get(category.name)
        shots = _CategoryShots(profile, judged, category, origins or {})
        if own is not None and own.evidence is Evidence.HEAD:
            found += _findings(shots, own, reading, answers, alone=judged.task is Task.MULTI_CLASS)
        else:
            found += shots.repetitions(None, set())
        evidence = own.evidence if own is not None else Evidence.DEFINITION
        enough = evidence is Evidence.HEAD and min(shots.sizes) >= LEAST
        seen.append(Examined(category.name, *shots.sizes, evidence, enough))
    ordered = [finding for _, finding in sorted(found, key=lambda one: -one[0])]
    return Examination(_merged(ordered), tuple(seen))


class _Reading:
    """Features of texts, as a judge has them."""

    def __init__(self, bench: Workbench, judge: Judge) -> None:
        self._bench, self._judge = bench, judge

    @cached_property
    def background(self) -> Background:
        """The bank."""
        return read_background(self._bench.reader, self._judge.taps)

    def features(self, texts: Sequence[str]) -> States:
        """Features of shape (texts, taps, width)."""
        read = [shot_text(Shot(text)) for text in texts]
        return self.background.features_of(self._bench.reader.states(read, self._judge.taps))


class _CategoryShots:
    """The shots of one category as it is judged: examples, what is held against them, ordinary posts, and the examples
    of other categories; rows are numbered in that order, as `Influence` numbers them."""

    def __init__(
        self, profile: Profile, judged: Profile, category: Category, origins: Mapping[Role, Origin]
    ) -> None:
        self.profile, self.category, self._origins = profile, category, origins
        shots = {EXAMPLE: category.examples, COUNTEREXAMPLE: contrast(judged, category)}
        shots[ORDINARY] = ordinary(judged, category)
        sides = {kind: [shot.text for shot in side] for kind, side in shots.items()}
        #: Examples, and what is held against them.
        self.sizes = len(sides[EXAMPLE]), len(sides[COUNTEREXAMPLE])
        self.texts = [text for side in sides.values() for text in side]
        self.kinds = [kind for kind, side in sides.items() for _ in side]
        self._others = [shot.text for shot in elsewhere(judged, category)]
        # What is not held against it by itself, but as an example of others.
        alone = replace(category, counterexamples=())
        self._of_others = {shot.text for shot in contrast(judged, alone)}

    def read(self, reading: _Reading) -> Shots:
        """As they are fitted to."""
        features = reading.features([*self.texts, *self._others])
        positives, shown, rows = self.sizes[0], sum(self.sizes), len(self.texts)
        parts = features[:positives], features[positives:shown], features[shown:rows], features[rows:]
        return Shots(*parts, tuple(self.texts[:positives]))

    def placed(self, row: int) -> Placed:
        """A shot with its places in the user's profile."""
        text, kind = self.texts[row], self.kinds[row]
        roles = tuple(sorted(self._roles(text, kind), key=lambda role: role.kind == ORDINARY))
        return Placed(
            text, roles, next((self._origins[role] for role in roles if role in self._origins), None)
        )

    def equal(self) -> list[tuple[int, int, float]]:
        """Rows with the text of an earlier one, but for what a reader does not see: pairs, and 1 as their cosine."""
        first: dict[str, int] = {}
        keys = (" ".join(normalize(text).casefold().split()) for text in self.texts)
        pairs = [(first.setdefault(key, row), row, 1.0) for row, key in enumerate(keys)]
        return [pair for pair in pairs if pair[0] != pair[1]]

    def contradictions(self, influence: Influence) -> Iterator[tuple[int, int, float]]:
        """What is said on both sides: first the one that the rest puts on the other side, or nearer to it."""
        for one, other, cosine in dict.fromkeys([*self.equal(), *alike(influence, CONTRADICTION)]):
            if (self.kinds[one] == EXAMPLE) != (self.kinds[other] == EXAMPLE):
                margins = influence.sign * influence.log_odds_without((one, other))
                yield (one, other, cosine) if margins[one] < margins[other] else (other, one, cosine)

    def repetitions(self, influence: Influence | None, taken: set[int]) -> Iterator[tuple[float, Finding]]:
        """What is said twice on one side, with what it weighs; rows that are `taken` are passed over."""
        equal = {pair[:2] for pair in self.equal()}
        near = alike(influence, NEAR_DUPLICATE) if influence is not None else []
        for one, other, cosine in [*((*pair, 1.0) for pair in sorted(equal)), *near]:
            if self.kinds[one] != self.kinds[other] or taken & {one, other}:
                continue
            # What is inherited stays: it takes more to drop it.
            dropped, kept = (one, other) if self._is_own(one) and not self._is_own(other) else (other, one)
            taken.add(dropped)
            kind = Kind.DUPLICATE if (one, other) in equal else Kind.NEAR_DUPLICATE
            yield (
                _LAST[kind],
                Finding(
                    kind, self.category.name, (self.placed(dropped),), (self.placed(kept),), similarity=cosine
                ),
            )

    def _is_own(self, row: int) -> bool:
        origin = self.placed(row).origin
        return origin is None or origin.own

    def _roles(self, text: str, kind: str) -> Iterator[Role]:
        if kind != EXAMPLE and _has(self.profile.ordinary, text):
            yield Role(None, ORDINARY, text)
        mine = _meant(self.profile, self.category)
        for name, category in self.profile.by_name.items():
            if kind == EXAMPLE and name in mine and _has(category.examples, text):
                yield Role(name, EXAMPLE, text)
            if kind == COUNTEREXAMPLE and name in mine and _has(category.counterexamples, text):
                yield Role(name, COUNTEREXAMPLE, text)
            held = text in self._of_others or self.category.name not in mine
            if kind == COUNTEREXAMPLE and name not in mine and held and _has(category.examples, text):
                yield Role(name, EXAMPLE, text)


def _findings(
    shots: _CategoryShots,
    judge: CategoryJudge,
    reading: _Reading,
    answers: Sequence[Answer],
    *,
    alone: bool,
) -> Iterator[tuple[float, Finding]]:
    """What is found of a category with a head, each with what it weighs."""
    meant = _meant(shots.profile, shots.category)
    known = [(one.text, of) for one in answers if (of := _truth(one, meant)) is not None]
    features = reading.features([text for text, _ in known])
    truth = np.array([of for _, of in known], bool)
    refits = Refits(shots.read(reading), judge, reading.background, features, truth, alone=alone)
    taken: set[int] = set()

    def finding(kind: Kind, group: Group, *, chose: bool = False) -> Finding:
        taken.update(group)
        measured = refits.measured(group, chose=chose)
        return Finding(kind, shots.category.name, tuple(map(shots.placed, group)), (), measured)

    for weaker, stronger, cosine in shots.contradictions(refits.influence):
        if not taken & {weaker, stronger}:
            one = finding(Kind.CONTRADICTION, (weaker,))
            weight = refits.influence.effect((weaker,)).evidence
            yield weight, replace(one, beside=(shots.placed(stronger),), similarity=cosine)
    for suspect in _suspects(refits):
        if not taken & set(suspect.group):
            one = finding(_kind(suspect, shots), suspect.group, chose=suspect.by_answers)
            if not suspect.by_answers and _is_of_use(one.measured):
                one = replace(one, kind=Kind.HARD)
            yield _LAST.get(one.kind, suspect.effect.evidence), one
    yield from shots.repetitions(refits.influence, taken)


def _suspects(refits: Refits) -> list[Suspect]:
    found = suspects(refits.shots, refits.background)
    if len(refits.truth):
        found += suspects_by_answers(refits.shots, refits.background, refits.answers, refits.truth)
    return found


def _kind(suspect: Suspect, shots: _CategoryShots) -> Kind:
    if suspect.by_answers:
        return Kind.HARMFUL
    blunts = len(suspect.group) > 1 and shots.kinds[suspect.group[0]] != EXAMPLE
    return Kind.BLUNTING if blunts else Kind.MISLABELLED


def _is_of_use(measured: Measured | None) -> bool:
    """Whether answers are judged worse without it."""
    on = measured.answers if measured is not None else None
    return on is not None and on.count >= _ENOUGH_ANSWERS and on.loss[1] > on.loss[0]


def _merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """One finding for the same shots, that of the category where it weighs most; what of them other categories have to
    say is added to it."""
    found: dict[frozenset[str], Finding] = {}
    for finding in findings:
        key = frozenset(shot.text for shot in finding.shots)
        first = found.get(key)
        if first is None:
            found[key] = finding
        elif first.kind.harms == finding.kind.harms:
            shots = tuple(
                replace(mine, roles=tuple(dict.fromkeys((*mine.roles, *theirs.roles))))
                for mine, theirs in zip(
                    sorted(first.shots, key=lambda shot: shot.text),
                    sorted(finding.shots, key=lambda shot: shot.text),
                    strict=True,
                )
            )
            found[key] = replace(first, shots=shots, also=(*first.also, finding.category))
    return tuple(found.values())


def _meant(profile: Profile, category: Category) -> frozenset[str]:
    """The user's categories that one as it is judged stands for."""
    if category.name in profile.by_name:
        return frozenset({category.name})
    return frozenset(one.name for one in profile.categories if one.action is not Action.ALLOW)


def _truth(answer: Answer, meant: frozenset[str]) -> bool | None:
    """Whether an answer is of these categories; None where nobody said."""
    if answer.labels & meant:
        return True
    return None if answer.unknown & meant else False


def _has(shots: Sequence[Shot], text: str) -> bool:
    return any(shot.text == text for shot in shots)
