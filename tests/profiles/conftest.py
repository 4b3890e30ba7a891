"""A shelf of its own for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modcli.profile import Profile
from modcli.profiles.find import Found, Origin, Shelf
from modcli.profiles.load import load_bytes

SHIPPED_DEFAULT = """\
description: The shipped one.
ordinary: ["nice weather"]
categories:
  toxicity:
    action: block
    label: toxic
    definition: Insults.
    examples: ["you fool"]
    counterexamples: ["I disagree"]
  spam:
    action: block
    definition: Advertisements.
    examples: ["buy now"]
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A user's folder that is empty, and a shipped one with `default`."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "default.yaml").write_text(SHIPPED_DEFAULT)
    return Shelf(tmp_path / "config" / "profiles", shipped)


Write = Callable[[str, str], Path]


@pytest.fixture
def write(shelf: Shelf) -> Write:
    """Write a profile of the user's."""

    def write(name: str, text: str) -> Path:
        shelf.user.mkdir(parents=True, exist_ok=True)
        path = shelf.user / f"{name}.yaml"
        path.write_bytes(text.encode())
        return path

    return write


Read = Callable[[str], Profile]


@pytest.fixture
def read(shelf: Shelf) -> Read:
    """The profile that a text means."""

    def read(text: str) -> Profile:
        return load_bytes(text.encode(), Found("mine", shelf.user / "mine.yaml", Origin.USER), shelf)

    return read
