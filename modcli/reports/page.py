"""What every report of one page of HTML shares: its template engine, and how content is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from modcli.reports.terminal_text import printable


def environment(filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """The template engine: it escapes everything, and a name that is not there is an error."""
    made = Environment(
        loader=PackageLoader("modcli.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters.update(filters)
    return made


def excerpt(text: str, most: int) -> str:
    """The first `most` characters of content as they may be shown: nothing invisible or that turns its direction."""
    shown = printable(text[:most])
    return f"{shown} …" if len(text) > most else shown
