"""The content that ships: background bank, profiles and examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modcli.profile import Action, Task

ROOT = Path(__file__).parents[1]
# The categories of the profiles for text; a profile of another kind has its own test beside its own content.
NAMES = ("default", "strict", "family", "spam-only", "self-harm-aware")
PROFILES = [*(ROOT / "profiles" / f"{name}.yaml" for name in NAMES), ROOT / "examples" / "profile.yaml"]
# Words about how hard to judge. Such wording moves a model's flags the wrong way; the threshold is for that.
ADJECTIVES = re.compile(
    r"\b(strict(ly|er|est)?|lenient(ly)?|aggressive(ly)?|cautious(ly)?|zero[- ]tolerance|conservative(ly)?"
    r"|err on the side|at all costs|when in doubt|be (very )?careful|liberal(ly)?)\b",
    re.IGNORECASE,
)
# The smallest number of examples, and of counterexamples, of a category.
FEWEST_SHOTS = {"default": 8, "strict": 4, "family": 4, "spam-only": 8, "self-harm-aware": 4}

Tree = dict[str, Any]


def _load(path: Path) -> Tree:
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    return tree


def _texts(shots: list[str | dict[str, str]] | None) -> list[str]:
    return [shot if isinstance(shot, str) else shot["text"] for shot in shots or []]


def _key(text: str) -> str:
    """What remains of a text when case, punctuation and spacing are taken away."""
    return re.sub(r"[\W_]+", "", text).casefold() or text


def _own_shots(tree: Tree) -> list[str]:
    """The texts that a profile file itself holds: positive, negative and ordinary."""
    shots = _texts(tree.get("ordinary"))
    for category in (tree.get("categories") or {}).values():
        if category:
            shots += _texts(category.get("examples")) + _texts(category.get("counterexamples"))
    return shots


def _resolved(path: Path) -> dict[str, Tree]:
    """The categories of a profile with its parents': scalars replaced, lists appended, null removes."""
    tree = _load(path)
    parent = tree.get("extends")
    categories = _resolved(ROOT / "profiles" / f"{parent}.yaml") if parent else {}
    for name, own in (tree.get("categories") or {}).items():
        if own is None:
            assert name in categories, f"{path.name} removes {name}, which its parent does not have"
            del categories[name]
            continue
        merged = categories.setdefault(name, {})
        for key, value in own.items():
            merged[key] = [*merged.get(key, []), *value] if isinstance(value, list) else value
    return categories


def _clauses(definition: str) -> list[str]:
    return [clause for clause in re.split(r"[.;]\s+", definition.strip() + "\n") if clause.strip()]


@pytest.fixture(scope="module")
def bank() -> list[str]:
    return (ROOT / "modcli" / "judges" / "background.txt").read_text(encoding="utf-8").splitlines()


def test_the_bank_has_three_hundred_different_lines(bank: list[str]) -> None:
    assert len(bank) >= 300
    assert len({_key(line) for line in bank}) == len(bank)
    assert all(line == line.strip() and line for line in bank)


