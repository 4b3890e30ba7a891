"""What is attached to a record: where the file is in an export, by the address that the record has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from modcli.sources.json_values import LONGEST_ADDRESS, line_of, mappings_of, text_of
from modcli.sources.post import Attached

#: In Mastodon's archives all media are below this folder; the address may have a slash or a bucket before it.
FOLDER = "media_attachments/"
_KINDS = {"gifv": "video"}


def attached_of(
    value: object, place: Callable[[Mapping[str, Any]], tuple[object, object]]
) -> tuple[Attached, ...]:
    """The attachments of a record that an export may hold, numbered from 1 as the record has them. `place` gives the
    address and the kind of one."""
    return tuple(_numbered(value, place))


def attached_at(name: str, address: object, kind: object, *, within: bool = True) -> Attached | None:
    """The attachment at an address: a path or, of an address of the web, the part that is one in an archive. None
    where there is none. `within`: a leading slash is the root of the export, not of a machine."""
    path, remote = text_of(address).strip(), False
    if not path or len(path) > LONGEST_ADDRESS:
        return None
    if "://" in path or path.startswith("data:"):
        try:
            parts = urlsplit(path)
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or FOLDER not in parts.path:
            return None
        path, remote = parts.path, True
    before, sign, rest = path.partition(FOLDER)
    if sign and (not before or before.endswith("/")):
        path = f"{FOLDER}{rest}"
    path = path.lstrip("/") if within else path
    return Attached(name, path, kind_of(kind), remote) if path else None


def kind_of(value: object) -> str:
    """`image`, `video`, `audio` of a media type or of what a server calls it; empty for all else."""
    kind = line_of(value).lower().partition("/")[0]
    kind = _KINDS.get(kind, kind)
    return kind if kind in ("image", "video", "audio") else ""


def _numbered(
    value: object, place: Callable[[Mapping[str, Any]], tuple[object, object]]
) -> Iterator[Attached]:
    for number, one in enumerate(mappings_of(value), start=1):
        address, kind = place(one)
        if found := attached_at(f"attachment {number}", address, kind):
            yield found
