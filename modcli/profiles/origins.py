"""Where each shot of a profile is written: in its own file, or in one that it extends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from modcli.errors import Location
from modcli.profile import Profile
from modcli.profiles import document
from modcli.profiles.find import Found, Shelf
from modcli.profiles.inherit import UNKNOWN, claims_of
from modcli.profiles.load import load_bytes, read_bytes


class Role(NamedTuple):
    """What a text is in a profile: an example or a counterexample of a category, or ordinary (category None); `kind` is
    one of `inherit.EXAMPLE`, `COUNTEREXAMPLE` and `ORDINARY`."""

    category: str | None
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The profile and the place that a shot was written at; `own`: in the profile's own file, not an inherited one."""

    profile: str
    location: Location
    own: bool


def origins_of(found: Found, shelf: Shelf) -> dict[Role, Origin]:
    """The place of every shot written in a profile that was found, and in those that it extends; of several places
    of one shot the nearest. Raises ProfileError."""
    data = read_bytes(found)
    profile = load_bytes(data, found, shelf)
    # It has been loaded, so it is valid, and its chain has an end.
    written = document.read(data, str(found.path))
    places: dict[Role, Origin] = {}
    for wish in written.form.extends:
        parent = shelf.find(wish, near=found)
        for role, origin in origins_of(parent, shelf).items():
            places[_named_here(role, parent.name, profile)] = replace(origin, own=False)
    for claim in claims_of(written, profile.by_name):
        if claim.kind != UNKNOWN:
            role = Role(claim.category, claim.kind, claim.shot.text)
            places[role] = Origin(found.name, written.tree.location(claim.path), own=True)
    return places


def _named_here(role: Role, parent: str, child: Profile) -> Role:
    """The role by the name that its category has in the child: a stacked one may be `name@profile`."""
    other = f"{role.category}@{parent}"
    return role._replace(category=other) if other in child.by_name else role
