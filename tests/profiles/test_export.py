"""A resolved profile written out loads to the same profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.export import as_data, as_json, as_yaml, from_json
from modcli.profiles.find import Found, Origin, Shelf, shipped_folder
from modcli.profiles.load import load, load_bytes, load_stacked

SHELF = Shelf(Path("/nonexistent/user"))


def loaded(text: str, name: str) -> Profile:
    return load_bytes(text.encode(), Found(name, Path("/nonexistent/x.yaml"), Origin.PATH), SHELF)


@pytest.mark.parametrize("write", [as_yaml, as_json])
@pytest.mark.parametrize("path", sorted(shipped_folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_what_ships_survives(path: Path, write: object) -> None:
    profile = load(str(path), SHELF)
    assert loaded(write(profile), profile.name) == profile  # type: ignore[operator]
    assert from_json(as_json(profile), profile.name) == profile


def test_stacked_profiles_survive_where_they_are_kept() -> None:
    """Their categories have names that no file may give."""
    stacked = load_stacked(["default", "strict", "family"], SHELF)
    assert any("@" in category.name for category in stacked.categories)
    assert from_json(as_json(stacked), stacked.name) == stacked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"categories": {}}',
        '{"task": "binary", "categories": []}',
        '{"task": "x", "categories": {}}',
    ],
)
def test_what_is_no_kept_profile(text: str) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        from_json(text, "mine")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)
SHOTS = st.lists(st.builds(lambda text: Shot(text.strip("\n")), TEXT), max_size=3, unique=True).map(tuple)


@settings(max_examples=100, deadline=None)
@given(SHOTS, SHOTS, TEXT, st.floats(0, 1), st.sampled_from(Task))
def test_any_profile_survives(
    examples: tuple[Shot, ...], ordinary: tuple[Shot, ...], prose: str, threshold: float, task: Task
) -> None:
    others = tuple(shot for shot in ordinary if shot not in examples)
    category = Category("t", Action.WARN, prose.strip(), prose.strip(), "l", examples, (), threshold)
    profile = Profile(
        "p", (category, Category("u", Action.ALLOW, exempts=("t",))), prose.strip(), task, others
    )
    assert loaded(as_yaml(profile), "p") == profile
    assert loaded(as_json(profile), "p") == profile


def test_what_is_empty_is_left_out() -> None:
    assert as_data(Profile("p", (Category("t", Action.BLOCK),))) == {
        "task": "multi-label",
        "categories": {"t": {"action": "block"}},
    }
