"""The files of an account's archive: outbox, likes, bookmarks, actor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from modcli.errors import Location
from modcli.sources.activitypub import OBJECTS, Owner, owner_of, post_of_activity, profile_of_actor
from modcli.sources.containers import Member
from modcli.sources.json_values import mapping_of, web_address
from modcli.sources.post import Input, Post, Problem, Record, RecordKind
from modcli.sources.sections import Reading, Section, SectionsInput, opened
from modcli.sources.skeleton import Context, Skeleton

_ACTORS = frozenset(("Person", "Service", "Group", "Application", "Organization"))
_ACTIVITIES = frozenset(("Create", "Announce", "Update", "Delete", "Follow", "Like", "Undo", "Add", "Remove"))
#: An actor's file is small; what is larger is none.
_LARGEST_ACTOR = 4 << 20


def recognize_outbox(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of an OrderedCollection of activities or posts, or of a bare list of them; None for another member."""
    array = _array(skeleton)
    if array is None:
        return None
    kind = mapping_of(skeleton.first).get("type")
    named = member.name.rpartition("/")[2].lower() == "outbox.json"
    if kind not in _ACTIVITIES | OBJECTS and not (named and skeleton.first is None):
        return None
    section = Section(array, partial(_posts, _owner(context)))
    return SectionsInput(member, "outbox", (section,), lines=skeleton.shape == "lines")


def recognize_references(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of a collection of addresses, which are likes or bookmarks by the name of their file."""
    array = _array(skeleton)
    name = member.name.rpartition("/")[2].lower()
    kind = RecordKind.BOOKMARK if "bookmark" in name else RecordKind.LIKE
    known = any(word in name for word in ("like", "bookmark", "favourite", "favorite"))
    if array is None or not known or not (skeleton.first is None or isinstance(skeleton.first, str)):
        return None
    return SectionsInput(member, f"{kind}s", (Section(array, partial(_references, kind, _owner(context))),))


def recognize_actor(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of an actor, whose profile is judged as well."""
    if skeleton.shape != "object" or (skeleton.scalars or {}).get("type") not in _ACTORS:
        return None
    return ActorInput(member, _owner(context))


@dataclass(frozen=True)
class ActorInput:
    """The Input of a file with one actor. See `Input`."""

    member: Member
    owner: Owner
    kind: str = "profile"

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return self.member.name

    @property
    def size(self) -> int:
        """See `Input.size`."""
        return self.member.size

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`."""
        if position:
            return
        place = Location(self.name)
        actor = actor_in(self.member)
        if actor is None:
            yield Record(Problem(place, "not usable as an actor"), 1)
            return
        profile = profile_of_actor(actor, place, owner_of(actor))
        if profile is not None:
            yield Record(profile, 1)


def actor_in(member: Member) -> dict[str, Any] | None:
    """The actor that a member holds; None where it holds none. Raises SourceError where it cannot be opened."""
    with opened(member) as stream:
        data = stream.read(_LARGEST_ACTOR + 1)
    try:
        found = json.loads(data) if len(data) <= _LARGEST_ACTOR else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("type") in _ACTORS else None


def _array(skeleton: Skeleton) -> tuple[str, ...] | None:
    """The way to the array of records."""
    if skeleton.shape in ("list", "lines"):
        return ()
    if skeleton.shape != "object":
        return None
    for key in ("orderedItems", "items"):
        if key in skeleton.arrays:
            return (key,)
    return None


def _owner(context: Context) -> Owner:
    return Owner(context.owner, context.owner_id)


def _posts(owner: Owner) -> Reading:
    def read(value: Any, place: Location) -> Iterator[Post | Problem]:
        yield post_of_activity(value, place, owner)

    return read


def _references(kind: RecordKind, owner: Owner) -> Reading:
    def read(value: Any, place: Location) -> Iterator[Post | Problem]:
        target = web_address(value) or web_address(mapping_of(value).get("id"))
        if target:
            yield Post(target, kind, place, author=owner.account, target=target)
        else:
            yield Problem(place, f"no address of a {kind}")

    return read
