"""Posts from anywhere: JSON Lines, a JSON list or CSV, by a mapping of its fields to what they are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any

from modcli.errors import Location, SourceError, UsageError
from modcli.sources.attached import attached_at
from modcli.sources.containers import Member
from modcli.sources.csv_rows import header_of, rows
from modcli.sources.html_text import Seen, as_seen
from modcli.sources.json_values import (
    found_at,
    id_of,
    items_of,
    line_of,
    mapping_of,
    name_of,
    text_of,
    web_address,
)
from modcli.sources.lines import refuse_utf16
from modcli.sources.post import (
    Account,
    Attached,
    Input,
    PartName,
    Post,
    Problem,
    Record,
    RecordKind,
    Visibility,
)
from modcli.sources.sections import Reading, Section, SectionsInput, opened, records_of
from modcli.sources.skeleton import Context, Skeleton
from modcli.sources.status_wrappers import MASTOPY, reading
from modcli.sources.statuses import VISIBILITIES, account_of, full_handle, parts_of, when

#: Without a mapping, the column of the text is the first of these that there is; and so are those of the others.
TEXTS = ("text", "content", "body", "message")
_OTHERS = {
    "id": ("id", "uri"),
    "author": ("author", "acct", "account"),
    "published": ("published", "created_at", "createdAt", "date"),
    "url": ("url",),
    "visibility": ("visibility",),
    "language": ("language", "lang"),
}
_VISIBILITIES = VISIBILITIES | {
    "home": Visibility.UNLISTED,
    "followers": Visibility.FOLLOWERS,
    "specified": Visibility.DIRECT,
}
#: What makes a text HTML where nobody says whether it is: a whole tag of those that posts have.
_TAG = re.compile(
    r"</?(?:p|br|a|span|div|b|i|u|s|em|strong|del|ul|ol|li|blockquote|pre|code|h[1-6]|img)"
    r"(?:\s+[\w:-]{1,40}=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>\"']+))*\s*/?>",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{9,16}")
_HINT = "for example: --map text=content --map author=user.name"


@dataclass(frozen=True)
class Fields:
    """What the fields of a row are: the name of each, or a dotted path to it (`user.name`); empty for what there is
    not.

    `html` says whether the text is HTML; None: where it has tags.
    """

    text: str
    id: str = ""
    author: str = ""
    published: str = ""
    url: str = ""
    visibility: str = ""
    language: str = ""
    warning: str = ""
    alt: str = ""
    reply_to: str = ""
    image: str = "image"
    html: bool | None = None

    @classmethod
    def of(cls, pairs: Sequence[str], *, html: bool | None = None) -> Fields:
        """The mapping that pairs like `text=content` write. Raises UsageError for what is none."""
        roles = [one.name for one in fields(cls) if one.name != "html"]
        found: dict[str, str] = {}
        for pair in pairs:
            role, sign, name = (piece.strip() for piece in pair.partition("="))
            if not sign or not name:
                raise UsageError(f"no field: {pair!r}", hint=f"write ROLE=NAME, {_HINT}")
            if role not in roles:
                near = difflib.get_close_matches(role, roles, 1)
                hint = f"did you mean {near[0]}={name}?" if near else f"there are: {', '.join(roles)}"
                raise UsageError(f"nothing of a post is called {role!r}", hint=hint)
            if role in found:
                raise UsageError(f"two fields for {role!r}: {found[role]!r} and {name!r}", hint="name one")
            found[role] = name
        if "text" not in found:
            raise UsageError("no field for the text", hint=f"say which it is: text=NAME, {_HINT}")
        return cls(**found, html=html)


def recognize_rows(
    member: Member, skeleton: Skeleton, context: Context, fields: Fields | None = None
) -> Input | None:
    """The Input of a member with rows; None where it has none, or nobody says which field is the text and none is
    called as in TEXTS. Raises SourceError for UTF-16 where there is a mapping, which says that it is to be read."""
    shape = skeleton.shape
    path: tuple[str, ...] = ()
    if shape == "other" and fields is not None:
        with opened(member) as stream:
            refuse_utf16(stream.read(4), member.name)
        shape = "csv" if member.name.lower().endswith(".csv") else shape
    if shape == "csv":
        known = fields or _of_names(_first_row(member))
        return CsvInput(member, known, context.owner) if known else None
    first = mapping_of(skeleton.first)
    known = fields or _of_names(first)
    if not first or known is None:
        return None
    if shape == "object":
        # Which of several arrays is meant, or whether one is, only a mapping tells.
        if fields is None or len(skeleton.arrays) != 1:
            return None
        path = skeleton.arrays
    begin = partial(_reading, member.name, known, context.owner)
    return SectionsInput(member, "rows", (Section(path, begin),), lines=shape == "lines")


@dataclass(frozen=True)
class CsvInput:
    """The Input of a CSV file, whose first row names the columns. See `Input`; a position is a byte offset."""

    member: Member
    fields: Fields
    owner: Account | None = None
    kind: str = "rows"

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return self.member.name

    @property
    def size(self) -> int:
        """See `Input.size`."""
        return self.member.size

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`. Raises SourceError for UTF-16."""
        with opened(self.member) as stream:
            columns, delimiter, behind = header_of(stream, self.name)
        wrong = _wrong_columns(columns, self.fields)
        if wrong:
            hint = f"its columns are: {_listed(columns)}" if columns else ""
            yield Record(Problem(Location(self.name, 1), wrong, hint), position)
            return
        read = _reading(self.name, self.fields, self.owner)
        with opened(self.member) as stream:
            before = max(position, behind)
            for row in rows(stream, delimiter, before):
                place = Location(self.name, row.line)
                if row.error:
                    yield Record(Problem(place, row.error), row.position)
                elif len(row.cells) != len(columns):
                    cells = f"{len(row.cells)} cells, where there are {len(columns)} columns"
                    yield Record(Problem(place, cells), row.position)
                else:
                    found = read(dict(zip(columns, row.cells, strict=True)), place)
                    yield from records_of(found, before, row.position)
                before = row.position


