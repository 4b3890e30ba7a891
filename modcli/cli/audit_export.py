"""`modcli audit export`: the items of an audit for other programs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.store import AuditStore
from modcli.cli.audit_options import (
    Acted,
    Audit,
    Authors,
    Category,
    Number,
    Private,
    Since,
    Until,
    selection,
)
from modcli.cli.stream import tell
from modcli.errors import UsageError
from modcli.reports.audit_export import write_csv, write_jsonl, write_parquet
from modcli.reports.output import Output, ReaderGone, standard_output
from modcli.reports.output_file import check_output_file

Form = Annotated[Literal["jsonl", "csv", "parquet"], typer.Option("--format", help="Parquet needs -o.")]
Out = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: standard output.")]
NoText = Annotated[bool, typer.Option("--no-text", help="Leave out what people wrote.")]


def run_export(
    file: Audit,
    form: Form = "jsonl",
    output: Out = None,
    action: Acted = None,
    category: Category = "",
    author: Authors = None,
    since: Since = "",
    until: Until = "",
    include_private: Private = False,
    no_text: NoText = False,
    judgement: Number = None,
) -> None:
    """Write an audit's items, one a line or row.

    What was meant for followers or single people is left out unless asked for.
    """
    wanted = selection(
        since=since, until=until, authors=author, action=action, category=category, private=include_private
    )
    if form == "parquet" and output is None:
        raise UsageError("Parquet is no text for a terminal or a pipe", hint="-o FILE.parquet")
    if output is not None:
        check_output_file(output)
    with AuditStore(file) as store:
        chosen = store.chosen(judgement)
        found = outcomes(store, chosen, wanted)
        categories = list(chosen.thresholds)
        if form == "parquet" and output is not None:
            count = write_parquet(output, found, categories, text=not no_text)
        else:
            count = 0
            stream = output.open("wb") if output is not None else None
            target = Output(stream, str(output)) if stream is not None else standard_output()
            with suppress(ReaderGone):
                if form == "csv":
                    count = write_csv(target, found, categories, text=not no_text)
                else:
                    count = write_jsonl(target, found, text=not no_text)
            if stream is not None:
                stream.close()
        _tell_private(store, chosen.id, wanted, count, output)


def _tell_private(
    store: AuditStore, judgement: int, wanted: Selection, count: int, output: Path | None
) -> None:
    if output is not None:
        tell(f"{count:,} items written to {output}")
    if not wanted.private:
        everything = replace(wanted, private=True)
        hidden = sum(one.is_private for one in outcomes(store, store.chosen(judgement), everything))
        if hidden:
            tell(
                f"{hidden:,} items for followers or single people were left out; --include-private writes them too"
            )
