"""What is near enough to share a verdict, and what is not, whoever tries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.cascade.moderator import Statistics
from modcli.cascade.near_duplicates import (
    GROUP,
    Grouped,
    NearDuplicates,
    Spread,
    folded,
    is_like,
    shingles_of,
)
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Action
from modcli.verdict import Verdict

LONG = "Claim your free prize today by calling the number below, this offer ends at midnight: 0900 1234"


def groups(texts: Sequence[str]) -> list[int]:
    """The number of each text's representative."""
    index = NearDuplicates()
    return [index.add(text) for text in texts]


def item(number: int, text: str, **more: object) -> Item:
    return Item(f"i{number}", text, Location("x"), **more)  # type: ignore[arg-type]


class Judge:
    """Blocks what has a word in it, and remembers what it was asked."""

    batch = 32

    def __init__(self, word: str, failing: str = "") -> None:
        self.statistics = Statistics()
        self.asked: list[str] = []
        self._word, self._failing = word, failing

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        self.asked.extend(each.id for each in items)
        return [
            Verdict(
                each.id,
                Action.BLOCK if self._word in each.text else Action.ALLOW,
                stage="reading",
                reason="r",
                error="out of breath" if each.id == self._failing else None,
            )
            for each in items
        ]

    def explain(self, _item: Item, verdict: Verdict) -> Verdict:
        return replace(verdict, rationale="because")


def in_batches(grouped: Grouped, items: Sequence[Item], size: int = 7) -> list[Verdict]:
    return [
        verdict
        for start in range(0, len(items), size)
        for verdict in grouped.judge(items[start : start + size])
    ]


@pytest.mark.parametrize(
    "other",
    [
        LONG,
        LONG.upper(),
        LONG.replace("0900 1234", "0800 99 77"),
        LONG.replace(",", "!!"),
        f"  {LONG}\n\n",
        f"{LONG} prize number",
        LONG.replace("free", "fr\u200bee"),
    ],
)
def test_near_duplicates(other: str) -> None:
    assert groups([LONG, "something else entirely, about a lake", other]) == [0, 1, 0]


@pytest.mark.parametrize(
    "other",
    [
        f"{LONG} idiot",
        LONG.replace(" free", ""),
        LONG.replace("prize", "pr1ze"),
        LONG.replace("offer", "\U0001f595"),
        f"{LONG} \U0001f595",
        f"{LONG} http://example.org/other",
        LONG[:40],
        f"{LONG} {LONG[::-1]}",
        "",
    ],
)
def test_another_word_or_sign_or_too_little_in_common_is_no_near_duplicate(other: str) -> None:
    assert groups([LONG, other]) == [0, 1]


def test_similarity_is_never_passed_along_a_chain() -> None:
    words = [2 * letter for letter in "abcdefghijklmnopqrst"]
    texts = [" ".join([*words, *(words[:cut][::-1])]) for cut in range(12)]
    found = groups(texts)
    # Each is like the one before it, the last not like the first.
    assert all(is_like(one, other) for one, other in pairwise(texts))
    assert not is_like(texts[-1], texts[0])
    assert found[1] == 0
    assert found[-1] != 0
    for text, representative in zip(texts, found, strict=True):
        assert is_like(text, texts[representative])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=40), max_size=8))
def test_whatever_the_texts_each_is_like_its_representative(texts: list[str]) -> None:
    found = groups(texts)
    for number, representative in enumerate(found):
        assert representative <= number
        assert found[representative] == representative
        one, other = texts[number], texts[representative]
        assert one == other or is_like(folded(one), folded(other))
    # Equal texts are of one group.
    assert all(found[texts.index(text)] == own for text, own in zip(texts, found, strict=True))


def test_the_border_is_exact() -> None:
    one, other = "aaaabbbbcccc", "aaaabbbbcccc aaaabbbbcccc"
    shared, both = shingles_of(one) & shingles_of(other), shingles_of(one) | shingles_of(other)
    exact = len(shared) / len(both)
    assert is_like(one, other, exact)
    assert not is_like(one, other, exact + 1e-9)


