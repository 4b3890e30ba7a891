"""Modules whose packages come with an extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modcli.cli.extras import module_of_extra
from modcli.errors import MissingExtraError


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name="tree_sitter_bash")

    monkeypatch.setattr("modcli.cli.extras.importlib.import_module", refuse)
    with pytest.raises(MissingExtraError, match="judging needs tree_sitter_bash") as caught:
        module_of_extra("modcli.skills.spoken", what="judging", extra="skills")
    assert "modcli[skills]" in caught.value.hint


def test_a_module_of_ours_that_is_missing_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError):
        module_of_extra("modcli.nowhere", what="x", extra="x")


def test_profiles_need_no_extra() -> None:
    """The commands about profiles are there in a core installation. In a process of its own: modules that are loaded
    twice would be no longer those that other tests change."""
    missing = ("tree_sitter", "tree_sitter_bash", "markdown_it", "PIL", "onnxruntime", "sklearn")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({missing!r})); sys.argv = ['modcli', 'profile', 'list']\n"
        "from modcli.cli.app import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
