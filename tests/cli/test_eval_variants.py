from __future__ import annotations

from pathlib import Path

import pytest

from modcli.cascade.preparation import PROMPT_SHOTS
from modcli.cli.eval_variants import load_variant, parse_changes
from modcli.errors import ProfileError, SettingsError, UsageError

PROFILE = """
categories:
  rude: {action: block, definition: Insults., examples: [you moron]}
  spam: {action: warn, definition: Adverts.}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(PROFILE)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "changes"),
    [
        ("family", {"profile": "family"}),
        ("./a.yaml", {"profile": "./a.yaml"}),
        ("stage=reading", {"stage": "reading"}),
        ("shots=0, definitions = off", {"shots": "0", "definitions": "off"}),
        ("model=/m/a=b.gguf", {"model": "/m/a=b.gguf"}),
    ],
)
def test_changes(written: str, changes: dict[str, str]) -> None:
    assert parse_changes(written) == changes


@pytest.mark.parametrize(
    ("written", "told", "hint"),
    [
        ("stages=model", "unknown key 'stages'", "did you mean stage?"),
        ("stage=model,fast", "unknown key 'fast'", "keys are profile, model, stage, shots, definitions"),
        ("stage=", "stage is auto, reading or model, not ''", ""),
        ("shots=-1", "shots is a whole number, 0 to 64", ""),
        ("shots=65", "shots is a whole number, 0 to 64", ""),
        ("shots=٣", "shots is a whole number, 0 to 64", ""),
        ("definitions=none", "definitions is on or off, not 'none'", ""),
        ("shots=1,shots=2", "shots is given twice", ""),
        ("stage=reding", "stage must be one of auto, prefilter, reading, model; did you mean reading?", ""),
    ],
)
def test_what_makes_no_sense(written: str, told: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_variant({}, written)
    assert str(caught.value).startswith(f"--compare {written}: ")
    assert told in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_changes_are_of_what_is_evaluated_otherwise() -> None:
    flags = {"profile": ["./mine.yaml"], "backend": "scripted"}
    plain = load_variant(flags)
    assert (plain.name, plain.shots, plain.settings.stage) == ("./mine.yaml", PROMPT_SHOTS, "auto")
    changed = load_variant(flags, "stage=model,shots=2,model=smollm2-135m")
    assert changed.profile == plain.profile
    assert (changed.shots, changed.settings.stage, changed.settings.model) == (2, "model", "smollm2-135m")
    assert changed.runtime != plain.runtime
    assert load_variant(flags, "shots=2").runtime == plain.runtime
    assert load_variant(flags, "family").profile.name == "family"


def test_the_same_under_another_name() -> None:
    flags = {"profile": ["default"]}
    same = load_variant(flags, f"stage=auto,shots={PROMPT_SHOTS}")
    assert same.identity == load_variant(flags, "default").identity
    assert same.identity != load_variant(flags, "shots=1").identity
    assert same.identity != load_variant(flags, "strict").identity


def test_without_definitions() -> None:
    found = load_variant({"profile": ["spam-only"]}, "definitions=off").profile
    assert {category.definition for category in found.categories} == {""}
    assert found.categories[0].examples


def test_a_category_must_keep_something() -> None:
    flags = {"profile": ["./mine.yaml"]}
    with pytest.raises(UsageError, match="definitions=off leaves nothing of spam"):
        load_variant(flags, "definitions=off")
    with pytest.raises(UsageError, match="spam: nothing but a definition"):
        load_variant(flags, "stage=reading")


def test_other_errors_are_told_as_they_are() -> None:
    with pytest.raises(SettingsError, match="flag --backend"):
        load_variant({"backend": "x"}, "stage=model")
    with pytest.raises(ProfileError, match="no profile 'famly'"):
        load_variant({}, "famly")
