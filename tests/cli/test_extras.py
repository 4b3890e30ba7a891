"""Modules whose packages come with an extra."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from modcli.cli.app import app
from modcli.cli.extras import module_of_extra
from modcli.errors import MissingExtraError


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "modcli.skills.spoken", raising=False)
    monkeypatch.setitem(sys.modules, "tree_sitter_bash", None)
    with pytest.raises(MissingExtraError, match="judging needs tree_sitter_bash") as caught:
        module_of_extra("modcli.skills.spoken", what="judging", extra="skills")
    assert "modcli[skills]" in caught.value.hint


def test_a_module_of_ours_that_is_missing_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError):
        module_of_extra("modcli.nowhere", what="x", extra="x")


def test_profiles_need_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands about profiles are there in a core installation."""
    for module in [name for name in sys.modules if name.startswith(("modcli.skills", "modcli.cli.profile"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "modcli.cli.assemble_skills", raising=False)
    for package in ("tree_sitter", "tree_sitter_bash", "markdown_it", "PIL", "onnxruntime", "sklearn"):
        monkeypatch.setitem(sys.modules, package, None)
    assert CliRunner().invoke(app, ["profile", "list"]).exit_code == 0
