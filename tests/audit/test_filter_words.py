"""Which words a filter could have, and what they match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.filter_words import LONGEST, MOST_PROPOSED, Keyword, measure, propose


@pytest.mark.parametrize(
    ("written", "text", "matches"),
    [
        ("spin", "Free SPIN now", True),
        ("spin", "spinning wheels", False),
        ("free  spins ", "get free spins!", True),
        ("a.c", "abc", False),
        ("$win", "give me $win", True),
        ("$win", "give me $winner", False),
        ("#tag", "x#tag", True),
        ("#tag", "#tags", False),
        ("赌场", "在线赌场开户", True),
        ("어린이", "어린이를", True),
    ],
)
def test_a_keyword_matches_as_on_the_server(written: str, text: str, matches: bool) -> None:
    assert bool(Keyword.of(written).pattern.search(text)) is matches


def test_scripts_without_spaces_are_not_matched_as_whole_words() -> None:
    assert Keyword.of("casino").whole_word
    assert not Keyword.of("赌场").whole_word
    assert not Keyword.of("คาสิโน").whole_word


@pytest.mark.parametrize("wrong", ["", "  \n", "x" * (LONGEST + 1), "\udcff"])
def test_what_is_no_keyword(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Keyword.of(wrong)


def test_equal_texts_count_once() -> None:
    texts = [("win now", True), ("win now", True), ("win later", True), ("we win", False), ("hello", False)]
    [win, none] = measure([Keyword.of("win"), Keyword.of("absent")], texts)
    assert (win.flagged, win.all_flagged, win.allowed, win.all_allowed) == (2, 2, 1, 2)
    assert (none.flagged, none.allowed) == (0, 0)


FLAGGED = [f"{word} free casino spins today" for word in ("red", "green", "blue", "black", "white")]
ALLOWED = [f"a walk number {i} today by the sea" for i in range(200)]


def test_what_is_frequent_in_flagged_and_rare_in_allowed_is_proposed() -> None:
    [found] = propose(FLAGGED, ALLOWED)
    assert found.keyword.text in {"free casino", "casino spins", "casino", "spins", "free"}
    assert (found.flagged, found.all_flagged, found.allowed, found.all_allowed) == (5, 5, 0, 200)
    assert found.keyword.pattern.search(FLAGGED[0])


def test_words_of_everybody_are_not_proposed() -> None:
    assert not propose(["today"] * 5, ALLOWED)
    assert not propose([f"today {i}" for i in range(5)], ALLOWED)
    common = [f"casino news {i}" for i in range(10)]
    assert not [one for one in propose(FLAGGED, ALLOWED + common) if one.keyword.text == "casino"]
    assert not propose(FLAGGED[:2], ALLOWED), "two texts are too few"
    assert not propose(FLAGGED, []), "nothing was allowed: nothing to compare with"


def test_a_proposal_covers_what_those_before_do_not() -> None:
    others = [f"{word} cheap watches sold" for word in ("one", "two", "three", "four", "five")]
    found = propose([*FLAGGED, *others], ALLOWED)
    assert len(found) == 2
    many = [f"word{i}{letter} {letter}" for i in range(30) for letter in "abcd"]
    assert len(propose(many, ALLOWED)) <= MOST_PROPOSED


@given(st.lists(st.text(max_size=40), max_size=12), st.lists(st.text(max_size=40), max_size=12))
def test_proposals_match_what_they_count(flagged: list[str], allowed: list[str]) -> None:
    for one in propose(flagged, allowed):
        assert one.flagged <= one.all_flagged == len(set(flagged))
        assert one.flagged >= 3
