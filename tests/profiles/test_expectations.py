"""The tests of a profile: its own, the inherited ones, and those that no longer apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action
from modcli.profiles.expectations import ProfileTests, load_tests
from modcli.profiles.find import Shelf, shipped_folder
from modcli.profiles.load import load

from .conftest import Write

BASE = """\
categories:
  toxicity: {action: block, examples: [you fool], counterexamples: [I disagree]}
  spam: {action: warn, examples: [buy now]}
tests:
  - {text: you clown, category: toxicity, action: block, but: you clown around, reason: Insults.}
  - {text: cheap pills, category: spam, action: warn}
  - {text: good morning, action: allow}
  - {text: pills you clown, action: block}
"""


def texts(tests: ProfileTests) -> list[str]:
    return [one.text for one in tests.expectations]


def test_a_pair_is_two_posts_each_with_its_place(shelf: Shelf, write: Write) -> None:
    path = write("base", BASE)
    tests = load_tests("base", shelf)
    first, near = tests.expectations[:2]
    assert (first.name, first.action, first.category, first.near) == (
        "tests[1]",
        Action.BLOCK,
        "toxicity",
        "",
    )
    assert str(first.location) == f"{path.resolve()}:5:5"
    assert (near.name, near.action, near.category, near.near) == (
        "tests[1].but",
        Action.ALLOW,
        "toxicity",
        "you clown",
    )
    assert str(near.location) == f"{path.resolve()}:5:63"
    assert near.reason == "Insults."
    assert (tests.left_out, tests.rehearsed) == ((), [])


def test_tests_are_no_part_of_the_profile(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write("bare", BASE.split("tests:")[0])
    assert load("base", shelf).digest == load("bare", shelf).digest
    assert load_tests("bare", shelf).expectations == ()


def test_inherited_tests_come_first_and_own_ones_take_their_place(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write(
        "mine",
        "extends: base\ncategories: {crypto: {examples: [moon]}}\n"
        "tests:\n  - {text: cheap pills, category: spam, action: allow}\n  - {text: moon, action: block}\n",
    )
    tests = load_tests("mine", shelf)
    assert texts(tests) == [
        "you clown",
        "you clown around",
        "good morning",
        "pills you clown",
        "cheap pills",
        "moon",
    ]
    assert tests.expectations[4].action is Action.ALLOW
    assert [one.text for one in tests.rehearsed] == ["moon"]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ("toxicity: {threshold: 0.2}", []),
        ("toxicity: {action: allow}", ["you clown", "you clown around", "pills you clown"]),
        ("toxicity:", ["you clown", "you clown around", "pills you clown"]),
        ("spam: {action: block}", ["cheap pills", "pills you clown"]),
    ],
)
def test_what_a_child_changes_on_purpose_is_left_out(
    shelf: Shelf, write: Write, changes: str, left: list[str]
) -> None:
    write("base", BASE)
    write("mine", f"extends: base\ncategories:\n  {changes}\n")
    tests = load_tests("mine", shelf)
    assert [one.expectation.text for one in tests.left_out] == left
    assert sorted(texts(tests) + left) == sorted(texts(load_tests("base", shelf)))
    assert all(one.why for one in tests.left_out)


def test_what_was_left_out_stays_so_further_down(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write("middle", "extends: base\ncategories: {spam: {action: block}}\n")
    write("mine", "extends: middle\n")
    assert [one.why for one in load_tests("mine", shelf).left_out] == [
        "'spam' was warn, and is block",
        "it names no category, and 'spam' was changed",
    ]


def test_a_stacked_category_is_tested_by_its_new_name(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write(
        "other",
        "categories: {spam: {action: warn, examples: [win a prize]}}\n"
        "tests: [{text: you win, category: spam, action: warn}]\n",
    )
    write("both", "extends: [base, other]\n")
    tests = load_tests("both", shelf)
    assert {one.text: one.category for one in tests.expectations}["you win"] == "spam@other"
    assert {one.text: one.category for one in tests.expectations}["cheap pills"] == "spam"


def test_a_broken_profile_is_an_error(shelf: Shelf, write: Write) -> None:
    write("base", BASE.replace("category: spam", "category: spma"))
    write("mine", "extends: base\n")
    with pytest.raises(ProfileError, match="there is no category 'spma'"):
        load_tests("mine", shelf)


@pytest.mark.parametrize("path", sorted(shipped_folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_the_tests_that_ship_are_no_examples(path: Path, shelf: Shelf) -> None:
    assert load_tests(str(path), Shelf(shelf.user)).rehearsed == []
