"""The profile for agent skills that ships."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from modcli.cli.app import app
from modcli.judges.tasks import is_asked
from modcli.profile import Action, Profile
from modcli.profiles.expectations import load_tests
from modcli.profiles.find import Shelf
from modcli.profiles.lint import lint
from modcli.profiles.load import load_stacked
from modcli.prompts.profile_prompt import assemble
from modcli.settings import load_settings

BLOCKED = [
    "illegal-activity",
    "critical-infrastructure",
    "cyber-attacks",
    "weapons",
    "violence-and-hate",
    "privacy-violation",
    "harmful-content",
    "misinformation",
    "election-interference",
    "surveillance",
    "fraud",
    "platform-abuse",
    "sexual-content",
]
WARNED = [
    "legal-advice",
    "medical-advice",
    "insurance-decisions",
    "financial-advice",
    "hiring-and-housing",
    "academic-assessment",
    "media-generation",
]
PATH = Path(__file__).parents[2] / "profiles" / "skills.yaml"


@pytest.fixture
def mine(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "profiles")


@pytest.fixture
def profile(mine: Shelf) -> Profile:
    return load_stacked(("skills",), mine)


def key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold() or text


def test_the_twenty_categories_and_what_happens_to_each(profile: Profile) -> None:
    actions = {category.name: category.action for category in profile.categories}
    assert [name for name, action in actions.items() if action is Action.BLOCK] == BLOCKED
    assert [name for name, action in actions.items() if action is Action.WARN] == WARNED
    assert [name for name, action in actions.items() if action is Action.ALLOW] == ["authorized-security"]


def test_authorized_security_is_an_exception_to_security_categories_and_to_nothing_else(
    profile: Profile,
) -> None:
    exempts = profile.by_name["authorized-security"].exempts
    assert exempts == ("cyber-attacks", "critical-infrastructure", "platform-abuse")
    assert set(exempts) <= set(BLOCKED)


def test_it_has_no_weak_spot(profile: Profile) -> None:
    assert lint(profile) == []


def test_every_category_has_examples_and_counterexamples_that_look_like_skills(profile: Profile) -> None:
    for category in profile.categories:
        assert len(category.examples) >= 3, category.name
        assert len(category.counterexamples) >= 3, category.name
        assert "\nNot " in category.definition, category.name
        assert sum(": " in shot.text for shot in category.examples) >= 2, category.name
    assert len(profile.ordinary) >= 20


def test_no_text_is_there_twice() -> None:
    tree = yaml.safe_load(PATH.read_text("utf-8"))
    texts = list(tree["ordinary"])
    for category in tree["categories"].values():
        texts += [
            shot if isinstance(shot, str) else shot["text"]
            for shot in [*category["examples"], *category["counterexamples"]]
        ]
    texts += [text for test in tree["tests"] for text in (test["text"], test.get("but")) if text]
    bank = (PATH.parents[1] / "modcli" / "judges" / "background.txt").read_text("utf-8").splitlines()
    keys = [key(text) for text in (*texts, *bank)]
    assert sorted(one for one in set(keys) if keys.count(one) > 1) == []


def test_every_category_is_tested_and_half_of_the_blocked_ones_by_a_near_miss(mine: Shelf) -> None:
    tests = load_tests("skills", mine)
    assert tests.rehearsed == []
    assert {one.category for one in tests.expectations if one.category} == {
        *BLOCKED,
        *WARNED,
        "authorized-security",
    }
    assert sum(bool(one.near) for one in tests.expectations) >= len(BLOCKED) // 2


def test_label_words_differ_from_their_first_letters_on(profile: Profile) -> None:
    words = [category.word for category in profile.categories]
    assert len({word[:3] for word in words}) == len(words)


def test_its_prompt_leaves_room_for_a_text_in_the_usual_context(profile: Profile) -> None:
    """With two shots of a category, as more have no room. About 3.4 characters are a token, a turn takes about ten
    more, and the context has 8,192 tokens."""
    asked = [category for category in profile.categories if is_asked(profile, category)]
    prompt = assemble(profile, asked, shots=2)
    messages = prompt.prefix.messages
    assert sum(len(one.content) / 3.4 + 10 for one in messages) < 8_192 - 1_200


def test_a_penetration_tester_unblocks_cyber_attacks_and_nothing_else() -> None:
    ran = CliRunner().invoke(app, ["profile", "unblock", "cyber-attacks", "-p", "skills"])
    assert ran.exit_code == 0, ran.output
    config = load_settings({}, os.environ, Path.cwd()).config_dir
    profile = load_stacked(("skills",), Shelf(config / "profiles"))
    assert profile.by_name["cyber-attacks"].action is Action.ALLOW
    assert profile.by_name["fraud"].action is Action.BLOCK
    assert CliRunner().invoke(app, ["profile", "validate", "skills"]).exit_code == 0
