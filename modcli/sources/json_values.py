"""Values of JSON of which nothing is known: what is asked for, or nothing of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: A longer address is none.
LONGEST_ADDRESS = 4096
_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20\x7f]+")


def text_of(value: object) -> str:
    """A string as text that can be kept: halves of surrogate pairs and NUL are replaced; empty for all else."""
    if not isinstance(value, str):
        return ""
    text = value.replace("\0", "\ufffd") if "\0" in value else value
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def line_of(value: object) -> str:
    """A string as text of one line, without spaces around it."""
    return " ".join(text_of(value).split())


def mapping_of(value: object) -> Mapping[str, Any]:
    """An object; an empty one for all else."""
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[Any]:
    """The values of a list, the one value that stands where a list may stand, none for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def mappings_of(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, or the one object that stands in its place."""
    for one in items_of(value):
        if isinstance(one, dict):
            yield one


def id_of(value: object) -> str:
    """What stands for something in a file: a string, or a whole number as one."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # the interpreter's limit on digits
            return ""
    return line_of(value)


def web_address(value: object) -> str:
    """The address of a page; empty where it is none that a browser opens."""
    found = text_of(value).strip()
    return found if len(found) <= LONGEST_ADDRESS and _WEB.fullmatch(found) else ""


def name_of(value: object) -> str:
    """A URI of any kind (`https:`, `at:`, `tag:`), which tells a thing from all others; nothing to open."""
    found = text_of(value).strip()
    return found if len(found) <= LONGEST_ADDRESS and _SCHEME.fullmatch(found) else ""


def found_at(value: object, path: str) -> Any:
    """The value at a key or dotted path of an object; a key that holds the dots itself comes first. None where there is
    none."""
    found = mapping_of(value)
    if path in found:
        return found[path]
    steps, last = path.split("."), len(path.split(".")) - 1
    for i, key in enumerate(steps):
        if key not in found:
            return None
        if i == last:
            return found[key]
        found = mapping_of(found[key])
    return None


def parsed(text: str, *, longest: int = 16 << 20) -> Any:
    """The value of a JSON text; None for what is none, or longer."""
    if len(text) > longest:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
