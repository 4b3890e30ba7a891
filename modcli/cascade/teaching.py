"""How early stages are taught: the full judge works on a sample, and they learn what it would say.

Half of the budget is the calibration sample: drawn uniformly, and used for nothing but the promises. A quarter is
drawn uniformly to learn from, and a quarter is chosen from what is left, for what the stages taught so far take most
for something that the full judge acts on: such posts are rare, and teach most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.cascade.distillation import DistilledHead, distil
from modcli.cascade.drift import new_salt
from modcli.cascade.early import Features
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.parts import Parts, parts_of
from modcli.cascade.routing import Plan, best_plan, doubts
from modcli.cascade.tuned import (
    EMBEDDING,
    NGRAMS,
    SHALLOW,
    Judged,
    TunedCascade,
    TunedStage,
    Wish,
    guarantee_of,
)
from modcli.errors import Location, ModcliError
from modcli.item import Item
from modcli.judges.judge import probability
from modcli.profile import Action, Profile, Task
from modcli.prompts.profile_prompt import ProfilePrompt
from modcli.prompts.reading import READING
from modcli.states.asker import Asker
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
#: The inverse penalties of the heads. Chosen on the dev rows named in docs/benchmarks.md.
_STRENGTHS = {NGRAMS: 30.0, EMBEDDING: 3.0, SHALLOW: 1.0}
#: How much of a promise's allowance a plan counts on: the calibration sample allows less than the promise does.
_ALLOWED = 0.75
#: Items judged between two reports of progress.
_PART = 32
_TIMED = 24


class CannotTeach(ModcliError):
    """The sample does not do."""


class Costs(NamedTuple):
    """Seconds that the model takes for a post it has not read before: to read it to the shallow tap, to the deepest, and
    to be asked about it."""

    shallow: float
    reading: float
    asking: float


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
    with how many of the items are done."""

    profile: Profile
    judge: JudgeAll
    features: Mapping[str, Callable[[], Features]]
    costs: Costs
    budget: int
    wishes: Sequence[Wish]
    key: Mapping[str, str]
    progress: Callable[[int, int], None] = lambda _done, _all: None
    seed: int = 0


def acting(profile: Profile) -> tuple[str, ...]:
    """The categories of a judged profile that early stages are taught: those that something follows from."""
    return tuple(c.name for c in profile.categories if c.action is not Action.ALLOW)


def teach(lesson: Lesson, texts: Sequence[str]) -> TunedCascade:
    """A tuned cascade from the user's posts, all different, in any order.

    Raises CannotTeach for fewer than LEAST posts, or where the full judge acts on hardly any (or nearly all) of them;
    and what the judge and the stages raise.
    """
    if len(texts) < LEAST:
        raise CannotTeach(
            f"{len(texts)} posts for the early stages: that is too few",
            hint=f"{LEAST} are the least, and a promise needs more: see docs/guarantees.md",
        )
    order = np.random.default_rng(lesson.seed).permutation(len(texts))
    budget = min(lesson.budget, len(texts))
    items = [Item(str(i), texts[i], Location("SAMPLE")) for i in order]
    half, quarter = budget // 2, budget // 4
    done = _Progress(lesson, budget)
    calibration = done.judged(items[:half])
    training = done.judged(items[half : half + quarter])
    uniform = len(training.parts)
    made = {name: make() for name, make in lesson.features.items()}
    _check(training, calibration)
    rest = items[half + quarter :][:CANDIDATES]
    quick = [name for name in made if name != SHALLOW]
    chosen = _most_instructive(quick, made, training, rest, budget - half - uniform)
    training = _joined(training, done.judged(chosen))
    return _taught(lesson, made, training, uniform, calibration)


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
            targets[i, j] = probability(np.array(_log_odds(found.probability) - _log_odds(border)))
    # An exception may have called a category off.
    return np.where(acted, np.maximum(targets, 0.51), np.minimum(targets, 0.49)), acted


