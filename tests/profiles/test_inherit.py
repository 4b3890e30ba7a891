"""What a child says over what it inherits, and contradictions within one file."""

from __future__ import annotations

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action, Profile, Shot, Task

from .conftest import Read, Write


def texts(shots: tuple[Shot, ...]) -> list[str]:
    return [shot.text for shot in shots]


def test_the_child_replaces_values_and_adds_examples(read: Read) -> None:
    profile = read(
        "extends: default\ncategories: {toxicity: {action: warn, note: n, examples: [idiot, you fool]}}"
    )
    toxicity = profile.by_name["toxicity"]
    assert (toxicity.action, toxicity.definition, toxicity.note) == (Action.WARN, "Insults.", "n")
    assert texts(toxicity.examples) == ["you fool", "idiot"]
    assert texts(toxicity.counterexamples) == ["I disagree"]
    assert list(profile.by_name) == ["toxicity", "spam"]


def test_a_list_can_be_replaced(read: Read) -> None:
    profile = read(
        "extends: default\ncategories: {toxicity: {examples: {replace: [x]}, counterexamples: {replace: []}}}"
    )
    assert texts(profile.by_name["toxicity"].examples) == ["x"]
    assert profile.by_name["toxicity"].counterexamples == ()


def test_a_category_can_be_removed(read: Read) -> None:
    profile = read("extends: default\ncategories:\n  spam:\n  banter: {definition: d, exempts: [toxicity]}")
    assert list(profile.by_name) == ["toxicity", "banter"]


def test_an_exemption_of_a_removed_category_is_gone(read: Read, write: Write) -> None:
    write("base", "extends: default\ncategories: {b: {action: allow, exempts: [spam, toxicity]}}")
    assert read("extends: base\ncategories: {spam: }").by_name["b"].exempts == ("toxicity",)


@pytest.mark.parametrize(
    ("child", "examples", "counterexamples", "ordinary"),
    [
        (
            "categories: {toxicity: {examples: [I disagree]}}",
            ["you fool", "I disagree"],
            [],
            ["nice weather"],
        ),
        (
            "categories: {toxicity: {counterexamples: [you fool]}}",
            [],
            ["I disagree", "you fool"],
            ["nice weather"],
        ),
        ("ordinary: [you fool]", [], ["I disagree"], ["nice weather", "you fool"]),
        (
            "categories: {toxicity: {examples: [nice weather]}}",
            ["you fool", "nice weather"],
            ["I disagree"],
            [],
        ),
        (
            "shots: [{text: you fool, labels: []}]",
            [],
            ["I disagree", "you fool"],
            ["nice weather", "you fool"],
        ),
        ("shots: [{text: I disagree, labels: [toxicity]}]", ["you fool", "I disagree"], [], ["nice weather"]),
    ],
)
def test_the_childs_word_counts(
    read: Read, child: str, examples: list[str], counterexamples: list[str], ordinary: list[str]
) -> None:
    profile = read(f"extends: default\n{child}")
    toxicity = profile.by_name["toxicity"]
    assert texts(toxicity.examples) == examples
    assert texts(toxicity.counterexamples) == counterexamples
    assert texts(profile.ordinary) == ordinary


def test_a_shot_is_an_example_of_its_labels_and_a_counterexample_of_all_others(read: Read) -> None:
    profile = read("shots: [{text: a, labels: [s, t], reason: r}]\ncategories: {s: {}, t: {}, u: {}}")
    assert profile.by_name["s"].examples == profile.by_name["t"].examples == (Shot("a", "r"),)
    assert profile.by_name["u"].counterexamples == (Shot("a", "r"),)
    assert profile.ordinary == ()


def test_an_inherited_shot_says_nothing_of_a_new_category(read: Read, write: Write) -> None:
    write("base", "shots: [{text: a, labels: [s]}]\ncategories: {s: {}, t: {}}")
    assert read("extends: base\ncategories: {u: {definition: d}}").by_name["u"].counterexamples == ()


