"""Reading skills: every layout, and every bad input."""

from __future__ import annotations

from pathlib import Path

from modcli.skills.reading import read_skills
from modcli.skills.skill import Skill


def test_a_folder_with_a_skill_md(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nname: a\ndescription: b\n---\n# Hi\n")
    (tmp_path / "run.py").write_text("print(1)\n")
    (skill,) = read_skills(tmp_path)
    assert isinstance(skill, Skill)
    assert (skill.name, skill.description) == ("a", "b")
    assert {file.path for file in skill.files} == {"SKILL.md", "run.py"}
