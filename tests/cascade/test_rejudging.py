"""What was read once, judged again without the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.backends.scripted import Scripted
from modcli.cascade.preparation import Preparation
from modcli.cascade.rejudging import fitted_to, moved, rejudge
from modcli.errors import ModcliError
from modcli.judges.decision import decide, severities, severities_by_category
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.prompts.reading import READING
from modcli.states.reader import Reader
from modcli.states.store import StateStore, content_key

SPAM = Category(
    "spam",
    Action.BLOCK,
    examples=(Shot("buy this coin now"), Shot("coin to the moon")),
    counterexamples=(Shot("tea with a friend"), Shot("my cat sleeps all day")),
)
TEXTS = ["buy the coin", "tea and a cat", "coin, coin, moon", "a friend sleeps"]


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    facts = Scripted().facts
    return StateStore(tmp_path, model=facts.digest, prompt=READING.digest, width=facts.width)


def test_agrees_with_what_is_judged_one_by_one(store: StateStore) -> None:
    backend = Scripted()
    reader = Reader(lambda: backend, store)
    profile = Profile("p", (SPAM, Category("rude", Action.BLOCK, "Rude.")))
    judge = Preparation(profile, backend, reader).judge
    states = reader.states(TEXTS, judge.taps)
    before = backend.read_count
    found = rejudge(profile, judge, store)
    assert backend.read_count == before
    assert found.blind == ("rude",)
    expected = judge.readings(judge.products(states))["spam"]
    position = {key: i for i, key in enumerate(found.keys)}
    at = [position[content_key(text)] for text in TEXTS]
    np.testing.assert_allclose(found.probabilities["spam"][at], 1 / (1 + np.exp(-expected)), rtol=1e-3)
    assert found.severity[at].tolist() == [2, 0, 2, 0]
    assert found.by_category["spam"][at].tolist() == [2, 0, 2, 0]


def test_contents_that_one_tap_lacks_are_left_out(store: StateStore) -> None:
    width = Scripted().facts.width
    rows = np.ones((3, width), np.float32)
    store.put([b"a" * 16, b"b" * 16, b"c" * 16], 1, rows)
    store.put([b"c" * 16, b"b" * 16], 2, np.stack([3 * rows[0], 2 * rows[0]]))
    keys, products = store.products((1, 2), np.ones((2, width, 1), np.float32))
    assert keys == [b"b" * 16, b"c" * 16]
    np.testing.assert_allclose(products[:, :, 0], [[width, 2 * width], [width, 3 * width]], rtol=1e-3)


def test_empty_store_has_no_products(store: StateStore) -> None:
    keys, products = store.products((1, 2), np.ones((2, 64, 3), np.float32))
    assert keys == []
    assert products.shape == (0, 2, 3)


def test_counts_what_moved(store: StateStore) -> None:
    backend = Scripted()
    reader = Reader(lambda: backend, store)
    before = Profile("p", (SPAM,))
    after = Profile("q", (replace(SPAM, action=Action.WARN),))
    found = []
    for profile in (before, after):
        judge = Preparation(profile, backend, reader).judge
        reader.states(TEXTS, judge.taps)
        found.append(rejudge(profile, judge, store))
    counts = moved(*found)
    assert counts[2, 1] >= 2
    assert (2, 0) not in counts
    assert sum(counts.values()) == len(found[0].keys)


def test_what_judges_are_fitted_to_is_not_counted(store: StateStore) -> None:
    """The bank and the shots are in the store, and nobody posted them."""
    backend = Scripted()
    reader = Reader(lambda: backend, store)
    before = Profile("p", (SPAM,), ordinary=(Shot("rain again"),))
    after = Profile("q", (replace(SPAM, examples=(*SPAM.examples, Shot("long " * 400))),))
    found = []
    for profile in (before, after):
        judge = Preparation(profile, backend, reader).judge
        reader.states(TEXTS, judge.taps)
    for profile in (before, after):
        found.append(rejudge(profile, Preparation(profile, backend, reader).judge, store))
    assert len(found[0].keys) > 320
    counts = moved(*found, without=fitted_to(before, after))
    assert sum(counts.values()) == len(TEXTS)
    assert counts[2, 2] == counts[0, 0] == 2


def test_a_broken_store_is_an_error_with_a_hint(store: StateStore, tmp_path: Path) -> None:
    backend = Scripted()
    profile = Profile("p", (SPAM,))
    judge = Preparation(profile, backend, Reader(lambda: backend, store)).judge
    for file in tmp_path.glob("*.i8"):
        file.unlink()
        file.mkdir()
    with pytest.raises(ModcliError, match="kept states cannot be read") as caught:
        rejudge(profile, judge, store)
    assert caught.value.hint == "modcli cache clear states"
    store.close()
    with pytest.raises(ModcliError, match="kept states cannot be read"):
        rejudge(profile, judge, store)


names = ["a", "b", "c"]


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    def category(name: str) -> Category:
        exempts = draw(st.sets(st.sampled_from(names)))
        return Category(name, draw(st.sampled_from(Action)), exempts=tuple(exempts - {name}))

    return Profile(
        "p", tuple(map(category, names)), task=draw(st.sampled_from([Task.MULTI_LABEL, Task.MULTI_CLASS]))
    )


@given(
    profiles(), st.lists(st.tuples(*[st.sampled_from([0.0, 0.2, 0.3, 0.5, 0.6])] * 3), min_size=1, max_size=8)
)
def test_decisions_for_many_are_those_for_each(
    profile: Profile, rows: list[tuple[float, float, float]]
) -> None:
    thresholds = {"a": 0.3, "b": 0.5, "c": 0.5}
    many = severities(
        profile, {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}, thresholds
    )
    each = [decide(profile, dict(zip(names, row, strict=True)), thresholds, {})[:2] for row in rows]
    assert many.tolist() == [action.severity for action, _ in each]
    by_category = severities_by_category(
        profile, {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}, thresholds
    )
    assert {name: found.tolist() for name, found in by_category.items()} == {
        name: [found[name].action.severity for _, found in each] for name in names
    }
