"""New profiles."""

from __future__ import annotations

import pytest

from modcli.errors import ProfileError
from modcli.profiles.create import create, replace_text, starter
from modcli.profiles.edit import block
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.plan import editable

from .conftest import Write


@pytest.mark.parametrize("extends", ["default", None])
def test_the_starter_is_valid_and_can_be_edited(shelf: Shelf, extends: str | None) -> None:
    path = shelf.user / "mine.yaml"
    create(path, starter("mine", extends), shelf)
    before = path.read_text().splitlines()
    block(editable("mine", shelf), shelf, "crypto", examples=["a"])
    left = iter(path.read_text().splitlines())
    assert all(line in left for line in before)
    assert set(load("mine", shelf).by_name) == (
        {"toxicity", "spam", "crypto"} if extends else {"mine", "crypto"}
    )


def test_a_profile_is_not_overwritten(shelf: Shelf, write: Write) -> None:
    path = write("mine", "extends: default")
    with pytest.raises(ProfileError, match="exists already"):
        create(path, starter("mine", "default"), shelf)
    assert path.read_text() == "extends: default"


def test_a_profile_that_would_be_invalid_is_not_created(shelf: Shelf) -> None:
    with pytest.raises(ProfileError, match="there is no profile 'nothing'"):
        create(shelf.user / "mine.yaml", starter("mine", "nothing"), shelf)
    assert not (shelf.user / "mine.yaml").exists()


def test_a_text_edited_by_hand_does_not_overwrite_another_edit(shelf: Shelf, write: Write) -> None:
    path = write("mine", "extends: default")
    target = editable("mine", shelf)
    path.write_text("extends: default # another")
    with pytest.raises(ProfileError, match="meanwhile"):
        replace_text(target, shelf, "extends: default", "extends: default # mine")
    replace_text(target, shelf, "extends: default # another", "extends: default # mine")
    assert path.read_text() == "extends: default # mine"
