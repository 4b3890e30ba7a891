"""Shots taken out of single places."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profile import Profile
from modcli.profiles.dropping import drop_shots, roles_of
from modcli.profiles.find import Shelf
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.load import load
from modcli.profiles.origins import Role
from modcli.profiles.plan import editable

from .conftest import Write

MINE = """\
# mine
categories:
  crypto:
    examples: ["to the moon", wen lambo]   # the worst
    counterexamples:
      - a coin for the trolley
      - {text: "my wallet, in the tram", reason: Lost.}   # a real one
  spam:
    definition: Sells things.
shots:
  - {text: free coins, labels: [crypto, spam]}
  - {text: nice weather, labels: []}
ordinary:
  - good morning
"""


def dropped(shelf: Shelf, *roles: Role) -> tuple[Profile, str]:
    change = drop_shots(editable("mine", shelf), shelf, roles)
    return load("mine", shelf), change.new


def test_an_entry_of_a_list_goes_and_nothing_else_changes(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    profile, text = dropped(
        shelf,
        Role("crypto", COUNTEREXAMPLE, "a coin for the trolley"),
        Role("crypto", EXAMPLE, "to the moon"),
        Role(None, ORDINARY, "good morning"),
    )
    assert text == MINE.replace('"to the moon", ', "").replace(
        "      - a coin for the trolley\n", ""
    ).replace("ordinary:\n  - good morning\n", "")
    assert [shot.text for shot in profile.by_name["crypto"].examples] == ["wen lambo", "free coins"]


def test_a_shot_with_labels_loses_one_category_alone(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    profile, text = dropped(shelf, Role("crypto", EXAMPLE, "free coins"))
    assert "  - {text: free coins, labels: [spam], unknown: [crypto]}\n" in text
    assert [shot.text for shot in profile.by_name["spam"].examples] == ["free coins"]
    assert "free coins" not in {shot.text for shot in profile.by_name["crypto"].counterexamples}
    profile, text = dropped(shelf, Role("crypto", COUNTEREXAMPLE, "nice weather"))
    assert "  - {text: nice weather, labels: [], unknown: [crypto]}\n" in text
    assert {role for role in roles_of(profile) if role.text == "nice weather"} == {
        Role("spam", COUNTEREXAMPLE, "nice weather")
    }
    # When nothing is said any more, the entry goes.
    _, text = dropped(shelf, Role("spam", COUNTEREXAMPLE, "nice weather"))
    assert "nice weather" not in text


def test_an_ordinary_shot_without_labels_goes_as_a_whole(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    _, text = dropped(shelf, Role(None, ORDINARY, "nice weather"))
    assert "nice weather" not in text


def test_what_is_inherited_has_no_say_and_its_file_is_as_it_was(shelf: Shelf, write: Write) -> None:
    base = write("base", MINE)
    write("mine", "extends: base   # theirs\n")
    profile, text = dropped(
        shelf,
        Role("crypto", COUNTEREXAMPLE, "a coin for the trolley"),
        Role("crypto", EXAMPLE, "free coins"),
    )
    assert base.read_text() == MINE
    assert text.startswith("extends: base   # theirs\n")
    before = roles_of(load("base", shelf))
    assert roles_of(profile) == before - {
        Role("crypto", COUNTEREXAMPLE, "a coin for the trolley"),
        Role("crypto", EXAMPLE, "free coins"),
    }
    # A category that is added later learns nothing from what was dropped.
    write("later", "extends: mine\ncategories: {new: {examples: [n]}}\n")
    assert not load("later", shelf).by_name["new"].counterexamples


def test_an_inherited_shot_keeps_its_other_places(shelf: Shelf, write: Write) -> None:
    write("base", "categories:\n  a: {counterexamples: [t]}\n  b: {counterexamples: [t]}\nordinary: [t]\n")
    write("mine", "extends: base\n")
    profile, _ = dropped(shelf, Role("a", COUNTEREXAMPLE, "t"))
    assert roles_of(profile) == {Role("b", COUNTEREXAMPLE, "t"), Role(None, ORDINARY, "t")}


def test_what_is_not_there_is_passed_over(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    assert dropped(shelf, Role("crypto", EXAMPLE, "a coin for the trolley"))[1] == MINE


def test_the_last_shot_of_a_replacing_list_is_refused(shelf: Shelf, write: Write) -> None:
    write("base", MINE)
    path = write("mine", "extends: base\ncategories:\n  crypto:\n    examples: {replace: [one]}\n")
    with pytest.raises(ProfileError, match="replaces"):
        drop_shots(editable("mine", shelf), shelf, [Role("crypto", EXAMPLE, "one")])
    assert "one" in path.read_text()


def test_a_category_of_which_nothing_is_left_is_told_of(shelf: Shelf, write: Write) -> None:
    write("mine", "categories:\n  a:\n    examples:\n      - x\n  b: {definition: d}\n")
    change = drop_shots(editable("mine", shelf), shelf, [Role("a", EXAMPLE, "x")])
    assert change.notes == ("nothing is left of 'a', and it is gone",)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), inherited=st.booleans())
def test_what_is_dropped_is_gone_and_all_else_stays(
    shelf: Shelf, write: Write, data: st.DataObject, inherited: bool
) -> None:
    write("base", MINE)
    write("mine", "extends: base\n" if inherited else MINE)
    before = roles_of(load("mine", shelf))
    chosen = data.draw(st.sets(st.sampled_from(sorted(before, key=str)), min_size=1, max_size=4))
    # A shot that is of no category is ordinary by that alone: as soon as something of it is unknown, it is not.
    of_none = {role for role in before if role.text == "nice weather"}
    ordinary = Role(None, ORDINARY, "nice weather")
    if chosen & of_none == {ordinary}:
        chosen |= of_none
    elif chosen & of_none and not inherited:
        chosen.add(ordinary)
    profile, _ = dropped(shelf, *sorted(chosen, key=str))
    assert roles_of(profile) == before - chosen


def test_a_rehearsal_writes_nothing(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    role = Role("crypto", EXAMPLE, "wen lambo")
    change = drop_shots(editable("mine", shelf), shelf, [role], rehearsal=True)
    assert (change.old, path.read_text()) == (MINE, MINE)
    assert "wen lambo" not in change.new
    target = editable("default", shelf)
    change = drop_shots(target, shelf, [Role("spam", EXAMPLE, "buy now")], rehearsal=True)
    assert (change.old, target.is_new) == ("", True)
    assert '{text: "buy now", labels: [], unknown: "*"}' in change.new
