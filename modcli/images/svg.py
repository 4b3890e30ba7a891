"""SVG as pixels."""

from __future__ import annotations

from modcli.errors import Location, SourceError
from modcli.images.picture import Pixels


def render(data: bytes, name: str, kept: int) -> tuple[Pixels, tuple[int, int]]:
    """Not yet."""
    raise SourceError("SVG is not read", location=Location(name), hint="convert it to PNG")
