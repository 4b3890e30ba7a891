"""Answers become shots, in one edit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modcli.errors import Location, ProfileError
from modcli.profiles import document
from modcli.profiles.answers import Answer, Learned, learn
from modcli.profiles.dropping import roles_of
from modcli.profiles.find import Shelf
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.load import load
from modcli.profiles.origins import Role, origins_of
from modcli.profiles.plan import editable

from .conftest import Write

MINE = """\
extends: default   # the shipped one
categories:
  # mine
  crypto:
    examples: ["to the moon"]   # a classic
    counterexamples:
      - a coin for the trolley
"""


def answer(text: str, *labels: str, unknown: Sequence[str] = (), line: int = 1) -> Answer:
    return Answer(text, frozenset(labels), frozenset(unknown), Location("answers.jsonl", line))


def learned(shelf: Shelf, *answers: Answer, overrule: bool = False) -> Learned:
    found = shelf.find("mine")
    places = origins_of(found, shelf)
    return learn(
        editable("mine", shelf),
        shelf,
        answers,
        overrule=overrule,
        origin=lambda role: places[role].location if role in places else None,
    )


def test_answers_are_added_and_all_else_stays(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    done = learned(
        shelf,
        answer("wen lambo", "crypto"),
        answer("nice day"),
        answer("who knows", "spam", unknown=["toxicity"]),
        answer("only crypto", "crypto", unknown=["toxicity", "spam"]),
    )
    assert (done.new, done.known, done.repeated, done.conflicts) == (4, 0, 0, ())
    assert path.read_text() == MINE + (
        "shots:\n"
        '  - {text: "wen lambo", labels: [crypto]}\n'
        '  - {text: "nice day", labels: []}\n'
        '  - {text: "who knows", labels: [spam], unknown: [toxicity]}\n'
        '  - {text: "only crypto", labels: [crypto], unknown: "*"}\n'
    )
    roles = roles_of(load("mine", shelf))
    assert {role for role in roles if role.text == "who knows"} == {
        Role("spam", EXAMPLE, "who knows"),
        Role("crypto", COUNTEREXAMPLE, "who knows"),
    }
    assert {role for role in roles if role.text == "only crypto"} == {Role("crypto", EXAMPLE, "only crypto")}
    assert Role(None, ORDINARY, "nice day") in roles
    # Learned once more, nothing changes.
    again = learned(shelf, answer("wen lambo", "crypto"), answer("nice day"))
    assert (again.new, again.known) == (0, 2)
    assert again.change.old == again.change.new


def test_what_a_list_says_already_is_known(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    others = ["toxicity", "spam"]
    done = learned(
        shelf,
        answer("to the moon", "crypto", unknown=others),
        answer("a coin for the trolley", unknown=others),
        answer("to the moon", "crypto", "spam", unknown=["toxicity"], line=3),
    )
    # The third one says more than the first, and both are one answer.
    assert (done.new, done.known, done.repeated) == (1, 1, 1)
    assert Role("spam", EXAMPLE, "to the moon") in roles_of(load("mine", shelf))


def test_two_answers_against_each_other_are_left_out_with_both_places(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    done = learned(shelf, answer("a", "spam", line=4), answer("b"), answer("a", line=9))
    (conflict,) = done.conflicts
    assert (conflict.here.line, conflict.there.line, conflict.settled) == (9, 4, False)
    assert (conflict.meant, conflict.said) == ("none", "spam")
    assert done.new == 1
    assert '"a"' not in path.read_text()


def test_an_answer_against_the_file_is_left_out_unless_it_overrules(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    against = answer("a coin for the trolley", "crypto", line=7)
    done = learned(shelf, against, answer("new one"))
    (conflict,) = done.conflicts
    assert (done.new, conflict.settled) == (1, False)
    assert str(conflict.here) == "answers.jsonl:7"
    assert (conflict.there.name, conflict.there.line) == (str(path), 7)
    assert conflict.said == "a counterexample of 'crypto'"
    done = learned(shelf, against, overrule=True)
    assert (done.new, done.conflicts[0].settled) == (1, True)
    assert "    counterexamples" not in path.read_text()
    assert "# a classic" in path.read_text()
    assert Role("crypto", EXAMPLE, "a coin for the trolley") in roles_of(load("mine", shelf))


def test_what_is_inherited_gives_way_and_is_told(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    done = learned(shelf, answer("you fool"))
    (conflict,) = done.conflicts
    assert conflict.settled
    assert conflict.there.name.endswith("default.yaml")
    roles = roles_of(load("mine", shelf))
    assert Role("toxicity", COUNTEREXAMPLE, "you fool") in roles
    assert Role("toxicity", EXAMPLE, "you fool") not in roles


@pytest.mark.parametrize(
    ("bad", "message"),
    [(answer("x", "spma"), "no category 'spma'"), (answer(" \n"), "empty"), (answer("x\ud800"), "UTF-8")],
)
def test_one_bad_answer_and_nothing_is_written(shelf: Shelf, write: Write, bad: Answer, message: str) -> None:
    path = write("mine", MINE)
    with pytest.raises(ProfileError, match=message):
        learned(shelf, answer("good"), bad)
    assert path.read_text() == MINE


def test_too_many_are_refused_and_what_fits_is_told(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    many = [answer(f"{number} {'long ' * 2000}", "spam") for number in range(120)]
    with pytest.raises(ProfileError, match="120 answers do not fit") as caught:
        learned(shelf, *many)
    assert path.read_text() == MINE
    fitting = int((caught.value.hint or "").split()[1])
    learned(shelf, *many[:fitting])
    assert document.MAX_BYTES - 12_000 < path.stat().st_size <= document.MAX_BYTES
    with pytest.raises(ProfileError, match="120 answers do not fit"):
        learned(shelf, *(answer(f"again {one.text}", "spam") for one in many))


def test_many_small_ones_are_refused_as_well(
    shelf: Shelf, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modcli.profiles.answers.MAX_NODES", 200)
    write("mine", MINE)
    with pytest.raises(ProfileError, match="30 answers do not fit") as caught:
        learned(shelf, *(answer(str(number)) for number in range(30)))
    assert "--limit" in (caught.value.hint or "")


def test_a_new_file_and_a_profile_in_json(shelf: Shelf, write: Write) -> None:
    target = editable("default", shelf)
    learn(target, shelf, [answer("x", "spam")])
    assert "extends: default\nshots:\n  - {text: x, labels: [spam]}\n" in target.found.path.read_text()
    path = write(
        "mine", '{"categories": {"a": {"examples": ["e"]}}, "shots": [\n  {"text": "t", "labels": []}\n]}'
    )
    learned(shelf, answer("u", "a"), answer("v"))
    assert path.read_text().endswith(
        '  {"text": "t", "labels": []},\n  {"text": "u", "labels": ["a"]},\n  {"text": "v", "labels": []}\n]}'
    )


TEXTS = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and not set(text) & set("\ud800"))
LABELS = st.sets(st.sampled_from(["toxicity", "spam", "crypto"]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(
        TEXTS.map(lambda text: text.strip("\n")).filter(str.strip), st.tuples(LABELS, LABELS), max_size=8
    )
)
def test_whatever_the_text_it_is_read_back_with_its_labels(
    shelf: Shelf, write: Write, rows: dict[str, tuple[set[str], set[str]]]
) -> None:
    write("mine", MINE)
    answers = [answer(text, *labels, unknown=sorted(unknown)) for text, (labels, unknown) in rows.items()]
    done = learned(shelf, *answers, overrule=True)
    assert done.new + done.known == len(rows)
    roles = roles_of(load("mine", shelf))
    for text, (labels, unknown) in rows.items():
        mine = {role for role in roles if role.text == text}
        assert {role.category for role in mine if role.kind == EXAMPLE} >= labels
        against = {"toxicity", "spam", "crypto"} - labels - unknown
        assert {role.category for role in mine if role.kind == COUNTEREXAMPLE} >= against
