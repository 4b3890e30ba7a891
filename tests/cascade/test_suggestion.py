"""Posts picked from unlabelled ones, by made-up words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.suggestion import PART, draw_pool, suggest
from modcli.cascade.workbench import Workbench
from modcli.errors import Location, UsageError
from modcli.item import Item
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.states.asker import Asker
from modcli.states.reader import Reader

COINS = ("coin", "moon", "profit", "wallet", "token", "sure")
LAKES = ("lake", "swim", "sun", "towel", "boat", "water")
GAMES = ("chess", "board", "queen", "move", "clock", "draw")


class Model:
    """A workbench, and what was asked of its model."""

    def __init__(self, keywords: dict[str, Sequence[str]] | None = None) -> None:
        self.backend = Scripted(keywords)
        self.told: list[str] = []
        self.bench = Workbench(
            self.backend,
            Reader(lambda: self.backend, None),
            Asker(lambda: self.backend, None),
            store=None,
            model="m",
            tell=self.told.append,
        )


def posts(words: Sequence[str], count: int, seed: int) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join((*drawn.sample(words, 4), f"n{seed}{i}")) for i in range(count)]


def items(*texts: str) -> list[Item]:
    return [Item(str(i), text, Location("x", i)) for i, text in enumerate(texts, 1)]


def shots(texts: Sequence[str]) -> tuple[Shot, ...]:
    return tuple(map(Shot, texts))


ADS = Category(
    "ads",
    Action.BLOCK,
    examples=shots(posts(COINS, 6, 1)),
    counterexamples=shots(posts(LAKES, 6, 2)),
)
PROFILE = Profile("p", (ADS,))


def test_what_the_profile_knows_nothing_of_comes_before_what_it_knows() -> None:
    pool = items(*posts(COINS, 12, 3), *posts(LAKES, 12, 4), *posts(GAMES, 12, 5))
    found = suggest(Model().bench, PROFILE, pool, 2)
    assert len(found) == 2
    assert set(found[0].item.text.split()) & set(GAMES)
    assert found[0].category == "ads"
    assert 0.1 < found[0].probabilities["ads"] < 0.9
    assert found[0].bits > 0.5
    assert found[0].nearest is not None
    assert found[0].nearest < 0.5
    assert sum(one.stands_for for one in found) == len(pool)


def test_no_more_than_there_are_and_none_of_nothing() -> None:
    model = Model()
    assert len(suggest(model.bench, PROFILE, items(*posts(GAMES, 3, 5)), 10)) == 3
    assert suggest(model.bench, PROFILE, [], 10) == []


def test_a_definition_alone_is_learned_from_a_part_of_the_posts() -> None:
    words: dict[str, Sequence[str]] = {"chess": GAMES}
    chess = Category("chess", Action.BLOCK, "Talks of chess.")
    profile = Profile("p", (chess,))
    pool = items(
        *(text for pair in zip(posts(GAMES, 100, 6), posts(LAKES, 100, 7), strict=True) for text in pair)
    )
    model = Model(words)
    found = suggest(model.bench, profile, pool, 4)
    assert f"chess: a definition alone, so the model is asked about {PART} of the posts" in model.told
    assert all("chess" in one.probabilities for one in found)
    assert found[0].nearest is None
    assert set(found[0].item.text.split()) & set(GAMES)
    assert found[0].first


def test_of_a_few_posts_the_model_is_asked_itself() -> None:
    chess = Category("chess", Action.BLOCK, "Talks of chess.")
    model = Model({"chess": GAMES})
    pool = items("queen to the lake", *posts(LAKES, 10, 7), *posts(GAMES, 10, 8))
    found = suggest(model.bench, Profile("p", (chess,)), pool, 3)
    # The first examples of it are worth most.
    for one in found:
        assert set(one.item.text.split()) & set(GAMES)
        assert one.first
        assert one.probabilities["chess"] > 0.5


def test_one_category_alone_counts_where_it_is_asked_for() -> None:
    games = Category(
        "games", Action.WARN, examples=shots(posts(GAMES, 6, 9)), counterexamples=shots(posts(LAKES, 6, 2))
    )
    profile = Profile("p", (ADS, games))
    pool = items(*posts(COINS, 12, 3), *posts(GAMES, 12, 5))
    for name in ("ads", "games"):
        found = suggest(Model().bench, profile, pool, 2, category=name)
        assert {one.category for one in found} == {name}
        assert set(found[0].probabilities) == {"ads", "games"}
    with pytest.raises(UsageError, match="no category 'gmaes'") as caught:
        suggest(Model().bench, profile, pool, 2, category="gmaes")
    assert "games" in (caught.value.hint or "")


def test_what_decides_nothing_is_not_asked_about() -> None:
    fine = Category("fine", Action.ALLOW, examples=shots(posts(GAMES, 3, 9)))
    said = Category("said", Action.ALLOW, "A definition.")
    profile = Profile("p", (ADS, fine, said))
    found = suggest(Model().bench, profile, items(*posts(GAMES, 5, 5)), 5)
    assert {one.category for one in found} == {"ads"}
    with pytest.raises(UsageError, match="decides nothing"):
        suggest(Model().bench, profile, items("a b"), 1, category="said")
    with pytest.raises(UsageError, match="no category of the profile is judged"):
        suggest(Model().bench, Profile("p", (said,)), items("a b"), 1)


def test_classes_and_a_binary_task() -> None:
    games = Category("games", Action.WARN, examples=shots(posts(GAMES, 6, 9)))
    classes = Profile("p", (replace(ADS, counterexamples=()), games), task=Task.MULTI_CLASS)
    pool = items(*posts(LAKES, 8, 3), *posts(GAMES, 8, 5))
    found = suggest(Model().bench, classes, pool, 3)
    assert all(sum(one.probabilities.values()) <= 1.0 + 1e-9 for one in found)
    binary = replace(classes, task=Task.BINARY)
    found = suggest(Model().bench, binary, pool, 3, category="games")
    assert {one.category for one in found} == {"harmful"}


def test_what_the_prompt_said_before_is_used() -> None:
    model = Model({"ads": COINS})
    pool = items(*posts(GAMES, 6, 5))
    before = suggest(model.bench, PROFILE, pool, 6)
    preparation = model.bench.preparation(PROFILE)
    assert preparation.prompt is not None
    assert {one.item.text for one in before} == {one.text for one in pool}
    assert not [line for line in model.told if "prompt" in line]


def test_a_pool_is_drawn_without_what_is_known_empty_or_repeated() -> None:
    known = ADS.examples[0].text
    given = items("a", " A ", known.upper(), "", "b", "c")
    broken = [replace(given[0], error="broken"), *given]
    pool, seen, unreadable = draw_pool(broken, PROFILE, 10)
    assert sorted(item.text for item in pool) == ["a", "b", "c"]
    assert (seen, unreadable) == (7, 1)


def test_each_post_has_the_same_chance_and_the_pool_is_drawn_the_same_again() -> None:
    given = items(*map(str, range(1000)))
    pool, seen, _ = draw_pool(iter(given), PROFILE, 100)
    assert (len(pool), seen) == (100, 1000)
    assert len({item.text for item in pool}) == 100
    assert 350 < sum(int(item.text) for item in pool) / 100 < 650
    assert pool == draw_pool(iter(given), PROFILE, 100)[0]
    assert pool != draw_pool(iter(given), PROFILE, 100, seed=1)[0]
