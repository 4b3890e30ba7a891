"""`modcli audit FOLDER` where the folder holds agent skills: what they are for, as a resumable audit."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

from modcli.errors import MissingExtraError
from modcli.settings import Settings
from modcli.skills.located import holds_skills
from modcli.sources.post import Export

#: The profile by which skills are judged where nobody names one.
PROFILE = "skills"


def skills_in(source: Path | None) -> Export | None:
    """The skills at a path as an export; None where there are none. Raises MissingExtraError."""
    if source is None or not holds_skills(source):
        return None
    try:
        export: Export = importlib.import_module("modcli.skills.export").skills_export(source)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "modcli":
            raise
        raise MissingExtraError(
            f"judging skills needs {error.name}", hint="pip install 'modcli[skills]'"
        ) from error
    return export


def for_skills(settings: Settings, source: Path) -> Settings:
    """The settings by which a source is judged: skills by their own profile, unless the command line names one. What is
    set for texts elsewhere is not meant for skills."""
    if not settings.origin("profile").startswith("flag ") and holds_skills(source):
        return replace(settings, profile=(PROFILE,))
    return settings
