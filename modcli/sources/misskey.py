"""Notes as Misskey and its forks (Sharkey, Firefish, Iceshrimp) export them, and as their API gives them.

After misskey-dev/misskey, packages/backend/src/queue/processors/ExportNotesProcessorService.ts and
ExportFavoritesProcessorService.ts. The export names neither its author nor a server: an `owner` with an address tells
both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from modcli.errors import Location
from modcli.sources.containers import Member
from modcli.sources.html_text import Seen
from modcli.sources.json_values import (
    id_of,
    items_of,
    line_of,
    mapping_of,
    mappings_of,
    name_of,
    text_of,
    web_address,
)
from modcli.sources.markup_text import mfm_seen
from modcli.sources.moments import moment
from modcli.sources.post import Account, Input, Part, PartName, Post, Problem, RecordKind, Visibility
from modcli.sources.sections import Reading, Section, SectionsInput
from modcli.sources.skeleton import Context, Skeleton
from modcli.sources.statuses import full_handle, parts_of, some_names, tags_of

_VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "home": Visibility.UNLISTED,
    "followers": Visibility.FOLLOWERS,
    "specified": Visibility.DIRECT,
}
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
#: Keys of which a note has some.
_MARKS = frozenset(("fileIds", "renoteId", "replyId", "localOnly", "visibleUserIds", "reactionAcceptance"))
_MENTION = re.compile(r"(?<![\w@/])@[\w-]+@[\w.-]+\w")
_TAG = re.compile(r"(?<![\w&/#])#(\w+)")
_ID = re.compile(r"[\w-]{1,64}")


def recognize_misskey(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of a member that holds notes (`notes-<date>.json`), or favourites of them; None for another."""
    if skeleton.shape not in ("list", "lines"):
        return None
    lines = skeleton.shape == "lines"
    first = mapping_of(skeleton.first)
    if is_note(first):
        section = Section((), partial(_reading, post_of_note, context.owner))
        return SectionsInput(member, "notes", (section,), lines=lines)
    if "createdAt" in first and is_note(mapping_of(first.get("note"))):
        section = Section((), partial(_reading, favourite_of, context.owner))
        return SectionsInput(member, "favourites", (section,), lines=lines)
    return None


def is_note(note: Mapping[str, Any]) -> bool:
    """Whether an object is a note."""
    return "createdAt" in note and "text" in note and bool(note.keys() & _MARKS)


def post_of_note(value: object, location: Location, owner: Account | None = None) -> Post | Problem:
    """A post of a note, or the BOOST that a renote without words is; a Problem for what is no note.

    What is for one server only (`localOnly`) is meant for some people only: FOLLOWERS, where it is not narrower still.
    """
    note = mapping_of(value)
    if not is_note(note):
        return Problem(location, "not a note of Misskey")
    author = _author(note) or owner
    uri = name_of(note.get("uri"))
    url = web_address(note.get("url")) or uri or _page(id_of(note.get("id")), owner)
    visibility = _VISIBILITIES.get(line_of(note.get("visibility")), Visibility.UNKNOWN)
    seen = mfm_seen(text_of(note.get("text")))
    parts = tuple(_parts(note, seen))
    media = len(items_of(note.get("files"))) or len(items_of(note.get("fileIds")))
    renoted = mapping_of(note.get("renote"))
    renote = web_address(renoted.get("url")) or name_of(renoted.get("uri"))
    renote = renote or _address(id_of(note.get("renoteId") or renoted.get("id")), owner)
    boost = bool(renote) and not media and not any(part.name.is_own for part in parts)
    return Post(
        key=uri or url or _address(id_of(note.get("id")), owner) or str(location),
        kind=RecordKind.BOOST if boost else RecordKind.POST,
        location=location,
        parts=() if boost else parts,
        author=author,
        published=moment(note.get("createdAt")),
        edited=moment(note.get("updatedAt")),
        url=web_address(url),
        uri=uri,
        visibility=Visibility.FOLLOWERS
        if note.get("localOnly") is True and visibility in _OPEN
        else visibility,
        sensitive=any(one.get("isSensitive") is True for one in mappings_of(note.get("files"))),
        language=line_of(note.get("lang")),
        in_reply_to=name_of(mapping_of(note.get("reply")).get("uri"))
        or _address(id_of(note.get("replyId")), owner),
        target=renote if boost else "",
        mentions=some_names(full_handle(one) for one in _MENTION.findall(seen.text)),
        tags=tags_of(note.get("tags")) or some_names(_TAG.findall(seen.text)),
        disguised=seen.disguised,
        media=media,
    )


def favourite_of(value: object, location: Location, owner: Account | None = None) -> Post | Problem:
    """The BOOKMARK that a favourite of Misskey is, of somebody's note; a Problem for what is none."""
    note = mapping_of(mapping_of(value).get("note"))
    target = (
        web_address(note.get("url")) or name_of(note.get("uri")) or _address(id_of(note.get("id")), owner)
    )
    if not target:
        return Problem(location, "a favourite without a note")
    return Post(
        key=target,
        kind=RecordKind.BOOKMARK,
        location=location,
        author=owner,
        published=moment(mapping_of(value).get("createdAt")),
        target=target,
    )


def _reading(record: Any, owner: Account | None) -> Reading:
    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield record(value, location, owner)

    return read


def _parts(note: Mapping[str, Any], seen: Seen) -> Iterator[Part]:
    choices = items_of(mapping_of(note.get("poll")).get("choices"))
    quoted = mapping_of(note.get("renote"))
    quote = (mfm_seen(text_of(quoted.get(key))).text for key in ("cw", "text"))
    yield from parts_of(
        (PartName.WARNING, mfm_seen(text_of(note.get("cw"))).text),
        (PartName.TEXT, seen.text),
        *((PartName.POLL, line_of(one.get("text") if isinstance(one, dict) else one)) for one in choices),
        *((PartName.ALT, text_of(one.get("comment")).strip()) for one in mappings_of(note.get("files"))),
        (PartName.QUOTE, "\n\n".join(filter(None, quote))),
    )


def _author(note: Mapping[str, Any]) -> Account | None:
    """The author as the API tells it. Of an account of the server that was asked, it does not tell the domain."""
    user = mapping_of(note.get("user"))
    name, host = line_of(user.get("username")), line_of(user.get("host"))
    handle = full_handle(f"{name}@{host}") if host else ""
    address = web_address(user.get("url")) or name_of(user.get("uri"))
    shown = line_of(user.get("name")) or name
    return Account(handle, address, shown) if handle or address or shown else None


def _page(id: str, owner: Account | None) -> str:
    """The page of a note at the server that was asked, which is the owner's."""
    if not _ID.fullmatch(id) or owner is None:
        return ""
    try:
        page = urlsplit(owner.url)
    except ValueError:
        return ""
    return f"{page.scheme}://{page.netloc}/notes/{id}" if page.scheme in ("http", "https") else ""


def _address(id: str, owner: Account | None) -> str:
    """What tells a note from others: its page, else its number."""
    return _page(id, owner) or (f"misskey:notes/{id}" if _ID.fullmatch(id) else "")
