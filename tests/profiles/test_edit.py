"""Blocking, warning, unblocking and extending: what is written, and what it means."""

from __future__ import annotations

import json

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action
from modcli.profiles.edit import UNBLOCK_NOTE, block, extend, unblock, warn
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.plan import editable

from .conftest import Write

MINE = """\
# my profile
extends: default

categories:
  # what I am tired of
  crypto:   # since 2021
    action: block
    examples:
      - 'to the moon'   # the first one

  spam:
    threshold: 0.4
# the end
"""


def test_blocking_a_category_of_a_shipped_profile_writes_one_of_the_users(shelf: Shelf) -> None:
    target = editable("default", shelf)
    assert target.is_new
    change = block(target, shelf, "crypto", examples=["to the moon"])
    assert change.old == ""
    assert change.path == shelf.user / "default.yaml"
    profile = load("default", shelf)
    assert list(profile.by_name) == ["toxicity", "spam", "crypto"]
    assert profile.by_name["crypto"].examples[0].text == "to the moon"
    assert not editable("default", shelf).is_new


def test_a_new_category_needs_one_example_or_one_definition(shelf: Shelf) -> None:
    target = editable("default", shelf)
    for definition, examples in (("A definition.", []), ("", ["an example"])):
        block(target, shelf, "new" + "er" * bool(definition), definition=definition, examples=examples)
    with pytest.raises(ProfileError, match="a new one needs a definition or an example") as caught:
        block(target, shelf, "toxicty")
    assert "did you mean toxicity?" in (caught.value.hint or "")


