"""Where shots are written."""

from __future__ import annotations

from modcli.profiles.find import Shelf
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.load import load
from modcli.profiles.origins import Role, origins_of

from .conftest import Write

BASE = """\
categories:
  crypto:
    examples: ["to the moon"]
    counterexamples:
      - a coin for the trolley
ordinary: [good morning]
"""
CHILD = """\
extends: base
categories:
  spam:
    examples: [buy now]
shots:
  - {text: wen lambo, labels: [crypto], unknown: [spam]}
"""


def test_each_shot_is_found_where_it_is_written(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write("child", CHILD)
    found = origins_of(shelf.find("child"), shelf)
    inherited = found[Role("crypto", COUNTEREXAMPLE, "a coin for the trolley")]
    assert (inherited.profile, inherited.location.line, inherited.own) == ("base", 5, False)
    assert not found[Role(None, ORDINARY, "good morning")].own
    own = found[Role("crypto", EXAMPLE, "wen lambo")]
    assert (own.profile, own.location.line, own.own) == ("child", 6, True)
    assert not [role for role in found if role.text == "wen lambo" and role.category == "spam"]


def test_a_stacked_category_is_found_by_its_name_in_the_stack(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write("other", "categories: {crypto: {examples: [hodl]}}")
    write("both", "extends: [base, other]")
    found = origins_of(shelf.find("both"), shelf)
    assert {category.name for category in load("both", shelf).categories} == {"crypto", "crypto@other"}
    assert found[Role("crypto@other", EXAMPLE, "hodl")].profile == "other"
    assert found[Role("crypto", EXAMPLE, "to the moon")].profile == "base"


def test_the_nearest_of_several_places(shelf: Shelf, write: Write) -> None:
    write("base", BASE)
    write("child", "extends: base\ncategories:\n  crypto:\n    examples: [to the moon]\n")
    assert origins_of(shelf.find("child"), shelf)[Role("crypto", EXAMPLE, "to the moon")].own