CONTRADICTIONS = [
    (
        "categories:\n  t: {examples: [a], counterexamples: [a]}",
        "2:40",
        "an example and a counterexample of 't'",
    ),
    ("ordinary: [a]\ncategories: {t: {examples: [a]}}", "2:29", "an example of 't' and ordinary"),
    (
        "shots: [{text: a, labels: [s]}]\ncategories: {t: {examples: [a]}, s: }",
        "1:9",
        "an example and a counterexample of 't'",
    ),
    ("shots: [{text: a, labels: []}]\ncategories: {t: {examples: [a]}}", "2:29", "of 't'"),
    ("shots: [{text: a, labels: [x]}]\ncategories: {t: {}}", "1:28", "there is no category 'x'"),
    (
        "tests: [{text: a, action: block, category: tt}]\ncategories: {t: {}}",
        "1:44",
        "there is no category 'tt'",
    ),
    (
        "tests:\n- {text: a, action: allow, but: b}\ncategories: {t: {}}",
        "2:28",
        "tests[1]: a `but` is allowed, and so is the post that it differs from",
    ),
    (
        "tests:\n- {text: a, action: block}\n- {text: b, action: warn, but: a}\ncategories: {t: {}}",
        "3:32",
        "one post is to be both blocked and allowed: 'a'",
    ),
    ("tests: [{text: a, action: warn, but: a}]\ncategories: {t: {}}", "1:38", "both warned of and allowed"),
    ("categories: {t: {exempts: [x]}}", "1:28", "there is no category 'x'"),
    ("categories: {t: {exempts: [t]}}", "1:28", "an exception to itself"),
    ("categories:\n  t:", "2:3", "no inherited one to remove"),
    ("description: d", "1:1", "the profile has no category"),
    ("categories: {}", "1:1", "the profile has no category"),
]


@pytest.mark.parametrize(("text", "place", "message"), CONTRADICTIONS)
def test_contradictions_are_named_with_their_place(read: Read, text: str, place: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read(text.replace("s: }", "s: {}}"))
    assert message in caught.value.message
    assert str(caught.value.location).endswith(f"mine.yaml:{place}")
    assert caught.value.hint


def test_what_is_not_written_has_a_default(read: Read) -> None:
    profile = read("categories: {t: {definition: ' d '}}")
    assert profile == Profile("mine", (profile.categories[0],), "", Task.MULTI_LABEL)
    assert profile.categories[0].action is Action.BLOCK
    assert profile.categories[0].definition == "d"
    assert profile.categories[0].threshold is None


def test_each_text_counts_once(read: Read) -> None:
    profile = read("categories: {t: {examples: [a, b, a, {text: a, reason: r}, b]}}")
    assert profile.by_name["t"].examples == (Shot("a", "r"), Shot("b"))


def test_a_shot_is_no_counterexample_of_what_is_unknown(read: Read) -> None:
    profile = read(
        "extends: default\nshots:\n  - {text: a, labels: [spam], unknown: toxicity}\n"
        '  - {text: b, labels: [spam], unknown: "*"}\n  - {text: c, labels: [], unknown: [spam]}\n'
    )
    assert [shot.text for shot in profile.by_name["spam"].examples] == ["buy now", "a", "b"]
    assert [shot.text for shot in profile.by_name["toxicity"].counterexamples] == ["I disagree", "c"]
    assert "c" not in {shot.text for shot in profile.ordinary}


def test_what_is_inherited_for_an_unknown_category_is_left_out(read: Read) -> None:
    profile = read(
        "extends: default\nshots:\n"
        '  - {text: you fool, labels: [], unknown: "*"}\n'
        "  - {text: I disagree, labels: [], unknown: [toxicity]}\n"
        '  - {text: nice weather, labels: [], unknown: "*"}\n'
    )
    assert not profile.by_name["toxicity"].examples
    assert not profile.by_name["toxicity"].counterexamples
    assert [shot.text for shot in profile.by_name["spam"].counterexamples] == ["I disagree"]
    assert not profile.ordinary


def test_an_unknown_category_takes_nothing_back_that_the_file_itself_says(read: Read) -> None:
    profile = read(
        "categories: {a: {examples: [x]}}\nordinary: [y]\n"
        'shots:\n  - {text: x, labels: [], unknown: "*"}\n  - {text: y, labels: [], unknown: "*"}\n'
    )
    assert [shot.text for shot in profile.by_name["a"].examples] == ["x"]
    assert [shot.text for shot in profile.ordinary] == ["y"]


@pytest.mark.parametrize(
    ("shot", "place", "message"),
    [
        ("{text: t, labels: [], unknown: [spma]}", ":2:41", "there is no category 'spma'"),
        ("{text: t, labels: [spam], unknown: [spam]}", ":2:45", "both a label of the shot and unknown"),
    ],
)
def test_unknown_categories_are_checked(read: Read, shot: str, place: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message) as caught:
        read(f"extends: default\nshots: [{shot}]\n")
    assert str(caught.value.location).endswith(place)
