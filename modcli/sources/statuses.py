"""A status as the API of Mastodon and of software like it gives it, and clients save it: what a reader sees of it.

After mastodon/mastodon, app/serializers/rest/status_serializer.rb and account_serializer.rb. Every key may be
missing, and every value may be of another kind: homemade saves are many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from modcli.errors import Location
from modcli.sources.attached import attached_of
from modcli.sources.html_text import Seen, as_seen
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
from modcli.sources.moments import moment
from modcli.sources.post import Account, Part, PartName, Post, Problem, RecordKind, Visibility

#: Hubs call them by several names. Who writes for one server, for a list or for mutual followers writes for some
#: people only.
VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "unlisted": Visibility.UNLISTED,
    "private": Visibility.FOLLOWERS,
    "mutuals_only": Visibility.FOLLOWERS,
    "local": Visibility.FOLLOWERS,
    "list": Visibility.DIRECT,
    "direct": Visibility.DIRECT,
}
#: More mentions or tags of one post are not kept.
MOST_NAMES = 500
_HANDLE = re.compile(r"[^\s@/:\"<>]+@[^\s@/\"<>]+\.[^\s@/\"<>.]+")
#: What only HTML has: a tag, or an entity.
_MARKUP = re.compile(r"<[A-Za-z/!]|&(?:#\w{1,8}|[A-Za-z]\w{1,30});")
_ID = re.compile(r"[\w-]+")


def post_of_status(value: object, location: Location, owner: Account | None = None) -> Post | Problem:
    """A post of a status, or the BOOST that it is; a Problem for what is no status.

    A boost is of somebody else's words: only its `target` is kept, also where the boosted status is embedded. `owner`
    is whose file it is, and the author where the status does not name one.
    """
    status = mapping_of(value)
    if not is_status(status):
        return Problem(location, "not a status: it has neither content nor a boosted status")
    uri, url = name_of(status.get("uri")), web_address(status.get("url"))
    author = account_of(status.get("account"), owner) or owner
    post = Post(
        key=uri or url or _own_key(status, author) or str(location),
        kind=RecordKind.POST,
        location=location,
        author=author,
        published=when(status.get("created_at")),
        url=url,
        uri=uri,
        visibility=VISIBILITIES.get(line_of(status.get("visibility")), Visibility.UNKNOWN),
    )
    boosted = mapping_of(status.get("reblog"))
    if boosted:
        target = web_address(boosted.get("url")) or name_of(boosted.get("uri"))
        return replace(post, kind=RecordKind.BOOST, target=target)
    seen = seen_of(status)
    return replace(
        post,
        parts=tuple(_parts(status, seen)),
        edited=when(status.get("edited_at")),
        sensitive=status.get("sensitive") is True,
        language=line_of(status.get("language")),
        in_reply_to=_in_reply_to(status, uri or url),
        conversation=name_of(mapping_of(status.get("pleroma")).get("context")),
        mentions=_mentions(status, seen, owner),
        tags=tags_of(status.get("tags")),
        disguised=seen.disguised,
        media=len(list(mappings_of(status.get("media_attachments")))),
        attached=attached_of(status.get("media_attachments"), lambda one: (one.get("url"), one.get("type"))),
    )


def reference_of_status(
    value: object, kind: RecordKind, location: Location, owner: Account | None = None
) -> Post | Problem:
    """The LIKE or BOOKMARK of somebody else's status, by the `owner`: its address. Its text is not the owner's, so
    that it is left out, as in exports that hold nothing but addresses."""
    status = mapping_of(value)
    target = web_address(status.get("url")) or name_of(status.get("uri"))
    if not target:
        return Problem(location, f"a {kind} without the address of what it is of")
    return Post(key=target, kind=kind, location=location, author=owner, target=target)


def profile_of(value: object, location: Location, owner: Account | None = None) -> Post | None:
    """The PROFILE of an account: its display name, bio and fields; None where nothing tells it from others or it has
    no text.

    Nothing else of it is kept: administrators' saves hold addresses of mail and machines.
    """
    account = mapping_of(value)
    author = account_of(account, owner)
    url, uri = web_address(account.get("url")), name_of(account.get("uri"))
    key = uri or url or (author.handle if author else "")
    if not key:
        return None
    bio = html_seen(text_of(account.get("note")))
    fields = [
        (line_of(one.get("name")), html_seen(text_of(one.get("value"))))
        for one in mappings_of(account.get("fields"))
    ]
    parts = parts_of(
        (PartName.NAME, line_of(account.get("display_name"))),
        (PartName.BIO, bio.text),
        *((PartName.FIELD, f"{name}: {value.text}".strip(": ")) for name, value in fields),
    )
    if not parts:
        return None
    return Post(
        key=key,
        kind=RecordKind.PROFILE,
        location=location,
        parts=parts,
        author=author,
        published=when(account.get("created_at")),
        url=url,
        uri=uri,
        disguised=bio.disguised + tuple(link for _, value in fields for link in value.disguised),
    )


def account_of(value: object, owner: Account | None = None) -> Account | None:
    """Who an account is; None where it says nothing of that. The server of a local one (`acct` without a domain) is
    that of its page, or the `owner`'s where both have their pages on the same."""
    account = mapping_of(value)
    url = web_address(account.get("url"))
    name = line_of(account.get("display_name"))
    handle = full_handle(account.get("fqn")) or handle_of(account.get("acct"), url, owner)
    address = url or name_of(account.get("uri"))
    if not handle and not address and not name:
        name = line_of(account.get("acct")) or line_of(account.get("username"))
    return Account(handle, address, name) if handle or address or name else None