def test_memory_is_bounded_and_what_is_of_use_is_kept() -> None:
    index = NearDuplicates(most=10)
    assert index.add(LONG) == 0
    for number in range(200):
        letters = "".join(chr(97 + (number * step) % 26) for step in (1, 3, 5, 7, 11))
        index.add(f"post {letters} {letters[::-1]}")
        assert index.add(LONG.replace("1234", str(number))) == 0
        assert len(index) <= 10
    assert len(index._equal) <= 10


def test_long_texts_are_grouped_where_they_are_equal() -> None:
    long = "word and more " * 100_000
    assert groups([long, long, f"{long}x"]) == [0, 0, 2]


@pytest.mark.parametrize(("threshold", "most"), [(0.0, 5), (1.1, 5), (0.8, 0)])
def test_an_index_that_cannot_be(threshold: float, most: int) -> None:
    with pytest.raises(ValueError, match="no index"):
        NearDuplicates(threshold=threshold, most=most)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_one_of_each_group_is_judged_and_its_verdict_spread(size: int) -> None:
    judge = Judge("prize")
    grouped = Grouped(judge, checked=0)
    copies = [item(i, LONG.replace("1234", str(i))) for i in range(50)]
    others = [item(100, "good morning, the lake is warm"), item(101, "")]
    found = in_batches(grouped, [*copies, *others], size)
    assert [verdict.id for verdict in found] == [each.id for each in (*copies, *others)]
    assert judge.asked == ["i0", "i100", "i101"]
    assert all(verdict.action is Action.BLOCK for verdict in found[:50])
    assert found[50].action is Action.ALLOW
    assert (grouped.spread.spread, grouped.spread.checked) == (49, 0)
    assert found[49].stage == GROUP
    assert found[49].reason == "nearly the same as i0: r"
    assert judge.statistics.stages[GROUP] == 49
    assert grouped.batch == 32
    assert grouped.explain(copies[3], found[3]).rationale == "because"


def test_the_bound_is_that_of_the_hypergeometric_distribution() -> None:
    found = Spread(spread=49, checked=5, differing=0)
    # What 5 of 49 without a fault leave possible.
    possible = [m for m in range(45) if math.comb(49 - m, 5) > 0.05 * math.comb(49, 5)]
    assert found.at_most == max(possible) == 21
    assert "at most 21 of 49 verdicts" in found.words()


def test_what_differs_is_found_counted_and_corrected() -> None:
    items = [item(i, LONG.replace("1234", "7" * (i % 2 + 1))) for i in range(40)]
    grouped = Grouped(Judge(" 77"), checked=1.0)
    found = in_batches(grouped, items)
    spread = grouped.spread
    assert (spread.spread, spread.checked, spread.differing, spread.at_most) == (39, 39, 20, 20)
    assert [verdict.action is Action.BLOCK for verdict in found] == [i % 2 == 1 for i in range(40)]


def test_a_bound_holds_for_nearly_all_samples() -> None:
    items = [item(i, LONG.replace("1234", "7" * (1 + (i % 10 == 3)))) for i in range(100)]
    kept = 0
    for seed in range(60):
        grouped = Grouped(Judge(" 77"), checked=0.2, seed=seed)
        in_batches(grouped, items)
        kept += grouped.spread.at_most >= 10
    assert kept >= 54


def test_what_was_not_read_or_could_not_be_judged_is_judged_itself() -> None:
    judge = Judge("prize", failing="i0")
    items = [
        item(0, LONG),
        item(1, LONG),
        item(2, LONG, metadata={"truncated_bytes": 9}),
        item(3, "", error="no text"),
        item(4, "", error="no text"),
    ]
    grouped = Grouped(judge, checked=0)
    assert [verdict.id for verdict in grouped.judge(items)] == ["i0", "i1", "i2", "i3", "i4"]
    assert sorted(judge.asked) == ["i0", "i1", "i2", "i3", "i4"]
    assert grouped.spread.spread == 0
    assert grouped.spread.at_most == 0
    assert grouped.judge([]) == []


def test_memory_of_verdicts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modcli.cascade.near_duplicates.BATCHED", 2)
    judge = Judge("prize")
    grouped = Grouped(judge, checked=0, most=3)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    in_batches(grouped, [item(i, f"a post about {word} alone") for i, word in enumerate(words)], 1)
    in_batches(grouped, [item(100, "a post about kappa alone")], 1)
    assert "i100" not in judge.asked
    in_batches(grouped, [item(101, "a post about alpha alone")], 1)
    assert "i101" in judge.asked