def test_an_edit_changes_its_lines_only(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    warn(editable("mine", shelf), shelf, "crypto", examples=["wen lambo"])
    expected = MINE.replace("action: block", "action: warn")
    assert path.read_text() == expected.replace("one\n", 'one\n      - "wen lambo"\n', 1)


def test_unblocking_keeps_the_category_and_tells_the_model(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    unblock(editable("mine", shelf), shelf, "spam")
    spam = load("mine", shelf).by_name["spam"]
    assert (spam.action, spam.note, spam.exempts) == (Action.ALLOW, UNBLOCK_NOTE, ())
    assert (spam.definition, spam.examples[0].text) == ("Advertisements.", "buy now")
    assert path.read_text().startswith(MINE.split("  spam:")[0])


@pytest.mark.parametrize("again", [block, warn])
def test_blocking_takes_an_unblock_back(shelf: Shelf, write: Write, again: object) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    unblock(target, shelf, "spam", exempts=["crypto"])
    again(target, shelf, "spam")  # type: ignore[operator]
    spam = load("mine", shelf).by_name["spam"]
    assert (spam.note, spam.exempts) == ("", ())
    assert spam.action is (Action.BLOCK if again is block else Action.WARN)


def test_an_unblock_of_a_parent_can_be_taken_back_in_a_child(shelf: Shelf, write: Write) -> None:
    write("base", "extends: default")
    unblock(editable("base", shelf), shelf, "spam", exempts=["toxicity"])
    write("mine", "extends: base")
    block(editable("mine", shelf), shelf, "spam")
    spam = load("mine", shelf).by_name["spam"]
    assert (spam.action, spam.note, spam.exempts) == (Action.BLOCK, "", ())


def test_a_note_of_ones_own_survives(shelf: Shelf, write: Write) -> None:
    write("mine", "categories: {t: {definition: d, note: My own.}}")
    target = editable("mine", shelf)
    unblock(target, shelf, "t")
    assert load("mine", shelf).by_name["t"].note == f"My own. {UNBLOCK_NOTE}"
    block(target, shelf, "t")
    assert load("mine", shelf).by_name["t"].note == "My own."


def test_a_new_exception_exempts_all_that_is_not_allowed(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    unblock(target, shelf, "spam")
    change = unblock(target, shelf, "banter", examples=["you muppet"])
    assert load("mine", shelf).by_name["banter"].exempts == ("toxicity", "crypto")
    assert any("2 to 4 examples" in note for note in change.notes)
    unblock(target, shelf, "news", definition="News.", exempts=["toxicity"])
    assert load("mine", shelf).by_name["news"].exempts == ("toxicity",)
    with pytest.raises(ProfileError, match="there is no category 'toxicty'"):
        unblock(target, shelf, "news", exempts=["toxicty"])
    with pytest.raises(ProfileError, match="a new one needs"):
        unblock(target, shelf, "unheard-of")


def test_extending_adds_to_what_is_inherited(shelf: Shelf) -> None:
    target = editable("default", shelf)
    change = extend(
        target, shelf, "spam", definition="Also in leetspeak.", examples=["fr33", "buy now"], note="See."
    )
    spam = load("default", shelf).by_name["spam"]
    assert spam.definition == "Advertisements.\nAlso in leetspeak."
    assert [shot.text for shot in spam.examples] == ["buy now", "fr33"]
    assert spam.note == "See."
    assert any("already among the examples" in note for note in change.notes)
    extend(target, shelf, "spam", definition="And in French.", note="And.")
    spam = load("default", shelf).by_name["spam"]
    assert spam.definition.splitlines()[2] == "And in French."
    assert spam.note == "See. And."


def test_extending_needs_a_known_category_and_something_to_add(shelf: Shelf) -> None:
    target = editable("default", shelf)
    with pytest.raises(ProfileError, match="there is no category 'spa'") as caught:
        extend(target, shelf, "spa", examples=["a"])
    assert "did you mean spam?" in (caught.value.hint or "")
    with pytest.raises(ProfileError, match="nothing to extend"):
        extend(target, shelf, "spam", definition=" ")
    assert not target.found.path.exists()


def test_doing_it_twice_changes_nothing(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    target = editable("mine", shelf)
    unblock(target, shelf, "crypto", examples=["hodl"])
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    change = unblock(target, shelf, "crypto", examples=["hodl"])
    assert change.old == change.new
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_text_cannot_be_an_example_and_a_counterexample(shelf: Shelf, write: Write) -> None:
    path = write("mine", "categories: {t: {counterexamples: [a]}}")
    with pytest.raises(ProfileError, match="both an example and a counterexample") as caught:
        block(editable("mine", shelf), shelf, "t", examples=["a"])
    assert "remove-shot" in (caught.value.hint or "")
    assert path.read_text() == "categories: {t: {counterexamples: [a]}}"


def test_an_inherited_counterexample_can_become_an_example(shelf: Shelf) -> None:
    block(editable("default", shelf), shelf, "toxicity", examples=["I disagree"])
    toxicity = load("default", shelf).by_name["toxicity"]
    assert [shot.text for shot in toxicity.examples] == ["you fool", "I disagree"]
    assert toxicity.counterexamples == ()


@pytest.mark.parametrize("text", ["", " \n ", "a\udc80b"])
def test_an_example_has_to_be_a_text(shelf: Shelf, text: str) -> None:
    with pytest.raises(ProfileError):
        block(editable("default", shelf), shelf, "t", examples=[text])
    with pytest.raises(ProfileError):
        extend(editable("default", shelf), shelf, "spam", definition=text)


@pytest.mark.parametrize(
    "text",
    ["a: b # c", "- x", "'\"\\", "\x1b[31m", "a\nb", "null", "{}", "\u202e!", "🏴\U000e0067", "a\x85b", "*x"],
)
def test_any_text_comes_back_as_it_was(shelf: Shelf, text: str) -> None:
    block(editable("default", shelf), shelf, "odd", examples=[text], definition=f"{text}.")
    odd = load("default", shelf).by_name["odd"]
    assert odd.examples[0].text == text
    assert odd.definition == f"{text}.".strip()


@pytest.mark.parametrize("name", ["a/b", "@x", "", "x" * 65, "a\nb"])
def test_a_category_needs_a_name(shelf: Shelf, name: str) -> None:
    with pytest.raises(ProfileError, match="no name for a category"):
        block(editable("default", shelf), shelf, name, examples=["a"])
    assert not (shelf.user / "default.yaml").exists()


def test_a_file_that_is_invalid_is_not_edited(shelf: Shelf, write: Write) -> None:
    path = write("mine", "categories: {t: {exmples: [a]}}")
    with pytest.raises(ProfileError) as caught:
        block(editable("mine", shelf), shelf, "t")
    assert str(caught.value).startswith(f"{path.resolve()}:1:18: unknown key")


def test_a_profile_in_json_stays_json(shelf: Shelf, write: Write) -> None:
    path = shelf.user / "mine.json"
    write("other", "extends: default")
    path.write_text(
        '{\n  "extends": "default",\n  "categories": {\n    "t": {"examples": ["\\ud83d\\ude80"]}\n  }\n}\n'
    )
    target = editable("mine", shelf)
    block(target, shelf, "u", definition="line\nline", examples=["a"])
    unblock(target, shelf, "t", examples=["no"])
    extend(target, shelf, "spam", examples=["x"])
    assert set(json.loads(path.read_text())["categories"]) == {"t", "u", "spam"}
    assert load("mine", shelf).by_name["t"].action is Action.ALLOW


OVERLAPS = """\
categories:
  salty: {label: profane, definition: "Swears; it may be mobbing besides.", examples: [a]}
  mobbing: {definition: "Mean to somebody.", examples: [b]}
  rage: {action: warn, definition: "Angry, PROFANE posts.", examples: [c]}
  shared: {definition: "Else.", examples: [a]}
  apart: {definition: "Profanely unlike.", examples: [d]}
  fine: {action: allow, definition: "Profane news.", examples: [a]}
"""


def test_unblocking_hints_at_what_may_still_act_on_such_posts(shelf: Shelf, write: Write) -> None:
    """It stays a hint: the user asked for one category, and an exception takes effect in another one."""
    write("mine", OVERLAPS)
    target = editable("mine", shelf)
    (hint,) = unblock(target, shelf, "salty").hints
    assert hint.endswith("--from mobbing --from rage --from shared")
    assert load("mine", shelf).by_name["salty"].exempts == ()
    assert unblock(target, shelf, "salty", exempts=["mobbing"]).hints == ()
    assert unblock(target, shelf, "apart").hints == ()


@pytest.mark.parametrize("task", ["multi-class", "binary"])
def test_no_hint_where_one_category_fires_at_most(shelf: Shelf, write: Write, task: str) -> None:
    write("mine", f"task: {task}\n{OVERLAPS}")
    assert unblock(editable("mine", shelf), shelf, "salty").hints == ()
