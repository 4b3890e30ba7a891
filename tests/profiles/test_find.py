"""Where a profile is found, and what an unknown one is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import ProfileError
from modcli.profiles.find import Origin, Shelf, shipped_folder, valid_name
from modcli.settings import is_path

from .conftest import Write


def test_the_users_own_comes_first(shelf: Shelf, write: Write) -> None:
    assert shelf.find("default").origin is Origin.SHIPPED
    path = write("default", "extends: default")
    assert shelf.find("default").path == path.resolve()


def test_a_profile_that_extends_its_own_name_means_the_shipped_one(shelf: Shelf, write: Write) -> None:
    write("default", "extends: default")
    mine = shelf.find("default")
    assert shelf.find("default", near=mine).origin is Origin.SHIPPED
    with pytest.raises(ProfileError):
        shelf.find("default", near=shelf.find("default", near=mine))


def test_what_ships_extends_only_what_ships(shelf: Shelf, write: Write) -> None:
    (shelf.shipped / "strict.yaml").write_text("extends: default")
    write("default", "extends: strict")
    assert shelf.find("default", near=shelf.find("strict")).origin is Origin.SHIPPED


def test_an_unknown_name_is_answered_with_close_ones(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("defalt").write_text("")
    with pytest.raises(ProfileError) as caught:
        shelf.find("defalt")
    assert "did you mean default?" in (caught.value.hint or "")
    assert "./defalt" in (caught.value.hint or "")
    assert "modcli profile list" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "", ".hidden", "A", "a b", "x\0y", "a" * 101])
def test_no_name_leads_out_of_the_folder(shelf: Shelf, name: str) -> None:
    with pytest.raises(ProfileError):
        valid_name(name)
    with pytest.raises(ProfileError):
        shelf.find(name)


@pytest.mark.parametrize(
    ("wish", "answer"),
    [("a", False), ("a.yaml", True), ("./a", True), ("~/a", True), ("a/b", True), ("a.b", False)],
)
def test_paths_and_names(wish: str, answer: bool) -> None:
    assert is_path(wish) is answer


def test_a_path_is_seen_from_the_file_that_extends_it(shelf: Shelf, write: Write) -> None:
    base = write("base", "categories: {}")
    write("child", "extends: ./base.yaml")
    assert shelf.find("./base.yaml", near=shelf.find("child")).path == base.resolve()
    with pytest.raises(ProfileError, match="not there"):
        shelf.find("./other.yaml")
    with pytest.raises(ProfileError, match="a folder"):
        shelf.find(str(shelf.user))


def test_links_are_followed(shelf: Shelf, write: Write, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text("categories: {}")
    shelf.user.mkdir(parents=True)
    (shelf.user / "linked.yaml").symlink_to(real)
    assert shelf.find("linked").path == real.resolve()


def test_all_lists_both_folders(shelf: Shelf, write: Write) -> None:
    write("default", "extends: default")
    write("mine", "extends: default")
    (shelf.user / "notes.txt").write_text("")
    (shelf.user / ".mine.yaml.lock").write_text("")
    assert [(found.name, found.origin.value) for found in shelf.all()] == [
        ("default", "user"),
        ("mine", "user"),
        ("default", "shipped"),
    ]


def test_the_profiles_that_ship_are_there() -> None:
    assert (shipped_folder() / "default.yaml").is_file()


@pytest.mark.parametrize("wish", ["./" + "a" * 5000, "~nobody-of-that-name/a", "./a\0b", "a" * 5000, "./"])
def test_impossible_paths_are_refused(shelf: Shelf, wish: str) -> None:
    with pytest.raises(ProfileError):
        shelf.find(wish)
