"""ActivityPub's activities and objects, as Mastodon and others write them into an outbox: what a reader sees of them.

After mastodon/mastodon, app/serializers/activitypub and app/lib/activitypub. Every key may be missing, and every value
may be of another kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from modcli.errors import Location
from modcli.sources.attached import attached_at, attached_of
from modcli.sources.html_text import Seen
from modcli.sources.json_values import (
    items_of,
    line_of,
    mapping_of,
    mappings_of,
    name_of,
    text_of,
    web_address,
)
from modcli.sources.post import Account, Attached, Part, PartName, Post, Problem, RecordKind, Visibility
from modcli.sources.statuses import full_handle, html_seen, parts_of, some_names, tags_of, when

PUBLIC = frozenset(("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"))
#: What is shown with its title, as Mastodon does it.
TITLED = frozenset(("Image", "Audio", "Video", "Article", "Page", "Event"))
OBJECTS = frozenset(("Note", "Question", *TITLED))


@dataclass(frozen=True)
class Owner:
    """Whose outbox it is: the account, and its ActivityPub id."""

    account: Account | None = None
    id: str = ""

    def author(self, *addresses: object) -> Account | None:
        """Who wrote something, by the first of the addresses that is one; the owner where there is none."""
        address = next((found for one in addresses if (found := _address(one))), "")
        if not address or address == self.id or (self.account is not None and address == self.account.url):
            return self.account
        return Account(url=address)


def post_of_activity(value: object, location: Location, owner: Owner = Owner()) -> Post | Problem:
    """A post of a Create or of a bare object, a BOOST of an Announce; a Problem for all else."""
    activity = mapping_of(value)
    kind = line_of(activity.get("type"))
    if kind in OBJECTS or (not kind and "content" in activity):
        return post_of_object(activity, location, owner)
    if kind in ("Create", "Update"):
        made = activity.get("object")
        if isinstance(made, str):
            return Problem(location, "holds the address of a post alone", "the post itself was not exported")
        return post_of_object(mapping_of(made), location, owner, activity)
    if kind == "Announce":
        return _boost(activity, location, owner)
    if not activity:
        return Problem(location, "not an object")
    return Problem(location, f"an activity of the type {kind[:40] or '(none)'}, which holds no post")


def post_of_object(
    note: Mapping[str, Any],
    location: Location,
    owner: Owner = Owner(),
    activity: Mapping[str, Any] | None = None,
) -> Post | Problem:
    """A post of a Note, a Question, or what is shown with its title. `activity` is the one that made it."""
    around = activity or {}
    kind = line_of(note.get("type"))
    if kind and kind not in OBJECTS:
        return Problem(location, f"a {kind[:40]}, which is no post")
    if not note:
        return Problem(location, "an activity without a post")
    seen = _content(note)
    uri, url = name_of(note.get("id")), _page(note.get("url"))
    return Post(
        key=uri or url or str(location),
        kind=RecordKind.POST,
        location=location,
        parts=tuple(_parts(note, kind, seen)),
        author=owner.author(note.get("attributedTo"), around.get("actor")),
        published=when(note.get("published")) or when(around.get("published")),
        edited=when(note.get("updated")),
        url=url,
        uri=uri,
        visibility=_visibility(note if "to" in note or "cc" in note else around),
        sensitive=note.get("sensitive") is True,
        language=_language(note),
        in_reply_to=_address(note.get("inReplyTo")),
        conversation=_address(note.get("conversation")) or _address(note.get("context")),
        mentions=some_names(_mentions(note, owner)),
        tags=tags_of([tag for tag in mappings_of(note.get("tag")) if tag.get("type") == "Hashtag"]),
        disguised=seen.disguised,
        media=sum(1 for _ in items_of(note.get("attachment"))),
        attached=attached_of(note.get("attachment"), _file),
    )


def profile_of_actor(value: object, location: Location, owner: Owner = Owner()) -> Post | None:
    """The PROFILE of an actor: display name, bio and fields; None where it has none of these."""
    actor = mapping_of(value)
    bio = html_seen(text_of(actor.get("summary")))
    fields = [
        (line_of(one.get("name")), html_seen(text_of(one.get("value"))))
        for one in mappings_of(actor.get("attachment"))
        if one.get("type") in (None, "PropertyValue")
    ]
    parts = parts_of(
        (PartName.NAME, line_of(actor.get("name"))),
        (PartName.BIO, bio.text),
        *((PartName.FIELD, f"{name}: {found.text}".strip(": ")) for name, found in fields),
    )
    if not parts:
        return None
    uri, url = name_of(actor.get("id")), _page(actor.get("url"))
    return Post(
        key=uri or url or str(location),
        kind=RecordKind.PROFILE,
        location=location,
        parts=parts,
        author=owner.account,
        published=when(actor.get("published")),
        url=url,
        uri=uri,
        visibility=Visibility.PUBLIC,
        attached=tuple(_portraits(actor)),
        disguised=bio.disguised + tuple(link for _, found in fields for link in found.disguised),
    )


def _portraits(actor: Mapping[str, Any]) -> Iterator[Attached]:
    for name, key in (("avatar", "icon"), ("header", "image")):
        for one in mappings_of(actor.get(key)):
            if found := attached_at(name, one.get("url"), "image"):
                yield found
                break


def _file(attachment: Mapping[str, Any]) -> tuple[object, object]:
    """Where an attachment is, and its kind."""
    # A list of links is what Pleroma has there.
    link = next(mappings_of(attachment.get("url")), {})
    kind = attachment.get("mediaType") or link.get("mediaType") or attachment.get("type")
    return link.get("href") or attachment.get("url"), kind


def owner_of(actor: object) -> Owner:
    """Whose export it is, by its actor. The handle is `webfinger`, else its name at the host of its id."""
    found = mapping_of(actor)
    uri, url = name_of(found.get("id")), _page(found.get("url"))
    handle = full_handle(found.get("webfinger"))
    if not handle:
        name, host = line_of(found.get("preferredUsername")), _host(uri or url)
        handle = full_handle(f"{name}@{host}") if name and host else ""
    if not handle and not uri and not url:
        return Owner()
    return Owner(Account(handle, url or uri, line_of(found.get("name"))), uri)


def _boost(activity: Mapping[str, Any], location: Location, owner: Owner) -> Post | Problem:
    made = activity.get("object")
    if mapping_of(made).get("content") is not None and owner.author(
        mapping_of(made).get("attributedTo")
    ) == owner.author(activity.get("actor")):
        # A boost of one's own post for followers holds the post: its words are the author's own.
        return post_of_object(mapping_of(made), location, owner, activity)
    target = _address(made)
    if not target:
        return Problem(location, "a boost without the address of what it is of")
    uri = name_of(activity.get("id"))
    return Post(
        key=uri or target,
        kind=RecordKind.BOOST,
        location=location,
        author=owner.author(activity.get("actor")),
        published=when(activity.get("published")),
        uri=uri,
        visibility=_visibility(activity),
        target=target,
    )


def _content(note: Mapping[str, Any]) -> Seen:
    content = text_of(note.get("content")) or _first(note.get("contentMap"))
    if not content:
        # Lemmy keeps what was written beside what is shown.
        return Seen(text_of(mapping_of(note.get("source")).get("content")).strip())
    return html_seen(content)


def _parts(note: Mapping[str, Any], kind: str, seen: Seen) -> Iterator[Part]:
    title = html_seen(text_of(note.get("name")) or _first(note.get("nameMap"))).text if kind in TITLED else ""
    summary = html_seen(text_of(note.get("summary")) or _first(note.get("summaryMap"))).text
    options = (*mappings_of(note.get("oneOf")), *mappings_of(note.get("anyOf")))
    yield from parts_of(
        (PartName.TITLE, title),
        (PartName.WARNING, summary),
        (PartName.TEXT, seen.text),
        *((PartName.POLL, line_of(option.get("name"))) for option in options),
        *(
            (PartName.ALT, (text_of(one.get("summary")) or text_of(one.get("name"))).strip())
            for one in mappings_of(note.get("attachment"))
        ),
        (PartName.QUOTE, _content(mapping_of(note.get("quote"))).text),
    )


def _visibility(of: Mapping[str, Any]) -> Visibility:
    if of.get("directMessage") is True:
        return Visibility.DIRECT
    to, cc = _addresses(of.get("to")), _addresses(of.get("cc"))
    if not to and not cc:
        return Visibility.UNKNOWN
    if PUBLIC & to:
        return Visibility.PUBLIC
    if PUBLIC & cc:
        return Visibility.UNLISTED
    # The collection of followers has no other sign than its address.
    return Visibility.FOLLOWERS if any(_is_followers(one) for one in to | cc) else Visibility.DIRECT


def _is_followers(address: str) -> bool:
    return address.rstrip("/").rsplit("/", 1)[-1].partition("?")[0] == "followers"


def _addresses(value: object) -> set[str]:
    return {found for one in items_of(value) if (found := _address(one))}


def _address(value: object) -> str:
    """An address, or that of an object, or the first of several."""
    for one in items_of(value):
        found = name_of(one) or name_of(mapping_of(one).get("id")) or name_of(mapping_of(one).get("href"))
        if found or (isinstance(one, str) and one in PUBLIC):
            return found or str(one)
    return ""


def _page(value: object) -> str:
    """The page that a person opens: the first address of the web."""
    for one in items_of(value):
        if found := web_address(one) or web_address(mapping_of(one).get("href")):
            return found
    return ""


def _language(note: Mapping[str, Any]) -> str:
    languages = mapping_of(note.get("contentMap"))
    if languages:
        return next(iter(languages))[:35]
    told = note.get("language")
    return line_of(mapping_of(told).get("identifier") if isinstance(told, dict) else told)[:35]


def _mentions(note: Mapping[str, Any], owner: Owner) -> Iterator[str]:
    domain = owner.account.handle.rpartition("@")[2] if owner.account is not None else ""
    for tag in mappings_of(note.get("tag")):
        if tag.get("type") == "Mention":
            name = line_of(tag.get("name")).lstrip("@")
            # A local account is named without its server, which is the owner's.
            yield full_handle(name if "@" in name or not domain else f"{name}@{domain}")


def _first(value: object) -> str:
    return next((text_of(one) for one in mapping_of(value).values() if text_of(one)), "")


def _host(address: str) -> str:
    try:
        page = urlsplit(address)
        return f"{page.hostname}:{page.port}" if page.port else page.hostname or ""
    except ValueError:
        return ""


def of_owner(post: Post | Problem, owner: Owner) -> Post | Problem:
    """A post without an author is its owner's."""
    if isinstance(post, Post) and post.author is None and owner.account is not None:
        return replace(post, author=owner.account)
    return post