def test_the_bank_is_of_everyday_length(bank: list[str]) -> None:
    lengths = sorted(len(line.split()) for line in bank)
    assert 9 <= lengths[len(lengths) // 2] <= 15
    assert lengths[-1] <= 60


def test_the_bank_speaks_more_than_english(bank: list[str]) -> None:
    assert sum(bool(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", line)) for line in bank) >= 2
    assert sum(bool(re.search(r"[\u0900-\u097f]", line)) for line in bank) >= 2
    assert sum(bool(re.search(r"[¿ñçãêéàäößıışćłż]", line)) for line in bank) >= 8


def test_no_line_of_the_bank_is_a_shot_or_an_example_post(bank: list[str]) -> None:
    seen = {_key(line) for line in bank}
    posts = (ROOT / "examples" / "posts.txt").read_text(encoding="utf-8").splitlines()
    texts = posts + [text for path in PROFILES for text in _own_shots(_load(path))]
    assert [text for text in texts if _key(text) in seen] == []


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_profile_has_the_form_that_the_documentation_shows(path: Path) -> None:
    tree = _load(path)
    assert set(tree) <= {"extends", "description", "task", "ordinary", "categories", "tests"}
    assert "\n" not in tree["description"]
    Task(tree.get("task", "multi-label"))
    allowed = {"action", "label", "definition", "note", "threshold", "exempts", "examples", "counterexamples"}
    categories = _resolved(path)
    for name, category in categories.items():
        assert set(category) <= allowed, name
        Action(category["action"])
        assert 0 < category.get("threshold", 0.5) < 1
        assert set(category.get("exempts", [])) <= set(categories) - {name}
    for category in (tree["categories"] or {}).values():
        for shot in [*(category or {}).get("examples", []), *(category or {}).get("counterexamples", [])]:
            assert isinstance(shot, str) or set(shot) <= {"text", "reason"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_definition_has_five_to_twenty_clauses_and_says_nothing_of_strictness(path: Path) -> None:
    for name, category in _resolved(path).items():
        definition = category["definition"]
        assert 5 <= len(_clauses(definition)) <= 20, name
        assert ADJECTIVES.search(definition) is None, name
        assert "Not " in definition, f"{name} names no exception"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_text_is_a_shot_twice(path: Path) -> None:
    keys = [_key(text) for text in _own_shots(_load(path))]
    parent = _load(path).get("extends")
    if parent:
        keys += [_key(text) for text in _own_shots(_load(ROOT / "profiles" / f"{parent}.yaml"))]
    assert sorted(key for key in set(keys) if keys.count(key) > 1) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_has_enough_shots_on_both_sides(name: str) -> None:
    for category in _resolved(ROOT / "profiles" / f"{name}.yaml").values():
        assert len(_texts(category.get("examples"))) >= FEWEST_SHOTS[name]
        assert len(_texts(category.get("counterexamples"))) >= FEWEST_SHOTS[name]


def _tests(tree: Tree) -> list[str]:
    """The posts of a file's own tests."""
    return [text for test in tree.get("tests") or [] for text in (test["text"], test.get("but")) if text]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_has_tests_of_every_category_and_minimal_pairs(name: str) -> None:
    tree = _load(ROOT / "profiles" / f"{name}.yaml")
    assert 6 <= len(tree["tests"]) <= 12
    assert sum("but" in test for test in tree["tests"]) >= 3
    tested = {test.get("category") for test in tree["tests"]}
    assert {category for category, own in tree["categories"].items() if own} - {"toxicity", "spam"} <= tested
    assert any(test["action"] == "allow" and "category" not in test for test in tree["tests"])


def test_no_test_that_ships_is_a_shot_a_line_of_the_bank_or_an_example_post(bank: list[str]) -> None:
    trees = [_load(path) for path in PROFILES]
    posts = (ROOT / "examples" / "posts.txt").read_text(encoding="utf-8").splitlines()
    seen = {_key(text) for text in (*bank, *posts, *(shot for tree in trees for shot in _own_shots(tree)))}
    tests = [_key(text) for tree in trees for text in _tests(tree)]
    assert [text for text in tests if text in seen] == []
    assert len(set(tests)) == len(tests)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_words_that_a_model_chooses_from_differ_from_their_first_letters_on(path: Path) -> None:
    words = [str(category.get("label", name)) for name, category in _resolved(path).items()]
    assert len({word[:3].casefold() for word in words}) == len(words)


def test_the_default_profile_is_the_three_categories_of_the_paper() -> None:
    categories = _resolved(ROOT / "profiles" / "default.yaml")
    assert {name: category["action"] for name, category in categories.items()} == {
        "toxicity": "block",
        "spam": "block",
        "negative-sentiment": "allow",
    }


def test_spam_only_knows_nothing_but_spam() -> None:
    assert list(_resolved(ROOT / "profiles" / "spam-only.yaml")) == ["spam"]


def test_supportive_talk_is_excepted_from_self_harm_but_not_from_acute_danger() -> None:
    categories = _resolved(ROOT / "profiles" / "self-harm-aware.yaml")
    assert categories["support-seeking"]["action"] == "allow"
    assert categories["support-seeking"]["exempts"] == ["self-harm"]
    assert categories["suicidal-intent"]["action"] == "warn"


def test_the_example_posts_are_one_a_line_and_all_different() -> None:
    posts = (ROOT / "examples" / "posts.txt").read_text(encoding="utf-8").splitlines()
    assert len(posts) == 24
    assert len({_key(post) for post in posts}) == 24


def test_the_example_rows_are_objects_with_their_own_ids_and_texts() -> None:
    lines = (ROOT / "examples" / "posts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 12
    assert all(set(row) == {"id", "content", "author"} for row in rows)
    assert len({row["id"] for row in rows}) == 12
    posts = (ROOT / "examples" / "posts.txt").read_text(encoding="utf-8").splitlines()
    assert {_key(row["content"]) for row in rows}.isdisjoint(_key(post) for post in posts)


def test_the_labelled_posts_are_new_to_the_profiles_and_mostly_ordinary(bank: list[str]) -> None:
    lines = (ROOT / "examples" / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["id"] for row in rows}) == len({_key(row["text"]) for row in rows}) == len(rows) == 100
    names = set(_resolved(ROOT / "profiles" / "default.yaml"))
    assert all(set(row) <= {"id", "text", "labels", "unknown"} for row in rows)
    assert all({*row["labels"], *row.get("unknown", ())} <= names for row in rows)
    # Enough of each category for `modcli tune` to learn from.
    assert {name: sum(name in row["labels"] for row in rows) for name in names} == {
        "toxicity": 18,
        "spam": 18,
        "negative-sentiment": 20,
    }
    assert sum(not row["labels"] for row in rows) > 50
    trees = [_load(path) for path in PROFILES]
    known = [text for tree in trees for text in (*_own_shots(tree), *_tests(tree))]
    known += (ROOT / "examples" / "posts.txt").read_text(encoding="utf-8").splitlines()
    assert {_key(row["text"]) for row in rows}.isdisjoint(map(_key, (*known, *bank)))
