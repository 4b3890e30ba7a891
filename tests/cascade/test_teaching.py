"""Early stages that are taught by a made-up full judge; their features are noisy views of what it sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.backends.scripted import Scripted
from modcli.cascade import chains
from modcli.cascade.chains import Heads, Seen, chain_log_odds
from modcli.cascade.costs import Costs, costs_of
from modcli.cascade.distillation import distil
from modcli.cascade.early import EarlyStages, Features
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.parts import Parts, parts_of
from modcli.cascade.routing import decided_at
from modcli.cascade.teaching import CannotTeach, Lesson, full_targets, teach
from modcli.cascade.tuned import EMBEDDING, SHALLOW, Judged, TunedCascade, Wish
from modcli.errors import BackendError, Location
from modcli.item import Item
from modcli.profile import Action, Category, Profile
from modcli.verdict import CategoryVerdict, Verdict

PROFILE = Profile("mine", (Category("spam", Action.BLOCK), Category("rude", Action.WARN)))
RECALL, RISK = Wish(PromiseKind.RECALL, 0.9), Wish(PromiseKind.RISK, 0.05)
COSTS = Costs(shallow=1.0, reading=10.0, asking=100.0)
WIDTH = 6


@dataclass
class World:
    """Posts `post 0` to `post 1999`, the full judge's log-odds of each (posts, categories), and how noisy stages are."""

    log_odds: NDArray[np.float64]
    views: dict[str, NDArray[np.float32]]
    judged: int = 0

    @classmethod
    def drawn(cls, seed: int, *, share: float = 0.2, size: int = 2000) -> World:
        """Random posts, of which about this share is acted on."""
        random = np.random.default_rng(seed)
        acted = random.random((size, 2)) < share / 2
        log_odds = np.where(acted, 1, -1) * random.gamma(2, 2, (size, 2))
        views = {}
        for name, noise in ((EMBEDDING, 2.0), (SHALLOW, 1.0)):
            mixed = log_odds @ random.standard_normal((2, WIDTH))
            views[name] = (mixed + noise * random.standard_normal((size, WIDTH))).astype(np.float32)
        return cls(log_odds, views)

    @property
    def texts(self) -> list[str]:
        return [f"post {i}" for i in range(len(self.log_odds))]

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        self.judged += len(items)
        return [self.verdict(number(item.text)) for item in items]

    def verdict(self, i: int) -> Verdict:
        found = {}
        for category, odds in zip(PROFILE.categories, self.log_odds[i], strict=True):
            p = float(1 / (1 + np.exp(-odds)))
            found[category.name] = CategoryVerdict(p, 0.5, category.action if odds >= 0 else Action.ALLOW)
        severest = max((each.action for each in found.values()), key=lambda action: action.severity)
        return Verdict(str(i), severest, found, "prompt" if i % 2 else "reading")

    def features(self) -> dict[str, Callable[[], Features]]:
        return {name: lambda view=view: View(view) for name, view in self.views.items()}  # type: ignore[misc]

    def lesson(self, *wishes: Wish, budget: int = 800, seed: int = 0) -> Lesson:
        return Lesson(
            profile=PROFILE,
            judge=self.judge,
            features=self.features(),
            costs=COSTS,
            budget=budget,
            wishes=wishes or (RECALL, RISK),
            key={},
            seed=seed,
        )


@dataclass
class View:
    """What a stage sees."""

    rows: NDArray[np.float32]
    fails_after: int | None = None

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.fails_after is not None:
            self.fails_after -= 1
            if self.fails_after < 0:
                raise BackendError("out of memory")
        return self.rows[[number(text) for text in texts]]


def number(text: str) -> int:
    found = re.search(r"\d+", text)
    assert found
    return int(found[0])


def realized(world: World, tuned: TunedCascade) -> tuple[float, float, float]:
    """Recall, risk and the share decided early, on all posts of a world."""
    items = [Item(str(i), text, Location("x")) for i, text in enumerate(world.texts)]
    _, acted = full_targets(PROFILE, [world.verdict(i) for i in range(len(items))])
    early = EarlyStages(tuned, world.features())
    answers = early.answers([parts_of(item) for item in items])
    full = (acted * [2, 1]).max(axis=1)
    own = [
        full[i] if answer is None else max((answer.log_odds >= 0) * [2, 1])
        for i, answer in enumerate(answers)
    ]
    decided = np.mean([answer is not None for answer in answers])
    return (
        float((np.array(own) >= full)[full > 0].mean()),
        float((np.array(own) != full).mean()),
        float(decided),
    )


