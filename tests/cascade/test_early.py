"""Early stages: what they are sure of, and all that must never be decided by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.early import LEAST_BATCH, MOST_BATCH, EarlyAnswer, EarlyStages, found_early
from modcli.cascade.parts import Parts
from modcli.cascade.tuned import EMBEDDING, NGRAMS
from modcli.errors import BackendError, MissingExtraError
from modcli.profile import Action, Category, Profile, Task
from tests.cascade.taught import PROFILE, Numbers, by_hand, features, posts, taught

PRICE = 0.05


def parts(*texts: str, read: float = 1.0) -> Parts:
    return Parts(texts, read)


class Making:
    """Early stages on numbers, and what they tell."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.first, self.second = Numbers(), Numbers()

    def __call__(self, price: float = PRICE, *, decides_all: bool = False, **more: object) -> EarlyStages:
        made = {NGRAMS: lambda: self.first, EMBEDDING: lambda: self.second} | more
        return EarlyStages(by_hand(), made, price=price, decides_all=decides_all, tell=self.told.append)  # type: ignore[arg-type]


@pytest.fixture
def make() -> Making:
    return Making()


def test_what_is_sure_is_decided_and_the_rest_goes_on(make: Making) -> None:
    early = make()
    found = early.answers([parts("a 2 3"), parts("b 0.1 0.1"), parts("c -4 -4")])
    assert [answer and answer.stage for answer in found] == [NGRAMS, None, NGRAMS]
    assert found[0] is not None
    assert found[0].log_odds == pytest.approx([5.0])
    assert (make.first.calls, make.second.calls) == (1, 1)
    assert list(early.seconds) == [NGRAMS, EMBEDDING]


def test_at_a_price_of_nothing_no_feature_is_made(make: Making) -> None:
    assert make(0.0).answers([parts("a 9 9")]) == [None]
    assert make.first.calls == 0


def test_an_item_is_what_its_worst_window_is(make: Making) -> None:
    found = make().answers(
        [parts("a -4 -4", "b 4 4", "c -4 -4"), parts("a -4 -4", "b 0 0"), parts("a -5 -5")]
    )
    assert [answer and float(answer.log_odds[0]) for answer in found] == [8.0, None, -9.0]


def test_what_was_not_read_to_its_end_and_what_is_empty_is_left(make: Making) -> None:
    assert make().answers([parts("a 9 9", read=0.99), parts(), Parts((), 0.0)]) == [None] * 3
    assert make.first.calls == 0


@pytest.mark.parametrize("odd", ["nan 1", "inf 1", "-inf 1", "inf -inf", "1e30 1e30", "-1e38 0"])
@pytest.mark.parametrize("decides_all", [False, True])
def test_what_is_no_number_never_decides(make: Making, odd: str, decides_all: bool) -> None:
    early = make(1e9, decides_all=decides_all)
    found = early.answers([parts(f"a {odd}"), parts("b 4 4"), parts("c -4 -4", f"d {odd}")])
    assert [answer and answer.stage for answer in found] == [None, NGRAMS, None]
    assert np.isinf(early.least_doubts([parts(f"a {odd}")]))


def test_what_is_no_number_in_a_sparse_matrix_never_decides() -> None:
    from scipy.sparse import csr_matrix

    class Sparse:
        def features(self, texts: Sequence[str]) -> object:
            return csr_matrix(np.array([[float("nan"), 1.0], [4.0, 4.0]][: len(texts)], np.float32))

    early = EarlyStages(by_hand(1), {NGRAMS: Sparse}, price=1e9)
    assert [answer is None for answer in early.answers([parts("a"), parts("b")])] == [True, False]


class Broken:
    def features(self, texts: Sequence[str]) -> object:
        raise BackendError(f"no memory for {len(texts)}", hint="use fewer")


def missing() -> Numbers:
    raise MissingExtraError("scikit-learn", hint="pip install 'modcli[prefilter]'")


def wide() -> object:
    class Wide:
        def features(self, texts: Sequence[str]) -> object:
            return np.ones((len(texts), 3), np.float32)

    return Wide()


@pytest.mark.parametrize(
    ("other", "why"),
    [(Broken, "no memory for 1: use fewer"), (missing, "pip install"), (wide, "(1, 3) features instead of")],
)
def test_a_stage_that_fails_is_told_once_and_its_items_are_left(
    make: Making, other: object, why: str
) -> None:
    early = make(embedding=other)
    for _ in range(3):
        found = early.answers([parts("a 3 3"), parts("b 0 0.1")])
        assert [answer and answer.stage for answer in found] == [NGRAMS, None]
    assert len(make.told) == 1
    assert why in make.told[0]
    assert make.told[0].endswith("its items are judged in full")


