"""From files to profiles: chains, circles, and input of any kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profile import Action, Profile
from modcli.profiles.find import Found, Origin, Shelf, shipped_folder
from modcli.profiles.lint import Severity, lint
from modcli.profiles.load import load, load_bytes, load_stacked

from .conftest import SHIPPED_DEFAULT, Write


def test_a_chain_is_followed(shelf: Shelf, write: Write) -> None:
    write("default", "extends: default\ncategories: {spam: {action: warn}}")
    write("mine", "extends: default\ncategories: {toxicity: {threshold: 0.3}}")
    profile = load("mine", shelf)
    assert profile.name == "mine"
    assert profile.by_name["spam"].action is Action.WARN
    assert profile.by_name["toxicity"].threshold == 0.3
    assert profile.description == "The shipped one."


def test_a_circle_is_named(shelf: Shelf, write: Write) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        write(name, f"# {name}\nextends: {parent}")
    with pytest.raises(ProfileError) as caught:
        load("a", shelf)
    assert "a -> b -> c -> a" in caught.value.message
    assert str(caught.value.location).endswith("c.yaml:2:10")


def test_a_profile_cannot_extend_itself_by_path(shelf: Shelf, write: Write) -> None:
    write("a", "extends: ./a.yaml")
    with pytest.raises(ProfileError, match="a -> a"):
        load("a", shelf)


def test_a_long_chain_is_refused(shelf: Shelf, write: Write) -> None:
    for number in range(15):
        write(f"p{number}", f"extends: p{number + 1}")
    with pytest.raises(ProfileError, match="more than 10"):
        load("p0", shelf)


def test_an_unknown_parent_is_named_with_its_place(shelf: Shelf, write: Write) -> None:
    path = write("a", "extends:\n  - default\n  - defaul")
    with pytest.raises(ProfileError) as caught:
        load("a", shelf)
    assert str(caught.value.location) == f"{path.resolve()}:3:5"


def test_an_error_in_a_parent_names_the_parents_file(shelf: Shelf, write: Write) -> None:
    write("base", "categories: {t: {acton: block}}")
    write("a", "extends: base")
    with pytest.raises(ProfileError) as caught:
        load("a", shelf)
    assert "base.yaml:1:18" in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(
    shelf: Shelf, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a", "extends: default")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ProfileError, match="cannot be read: Permission denied"):
        load("a", shelf)


def test_several_are_stacked_and_one_named_twice_counts_once(shelf: Shelf, write: Write) -> None:
    write("b", "categories: {crypto: {examples: [a]}}")
    assert set(load_stacked(["default", "b", "default"], shelf).by_name) == {"toxicity", "spam", "crypto"}
    assert load_stacked(["default", "default"], shelf) == load("default", shelf)


@pytest.mark.parametrize("path", sorted(shipped_folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_what_ships_loads_without_a_warning(path: Path, shelf: Shelf) -> None:
    profile = load(str(path), Shelf(shelf.user))
    assert [str(finding) for finding in lint(profile) if finding.severity is Severity.WARNING] == []


PIECES = [
    "categories:", "extends: default", "extends: ./x.yaml", "extends: ~nobody/a", "extends: ./" + "a" * 999,
    "shots:", "ordinary:", "tests:", "toxicity:", "examples:", "action: ", "block", "\n", "\n  ", "\n    ",
    "- ", ": ", "{", "}", "[", "]", ",", "&a ", "*a", "# c", "'", '"', "|", ">", "\t", "!!str ", "!x ", "é",
    "🚀", "\x00", "\x1b", "\\ud83d\\ude80", "\\x", "~", "? ", "---\n", "...\n", "%YAML 1.1\n", "<<: ",
    "\r\n", "\ufeff", "\u2028", "labels: [spam]", "text: a", "threshold: 0.5", "replace: []", "\ud800",
    "\x85", "1e999", "1" * 5000,
]  # fmt: skip


def _only_a_profile_error(data: bytes) -> None:
    shelf = Shelf(Path("/nonexistent/user"), Path("/nonexistent/shipped"))
    try:
        profile = load_bytes(data, Found("x", Path("/nonexistent/x.yaml"), Origin.PATH), shelf)
    except ProfileError:
        return
    assert isinstance(profile, Profile)
    assert profile.categories
    assert len(profile.digest) == 64


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_yaml_like_text_raises_nothing_but_profile_errors(pieces: list[str]) -> None:
    _only_a_profile_error("".join(pieces).encode("utf-8", "surrogatepass"))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_profile_raises_nothing_but_profile_errors(data: st.DataObject) -> None:
    text = SHIPPED_DEFAULT
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(PIECES)) + text[at + data.draw(st.integers(0, 6)) :]
    _only_a_profile_error(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_raise_nothing_but_profile_errors(data: bytes) -> None:
    _only_a_profile_error(data)