def test_promises_are_kept_on_posts_that_were_not_seen() -> None:
    broken, early = 0, []
    for seed in range(25):
        world = World.drawn(seed)
        # The first half teaches, and all is what comes later.
        tuned = teach(replace(world.lesson(seed=seed), judge=world.judge), world.texts[:1000])
        later = World(world.log_odds[1000:], {name: view[1000:] for name, view in world.views.items()})
        recall, risk, decided = realized(later, tuned)
        assert tuned.guarantee.certified
        broken += recall < RECALL.target or risk > RISK.target
        early.append(decided)
    assert broken <= 4
    # It would be no feat if nothing were decided early.
    assert np.mean(early) > 0.3


def test_what_calibrates_neither_teaches_nor_chooses() -> None:
    """The calibration verdicts turned round: the stages are the same to the last bit, and the promises are not."""
    world = World.drawn(1)
    tuned = teach(world.lesson(), world.texts)
    half = set(np.random.default_rng(0).permutation(len(world.texts))[:400].tolist())
    other = World(world.log_odds.copy(), world.views)
    other.log_odds[sorted(half)] *= -1
    turned = teach(other.lesson(), other.texts)
    assert turned.full_seconds == tuned.full_seconds
    assert [(s.name, s.eagerness) for s in turned.stages] == [(s.name, s.eagerness) for s in tuned.stages]
    for one, same in zip(turned.stages, tuned.stages, strict=True):
        assert (one.head.weights == same.head.weights).all()
    assert tuned.price > 0
    assert turned.guarantee != tuned.guarantee


def test_stays_within_its_budget_and_says_how_far_it_is() -> None:
    world = World.drawn(2)
    told: list[tuple[int, int]] = []
    tuned = teach(replace(world.lesson(budget=300), progress=lambda *at: told.append(at)), world.texts)
    assert world.judged == tuned.budget == 300
    assert told[-1] == (300, 300)
    assert len(tuned.calibration.acted) == 150


def test_chosen_posts_are_those_that_are_likely_acted_on() -> None:
    world = World.drawn(3, share=0.06)
    asked: list[int] = []

    def judge(items: Sequence[Item]) -> list[Verdict]:
        asked.extend(number(item.text) for item in items)
        return world.judge(items)

    teach(replace(world.lesson(), judge=judge), world.texts)
    acted = np.asarray((world.log_odds >= 0).any(axis=1))
    assert acted[asked[200:400]].mean() > 2 * acted[asked[:200]].mean()


def test_a_promise_that_asks_for_more_than_there_is_decides_nothing_early() -> None:
    world = World.drawn(4, share=0.1)
    tuned = teach(world.lesson(Wish(PromiseKind.RECALL, 0.99), budget=400), world.texts)
    assert tuned.price == 0
    assert tuned.cost(tuned.price) == (tuned.full_seconds, (*(0.0 for _ in tuned.stages), 1.0))
    assert "299 are needed" in tuned.guarantee.words()[0]
    assert "So everything goes to the full judge." in tuned.guarantee.words()


@pytest.mark.parametrize(("sign", "side"), [(-1, "acts on 0 of"), (1, "lets pass 0 of")])
def test_one_class_only(sign: int, side: str) -> None:
    world = World.drawn(5)
    world.log_odds = sign * np.abs(world.log_odds)
    with pytest.raises(CannotTeach, match=side):
        teach(world.lesson(), world.texts)
    # It is seen before those posts are judged that are for the promises.
    assert world.judged <= 400


def test_too_few_posts_and_too_small_a_budget() -> None:
    world = World.drawn(6)
    with pytest.raises(CannotTeach, match="99 posts"):
        teach(world.lesson(), world.texts[:99])
    with pytest.raises(CannotTeach, match="99 posts"):
        teach(world.lesson(budget=99), world.texts)
    assert not world.judged


def failing(world: World, fails: Callable[[int], bool]) -> Callable[[Sequence[Item]], list[Verdict]]:
    def judge(items: Sequence[Item]) -> list[Verdict]:
        return [
            Verdict(item.id, Action.WARN, error="it broke") if fails(number(item.text)) else verdict
            for item, verdict in zip(items, world.judge(items), strict=True)
        ]

    return judge


def test_nothing_could_be_judged() -> None:
    world = World.drawn(7)
    with pytest.raises(CannotTeach, match="none of 200 posts could be judged") as raised:
        teach(replace(world.lesson(), judge=failing(world, lambda _: True)), world.texts)
    assert raised.value.hint == "it broke"


def test_nothing_of_the_calibration_could_be_judged() -> None:
    world = World.drawn(8)
    half = set(np.random.default_rng(0).permutation(len(world.texts))[:400].tolist())
    tuned = teach(replace(world.lesson(), judge=failing(world, half.__contains__)), world.texts)
    assert tuned.price == 0
    assert not len(tuned.calibration.acted)
    assert not any(promise.certified for promise in tuned.guarantee.promises)


