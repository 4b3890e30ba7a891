"""What statuses come in: lists and lines of them, searches, threads, notifications, conversations, reports, and the
files of the programs that save them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from typing import Any

from modcli.errors import Location
from modcli.sources.activitypub import OBJECTS, Owner, post_of_activity
from modcli.sources.containers import Member
from modcli.sources.json_values import items_of, mapping_of, parsed
from modcli.sources.post import Account, Input, Post, Problem, RecordKind
from modcli.sources.sections import Reading, Section, SectionsInput, WholeInput, of_object, opened
from modcli.sources.skeleton import Context, Skeleton
from modcli.sources.statuses import (
    account_of,
    full_handle,
    post_of_status,
    profile_of,
    reference_of_status,
)

#: Accounts that are remembered, so that the profile of each is one record; the one met longest ago is forgotten.
MOST_PROFILES = 200_000
#: Lists within lists, and values in the wrapper of Mastodon.py, are followed so far.
_DEEPEST = 4
MASTOPY = "_mastopy_data"
_HINT = "if these are rows of another kind, say which field is the text: --map text=FIELD"
#: Keys of a status, one of which must be beside its content for it to be known as one.
_MARKS = frozenset(("account", "created_at", "uri", "visibility", "spoiler_text"))
#: Keys of ActivityPub, Misskey, and Lemmy.
_FOREIGN = frozenset(
    ("@context", "attributedTo", "actor", "orderedItems", "createdAt", "creator_id", "ap_id")
)
#: Keys of filters, which have `statuses` too.
_FILTERS = frozenset(("keywords", "filter_action", "custom_filters"))
#: Bytes that the account at the beginning of an archive takes at most.
_HEAD = 1 << 18
_ACCOUNT_FIRST = re.compile(r'\s*\{\s*"account"\s*:\s*')


class Shape(Enum):
    """What a value of a save may be."""

    STATUS = auto()
    NOTIFICATION = auto()
    CONVERSATION = auto()
    REPORT = auto()
    ACCOUNT = auto()


_KINDS = {
    Shape.STATUS: "statuses",
    Shape.NOTIFICATION: "notifications",
    Shape.CONVERSATION: "conversations",
    Shape.REPORT: "reports",
    Shape.ACCOUNT: "accounts",
}
#: Objects that are told by the arrays in them, the one with most in it first; and what their elements are references
#: of.
_ARRAYS: Mapping[str, RecordKind | None] = {
    "statuses": None,
    "mentions": None,
    "ancestors": None,
    "descendants": None,
    "accounts": None,
    "favourites": RecordKind.LIKE,
    "bookmarks": RecordKind.BOOKMARK,
}
#: What may be in one value of a file, where that is a page of a search, or a thread; in the order in which it is read.
_PARTS = ("ancestors", "status", "descendants", "statuses", "mentions", "last_status", "report", "accounts")


class Profiles:
    """The profiles of the accounts of one file, each once."""

    def __init__(self, owner: Account | None, most: int = MOST_PROFILES) -> None:
        self._owner, self._most = owner, most
        self._met: dict[str, None] = {}

    def of(self, account: object, location: Location) -> Iterator[Post]:
        """The profile of an account that was not met before."""
        found = profile_of(account, location, self._owner)
        if found is None or found.key in self._met:
            return
        self._met[found.key] = None
        if len(self._met) > self._most:
            del self._met[next(iter(self._met))]
        yield found


def recognize_statuses(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of a member that holds statuses of the API, wrapped in whatever; None for another."""
    owner = context.owner
    whole = Section((), partial(reading, owner))
    if skeleton.shape in ("list", "lines"):
        shape = _shape_within(skeleton.first)
        lines = skeleton.shape == "lines"
        return SectionsInput(member, _KINDS[shape], (whole,), lines=lines) if shape else None
    if skeleton.shape != "object":
        return None
    if MASTOPY in skeleton.keys:
        path = (MASTOPY,) if MASTOPY in skeleton.arrays else ()
        return SectionsInput(member, "statuses", (replace(whole, path=path),))
    if {"user", "toots"} <= set(skeleton.keys) and "toots" not in skeleton.arrays:
        return WholeInput(member, "statuses", of_object("toots"), partial(_of_user, owner))
    # Its values were not read, but for what stands alone.
    as_known = {key: skeleton.scalars.get(key, [] if key in skeleton.arrays else {}) for key in skeleton.keys}
    shape = shape_of(as_known)
    if shape is not None:
        return SectionsInput(member, _KINDS[shape], (whole,))
    return _of_arrays(member, skeleton, owner)


def _of_arrays(member: Member, skeleton: Skeleton, owner: Account | None) -> Input | None:
    """The Input of an object that is told by the arrays in it: a search, a thread, an archive of mastodon-archive
    (kensanata), pages of Pixelfed (`data`)."""
    keys, arrays = set(skeleton.keys), set(skeleton.arrays)
    if {"ancestors", "descendants"} <= arrays and "status" in keys:
        return SectionsInput(member, "thread", (Section((), partial(reading, owner)),))
    if keys & _FILTERS or (isinstance(skeleton.first, dict) and "status_id" in skeleton.first):
        return None
    if not arrays & {"statuses", "favourites", "bookmarks"} and not {"ancestors", "descendants"} <= arrays:
        paged = next((key for key in ("data", "toots") if key in arrays), None)
        if paged is None:
            return None
        if mapping_of(skeleton.first).get("type") in (*OBJECTS, "Create"):
            return SectionsInput(member, "posts", (Section((paged,), partial(_objects, owner)),))
        if _shape_within(skeleton.first) is None:
            return None
        return SectionsInput(member, "statuses", (Section((paged,), partial(reading, owner)),))
    whose = _account_of_archive(member) or owner
    sections = tuple(
        Section((key,), partial(reading, whose) if kind is None else partial(references, kind, whose))
        for key, kind in _ARRAYS.items()
        if key in arrays
    )
    return SectionsInput(member, "statuses", sections)