def post_of_fields(
    value: object, fields: Fields, location: Location, name: str, owner: Account | None = None
) -> Post | Problem:
    """A post of a row of the file `name`; a Problem where its text is none."""
    row = mapping_of(value)
    written, attached = found_at(row, fields.text), _images(row, fields.image)
    if written is None and attached:
        written = ""
    if not isinstance(written, str):
        what = (
            "null"
            if written is None and fields.text in row
            else "missing"
            if written is None
            else "not a text"
        )
        hint = f"its fields are: {_listed(tuple(map(str, row)))}" if what == "missing" and row else ""
        return Problem(location, f"field {_shown(fields.text)} is {what}", hint)
    seen = _seen(text_of(written), fields.html)
    id, url = id_of(_at(row, fields.id)), web_address(_at(row, fields.url))
    uri = name_of(id)
    return Post(
        key=uri or (f"{name}#{id}" if id else url) or str(location),
        kind=RecordKind.POST,
        location=location,
        parts=parts_of(
            (PartName.WARNING, text_of(_at(row, fields.warning)).strip()),
            (PartName.TEXT, seen.text),
            *((PartName.ALT, text_of(one).strip()) for one in items_of(_at(row, fields.alt))),
        ),
        author=_author(_at(row, fields.author)) or owner,
        published=_moment(_at(row, fields.published)),
        url=url or web_address(uri),
        uri=uri,
        visibility=_VISIBILITIES.get(line_of(_at(row, fields.visibility)).lower(), Visibility.UNKNOWN),
        language=line_of(_at(row, fields.language)),
        in_reply_to=_parent(_at(row, fields.reply_to), name),
        disguised=seen.disguised,
        media=sum(1 for _ in items_of(_at(row, fields.image))),
        attached=attached,
    )


def _images(row: Mapping[str, Any], name: str) -> tuple[Attached, ...]:
    """The pictures that a row names: one, or several in a list."""
    values = items_of(_at(row, name))
    named = [("image" if len(values) == 1 else f"image {i}", one) for i, one in enumerate(values, start=1)]
    found = (attached_at(name, one, "", within=False) for name, one in named)
    return tuple(one for one in found if one is not None)


def _reading(name: str, fields: Fields, owner: Account | None) -> Reading:
    statuses = reading(owner)

    def read(value: Any, location: Location) -> Iterator[Post | Problem]:
        # Whole statuses are kept in columns, too, as Mastodon.py writes them.
        packed = any(isinstance(one, str) and MASTOPY in one for one in mapping_of(value).values())
        if packed:
            yield from statuses(value, location)
        else:
            yield post_of_fields(value, fields, location, name, owner)

    return read


def _of_names(row: Mapping[str, Any]) -> Fields | None:
    """The mapping that the names of a row's fields suggest; None where none is called as a text is."""
    text = next((one for one in TEXTS if isinstance(row.get(one), str)), None)
    text = text or next((one for one in row if MASTOPY in text_of(row[one])), None)
    if text is None and text_of(row.get("image")):
        text = TEXTS[0]
    if text is None:
        return None
    others = {role: next((one for one in options if one in row), "") for role, options in _OTHERS.items()}
    return Fields(text, **others, html=None)


def _first_row(member: Member) -> Mapping[str, str]:
    """The names of the columns of CSV, and what is in the first row, as far as there is one."""
    try:
        with opened(member) as stream:
            columns, delimiter, behind = header_of(stream, member.name)
        with opened(member) as stream:
            row = next(rows(stream, delimiter, behind), None)
    except SourceError:
        return {}
    return dict.fromkeys(columns, "") | dict(zip(columns, row.cells if row else (), strict=False))


def _wrong_columns(columns: Sequence[str], fields: Fields) -> str:
    """Why the text cannot be found; empty where it can be."""
    if columns.count(fields.text) > 1:
        return f"two columns are called {_shown(fields.text)}"
    return "" if fields.text in columns else f"no column {_shown(fields.text)}"


def _at(row: Mapping[str, Any], name: str) -> Any:
    return found_at(row, name) if name else None


def _seen(text: str, html: bool | None) -> Seen:
    if html or (html is None and _TAG.search(text)):
        return as_seen(text)
    return Seen(text.strip(), (), ())


def _author(value: object) -> Account | None:
    """Who is meant: an account as the API has it, a handle, an address, or a name."""
    if isinstance(value, dict):
        return account_of(value) or _author(value.get("name"))
    name = line_of(value)
    handle, url = full_handle(name), web_address(name)
    return Account(handle, url, "" if handle or url else name) if name else None


def _moment(value: object) -> datetime | None:
    """When it was; seconds since 1970 may stand in a cell as digits."""
    digits = text_of(value).strip()
    return when(int(digits) if _NUMBER.fullmatch(digits) else value)


def _parent(value: object, name: str) -> str:
    id = id_of(value)
    return name_of(id) or (f"{name}#{id}" if id else "")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:39] + "…")


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(map(_shown, names[:most])) + (", …" if len(names) > most else "")
