"""Whether a folder holds skills."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.skills.located import DEPTH, holds_skills


@pytest.mark.parametrize("path", ["SKILL.md", "a/SKILL.md", "a/b/skill.md", ".claude/skills/x/SKILL.md"])
def test_a_skill_somewhere_below_is_found(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("")
    assert holds_skills(tmp_path)


def test_other_folders_files_and_nothing_hold_none(tmp_path: Path) -> None:
    (tmp_path / "outbox.json").write_text("{}")
    (tmp_path / "SKILL.txt").write_text("")
    assert not holds_skills(tmp_path)
    assert not holds_skills(tmp_path / "outbox.json")
    assert not holds_skills(tmp_path / "nowhere")


def test_links_are_not_followed_and_the_depth_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    deep = tmp_path.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "SKILL.md").write_text("")
    assert not holds_skills(tmp_path)
    high = tmp_path.joinpath(*"abcdefgh"[:DEPTH])
    (high / "SKILL.md").write_text("")
    assert holds_skills(tmp_path)
