"""What judges the purpose of skills, on the scripted backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import build_workbench
from modcli.cli.assemble_skills import purpose_judging
from modcli.errors import Location
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Category, Profile, Shot
from modcli.settings import Settings, load_settings
from modcli.skills.pooled import Pooled


def category(name: str, action: Action, *examples: str) -> Category:
    return Category(
        name,
        action,
        f"About {name}.",
        examples=tuple(map(Shot, examples)),
        counterexamples=(Shot("a table of contents"),),
    )


PROFILE = Profile(
    "mine",
    (
        category("hacking", Action.BLOCK, "hacking machines", "hacking accounts", "hacking of mail"),
        category("medical", Action.WARN, "medical diagnosis", "medical advice", "medical doses"),
    ),
    ordinary=(Shot("formats tables"), Shot("weather of a city")),
)
ITEM = Item("a", "hacking hacking machines", Location("a"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environ = {
        "MODCLI_BACKEND": "scripted",
        "MODCLI_CACHE_DIR": str(tmp_path / "cache"),
        "MODCLI_CONFIG_DIR": str(tmp_path / "config"),
        "MODCLI_DATA_DIR": str(tmp_path / "data"),
    }
    return load_settings({}, environ, tmp_path)


def bench_of(settings: Settings) -> Workbench:
    return build_workbench(settings)


def test_categories_are_pooled_and_no_question_is_put(settings: Settings) -> None:
    _, judging = purpose_judging(bench_of(settings), settings, PROFILE, on_error=Action.WARN)
    assert isinstance(judging, Pooled)
    [verdict] = judging.judge([ITEM])
    assert (verdict.action, verdict.stage) == (Action.BLOCK, "reading")
    assert verdict.categories["hacking"].probability > verdict.categories["medical"].probability


def test_one_category_is_judged_by_itself(settings: Settings) -> None:
    one = replace(PROFILE, categories=PROFILE.categories[:1])
    moderator, judging = purpose_judging(bench_of(settings), settings, one, on_error=Action.WARN)
    assert judging is moderator


def test_a_category_without_an_example_is_asked_about(settings: Settings) -> None:
    blind = replace(PROFILE, categories=(*PROFILE.categories, Category("gore", Action.BLOCK, "Blood.")))
    _, judging = purpose_judging(bench_of(settings), settings, blind, on_error=Action.WARN)
    [verdict] = judging.judge([Item("a", "weather of a city", Location("a"))])
    assert verdict.stage == "prompt"
    assert "gore" in verdict.categories


def test_label_words_that_are_one_are_no_reason_to_fail(settings: Settings) -> None:
    same = tuple(replace(c, label="bad") for c in PROFILE.categories)
    _, judging = purpose_judging(
        bench_of(settings), settings, replace(PROFILE, categories=same), on_error=Action.WARN
    )
    assert isinstance(judging, Pooled)
    assert judging.judge([ITEM])[0].action is Action.BLOCK


def test_without_a_cache_the_same_is_said_and_a_text_is_read_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    [kept] = purpose_judging(bench_of(settings), settings, PROFILE, on_error=Action.WARN)[1].judge([ITEM])
    bare = replace(settings, cache=False)
    _, judging = purpose_judging(bench_of(bare), bare, PROFILE, on_error=Action.WARN)
    judging.judge([Item("warm", "weather", Location("a"))])
    seen: list[str] = []
    read = Scripted.read

    def counted(self: Scripted, prefix: object, texts: Sequence[str], **options: object) -> object:
        seen.extend(texts)
        return read(self, prefix, texts, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Scripted, "read", counted)
    [verdict] = judging.judge([ITEM])
    assert verdict.categories == kept.categories
    assert seen == [ITEM.text]


def test_the_profile_is_left_as_it_is(settings: Settings) -> None:
    moderator, judging = purpose_judging(bench_of(settings), settings, PROFILE, on_error=Action.WARN)
    assert set(judging.judge([ITEM])[0].categories) == {c.name for c in as_judged(PROFILE).categories}
    moderator.close()
