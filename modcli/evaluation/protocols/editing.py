"""Profiles edited as `modcli profile` edits them: through a file, by the same functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from modcli.profile import Profile
from modcli.profiles.export import as_yaml
from modcli.profiles.find import Found, Origin, Shelf
from modcli.profiles.load import load_found
from modcli.profiles.plan import Change, Editable


def edited(profile: Profile, change: Callable[[Editable, Shelf], Change]) -> Profile:
    """The profile after an edit, such as `profiles.edit.unblock`, of a file that holds it and nothing else. Raises
    ProfileError as the edit does."""
    with TemporaryDirectory(prefix="modcli-") as folder:
        file = Path(folder) / f"{profile.name}.yaml"
        file.write_text(as_yaml(profile), "utf-8")
        # A shelf with nothing on it: the profile extends no other.
        shelf = Shelf(Path(folder) / "none", Path(folder) / "none")
        found = Found(profile.name, file, Origin.PATH)
        change(Editable(found), shelf)
        return load_found(found, shelf)
