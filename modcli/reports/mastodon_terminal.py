"""The files that `modcli audit act` wrote, and the keywords that it proposes, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modcli.audit.filter_words import Matches
from modcli.reports.mastodon_packages import Package
from modcli.reports.terminal_text import printable


def print_packages(packages: Sequence[Package]) -> None:
    """A row for each kind: its files, and how many are in them."""
    if not packages:
        return
    table = _table("KIND", "LISTED", "LEFT OUT", "FILES")
    for one in packages:
        names = [file.name for file in (*one.main, *filter(None, (one.undo, one.reasons)))]
        table.add_row(one.kind.value, f"{one.listed:,}", f"{one.left_out:,}", ", ".join(names) or "none")
    Console(highlight=False).print(table)


def print_proposals(matches: Sequence[Matches]) -> None:
    """A row for each keyword, with what of the audit it matches."""
    if not matches:
        Console(highlight=False).print("no word is frequent in what was flagged and rare in what was allowed")
        return
    table = _table("KEYWORD", "FLAGGED TEXTS WITH IT", "ALLOWED TEXTS WITH IT")
    for one in matches:
        keyword = Text(printable(one.keyword.text))
        table.add_row(
            keyword, f"{one.flagged:,} of {one.all_flagged:,}", f"{one.allowed:,} of {one.all_allowed:,}"
        )
    Console(highlight=False).print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name)
    return table
