"""An export, recognized by what is in it: which of its files hold records, and of what kind."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from modcli.errors import Location, SourceError
from modcli.sources.activitypub import Owner, owner_of
from modcli.sources.bluesky import recognize_bluesky
from modcli.sources.containers import Container, Member, open_container
from modcli.sources.fields import Fields, recognize_rows
from modcli.sources.lemmy import recognize_lemmy
from modcli.sources.lines import refuse_utf16
from modcli.sources.misskey import recognize_misskey
from modcli.sources.outbox import actor_in, recognize_actor, recognize_outbox, recognize_references
from modcli.sources.post import Export, Input
from modcli.sources.skeleton import Context, Format, Skeleton, skeleton_of
from modcli.sources.status_wrappers import recognize_statuses

#: Each is asked in turn: what is surest of its own comes first.
FORMATS: tuple[Format, ...] = (
    recognize_actor,
    recognize_references,
    recognize_outbox,
    recognize_bluesky,
    recognize_misskey,
    recognize_statuses,
    recognize_lemmy,
    recognize_rows,
)
#: Files of an export of which something is known, and nothing is to be judged.
_KNOWN = (
    "manifest",
    "index.json",
    "package.json",
    "following",
    "followers",
    "blocks",
    "mutes",
    "lists",
    "domain_blocks",
)
_KINDS = {"zip": " (zip)", "tar": " (tar)", "folder": " (folder)", "file": ""}
#: Members of which nothing is known that are named.
_NAMED = 5


def open_export(path: Path, *, fields: Fields | None = None) -> Export:
    """The export at a path. With `fields`, a file of rows is read by them.

    Raises SourceError where it cannot be opened, or nothing in it is of a known kind.
    """
    container = open_container(path)
    skeletons = [(member, skeleton_of(member)) for member in container.members]
    owner = _owner(skeletons)
    context = Context(owner.account, owner.id)
    formats: Sequence[Format] = FORMATS if fields is None else (partial(recognize_rows, fields=fields),)
    inputs: list[Input] = []
    strangers: list[str] = []
    for member, skeleton in skeletons:
        found = next((made for one in formats if (made := one(member, skeleton, context)) is not None), None)
        if found is not None:
            inputs.append(found)
        elif not any(word in member.name.lower() for word in _KNOWN):
            strangers.append(member.name)
    if not inputs:
        _refuse_other_encodings(container)
        raise _nothing(path, container, strangers)
    notes = list(container.notes)
    if {one.kind for one in inputs} & {"profile", "likes", "bookmarks"} and not _has_posts(inputs):
        notes.append("there is no outbox.json in it: no post of the account was read")
    if strangers:
        more = f" and {len(strangers) - _NAMED:,} more" if len(strangers) > _NAMED else ""
        notes.append(f"nothing is known of {', '.join(strangers[:_NAMED])}{more}")
    if container.media:
        notes.append(f"{container.media:,} files of media or other kinds, which hold no records")
    return Export(
        str(path), f"{_kind(inputs)}{_KINDS[container.kind]}", tuple(inputs), owner.account, tuple(notes)
    )


def _owner(skeletons: Sequence[tuple[Member, Skeleton]]) -> Owner:
    """Whose export it is, by its actor."""
    for member, skeleton in skeletons:
        if recognize_actor(member, skeleton, Context()) is not None:
            owner = owner_of(actor_in(member))
            if owner.account is not None:
                return owner
    return Owner()


def _kind(inputs: Sequence[Input]) -> str:
    kinds = {one.kind for one in inputs}
    if "profile" in kinds and "outbox" in kinds:
        return "account archive"
    return " and ".join(sorted(kinds))


def _has_posts(inputs: Sequence[Input]) -> bool:
    return any(one.kind not in ("profile", "likes", "bookmarks") for one in inputs)


def _refuse_other_encodings(container: Container) -> None:
    for member in container.members:
        with suppress(OSError, RuntimeError, NotImplementedError, EOFError), member.opening() as stream:
            refuse_utf16(stream.read(64), member.name)


def _nothing(path: Path, container: Container, strangers: Sequence[str]) -> SourceError:
    place = Location(str(path))
    if not container.members:
        what = "holds no file of a kind that could be read" + (
            f" ({container.notes[0]})" if container.notes else ""
        )
        return SourceError(what, location=place, hint="an account archive has an outbox.json")
    if container.kind == "file":
        return SourceError(
            "is of no known kind",
            location=place,
            hint="say which field holds the text, for example --map text=content; docs/audits.md lists what is known",
        )
    names = ", ".join(strangers[:_NAMED]) or "none"
    return SourceError(
        f"holds no outbox.json and nothing else that is known (files: {names})", location=place
    )
