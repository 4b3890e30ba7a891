"""JSON Lines: one object a line, one of its fields the text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NoReturn

from modcli.errors import Location
from modcli.item import NO_METADATA, Item
from modcli.sources.inputs import record_id
from modcli.sources.lines import ByteStream, Line, LongItem, read_lines, refuse_utf16
from modcli.sources.text import BOM, MAX_CHARACTERS, not_utf8

#: A longer line is not parsed: JSON has to be held in memory whole.
MAX_BYTES = 16 << 20

_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}


class _Unusable(ValueError):
    """Why a record cannot be judged, in words for its error."""


def read_jsonl(
    stream: ByteStream,
    name: str,
    *,
    field: str = "text",
    keep: Sequence[str] = (),
    instead: str = "",
    keep_rest: bool = False,
    max_characters: int = MAX_CHARACTERS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[Item]:
    """An item for each line that is not blank.

    `field` names the text: a key, or a dotted path to one (`status.content`). The id is the record's `id`
    where that is a string or an integer, else `file:line`. A line that is longer than `max_bytes`, is no JSON
    object, repeats a key, or lacks a text in the field is an item with an error. Text longer than
    `max_characters` is cut, and `metadata["truncated_bytes"]` says by how much. `raw` as for
    `text.read_text`. With `keep`, `metadata["fields"]` holds the values, as parsed, of those of these fields (named
    like the text's) that the record has. A record that has the field `instead` needs no text.
    """
    for line in read_lines(stream, name, limit=max_bytes, keep_rest=keep_rest):
        if line.number == 1:
            refuse_utf16(line.head, name)
        if line.size > len(line.head) or line.head.strip():
            yield _item(line, name, field, keep, instead, max_characters)


def _item(line: Line, name: str, field: str, keep: Sequence[str], instead: str, max_characters: int) -> Item:
    id, location = record_id(name, line.number), Location(name, line.number)
    text, error, found = "", None, dict[str, Any]()
    try:
        record = _parse(line)
        id = _own_id(record) or id
        if keep:
            found["fields"] = MappingProxyType(_kept(record, keep))
        text = _text(record, field) if not _is_without(record, field, instead) else ""
    except _Unusable as unusable:
        error = str(unusable)
    if len(text) > max_characters:
        found["truncated_bytes"] = len(text[max_characters:].encode())
        text = text[:max_characters]
    metadata = MappingProxyType(found) if found else NO_METADATA
    if line.rest is not None:
        return LongItem(id, text, location, line.head, metadata=metadata, error=error, rest=line.rest)
    return Item(id, text, location, line.head, metadata=metadata, error=error)


def _parse(line: Line) -> dict[str, Any]:
    if line.size > len(line.head):
        raise _Unusable(f"{line.size:,} bytes in one line; the most that is parsed is {len(line.head):,}")
    content = line.head.rstrip(b"\r\n")
    content = content.removeprefix(BOM) if line.number == 1 else content
    try:
        record = json.loads(content.decode(), object_pairs_hook=_unambiguous, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise _Unusable(not_utf8(error)) from error
    except json.JSONDecodeError as error:
        raise _Unusable(f"not valid JSON: {error.msg} at column {error.pos + 1}") from error
    except RecursionError as error:
        raise _Unusable("JSON nested too deeply") from error
    except _Unusable:
        raise
    except ValueError as error:  # the interpreter's limit on the digits of an integer
        raise _Unusable(f"not usable JSON: {error}") from error
    if not isinstance(record, dict):
        raise _Unusable(f"not a JSON object but {_kind(record)}")
    return record


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two readers of a repeated key may see two different texts, so it is refused."""
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Unusable(f"key {_shown(repeated)} occurs twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise _Unusable(f"not valid JSON: {word}")


def _kept(record: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The values of those of the fields that there are."""
    kept = {}
    for field in fields:
        with suppress(KeyError):
            kept[field] = _find(record, field)
    return kept


def _find(record: dict[str, Any], field: str) -> Any:
    """The value at a key or dotted path; a key that holds the dots itself comes first. Raises KeyError."""
    found: Any = record
    for key in [field] if field in record else field.split("."):
        if not isinstance(found, dict):
            raise KeyError(key)
        found = found[key]
    return found


def _is_without(record: dict[str, Any], field: str, instead: str) -> bool:
    """Whether a record has no text, and another field in its place."""
    kept = _kept(record, [field, instead]) if instead else {}
    return kept.get(field) is None and kept.get(instead) is not None


def _text(record: dict[str, Any], field: str) -> str:
    try:
        found = _find(record, field)
    except KeyError:
        raise _Unusable(f"no field {_shown(field)}{_there_are(record)}") from None
    if not isinstance(found, str):
        raise _Unusable(f"field {_shown(field)} is {_kind(found)}, not a text")
    if not _encodable(found):
        raise _Unusable(f"field {_shown(field)} holds half of a surrogate pair: no valid text")
    if "\0" in found:
        raise _Unusable(f"field {_shown(field)} holds a NUL character: not text")
    return found


def _own_id(record: dict[str, Any]) -> str | None:
    own = record.get("id")
    if isinstance(own, str) and own and _encodable(own):
        return own
    if isinstance(own, int) and not isinstance(own, bool):
        return str(own)
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _there_are(record: dict[str, Any], most: int = 6) -> str:
    """The fields that a record does have, for somebody who has to name the right one."""
    names = ", ".join(_shown(key) for key in list(record)[:most])
    return f" (there are: {names}{', ...' if len(record) > most else ''})" if names else ""


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")


def _shown(key: str, width: int = 40) -> str:
    return repr(key if len(key) <= width else key[:width] + "...")
