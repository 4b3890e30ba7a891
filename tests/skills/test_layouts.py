"""What files are, by their names and by what is in them."""

from __future__ import annotations

import pytest

from modcli.skills.layouts import by_content, is_text_by_name, main_of, part_of_plugin, role_of
from modcli.skills.skill import Role


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("SKILL.md", Role.SKILL),
        ("a/skill.MD", Role.SKILL),
        ("references/guide.md", Role.DOCUMENT),
        ("LICENSE", Role.DOCUMENT),
        ("scripts/run.PY", Role.SCRIPT),
        ("Makefile", Role.SCRIPT),
        ("x/__pycache__/a.cpython-312.pyc", Role.SCRIPT),
        ("a.zip!b/c.sh", Role.SCRIPT),
        ("a.docm!word/vbaProject.bin", Role.SCRIPT),
        ("x.sh (2)", Role.SCRIPT),
        ("hooks/hooks.json", Role.HOOKS),
        (".claude/settings.local.json", Role.HOOKS),
        (".mcp.json", Role.MCP),
        (".claude-plugin/plugin.json", Role.MANIFEST),
        ("_meta.json", Role.MANIFEST),
        ("package.json", Role.MANIFEST),
        ("data.csv", Role.DATA),
        ("a.unknown", Role.DATA),
        ("assets/logo.png", Role.ASSET),
        ("font.woff2", Role.ASSET),
        (".git/", Role.ASSET),
        (".git/hooks/pre-commit", Role.SCRIPT),
    ],
)
def test_roles(path: str, role: Role) -> None:
    assert role_of(path) is role


def test_what_is_marked_as_a_program_is_one() -> None:
    assert role_of("bin/tool", runs=True) is Role.SCRIPT
    assert role_of("notes.txt", runs=True) is Role.SCRIPT
    assert role_of("logo.png", runs=True) is Role.ASSET


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", b"\x7fELF\2", b"MZ\x90\0"])
def test_what_begins_as_a_program_is_one_whatever_its_name(content: bytes) -> None:
    for path in ("logo.png", "data.csv", "notes.txt", "tool"):
        assert by_content(role_of(path), path, content, is_text=True) is Role.SCRIPT


def test_what_is_text_by_its_name() -> None:
    assert all(map(is_text_by_name, ("a.md", "b.sh", "c/SKILL.md", "Makefile", "x.zip!y.py")))
    assert not any(map(is_text_by_name, ("a.pyc", "b.pdf", "c.docx", "d.png", "e", "vbaProject.bin")))


def test_which_name_makes_a_skill() -> None:
    assert main_of(["skills.md", "skill.md", "SKILL.md"]) == "SKILL.md"
    assert main_of(["Skill.Md"]) == "Skill.Md"
    assert main_of(["README.md", "myskill.md"]) == ""


def test_parts_of_a_plugin() -> None:
    assert part_of_plugin("commands/a.md") is Role.COMMAND
    assert part_of_plugin("p/commands/deep/a.md") is Role.COMMAND
    assert part_of_plugin("agents/a.MD") is Role.AGENT
    assert part_of_plugin("commands/README.md") is None
    assert part_of_plugin("docs/a.md") is None
    assert part_of_plugin("commands/a.py") is None