def test_a_stage_that_fails_is_left_out_whenever_it_does() -> None:
    world = World.drawn(9)
    good = teach(world.lesson(), world.texts)
    assert good.stages[0].name == EMBEDDING
    for after in range(7):
        told: list[str] = []
        view = View(world.views[EMBEDDING], fails_after=after)
        features = world.features() | {EMBEDDING: lambda view=view: view}
        tuned = teach(replace(world.lesson(), features=features, tell=told.append), world.texts)
        assert [stage.name for stage in tuned.stages] == [SHALLOW]
        assert told == ["the early stage embedding is left out (out of memory)"]
        assert tuned.guarantee.certified


def test_no_stage_works_or_none_is_faster() -> None:
    world = World.drawn(10)
    with pytest.raises(CannotTeach, match="no early stage works"):
        teach(replace(world.lesson(), features={}), world.texts)
    with pytest.raises(CannotTeach, match="no early stage is faster"):
        teach(replace(world.lesson(), costs=Costs(1.0, 0.0, 0.0)), world.texts)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_decide_nothing(value: float) -> None:
    world = World.drawn(11)
    world.views[EMBEDDING][::10] = value
    tuned = teach(world.lesson(), world.texts)
    assert all(np.isfinite(stage.head.weights).all() for stage in tuned.stages)
    recall, risk, decided = realized(world, tuned)
    assert decided > 0.2
    assert recall >= 0.85
    assert risk <= 0.08
    world.views[EMBEDDING][:] = value
    told: list[str] = []
    tuned = teach(replace(world.lesson(), tell=told.append), world.texts)
    assert [stage.name for stage in tuned.stages] == [SHALLOW]
    assert "features are no numbers" in told[0]


def test_what_is_calibrated_with_is_what_is_decided_with() -> None:
    """Long, unread and unusable items: doubts of the calibration are those of `EarlyStages`."""
    world = World.drawn(12)
    tuned = teach(world.lesson(), world.texts)
    world.views[EMBEDDING][5] = np.nan
    parts = [
        Parts(("post 1",), 1.0),
        Parts(("post 2", "post 3", "post 4"), 1.0),
        Parts(("post 6",), 0.5),
        Parts((), 1.0),
        Parts(("post 5",), 1.0),
        Parts(("post 7",), 1.0),
    ]
    stages = [world.features()[stage.name]() for stage in tuned.stages]
    log_odds = chain_log_odds(stages, [stage.head for stage in tuned.stages], parts)
    judged = Judged(tuple(log_odds), np.zeros((6, 2), bool), tuned.calibration.severities)
    calibrated = replace(tuned, calibration=judged)
    early = EarlyStages(tuned, world.features(), price=0.9)
    by_calibration = np.min(calibrated.doubts, axis=0)
    assert early.least_doubts(parts) == pytest.approx(by_calibration)
    assert np.isinf(by_calibration[[2, 3, 4]]).all()
    at = decided_at(calibrated.doubts, 0.9)
    assert [answer is not None for answer in early.answers(parts)] == (at < len(tuned.stages)).tolist()


def test_what_chains_begin_with_is_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.drawn(13, size=200)
    calls: list[int] = []

    def counted(features: object, before: list[object], *rest: object) -> object:
        calls.append(len(before))
        return distil(features, before, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(chains, "distil", counted)
    seen = {name: Seen(view, np.zeros(200, bool)) for name, view in world.views.items()}
    heads = Heads(seen, 1 / (1 + np.exp(-world.log_odds)))
    for chain in ((EMBEDDING,), (SHALLOW,), (EMBEDDING, SHALLOW)):
        heads.of(chain)
        heads.left_out(chain)
    assert sorted(calls) == [0, 0, 1]


def test_an_exception_called_a_category_off() -> None:
    verdict = Verdict("1", Action.ALLOW, {"spam": CategoryVerdict(0.9, 0.5, Action.ALLOW)}, "reading")
    targets, acted = full_targets(PROFILE, [verdict])
    assert targets[0, 0] < 0.5
    assert not acted.any()


def test_costs_are_measured_on_a_few_texts() -> None:
    backend = Scripted()
    costs = costs_of(backend, None, 1, (1, 4), ["a swim"] * 100)
    assert costs.shallow > 0
    assert costs.reading > 0
    assert costs.asking == 0
    assert backend.read_count < 100
    assert costs_of(backend, None, 1, (), []) == Costs(0.0, 0.0, 0.0)
