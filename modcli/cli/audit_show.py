"""`modcli audit show|query|errors`: look at an audit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Annotated

import typer

from modcli.audit.outcomes import Outcome, outcomes
from modcli.audit.store import AuditStore, Judgement
from modcli.cli.audit_options import Acted, Audit, Authors, Category, Number, Since, Until, selection
from modcli.cli.options import Form
from modcli.cli.stream import tell
from modcli.reports.audit_terminal import print_errors, print_outcomes, print_show, record_of
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output

Words = Annotated[
    str, typer.Option("--contains", metavar="WORDS", help="Only with these words, in small or capitals.")
]
Most = Annotated[int, typer.Option("--limit", min=1, help="So many items at most.")]


def run_show(file: Audit, judgement: Number = None, form: Form = None) -> None:
    """Say what an audit is and what it came to."""
    with AuditStore(file) as store:
        print_show(store, _chosen(store, judgement), terminal=_is_table(form))


def run_query(
    file: Audit,
    action: Acted = None,
    category: Category = "",
    author: Authors = None,
    since: Since = "",
    until: Until = "",
    contains: Words = "",
    limit: Most = 50,
    judgement: Number = None,
    form: Form = None,
) -> None:
    """Show items: by action, category, author, date or words."""
    wanted = selection(since=since, until=until, authors=author, action=action, category=category)
    with AuditStore(file) as store:
        found = outcomes(store, store.chosen(judgement), wanted)
        words = contains.casefold()
        matching = (
            one for one in found if not words or any(words in text.casefold() for text in _texts(one))
        )
        shown = list(islice(matching, limit + 1))
        if _is_table(form):
            print_outcomes(shown[:limit])
        else:
            output = standard_output()
            with suppress(ReaderGone):
                for one in shown[:limit]:
                    output.write(json_line(record_of(one)))
        if len(shown) > limit:
            tell(f"the first {limit:,} are shown; --limit shows more, `modcli audit export` all")


def run_errors(file: Audit, judgement: Number = None, form: Form = None) -> None:
    """Say what could not be read or judged, and where."""
    with AuditStore(file) as store:
        if not print_errors(store, _chosen(store, judgement), terminal=_is_table(form)):
            tell("everything could be read and judged")


def _texts(one: Outcome) -> Iterator[str]:
    """All that is to be read in an item, in its pictures as well."""
    yield from (piece.text for piece in one.pieces)
    yield from (" ".join(shown.words) for shown in one.pictures)


def _chosen(store: AuditStore, number: int | None) -> Judgement | None:
    """The judgement, where there is one."""
    return store.chosen(number) if number is not None or store.fact("judgement") is not None else None


def _is_table(form: str | None) -> bool:
    return form == "table" or (form is None and sys.stdout.isatty())
