"""From a name, a path or bytes to a Profile: inheritance and stacking resolved."""

from __future__ import annotations

from collections.abc import Sequence

from modcli.errors import Location, ProfileError
from modcli.profile import Profile
from modcli.profiles import document
from modcli.profiles.find import Found, Shelf
from modcli.profiles.inherit import derive
from modcli.profiles.stack import stack

MAX_CHAIN = 10


def load(wish: str, shelf: Shelf) -> Profile:
    """The profile of that name or at that path. Raises ProfileError."""
    return load_found(shelf.find(wish), shelf)


def load_stacked(wishes: Sequence[str], shelf: Shelf) -> Profile:
    """One profile, or several joined to one that blocks what any of them blocks. Raises ProfileError."""
    return stack([load(wish, shelf) for wish in dict.fromkeys(wishes)])


def load_found(found: Found, shelf: Shelf, chain: tuple[Found, ...] = ()) -> Profile:
    """The profile in a file that was found. `chain` holds the profiles that led to it through `extends`."""
    return load_bytes(read_bytes(found), found, shelf, chain)


def load_bytes(data: bytes, found: Found, shelf: Shelf, chain: tuple[Found, ...] = ()) -> Profile:
    """The profile that the file holds if its content is `data`. Raises ProfileError, and nothing else."""
    written = document.read(data, str(found.path))
    chain = (*chain, found)
    parents: list[Profile] = []
    for index, wish in enumerate(written.form.extends):
        path = ("extends", index) if written.tree.node(("extends", index)) else ("extends",)
        where = written.tree.location(path)
        parents.append(_parent(wish, where, shelf, chain))
    return derive(written, stack(parents) if parents else None, found.name)


def read_bytes(found: Found) -> bytes:
    """The content of the file, or a little more than the limit of it. Raises ProfileError."""
    try:
        with found.path.open("rb") as file:
            return file.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(
            f"cannot be read: {error.strerror or error}",
            location=Location(str(found.path)),
            hint="check its permissions",
        ) from error


def _parent(wish: str, where: Location, shelf: Shelf, chain: tuple[Found, ...]) -> Profile:
    try:
        found = shelf.find(wish, near=chain[-1])
    except ProfileError as error:
        raise ProfileError(error.message, location=where, hint=error.hint) from error
    if found.path in [one.path for one in chain]:
        names = " -> ".join(one.name for one in (*chain, found))
        raise ProfileError(
            f"profiles extend each other in a circle: {names}", location=where, hint="remove one `extends`"
        )
    if len(chain) >= MAX_CHAIN:
        names = " -> ".join(one.name for one in chain)
        raise ProfileError(
            f"a chain of more than {MAX_CHAIN} profiles: {names}", location=where, hint="extend a nearer one"
        )
    return load_found(found, shelf, chain)
