"""`modcli audit FOLDER` where the folder holds agent skills: what they are for, as a resumable audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modcli.cli.extras import module_of_extra
from modcli.settings import Settings
from modcli.skills.located import holds_skills
from modcli.sources.post import Export

#: The profile by which skills are judged where nobody names one.
SKILLS = "skills"


def skills_in(source: Path | None) -> Export | None:
    """The skills at a path as an export; None where there are none. Raises MissingExtraError."""
    if source is None or not holds_skills(source):
        return None
    module = module_of_extra("modcli.skills.export", what="judging skills", extra="skills")
    export: Export = module.skills_export(source)
    return export


def for_skills(settings: Settings, source: Path) -> Settings:
    """The settings by which a source is judged: skills by their own profile, unless the command line names one. What is
    set for texts elsewhere is not meant for skills."""
    if not settings.origin("profile").startswith("flag ") and holds_skills(source):
        return replace(settings, profile=(SKILLS,))
    return settings
