"""`modcli config`: settings, and where each comes from."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from modcli.reports.terminal_text import printable
from modcli.settings import USER_FILE, Settings, load_settings

app = typer.Typer(
    name="config", no_args_is_help=True, rich_markup_mode=None, help="Settings, and where each comes from."
)


@app.command()
def show(
    form: Annotated[
        Literal["table", "json"] | None, typer.Option("--format", help="table; on a pipe: json.")
    ] = None,
) -> None:
    """Print every setting with where it comes from: flag, environment, file and line, or default."""
    settings = _settings()
    if form == "table" or (form is None and sys.stdout.isatty()):
        Console(highlight=False).print(_table(settings))
    else:
        typer.echo(
            json.dumps(
                {name: {"value": _plain(value), "origin": origin} for name, value, origin in settings},
                indent=1,
            )
        )


@app.command()
def path() -> None:
    """Print the path of your own configuration file, whether it exists or not."""
    typer.echo(_settings().config_dir / USER_FILE)


def _settings() -> Settings:
    return load_settings({}, os.environ, Path.cwd())


def _plain(value: object) -> object:
    """As JSON has it; `offline` is auto where nothing was said."""
    if value is None:
        return "auto"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _table(settings: Settings) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "from"):
        table.add_column(heading, overflow="fold")
    for name, value, origin in settings:
        plain = _plain(value)
        if isinstance(plain, bool):
            text = str(plain).lower()
        else:
            text = ", ".join(plain) if isinstance(plain, list) else str(plain)
        table.add_row(name, printable(text), printable(origin))
    return table