def test_a_first_stage_that_is_not_at_hand_leaves_all(make: Making) -> None:
    early = EarlyStages(by_hand(), {EMBEDDING: lambda: make.second}, price=1.0, tell=make.told.append)
    assert early.answers([parts("a 9 9")]) == [None]
    assert make.told == ["the stage ngrams failed (it is not at hand); its items are judged in full"]
    assert make.second.calls == 0


def test_where_no_judge_stands_behind_the_last_stage_decides(make: Making) -> None:
    early = make(0.0, decides_all=True)
    found = early.answers([parts("a 0 0.1"), parts("b 0 -0.1", read=0.5), parts("c 4 4"), parts()])
    assert [answer and answer.stage for answer in found] == [EMBEDDING, EMBEDDING, EMBEDDING, None]


def test_least_doubts_are_the_prices_from_which_on_items_are_decided(make: Making) -> None:
    texts = [parts(f"a {i / 10} 0") for i in range(-40, 41)] + [parts("b 9 9", read=0.5), parts()]
    least = make().least_doubts(texts)
    for price in (1e-4, 0.01, 0.2, 0.6):
        decided = [answer is not None for answer in make(price).answers(texts)]
        assert decided == list(least < price)
    assert np.isinf(least[-2:]).all()


def test_batches_leave_a_full_one_to_the_judge(make: Making) -> None:
    assert make(0.0).batch == LEAST_BATCH
    assert make(1e9).batch == MOST_BATCH
    assert LEAST_BATCH < make(by_hand().price).batch < MOST_BATCH


def test_answers_depend_on_the_price_and_on_the_tuning(make: Making) -> None:
    early = make()
    scopes = {early.scope, make(0.1).scope, make(decides_all=True).scope}
    scopes.add(EarlyStages(replace(by_hand(), salt="08" * 16), {}, price=PRICE).scope)
    assert len(scopes) == 4
    assert by_hand().salt not in early.scope


def test_taught_stages_agree_with_their_teacher() -> None:
    early = EarlyStages(taught(), features())
    texts = posts(60, seed=5)
    found = early.answers([parts(text) for text in texts])
    answered = [
        (answer.log_odds[0] >= 0, "coin" in text) for answer, text in zip(found, texts, strict=True) if answer
    ]
    assert len(answered) > 30
    assert sum(said == true for said, true in answered) >= 0.95 * len(answered)


HOSTILE = ["\ud800", "\x00\x1b[31m", "a\u202eb", "😀" * 50, "x" * 900, " ", "NaN inf 1e999", "‮‮‮", "\uffff" * 9]


def test_hostile_texts_are_answered_or_left() -> None:
    early = EarlyStages(taught(), features(), decides_all=True)
    for answer in early.answers([parts(text) for text in HOSTILE]):
        assert answer is not None
        assert np.isfinite(answer.log_odds).all()


@given(st.floats(-9, 9), st.one_of(st.none(), st.floats(0, 1)))
def test_a_category_fires_exactly_where_its_probability_reaches_its_threshold(
    log_odds: float, threshold: float | None
) -> None:
    profile = replace(PROFILE, categories=(replace(PROFILE.categories[0], threshold=threshold),))
    action, found, reason = found_early(profile, ("spam",), EarlyAnswer("s", np.array([log_odds])))
    assert found["spam"].fired == (log_odds >= 0) == (action is Action.BLOCK)
    assert 0 <= found["spam"].probability <= 1
    assert reason.startswith("spam " if log_odds >= 0 else "below every threshold; nearest: spam ")


@pytest.mark.parametrize("task", [Task.MULTI_LABEL, Task.MULTI_CLASS])
def test_the_strictest_action_of_all_that_fire(task: Task) -> None:
    categories = (
        Category("mild", Action.WARN),
        Category("bad", Action.BLOCK, threshold=0.9),
        Category("fine", Action.ALLOW, exempts=("bad",)),
    )
    answer = EarlyAnswer("s", np.array([3.0, 0.5]))
    action, found, reason = found_early(Profile("p", categories, task=task), ("mild", "bad"), answer)
    assert action is Action.BLOCK
    assert found["bad"].threshold == pytest.approx(0.5 if task is Task.MULTI_CLASS else 0.9)
    assert found["mild"].action is Action.WARN
    assert reason.startswith("bad ")
