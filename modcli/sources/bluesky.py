"""Posts of Bluesky: the repository that it exports (`repo.car`), and what its API gives.

After the lexicons app.bsky.feed.post, app.bsky.feed.defs, app.bsky.embed.* and app.bsky.richtext.facet of
bluesky-social/atproto. An account's handle is a domain of its own (`alice.bsky.social`); a repository holds its
number (DID) alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from modcli.errors import Location
from modcli.sources.car import MOST_PATHS, Paths, blocks, decoder
from modcli.sources.containers import Member
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
from modcli.sources.markup_text import links_seen
from modcli.sources.moments import moment
from modcli.sources.post import Account, Input, Part, PartName, Post, Problem, Record, RecordKind, Visibility
from modcli.sources.sections import Reading, Section, SectionsInput, opened
from modcli.sources.skeleton import Context, Skeleton
from modcli.sources.statuses import parts_of, some_names

POST, LIKE, REPOST = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.repost"
PROFILE = "app.bsky.actor.profile"
#: What its author calls a post, for readers who want to be asked.
_SENSITIVE = frozenset(("porn", "sexual", "nudity", "graphic-media", "gore"))
_APP = "https://bsky.app/profile/"


def recognize_bluesky(member: Member, skeleton: Skeleton, context: Context) -> Input | None:
    """The Input of a member that holds a repository, or what the API gives of posts; None for another."""
    if skeleton.shape == "car":
        return CarInput(member, context.owner)
    begin = partial(_reading, context.owner)
    if skeleton.shape in ("list", "lines"):
        known = _is_known(skeleton.first)
        return (
            SectionsInput(member, "posts", (Section((), begin),), skeleton.shape == "lines")
            if known
            else None
        )
    paged = next((key for key in ("feed", "posts", "records") if key in skeleton.arrays), None)
    if skeleton.shape == "object" and paged is not None and _is_known(skeleton.first):
        return SectionsInput(member, "posts", (Section((paged,), begin),))
    return None


@dataclass(frozen=True)
class CarInput:
    """The Input of a repository. Its blocks are read one by one, twice: what a record is called is written in the
    blocks of the tree, which may stand anywhere. See `Input`."""

    member: Member
    owner: Account | None = None
    kind: str = "repository"

    def __post_init__(self) -> None:
        decoder()

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return self.member.name

    @property
    def size(self) -> int:
        """See `Input.size`."""
        return self.member.size

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`; a position is a byte offset."""
        paths = Paths((POST, LIKE, REPOST, PROFILE))
        profile: Mapping[str, Any] = {}
        with opened(self.member) as stream:
            for block in blocks(stream):
                if not paths.note(block.value) and mapping_of(block.value).get("$type") == PROFILE:
                    profile = block.value
        name = line_of(profile.get("displayName"))
        whose = self.owner or (Account(url=_APP + paths.did, name=name) if paths.did else None)
        if paths.incomplete and not position:
            message = f"more than {MOST_PATHS:,} records: the others have no address"
            yield Record(Problem(Location(self.name), message), 0)
        with opened(self.member) as stream:
            for block in blocks(stream, position):
                if block.error:
                    place = Location(f"{self.name}@{block.start}")
                    yield Record(Problem(place, block.error), block.position)
                    continue
                kind = text_of(mapping_of(block.value).get("$type"))
                if kind not in (POST, LIKE, REPOST, PROFILE):
                    continue
                path = paths.of(block.digest) or f"{kind}/{block.digest.hex()}"
                uri = f"at://{paths.did}/{path}" if paths.did else ""
                place = Location(f"{self.name}#{path}")
                found = post_of_record(block.value, uri, place, whose)
                yield Record(found, block.position)


def post_of_view(value: object, location: Location, owner: Account | None = None) -> Post | Problem:
    """A post of what the API gives: an entry of a feed, a post, or a record with its name; a Problem for what is none.

    An entry that stands in the feed because somebody reposted it is that BOOST; the post is another's.
    """
    entry = mapping_of(value)
    post = mapping_of(entry.get("post")) or entry
    record = mapping_of(post.get("record")) or mapping_of(post.get("value")) or post
    uri = name_of(post.get("uri"))
    if not _is_known(value):
        return Problem(location, "not a post of Bluesky")
    reason = mapping_of(entry.get("reason"))
    if "by" in reason:
        by = account_of(reason.get("by"))
        key = name_of(reason.get("uri")) or f"{uri}#repost-{line_of(mapping_of(reason.get('by')).get('did'))}"
        published = moment(reason.get("indexedAt"))
        return Post(key, RecordKind.BOOST, location, author=by, published=published, target=page_of(uri))
    author = account_of(post.get("author")) or owner or _of_uri(uri)
    return post_of_record(record, uri, location, author, mapping_of(post.get("embed")))