def handle_of(acct: object, url: str, owner: Account | None = None) -> str:
    """`user@domain` for the `acct` of an account, whose page is `url`; empty where its domain is not certain."""
    name = line_of(acct).lstrip("@").lower()
    if "@" in name:
        return full_handle(name)
    host, path = _host_and_path(url)
    # Where the last step of the address is another name, it is no page of this account.
    if not name or path.rstrip("/").rsplit("/", 1)[-1].lstrip("@").lower() != name:
        return ""
    if owner is not None and owner.handle and host and _host_and_path(owner.url)[0] == host:
        host = owner.handle.rsplit("@", 1)[-1]
    return full_handle(f"{name}@{host}")


def full_handle(value: object) -> str:
    """`user@domain` in small letters, a sign before it left out; empty for what is none."""
    handle = line_of(value).lstrip("@").lower()
    return handle if len(handle) <= 500 and _HANDLE.fullmatch(handle) else ""


def is_status(status: Mapping[str, Any]) -> bool:
    """Whether an object may be a status, an edit of one, or the answer to its deletion."""
    return bool(mapping_of(status.get("reblog"))) or any(
        isinstance(status.get(key), str) for key in ("content", "text", "content_text", "spoiler_text")
    )


def seen_of(status: Mapping[str, Any]) -> Seen:
    """What a reader sees of the content. `text` is there instead in the answer to a delete; Pleroma and Pixelfed have
    the plain text as well, which is taken where there is no other."""
    content = text_of(status.get("content"))
    if content.strip():
        return html_seen(content)
    plain = mapping_of(mapping_of(mapping_of(status.get("pleroma")).get("content"))).get("text/plain")
    found = (text_of(one).strip() for one in (status.get("text"), plain, status.get("content_text")))
    return Seen(next((one for one in found if one), ""), (), ())


def html_seen(text: str) -> Seen:
    """What a reader sees of HTML; of what has neither tag nor entity, the text itself with its line breaks."""
    return as_seen(text) if _MARKUP.search(text) else Seen(text.strip(), (), ())


def parts_of(*pieces: tuple[PartName, str]) -> tuple[Part, ...]:
    """The pieces that are not empty, in order."""
    return tuple(Part(name, text) for name, text in pieces if text.strip())


def tags_of(value: object) -> tuple[str, ...]:
    """The names of hashtags, without the sign."""
    names = (line_of(tag.get("name")) if isinstance(tag, dict) else line_of(tag) for tag in items_of(value))
    return some_names(name.lstrip("#") for name in names)


def some_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are not empty, each once."""
    found: dict[str, None] = {}
    for name in names:
        if name and len(found) < MOST_NAMES:
            found[name] = None
    return tuple(found)


def when(value: object) -> datetime | None:
    """A moment, also as the Extended JSON of MongoDB."""
    return moment(value.get("$date") if isinstance(value, dict) else value)


def _parts(status: Mapping[str, Any], seen: Seen) -> Iterator[Part]:
    warning = text_of(status.get("spoiler_text"))
    if "pleroma" in status:  # whose warnings are what came from elsewhere, unchanged
        warning = html_seen(warning).text
    card = mapping_of(status.get("card"))
    yield from parts_of(
        (PartName.WARNING, warning.strip()),
        (PartName.TEXT, seen.text),
        *(
            (PartName.POLL, line_of(option.get("title")))
            for option in mappings_of(mapping_of(status.get("poll")).get("options"))
        ),
        *(
            (PartName.ALT, text_of(one.get("description")).strip())
            for one in mappings_of(status.get("media_attachments"))
        ),
        (
            PartName.CARD,
            "\n".join(filter(None, (line_of(card.get(key)) for key in ("title", "description")))),
        ),
        (PartName.QUOTE, _quoted(status)),
    )


def _quoted(status: Mapping[str, Any]) -> str:
    """The text of a status that is quoted with its author's consent; Pleroma and Akkoma have it bare."""
    quote = mapping_of(status.get("quote")) or mapping_of(mapping_of(status.get("pleroma")).get("quote"))
    if "state" in quote or "quoted_status" in quote:
        if quote.get("state", "accepted") != "accepted":
            return ""
        quote = mapping_of(quote.get("quoted_status"))
    pieces = (text_of(quote.get("spoiler_text")).strip(), seen_of(quote).text)
    return "\n\n".join(filter(None, pieces))


def _mentions(status: Mapping[str, Any], seen: Seen, owner: Account | None) -> tuple[str, ...]:
    if "mentions" not in status:
        return some_names(full_handle(text) for _, text in seen.mentions)
    return some_names(
        handle_of(one.get("acct"), web_address(one.get("url")), owner)
        for one in mappings_of(status.get("mentions"))
    )


def _in_reply_to(status: Mapping[str, Any], address: str) -> str:
    """The address of the status replied to, where that is the same author's: the API gives no more than its number, and
    addresses of one author differ in that alone."""
    id, parent = id_of(status.get("id")), id_of(status.get("in_reply_to_id"))
    author = id_of(mapping_of(status.get("account")).get("id"))
    own = author and id_of(status.get("in_reply_to_account_id")) == author
    if own and id and _ID.fullmatch(parent) and address.endswith(f"/{id}"):
        return address.removesuffix(id) + parent
    return ""


def _own_key(status: Mapping[str, Any], author: Account | None) -> str:
    """What tells a status without an address from others: its number at its author's."""
    id = id_of(status.get("id"))
    return f"{author.url}#{id}" if id and author is not None and author.url else ""


def _host_and_path(url: str) -> tuple[str, str]:
    try:
        page = urlsplit(url)
        return f"{page.hostname}:{page.port}" if page.port else page.hostname or "", page.path
    except ValueError:
        return "", ""
