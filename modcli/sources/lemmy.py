"""What Lemmy exports of an account (`export_data`): posts, comments and private messages as rows of its tables; and the
views that its API puts around them.

After LemmyNet/lemmy, crates/db_views/site/src/api.rs (ExportDataResponse). Its federated objects are ActivityPub's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from modcli.errors import Location
from modcli.sources.containers import Member
from modcli.sources.html_text import Seen
from modcli.sources.json_values import line_of, mapping_of, text_of, web_address
from modcli.sources.markup_text import markdown_seen
from modcli.sources.moments import moment
from modcli.sources.post import Account, Input, Part, PartName, Post, Problem, RecordKind, Visibility
from modcli.sources.sections import Reading, Section, SectionsInput
from modcli.sources.skeleton import Context, Skeleton
from modcli.sources.statuses import full_handle, parts_of

#: The arrays of an export, the owner's own first: what others sent has no author, as rows name authors by numbers.
_OWN, _OTHERS, _LIKED = ("content",), ("inbox", "notifications"), ("liked",)
#: Keys that tell an export from other objects with content.
_MARKS = frozenset(("inbox", "notifications", "read_posts", "liked", "moderates"))
#: How a row is wrapped, by version and by view.
_WRAPPERS = ("Post", "Comment", "PrivateMessage", "post", "comment", "private_message")


def recognize_lemmy(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of a member that holds rows of Lemmy; None for another."""
    owner = context.owner
    if skeleton.shape in ("list", "lines"):
        if row_of(skeleton.first) is None:
            return None
        section = Section((), partial(_reading, None))
        return SectionsInput(member, "posts and comments", (section,), lines=skeleton.shape == "lines")
    arrays = skeleton.arrays if skeleton.shape == "object" else ()
    if "content" in arrays and _MARKS & set(skeleton.keys):
        sections = [Section((key,), partial(_reading, owner)) for key in _OWN if key in arrays]
        sections += [Section((key,), partial(_reading, None)) for key in _OTHERS if key in arrays]
        sections += [Section((key,), partial(_liked, owner)) for key in _LIKED if key in arrays]
        return SectionsInput(member, "posts and comments", tuple(sections))
    paged = [key for key in ("posts", "comments") if key in arrays]
    if paged and row_of(skeleton.first) is not None:
        sections = [Section((key,), partial(_reading, None)) for key in paged]
        return SectionsInput(member, "posts and comments", tuple(sections))
    return None


def row_of(value: object) -> Mapping[str, Any] | None:
    """The row in a value, out of its wrapper; None where there is none."""
    found = mapping_of(value)
    # Of a view of a comment, the post is what it is about.
    for key in ("comment", *_WRAPPERS):
        inner = mapping_of(found.get(key))
        if "creator_id" in inner:
            return inner
    return found if "creator_id" in found and ("ap_id" in found or "community_id" in found) else None


def post_of_row(value: object, location: Location, owner: Account | None = None) -> Post | Problem:
    """A post of a row; a Problem for what is none. The author is whom a view names, else `owner`."""
    row, view = row_of(value), mapping_of(value)
    if row is None:
        return Problem(location, "not a post, comment or message of Lemmy")
    uri = web_address(row.get("ap_id"))
    message = "recipient_id" in row
    seen = markdown_seen(text_of(row.get("content")) or text_of(row.get("body")))
    about = mapping_of(view.get("post")) if "post_id" in row else {}
    return Post(
        key=uri or str(location),
        kind=RecordKind.POST,
        location=location,
        parts=tuple(_parts(row, seen)),
        author=_creator(view.get("creator")) or owner,
        published=moment(row.get("published_at")) or moment(row.get("published")),
        edited=moment(row.get("updated_at")) or moment(row.get("updated")),
        url=uri,
        uri=uri,
        visibility=Visibility.DIRECT if message else Visibility.PUBLIC,
        sensitive=row.get("nsfw") is True,
        # A comment on a comment names it by its number alone.
        in_reply_to=web_address(about.get("ap_id")) if _is_first(row) else "",
        conversation=web_address(about.get("ap_id")),
        disguised=seen.disguised,
        media=int(bool(text_of(row.get("thumbnail_url")) or text_of(row.get("alt_text")))),
    )


def _parts(row: Mapping[str, Any], seen: Seen) -> Iterator[Part]:
    link = web_address(row.get("url"))
    preview = (line_of(row.get(key)) for key in ("embed_title", "embed_description"))
    yield from parts_of(
        (PartName.TITLE, line_of(row.get("name"))),
        (PartName.TEXT, "\n\n".join(filter(None, (link, seen.text)))),
        (PartName.ALT, text_of(row.get("alt_text")).strip()),
        (PartName.CARD, "\n".join(filter(None, preview))),
    )


def _is_first(row: Mapping[str, Any]) -> bool:
    """Whether a comment is one on the post itself: its path is `0.<own number>`."""
    return text_of(row.get("path")).count(".") == 1


def _creator(value: object) -> Account | None:
    """Who a view says wrote it. A name of Lemmy is at home where its page is."""
    person = mapping_of(value)
    address = web_address(person.get("ap_id")) or web_address(person.get("actor_id"))
    name = line_of(person.get("name"))
    try:
        page = urlsplit(address)
        handle = full_handle(f"{name}@{page.netloc}") if page.path.endswith(f"/{name}") else ""
    except ValueError:
        handle = ""
    shown = line_of(person.get("display_name")) or name
    return Account(handle, address, shown) if handle or address or shown else None


def _reading(owner: Account | None) -> Reading:
    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield post_of_row(value, location, owner)

    return read


def _liked(owner: Account | None) -> Reading:
    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        target = web_address(value)
        if target:
            yield Post(target, RecordKind.LIKE, location, author=owner, target=target)
        else:
            yield Problem(location, "a like without an address")

    return read