def post_of_record(
    value: object,
    uri: str,
    location: Location,
    author: Account | None,
    shown: Mapping[str, Any] | None = None,
) -> Post | Problem:
    """A post, like, repost or profile of a record that is called `uri`. `shown` is what the API shows of what is
    embedded: it alone has the text of what is quoted."""
    record = mapping_of(value)
    kind = text_of(record.get("$type")) or POST
    key = uri or str(location)
    published = moment(record.get("createdAt"))
    if kind in (LIKE, REPOST):
        target = page_of(name_of(mapping_of(record.get("subject")).get("uri")))
        what = RecordKind.LIKE if kind == LIKE else RecordKind.BOOST
        return Post(key, what, location, author=author, published=published, uri=uri, target=target)
    if kind == PROFILE:
        parts = parts_of(
            (PartName.NAME, line_of(record.get("displayName"))),
            (PartName.BIO, text_of(record.get("description")).strip()),
        )
        url = author.url if author else ""
        return Post(key, RecordKind.PROFILE, location, parts, author, published, url=url, uri=uri)
    if kind != POST or not isinstance(record.get("text"), str):
        return Problem(location, "not a post of Bluesky")
    seen, names, tags = _seen(record)
    reply = mapping_of(record.get("reply"))
    labels = mappings_of(mapping_of(record.get("labels")).get("values"))
    embed = mapping_of(record.get("embed"))
    return Post(
        key=key,
        kind=RecordKind.POST,
        location=location,
        parts=tuple(_parts(seen, embed, shown or {})),
        author=author,
        published=published,
        url=page_of(uri),
        uri=uri,
        visibility=Visibility.PUBLIC,
        sensitive=any(
            label.get("val") in _SENSITIVE for label in labels if isinstance(label.get("val"), str)
        ),
        language=next((line_of(one) for one in items_of(record.get("langs"))), ""),
        in_reply_to=name_of(mapping_of(reply.get("parent")).get("uri")),
        conversation=name_of(mapping_of(reply.get("root")).get("uri")),
        mentions=names,
        tags=tags,
        disguised=seen.disguised,
        media=len(list(_media(embed))),
    )


def account_of(value: object) -> Account | None:
    """Who an author is, as the API gives it; a handle that could not be confirmed is none."""
    author = mapping_of(value)
    did, handle = line_of(author.get("did")), line_of(author.get("handle")).lower()
    handle = "" if handle == "handle.invalid" else handle
    url = web_address(_APP + (did or handle)) if did or handle else ""
    name = line_of(author.get("displayName"))
    return Account(handle, url, name) if handle or url or name else None


def page_of(uri: str) -> str:
    """The page of a post that is called `at://did/app.bsky.feed.post/key`; of all else, the name itself."""
    pieces = uri.removeprefix("at://").split("/")
    if uri.startswith("at://") and len(pieces) == 3 and pieces[1] == POST:
        return web_address(f"{_APP}{pieces[0]}/post/{pieces[2]}")
    return uri


def _is_known(value: object) -> bool:
    entry = mapping_of(value)
    post = mapping_of(entry.get("post")) or entry
    record = mapping_of(post.get("record")) or mapping_of(post.get("value")) or post
    kind = text_of(record.get("$type"))
    # Records of homemade saves may lack their kind, but not their name.
    return kind == POST or (
        not kind and isinstance(record.get("text"), str) and text_of(post.get("uri")).startswith("at://")
    )


def _of_uri(uri: str) -> Account | None:
    did = uri.removeprefix("at://").split("/")[0] if uri.startswith("at://did:") else ""
    return Account(url=_APP + did) if did else None


def _reading(owner: Account | None) -> Reading:
    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        yield post_of_view(value, location, owner)

    return read


def _seen(record: Mapping[str, Any]) -> tuple[Seen, tuple[str, ...], tuple[str, ...]]:
    """What a reader sees, who is mentioned, and the tags. Facets count in bytes of UTF-8; of those in one another,
    the first counts."""
    text = text_of(record.get("text"))
    data = text.encode()
    links: list[tuple[int, int, str]] = []
    names, tags = [], [line_of(one) for one in items_of(record.get("tags"))]
    for start, end, feature in sorted(_features(record, len(data)), key=lambda one: one[:2]):
        words = data[start:end].decode("utf-8", "replace")
        target = web_address(feature.get("uri"))
        if target and (not links or links[-1][1] <= start):
            links.append((start, end, target))
        elif feature.get("did"):
            names.append(words.lstrip("@").lower())
        elif feature.get("tag"):
            tags.append(line_of(feature.get("tag")).lstrip("#"))
    # From bytes to characters, in one walk.
    in_characters, at, characters = [], 0, 0
    for start, end, target in links:
        places = []
        for place in (start, end):
            characters += len(data[at:place].decode("utf-8", "ignore"))
            at = place
            places.append(characters)
        in_characters.append((places[0], places[1], target))
    return links_seen(text, in_characters), some_names(names), some_names(tags)


def _features(record: Mapping[str, Any], most: int) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    for facet in mappings_of(record.get("facets")):
        index = mapping_of(facet.get("index"))
        start, end = index.get("byteStart"), index.get("byteEnd")
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= most:
            for feature in mappings_of(facet.get("features")):
                yield start, end, feature


def _media(embed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Pictures and the film that are embedded, next to a quoted record or without."""
    for one in (embed, mapping_of(embed.get("media"))):
        yield from mappings_of(one.get("images"))
        if "video" in one:
            yield one


def _parts(seen: Seen, embed: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[Part]:
    cards = [mapping_of(one.get("external")) for one in (embed, mapping_of(embed.get("media")))]
    yield from parts_of(
        (PartName.TEXT, seen.text),
        *((PartName.ALT, text_of(one.get("alt")).strip()) for one in _media(embed)),
        *(
            (
                PartName.CARD,
                "\n".join(filter(None, (line_of(card.get(key)) for key in ("title", "description")))),
            )
            for card in cards
        ),
        (PartName.QUOTE, _quoted(shown)),
    )


def _quoted(shown: Mapping[str, Any]) -> str:
    """The text of a quoted post; one with pictures beside it stands a step deeper."""
    record = mapping_of(shown.get("record"))
    record = mapping_of(record.get("record")) or record
    return text_of(mapping_of(record.get("value")).get("text")).strip()
