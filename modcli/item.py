"""The unit of content that a source yields and a moderator judges."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from modcli.errors import Location

NO_METADATA: Mapping[str, Any] = MappingProxyType({})


class Kind(StrEnum):
    """What an item is made of."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True)
class Item:
    """One unit of content.

    `raw` is the record as it stood in the source, its line ending included, so that a filter can pass it on
    unchanged. An item that could not be read carries an `error` and no text: it keeps its place in the order.
    Of an image, `text` is what stands beside it, and `metadata["image"]` the path of its file.
    """

    id: str
    text: str
    location: Location
    raw: bytes = b""
    kind: Kind = Kind.TEXT
    # A factory, because Python 3.11 takes any unhashable default for a mutable one.
    metadata: Mapping[str, Any] = field(default_factory=lambda: NO_METADATA)
    error: str | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of kind and content, hex: equal for equal content, whatever its source."""
        return hashlib.sha256(f"{self.kind}\0{self.text}".encode("utf-8", "surrogatepass")).hexdigest()