def reading(owner: Account | None) -> Reading:
    """What makes records of the values of a file: posts, and the profile of each account once."""
    profiles = Profiles(owner)

    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield from _records(value, location, owner, profiles, _DEEPEST)

    return read


def references(kind: RecordKind, owner: Account | None) -> Reading:
    """What makes references of statuses that the owner liked or marked: what others wrote is not judged as the
    owner's."""

    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield reference_of_status(unwrapped(value), kind, location, owner)

    return read


def _objects(owner: Account | None) -> Reading:
    """What makes posts of the bare objects that older exports of Pixelfed hold."""

    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield post_of_activity(value, location, Owner(owner))

    return read


def unwrapped(value: Any) -> Any:
    """What is in the wrapper that Mastodon.py puts around what it saves, also where that is a text, or one in a row."""
    for _ in range(_DEEPEST):
        if isinstance(value, str) and MASTOPY in value:
            value = parsed(value)
        elif isinstance(value, dict) and MASTOPY in value:
            value = value[MASTOPY]
        elif isinstance(value, dict) and shape_of(value) is None:
            packed = (one for one in value.values() if isinstance(one, str) and MASTOPY in one)
            value = next(packed, value)
            if isinstance(value, dict):
                break
        else:
            break
    return value


def shape_of(value: Any) -> Shape | None:
    """What a value of a save is; None for what is of another kind, or of another software."""
    one = mapping_of(value)
    if one.keys() & _FOREIGN:
        return None
    if "last_status" in one:
        return Shape.CONVERSATION
    if "target_account" in one:
        return Shape.REPORT
    if "acct" in one:
        return Shape.ACCOUNT
    if "type" in one and "account" in one and ("status" in one or "content" not in one):
        return Shape.NOTIFICATION
    written = isinstance(one.get("content"), str) or isinstance(one.get("content_text"), str)
    if mapping_of(one.get("reblog")) or (written and one.keys() & _MARKS):
        return Shape.STATUS
    # The answer to a delete has its source alone. Many a file has a `text`.
    if isinstance(one.get("text"), str) and "account" in one and "spoiler_text" in one:
        return Shape.STATUS
    return None


def _shape_within(value: Any) -> Shape | None:
    """What a value of a file is, or what the first in it is, where it is a page of several."""
    for _ in range(_DEEPEST):
        value = unwrapped(value)
        shape = shape_of(value)
        if shape is not None:
            return shape
        one = mapping_of(value)
        if one.keys() & _FILTERS:
            return None
        pages = [value] if isinstance(value, list) else [one.get(key) for key in _PARTS]
        value = next((page[0] if isinstance(page, list) else page for page in pages if page), None)
    return None


def _records(
    value: Any, location: Location, owner: Account | None, profiles: Profiles, deep: int
) -> Iterator[Post | Problem]:
    value = unwrapped(value)
    parts: list[tuple[str, Any]] = []
    one = mapping_of(value)
    match shape_of(value):
        case Shape.STATUS:
            yield from profiles.of(one.get("account"), location)
            yield post_of_status(one, location, owner)
            return
        case Shape.ACCOUNT:
            yield from profiles.of(one, location)
            return
        case Shape.NOTIFICATION:
            yield from profiles.of(one.get("account"), location)
            parts = [("status", one.get("status")), ("report", one.get("report"))]
        case Shape.CONVERSATION:
            for account in items_of(one.get("accounts")):
                yield from profiles.of(account, location)
            parts = [("last_status", one.get("last_status"))]
        case Shape.REPORT:
            # An administrator sees an account within what the server knows of its owner, which is left alone.
            target = mapping_of(one.get("target_account"))
            yield from profiles.of(mapping_of(target.get("account")) or target, location)
            parts = [(str(i), status) for i, status in enumerate(items_of(one.get("statuses")), start=1)]
        case None if isinstance(value, list):
            parts = [(str(i), inner) for i, inner in enumerate(value, start=1)]
        case None:
            parts = [(key, one.get(key)) for key in _PARTS if key in one]
            if not parts:
                yield Problem(location, "neither a status nor anything that holds one", _HINT)
    parts = [(name, inner) for name, inner in parts if inner is not None]
    if parts and not deep:
        yield Problem(location, "lists within lists, deeper than saves of statuses are")
        return
    for name, inner in parts:
        place = location if name in _PARTS and len(parts) == 1 else Location(f"{location}/{name}")
        yield from _records(inner, place, owner, profiles, deep - 1)


def _of_user(owner: Account | None, found: Any) -> Reading:
    """What makes records of `{user, toots}`, whose statuses name no author."""
    user = mapping_of(found).get("user")
    handle = full_handle(user)
    return reading(account_of(user) or (Account(handle) if handle else None) or owner)


def _account_of_archive(member: Member) -> Account | None:
    """Whose archive of mastodon-archive it is: the account is what it begins with."""
    with opened(member) as stream:
        head = stream.read(_HEAD).decode("utf-8", "replace")
    begins = _ACCOUNT_FIRST.match(head)
    if begins is None:
        return None
    try:
        account, _ = json.JSONDecoder().raw_decode(head, begins.end())
    except (ValueError, RecursionError):
        return None
    return account_of(account)
