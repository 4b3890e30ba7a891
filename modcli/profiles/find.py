"""Where profiles are: by path, by name in the user's folder, by name among those that ship."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from modcli.errors import ProfileError
from modcli.profiles.document import shortened
from modcli.settings import is_path

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
LONGEST_NAME = 100
SUFFIXES = (".yaml", ".yml", ".json")


class Origin(StrEnum):
    """Where a profile was found."""

    USER = "user"
    SHIPPED = "shipped"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Found:
    """A profile's name, its file (links followed) and where it was found."""

    name: str
    path: Path
    origin: Origin


def shipped_folder() -> Path:
    """The profiles that ship: inside the installed package, or at the top of a source checkout."""
    package = Path(str(files("modcli")))
    packaged = package / "data" / "profiles"
    return packaged if packaged.is_dir() else package.parent / "profiles"


def valid_name(name: str) -> str:
    """The name of a profile to be created. Raises ProfileError unless it is a plain lower-case file name."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name.endswith(SUFFIXES):
        raise ProfileError(
            f"'{name}' is no name for a profile",
            hint="lower-case letters, digits and ._- only, a letter or digit first, without .yaml",
        )
    return name


@dataclass(frozen=True)
class Shelf:
    """The folders in which names are looked up: the user's own first, then the one that ships."""

    user: Path
    shipped: Path = field(default_factory=shipped_folder)

    def find(self, wish: str, *, near: Found | None = None) -> Found:
        """The profile of that name, or the file at that path.

        `near` is the profile that extends the wished one: paths are seen from its folder, its own name means
        the next one of that name (so that a user's `default` may extend the shipped `default`), and a profile
        that ships extends only what ships. Raises ProfileError, naming close matches, where there is none.
        """
        if is_path(wish):
            return self._at(wish, near)
        for origin in (Origin.USER, Origin.SHIPPED):
            if near is not None and near.origin is Origin.SHIPPED and origin is Origin.USER:
                continue
            path = self.file(wish, origin)
            if path is not None and (near is None or path != near.path):
                return Found(wish, path, origin)
        names = sorted({found.name for found in self.all()})
        close = difflib.get_close_matches(wish.lower(), names, n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        if len(wish) <= LONGEST_NAME and Path(wish).is_file():
            hint += f"For the file in this folder write ./{wish}. "
        raise ProfileError(
            f"there is no profile {shortened(wish)}", hint=f"{hint}`modcli profile list` shows what there is"
        )

    def _at(self, wish: str, near: Found | None) -> Found:
        try:
            path = Path(wish).expanduser()
            path = path if near is None else near.path.parent / path
            if path.is_file() or (path.exists() and not path.is_dir()):
                # A pipe, as of `<(git show HEAD:p.yaml)`, has no path of its own behind the link.
                return Found(path.stem, path.resolve() if path.is_file() else path, Origin.PATH)
            problem = f"{path} is a folder, not a profile" if path.is_dir() else f"{path} is not there"
        except (OSError, ValueError, RuntimeError) as error:  # too long; a NUL in it; no such user's home
            problem = f"{shortened(wish)} is no path: {error}"
        raise ProfileError(problem, hint="`modcli profile list` shows what can be used by name")

    def file(self, name: str, origin: Origin) -> Path | None:
        """The file of a name in one of the two folders, or None. A name cannot lead out of its folder."""
        folder = self.user if origin is Origin.USER else self.shipped
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            return None
        candidates = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
        return next((path.resolve() for path in candidates if path.is_file()), None)

    def all(self) -> list[Found]:
        """Every profile with a name, the user's first, shipped ones of the same name included."""
        found: list[Found] = []
        for origin, folder in ((Origin.USER, self.user), (Origin.SHIPPED, self.shipped)):
            if folder.is_dir():
                names = sorted({path.stem for path in folder.iterdir() if path.suffix in SUFFIXES})
                files_of = ((name, self.file(name, origin)) for name in names)
                found += [Found(name, path, origin) for name, path in files_of if path is not None]
        return found