def seconds_of(make: Features, texts: Sequence[str]) -> float:
    """What a text takes, the median of three runs over a few."""
    few = texts[:_TIMED]
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        make.features(few)
        taken.append((time.perf_counter() - start) / max(len(few), 1))
    return float(np.median(taken))


class _Progress:
    """Judges in parts, and says how far it is."""

    def __init__(self, lesson: Lesson, budget: int) -> None:
        self._lesson, self._budget, self._done = lesson, budget, 0

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
            self._done += len(part)
            self._lesson.progress(self._done, self._budget)
        asked = np.array([verdict.stage == "prompt" for verdict in verdicts], bool)
        return Rows(tuple(parts), *full_targets(self._lesson.profile, verdicts), asked)


def costs_of(
    backend: Backend,
    prompt: ProfilePrompt | None,
    shallow_tap: int,
    taps: Sequence[int],
    texts: Sequence[str],
) -> Costs:
    """What the model takes for a post, measured on a few: nothing is looked up or kept."""
    few = list(texts[:_TIMED])
    asker = Asker(lambda: backend, None)
    return Costs(
        shallow=_timed(lambda: backend.read(READING, few, taps=(shallow_tap,)), len(few)),
        reading=_timed(lambda: backend.read(READING, few, taps=taps), len(few)) if taps else 0.0,
        asking=_timed(lambda: asker.scores(prompt, few), len(few)) if prompt is not None else 0.0,
    )


def _timed(work: Callable[[], object], count: int) -> float:
    """Seconds for each of so many, without what a first run takes beside."""
    work()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / max(count, 1)


def _check(training: Rows, calibration: Rows) -> None:
    """Refuse a sample that shows one side only."""
    acted = int(training.acted.any(axis=1).sum())
    count = len(training.parts)
    total = acted + int(calibration.acted.any(axis=1).sum())
    judged = count + len(calibration.parts)
    if min(acted, count - acted) < LEAST_ACTED:
        side = "acts on" if acted < LEAST_ACTED else "lets pass"
        number = total if acted < LEAST_ACTED else judged - total
        raise CannotTeach(
            f"the full judge {side} {number} of {judged} posts of the sample: too few to learn from",
            hint="more posts, or a greater --budget; until then everything is judged in full",
        )


def _first(parts: Sequence[Parts]) -> list[str]:
    return [part.texts[0] for part in parts]


def _most_instructive(
    names: Sequence[str], made: Mapping[str, Features], training: Rows, rest: Sequence[Item], count: int
) -> list[Item]:
    """The items most likely to be acted on, by stages that learned from `training`."""
    readable = [(item, parts) for item in rest if (parts := parts_of(item)).texts]
    if count <= 0 or not readable or not names:
        return []
    single = training.take([len(parts.texts) == 1 for parts in training.parts])
    here, there = _first(single.parts), _first([parts for _, parts in readable])
    left_out: list[Floats] = []
    said: list[Floats] = []
    for name in names:
        head, own = distil(made[name].features(here), left_out, single.targets, _STRENGTHS[name])
        said.append(head.log_odds(made[name].features(there), said))
        left_out.append(own)
    best = np.argsort(-said[-1].max(axis=1), kind="stable")[:count]
    return [readable[i][0] for i in best]


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        (*one.parts, *other.parts),
        np.concatenate([one.targets, other.targets]),
        np.concatenate([one.acted, other.acted]),
        np.concatenate([one.asked, other.asked]),
    )


