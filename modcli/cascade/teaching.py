"""How early stages are taught: the full judge works on a sample, and they learn what it would say.

Half of the budget is the calibration sample: drawn uniformly, and used for nothing but the promises. A quarter is
drawn uniformly to learn from, and a quarter is chosen from what is left, for what the stages taught so far take most
for something that the full judge acts on: such posts are rare, and teach most. Nothing is fitted or chosen with the
calibration sample: it is judged last, when the stages and all that they are is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.chains import Chosen, Heads, Seen, best_chain, chain_log_odds, seen_by
from modcli.cascade.costs import Costs, seconds_of
from modcli.cascade.drift import new_salt
from modcli.cascade.early import Features
from modcli.cascade.parts import Parts, parts_of
from modcli.cascade.routing import doubts
from modcli.cascade.tuned import SHALLOW, Judged, TunedCascade, TunedStage, Wish, guarantee_of
from modcli.errors import Location, ModcliError
from modcli.item import Item
from modcli.judges.judge import logit, probability
from modcli.profile import Action, Profile, Task
from modcli.verdict import Verdict

Floats = NDArray[np.float64]
#: One verdict an item, in order.
JudgeAll = Callable[[Sequence[Item]], list[Verdict]]

#: Items below which nothing is taught.
LEAST = 100
#: Items that the full judge has to act on, of those to learn from.
LEAST_ACTED = 5
#: Of the items that are left, so many are looked through for those that teach most.
CANDIDATES = 5000
#: Items judged between two reports of progress.
_PART = 32
#: A stage whose features are no numbers for a greater share than that of texts is broken.
_MOST_UNUSABLE = 0.5


class CannotTeach(ModcliError):
    """The sample does not do."""


class Rows(NamedTuple):
    """Items judged in full: their parts; the full judge's probabilities (items, categories), brought to where 0.5 is the
    border; for which categories it acts; and which items it was asked about."""

    parts: tuple[Parts, ...]
    targets: Floats
    acted: NDArray[np.bool_]
    asked: NDArray[np.bool_]

    def take(self, rows: Any) -> Rows:
        """Some of the rows."""
        index = np.arange(len(self.parts))[rows]
        return Rows(
            tuple(self.parts[i] for i in index), self.targets[index], self.acted[index], self.asked[index]
        )


@dataclass(frozen=True)
class Lesson:
    """What is needed to teach. `features` makes those of each stage that is at hand, the cheapest first; `costs` are the
    model's; `budget` is how many items the full judge may judge, `wishes` what is to be promised; `progress` is called
    with how many of the items are done, `tell` with a line about a stage that fails."""

    profile: Profile
    judge: JudgeAll
    features: Mapping[str, Callable[[], Features]]
    costs: Costs
    budget: int
    wishes: Sequence[Wish]
    key: Mapping[str, str]
    progress: Callable[[int, int], None] = lambda _done, _all: None
    tell: Callable[[str], None] = lambda _line: None
    seed: int = 0


def acting(profile: Profile) -> tuple[str, ...]:
    """The categories of a judged profile that early stages are taught: those that something follows from."""
    return tuple(c.name for c in profile.categories if c.action is not Action.ALLOW)


def teach(lesson: Lesson, texts: Sequence[str]) -> TunedCascade:
    """A tuned cascade from the user's posts, all different, in any order.

    Raises CannotTeach for fewer than LEAST posts or a budget below that, where the full judge acts on hardly any (or
    nearly all) of those to learn from, and where no stage is at hand or of use; and what the judge raises. A stage that
    fails is told and left out.
    """
    if min(len(texts), lesson.budget) < LEAST:
        raise CannotTeach(
            f"{min(len(texts), lesson.budget)} posts for the early stages: that is too few",
            hint=f"{LEAST} are the least, and a promise needs more: see docs/guarantees.md",
        )
    order = np.random.default_rng(lesson.seed).permutation(len(texts))
    budget = min(lesson.budget, len(texts))
    items = [Item(str(i), texts[i], Location("SAMPLE")) for i in order]
    half, quarter = budget // 2, budget // 4
    stages = _Stages(lesson)
    done = _Progress(lesson, budget)
    training = done.judged(items[half : half + quarter])
    uniform = len(training.parts)
    if not uniform:
        raise CannotTeach(f"none of {quarter} posts could be judged", hint=done.last_error)
    rest = items[half + quarter :][:CANDIDATES]
    chosen = _most_instructive(stages, training, rest, budget - half - quarter)
    training = _joined(training, done.judged(chosen))
    _check(training.take(_single(training)))
    heads, acted, is_uniform = stages.heads(training, uniform)
    # For the model is asked about more of those that were chosen than of others.
    full_seconds = lesson.costs.reading + lesson.costs.asking * float(training.asked[:uniform].mean())
    severities = np.array(
        [lesson.profile.by_name[name].action.severity for name in acting(lesson.profile)], np.int8
    )
    calibration = done.judged(items[:half])
    while True:
        best = best_chain(
            heads,
            stages.names,
            uniform=is_uniform,
            acted=acted,
            severities=severities,
            seconds=stages.seconds,
            full_seconds=full_seconds,
            wishes=lesson.wishes,
        )
        if best is None:
            raise CannotTeach(
                "no early stage is faster than the full judge" if stages.names else "no early stage works",
                hint="everything is judged in full, as before",
            )
        log_odds = stages.said(best, calibration.parts)
        if log_odds is not None:
            break
    judged = Judged(tuple(log_odds), calibration.acted, severities)
    return _tuned(lesson, best, judged, stages.seconds, full_seconds, done.count)


def _tuned(
    lesson: Lesson,
    best: Chosen,
    judged: Judged,
    seconds: Mapping[str, float],
    full_seconds: float,
    count: int,
) -> TunedCascade:
    names, eagerness = acting(lesson.profile), best.plan.eagerness
    stage_doubts = [doubts(odds, eager) for odds, eager in zip(judged.log_odds, eagerness, strict=True)]
    return TunedCascade(
        key=lesson.key,
        categories=names,
        stages=tuple(
            TunedStage(name, head, eager, seconds[name])
            for name, head, eager in zip(best.names, best.heads, eagerness, strict=True)
        ),
        full_seconds=full_seconds,
        calibration=judged,
        guarantee=guarantee_of(lesson.wishes, judged, stage_doubts, names),
        budget=count,
        salt=new_salt().hex(),
    )


def full_targets(profile: Profile, verdicts: Sequence[Verdict]) -> tuple[Floats, NDArray[np.bool_]]:
    """The full judge's probabilities, brought to where 0.5 is the border, and for which categories it acts; each of shape
    (items, categories), the categories as `acting` has them."""
    names = acting(profile)
    acted = np.zeros((len(verdicts), len(names)), bool)
    targets = np.zeros((len(verdicts), len(names)))
    for i, verdict in enumerate(verdicts):
        for j, name in enumerate(names):
            found = verdict.categories.get(name)
            if found is None:
                continue
            acted[i, j] = found.action is not Action.ALLOW
            # Of several classes the most probable one is taken: its threshold is no border.
            border = 0.5 if profile.task is Task.MULTI_CLASS else found.threshold
            targets[i, j] = probability(logit(np.float64(found.probability)) - logit(np.float64(border)))
    # An exception may have called a category off.
    return np.where(acted, np.maximum(targets, 0.51), np.minimum(targets, 0.49)), acted


class _Progress:
    """Judges in parts, and says how far it is."""

    def __init__(self, lesson: Lesson, budget: int) -> None:
        self._lesson, self._budget, self._done = lesson, budget, 0
        #: How many could be judged, and why the last of the others could not.
        self.count = 0
        self.last_error: str | None = None

    def judged(self, items: Sequence[Item]) -> Rows:
        """The items that could be judged."""
        parts: list[Parts] = []
        verdicts: list[Verdict] = []
        for start in range(0, len(items), _PART):
            part = items[start : start + _PART]
            for item, verdict in zip(part, self._lesson.judge(part), strict=True):
                if verdict.error is None and verdict.stage != "empty":
                    parts.append(parts_of(item))
                    verdicts.append(verdict)
                self.last_error = verdict.error or self.last_error
            self._done += len(part)
            self._lesson.progress(self._done, self._budget)
        self.count += len(parts)
        asked = np.array([verdict.stage == "prompt" for verdict in verdicts], bool)
        return Rows(tuple(parts), *full_targets(self._lesson.profile, verdicts), asked)


def _check(training: Rows) -> None:
    """Refuse a sample that shows one side only."""
    acted, count = int(training.acted.any(axis=1).sum()), len(training.parts)
    if min(acted, count - acted) < LEAST_ACTED:
        side, number = ("acts on", acted) if acted < LEAST_ACTED else ("lets pass", count - acted)
        raise CannotTeach(
            f"the full judge {side} {number} of {count} posts to learn from: too few",
            hint="more posts, or a greater --budget; until then everything is judged in full",
        )


class _Tried(NamedTuple):
    """A stage that says which one it is before it fails."""

    name: str
    stage: Features
    tried: list[str]

    def features(self, texts: Sequence[str]) -> Any:
        """See `Features.features`."""
        self.tried.append(self.name)
        return self.stage.features(texts)


class _Stages:
    """The stages at hand; one that fails is told, and is there no longer."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self._made: dict[str, Features] = {}
        #: What an item takes at each.
        self.seconds: dict[str, float] = {}
        for name, make in lesson.features.items():
            try:
                self._made[name] = make()
            except ModcliError as error:
                self._fail(name, error)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that work, the cheapest first."""
        return tuple(self._made)

    def seen(self, name: str, texts: Sequence[str]) -> Seen | None:
        """What a stage sees of texts; None where it fails, or hardly sees a number."""
        try:
            seen = seen_by(self._made[name], texts)
        except ModcliError as error:
            self._fail(name, error)
            return None
        if seen.unusable.mean() > _MOST_UNUSABLE:
            self._fail(
                name, ModcliError(f"{int(seen.unusable.sum())} of {len(texts)} features are no numbers")
            )
            return None
        return seen

    def heads(self, training: Rows, uniform: int) -> tuple[Heads, NDArray[np.bool_], NDArray[np.bool_]]:
        """The heads to be learned, and of the rows they learn from: what the full judge acts for (rows, categories), and
        which are of the first `uniform` (rows,). Times the stages."""
        # A head learns from single windows: which window of a long post decided is not known.
        is_single = _single(training)
        rows = training.take(is_single)
        texts = _first(rows.parts)
        seen: dict[str, Seen] = {}
        for name in self.names:
            found, taken = self.seen(name, texts), self._timed(name, texts)
            if found is not None and taken is not None:
                seen[name], self.seconds[name] = found, taken
        is_uniform = (np.arange(len(is_single)) < uniform)[is_single]
        return Heads(seen, rows.targets), rows.acted, is_uniform

    def _timed(self, name: str, texts: Sequence[str]) -> float | None:
        """Seconds for a text; None where the stage fails, or did before."""
        if name == SHALLOW:
            # The model has read these posts before, so that its own stage cannot be timed by them.
            return self._lesson.costs.shallow
        try:
            return seconds_of(self._made[name], texts) if name in self._made else None
        except ModcliError as error:
            self._fail(name, error)
            return None

    def said(self, chosen: Chosen, parts: Sequence[Parts]) -> list[Floats] | None:
        """What the stages of a chain say of items, as `chain_log_odds`; None where one of them fails."""
        tried: list[str] = []
        stages = [_Tried(name, self._made[name], tried) for name in chosen.names]
        try:
            return chain_log_odds(stages, chosen.heads, parts)
        except ModcliError as error:
            self._fail(tried[-1], error)
            return None

    def _fail(self, name: str, error: ModcliError) -> None:
        self._made.pop(name, None)
        hint = f": {error.hint}" if error.hint else ""
        self._lesson.tell(f"the early stage {name} is left out ({error}{hint})")


def _single(rows: Rows) -> NDArray[np.bool_]:
    return np.array([len(parts.texts) == 1 for parts in rows.parts], bool)


def _first(parts: Sequence[Parts]) -> list[str]:
    return [part.texts[0] for part in parts]


def _most_instructive(stages: _Stages, training: Rows, rest: Sequence[Item], count: int) -> list[Item]:
    """The items most likely to be acted on, by stages that learned from `training`; the first ones without a stage."""
    readable = [(item, parts) for item in rest if (parts := parts_of(item)).texts]
    single = training.take(_single(training))
    if count <= 0 or not readable or not len(single.parts):
        return [item for item, _ in readable[: max(count, 0)]]
    here, there = _first(single.parts), _first([parts for _, parts in readable])
    seen: dict[str, Seen] = {}
    of_rest: dict[str, Seen] = {}
    for name in stages.names:
        own, others = (None, None) if name == SHALLOW else (stages.seen(name, here), None)
        if own is not None and (others := stages.seen(name, there)) is not None:
            seen[name], of_rest[name] = own, others
    if not seen:
        return [item for item, _ in readable[:count]]
    said: list[Floats] = []
    for head, others in zip(Heads(seen, single.targets).of(tuple(seen)), of_rest.values(), strict=True):
        said.append(head.log_odds(others.features, said))
    best = np.argsort(-said[-1].max(axis=1), kind="stable")[:count]
    return [readable[i][0] for i in best]


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        (*one.parts, *other.parts),
        np.concatenate([one.targets, other.targets]),
        np.concatenate([one.acted, other.acted]),
        np.concatenate([one.asked, other.asked]),
    )
