"""Whether a folder holds skills, found out by names alone: light, so that it can be asked of any folder."""

from __future__ import annotations

import os
from pathlib import Path

#: A file of these names makes its folder a skill.
MAINS = ("SKILL.md", "skill.md", "skills.md")
#: How deep, and into how many folders, it is looked. (As clients do that load skills: docs/client-implementation of the
#: specification has 4 to 6, and 2,000.)
DEPTH, FOLDERS = 6, 2_000


def holds_skills(folder: Path) -> bool:
    """Whether there is a skill in a folder, or below it. Links are not followed; what cannot be read holds none."""
    if not folder.is_dir():
        return False
    top = len(folder.parts)
    for count, (place, below, names) in enumerate(os.walk(folder)):
        if any(name in names for name in MAINS):
            return True
        if count >= FOLDERS:
            return False
        if len(Path(place).parts) - top >= DEPTH:
            below.clear()
    return False
