"""What an export of a social network holds: posts, profiles, and references to posts of others, as one kind of value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from modcli.errors import Location


class RecordKind(StrEnum):
    """What a record is. Of boosts, likes and bookmarks an export holds the address alone: there is nothing to judge."""

    POST = "post"
    PROFILE = "profile"
    BOOST = "boost"
    LIKE = "like"
    BOOKMARK = "bookmark"


class Visibility(StrEnum):
    """Whom a post was meant for; UNKNOWN where an export does not tell."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"
    UNKNOWN = "unknown"

    @property
    def is_private(self) -> bool:
        """Whether it was meant for some people only: nothing to pass on unasked."""
        return self in (Visibility.FOLLOWERS, Visibility.DIRECT)


class PartName(StrEnum):
    """What a piece of a record is to its readers."""

    TITLE = "title"
    WARNING = "content warning"
    TEXT = "text"
    POLL = "poll option"
    ALT = "alt text"
    NAME = "display name"
    BIO = "bio"
    FIELD = "profile field"
    #: The two that somebody else wrote.
    CARD = "link preview"
    QUOTE = "quoted text"

    @property
    def is_own(self) -> bool:
        """Whether the author of the record wrote it."""
        return self not in (PartName.CARD, PartName.QUOTE)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a record as a reader sees it: plain text, never HTML."""

    name: PartName
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who wrote something.

    `handle` is `user@domain` in small letters, empty where the export does not tell the domain for certain: it cannot be
    cut out of an address. `url` is the address of the account's page or, failing that, its ActivityPub id. `name` is the
    display name.
    """

    handle: str = ""
    url: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose text looks like another address than the one that it leads to."""

    shown: str
    target: str


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture, video or sound of a record: what a verdict calls it (`attachment 2`, `avatar`), where it is, seen from
    the file of the record, with forward slashes, and what it is said to be: `image`, `video`, `audio`, or nothing.
    `remote`: its address is one of the web, so that the export need not hold it."""

    name: str
    path: str
    kind: str = ""
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """One record of an export.

    `key` tells it from all others, and is the same when the export is made anew: its ActivityPub id, else its address,
    else file and place. Times are aware, in UTC. `url` is the page that a person opens, `uri` the ActivityPub id.
    `target` is the address that a boost, like or bookmark is of. `in_reply_to` and `conversation` are addresses.
    `mentions` are handles, `tags` hashtags without the sign, `disguised` the links that are not what they look like.
    `media` counts attachments, `attached` are those that an export may hold. `parts` are in the order in which a reader
    meets them, none of them empty.
    """

    key: str
    kind: RecordKind
    location: Location
    parts: tuple[Part, ...] = ()
    author: Account | None = None
    published: datetime | None = None
    edited: datetime | None = None
    url: str = ""
    uri: str = ""
    visibility: Visibility = Visibility.UNKNOWN
    sensitive: bool = False
    language: str = ""
    in_reply_to: str = ""
    conversation: str = ""
    target: str = ""
    mentions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    disguised: tuple[Link, ...] = ()
    media: int = 0
    attached: tuple[Attached, ...] = ()

    @property
    def text(self) -> str:
        """All that its author wrote, as Mastodon's own filters match it: the pieces with an empty line between them."""
        return "\n\n".join(part.text for part in self.parts if part.name.is_own)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in an export that could not be read as a record. The rest is read all the same."""

    location: Location
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A post or a problem, and the `position` in its input from which reading goes on behind it."""

    found: Post | Problem
    position: int


class Input(Protocol):
    """One file of an export, or one member of its archive, that holds records."""

    @property
    def name(self) -> str:
        """Its name within the export."""
        ...

    @property
    def kind(self) -> str:
        """What it holds, in words: `outbox`, `likes`, `statuses`."""
        ...

    @property
    def size(self) -> int:
        """Bytes of it, unpacked; 0 where that is not known."""
        ...

    def read(self, position: int = 0) -> Iterator[Record]:
        """Its records in order, in constant memory, from a `Record.position` on; 0 for all.

        What cannot be read is a Problem; where nothing more can be read, the last one. Raises nothing but SourceError,
        where the input cannot be opened any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was recognized: what it is in words (`account archive (zip)`), the files of it that hold records,
    in the order in which they are read, whose it is, where it says so, and what is remarkable about it (a private key
    that was left alone, files that nothing is known of)."""

    name: str
    kind: str
    inputs: tuple[Input, ...]
    owner: Account | None = None
    notes: tuple[str, ...] = ()
