"""`modcli cache`: what is kept on disk, and how to clear it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from modcli.cascade.inventory import KINDS, Stock, clear, take_stock
from modcli.cli.assemble import cache_folders
from modcli.errors import Location, OutputError, UsageError
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings

app = typer.Typer(
    name="cache",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What is kept on disk, and how to clear it.",
)


@app.command()
def info(
    form: Annotated[
        Literal["table", "jsonl", "json"] | None,
        typer.Option("--format", help="table on a terminal, jsonl on a pipe."),
    ] = None,
) -> None:
    """How much is kept, by kind: verdicts, states of texts, fitted judges, prompts' prefixes, facts of models, tests."""
    settings = _settings()
    stocks = [take_stock(kind, path) for kind, path in cache_folders(settings).items()]
    if form == "table" or (form is None and sys.stdout.isatty()):
        Console(highlight=False).print(_table(stocks, settings))
    elif form == "json":
        whole = {"folder": str(settings.cache_dir), "bytes": _bytes(stocks), "enabled": settings.cache}
        typer.echo(json.dumps(whole | {"kinds": [_record(stock) for stock in stocks]}, indent=1))
    else:
        for stock in stocks:
            typer.echo(json.dumps(_record(stock)))


@app.command("clear")
def clear_kinds(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KIND]...", help=f"{', '.join(KINDS)}. Default: all of them."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete what is kept, or some kinds of it. Nothing is lost but time; model files stay."""
    folders = cache_folders(_settings())
    for kind in kinds or ():
        if kind not in folders:
            raise UsageError(f"there is no kind '{kind}'", hint=f"the kinds are {', '.join(folders)}")
    chosen = {kind: path for kind, path in folders.items() if not kinds or kind in kinds}
    stocks = [take_stock(kind, path) for kind, path in chosen.items()]
    if not _bytes(stocks):
        typer.echo("nothing is kept", err=True)
        return
    if not yes:
        _ask(stocks)
    freed = sum(_cleared(stock) for stock in stocks if stock.bytes)
    typer.echo(f"{', '.join(s.kind for s in stocks if s.bytes)}: {_megabytes(freed)} freed", err=True)


def _settings() -> Settings:
    return load_settings({}, os.environ, Path.cwd())


def _ask(stocks: Sequence[Stock]) -> None:
    """Go on only with a yes. Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked whether to delete it", hint="add --yes")
    kinds = ", ".join(stock.kind for stock in stocks if stock.bytes)
    if not typer.confirm(f"Delete {kinds} ({_megabytes(_bytes(stocks))})?", err=True):
        typer.echo("nothing was deleted", err=True)
        raise typer.Exit


def _cleared(stock: Stock) -> int:
    try:
        return clear(stock.kind, stock.path)
    except OSError as error:
        raise OutputError(
            f"cannot be deleted: {error.strerror or error}",
            location=Location(str(error.filename or stock.path)),
        ) from error


def _bytes(stocks: Sequence[Stock]) -> int:
    return sum(stock.bytes for stock in stocks)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _record(stock: Stock) -> dict[str, Any]:
    return {**asdict(stock), "path": str(stock.path)}


def _table(stocks: Sequence[Stock], settings: Settings) -> Table:
    off = "" if settings.cache else "; the `cache` setting is off"
    caption = f"total {_megabytes(_bytes(stocks))}{off}"
    table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left")
    for heading in ("kind", "entries", "MB", "where"):
        table.add_column(
            heading, justify="right" if heading in ("entries", "MB") else "left", overflow="fold"
        )
    for stock in stocks:
        size = f"{stock.bytes / 1e6:,.1f}"
        table.add_row(stock.kind, f"{stock.entries:,}", size, printable(str(stock.path)))
    return table