def _taught(
    lesson: Lesson, made: Mapping[str, Features], training: Rows, uniform: int, calibration: Rows
) -> TunedCascade:
    """The best chain of stages, with its promises."""
    severities = np.array(
        [lesson.profile.by_name[name].action.severity for name in acting(lesson.profile)], np.int8
    )
    # A head learns from single windows: which window of a long post decided is not known.
    is_single = np.array([len(parts.texts) == 1 for parts in training.parts])
    is_uniform = (np.arange(len(is_single)) < uniform)[is_single]
    rows = training.take(is_single)
    seen = {name: stage.features(_first(rows.parts)) for name, stage in made.items()}
    # The model has read these posts before, so that its own stage cannot be timed by them.
    seconds = {
        name: lesson.costs.shallow if name == SHALLOW else seconds_of(stage, _first(rows.parts))
        for name, stage in made.items()
    }
    full_seconds = lesson.costs.reading + lesson.costs.asking * float(calibration.asked.mean())
    best: tuple[Plan, tuple[str, ...], list[DistilledHead]] | None = None
    for chain in _chains(tuple(made), seconds, full_seconds):
        heads: list[DistilledHead] = []
        left_out: list[Floats] = []
        for name in chain:
            head, own = distil(seen[name], left_out, rows.targets, _STRENGTHS[name])
            heads.append(head)
            left_out.append(own)
        shown = Judged(tuple(own[is_uniform] for own in left_out), rows.acted[is_uniform], severities)
        stages = range(len(chain))
        plan = best_plan(
            shown.log_odds,
            [shown.wrong(stage) for stage in stages],
            [shown.missed(stage) for stage in stages],
            [seconds[name] for name in chain],
            full_seconds,
            _price_of(lesson.wishes, shown),
        )
        if best is None or plan.cost < best[0].cost:
            best = plan, chain, heads
    if best is None:
        raise CannotTeach("no early stage is at hand", hint="pip install 'modcli[prefilter]'")
    plan, chain, heads = best
    log_odds = chain_log_odds([made[name] for name in chain], heads, calibration.parts)
    judged = Judged(tuple(log_odds), calibration.acted, severities)
    names = acting(lesson.profile)
    stage_doubts = [doubts(odds, eager) for odds, eager in zip(log_odds, plan.eagerness, strict=True)]
    return TunedCascade(
        key=lesson.key,
        categories=names,
        stages=tuple(
            TunedStage(name, head, eager, seconds[name])
            for name, head, eager in zip(chain, heads, plan.eagerness, strict=True)
        ),
        full_seconds=full_seconds,
        calibration=judged,
        guarantee=guarantee_of(lesson.wishes, judged, stage_doubts, names),
        budget=len(training.parts) + len(calibration.parts),
        salt=new_salt().hex(),
    )


def _chains(names: Sequence[str], seconds: Mapping[str, float], full_seconds: float) -> list[tuple[str, ...]]:
    """The chains to choose from: every choice of stages, in their order, that are cheaper than the full judge."""
    cheap = [name for name in names if seconds[name] < full_seconds]
    return [chain for size in range(1, len(cheap) + 1) for chain in combinations(cheap, size)]


def chain_log_odds(
    stages: Sequence[Features], heads: Sequence[DistilledHead], parts: Sequence[Parts]
) -> list[Floats]:
    """What each stage of a chain says of items, log-odds (items, categories) a stage: those of the worst window; NaN for
    an item that was not read to its end, which no early stage decides."""
    texts = [text for part in parts for text in part.texts]
    starts = np.cumsum([0, *(len(part.texts) for part in parts)])[:-1]
    found: list[Floats] = []
    said: list[Floats] = []
    for stage, head in zip(stages, heads, strict=True):
        said.append(head.log_odds(stage.features(texts), said))
        worst = np.maximum.reduceat(said[-1], starts, axis=0)
        worst[[part.read < 1 for part in parts]] = np.nan
        found.append(worst)
    return found


def _price_of(wishes: Sequence[Wish], shown: Judged) -> Callable[[Floats, Floats], float]:
    """The highest price that keeps the wishes on the rows themselves, with something to spare."""
    acted = shown.severity > 0

    def price(wrong: Floats, missed: Floats) -> float:
        found = [np.inf]
        for wish in wishes:
            recall = wish.kind is PromiseKind.RECALL
            points = np.sort(missed[acted] if recall else wrong)
            allowed = int((1 - wish.target if recall else wish.target) * len(points) * _ALLOWED)
            found.append(float(points[min(allowed, len(points) - 1)]) if len(points) else 0.0)
        return min(found)

    return price


def _log_odds(p: float) -> float:
    inside = min(max(p, 1e-6), 1 - 1e-6)
    return float(np.log(inside) - np.log1p(-inside))
