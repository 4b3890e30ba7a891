"""`modcli doctor`: check this machine, the weights and two known posts, end to end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from modcli.cli.assemble import build_moderator
from modcli.cli.stream import tell
from modcli.diagnosis import installed, machine
from modcli.diagnosis.finding import Finding, State, failure, warning
from modcli.diagnosis.trial import judge_known, known_posts
from modcli.errors import ModcliError, SettingsError
from modcli.profile import Action
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, is_repository, load_settings

PROBLEM = 2
_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(
    profile: Annotated[
        list[str] | None,
        typer.Option("-p", "--profile", metavar="NAME|PATH", help="Try this profile; several are stacked."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="llama-cpp|scripted", help="What runs the model."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME|PATH", help="See `modcli models list`.")
    ] = None,
    offline: Annotated[
        bool | None, typer.Option("--offline/--online", help="Never, or where needed, fetch the model.")
    ] = None,
    form: Annotated[
        Literal["table", "jsonl"] | None,
        typer.Option("--format", help="table on a terminal, jsonl on a pipe."),
    ] = None,
) -> None:
    """Check this machine, the weights and two known posts, end to end.

    Exit status: 0 all is well, or nothing but warnings; 2 there is a problem.
    """
    flags = {"profile": profile, "backend": backend, "model": model, "offline": offline}
    as_table = form == "table" or (form is None and sys.stdout.isatty())
    found = []
    for finding in _findings(flags):
        found.append(finding)
        _print(finding, as_table=as_table)
    for finding in found:
        if finding.hint:
            tell(f"hint: {finding.what}: {finding.hint}")
    raise typer.Exit(PROBLEM if any(finding.state is State.PROBLEM for finding in found) else 0)


def _findings(flags: Mapping[str, object]) -> Iterator[Finding]:
    """One after the other, as they are found."""
    yield machine.versions()
    yield machine.system()
    yield machine.encoding(sys.stdout.encoding)
    try:
        settings = load_settings(flags, os.environ, Path.cwd())
    except SettingsError as error:
        yield failure("settings", error)
        return
    yield installed.settings_files(settings)
    yield installed.network(settings.offline)
    yield machine.processor(settings.threads, machine.cores())
    # A server's model is not here, and a folder or a repository of the hub is no file of the registry's.
    elsewhere = is_repository(settings.model) or Path(settings.model).expanduser().is_dir()
    needs_model = settings.backend not in ("scripted", "openai") and not elsewhere
    if needs_model:
        yield machine.runtime()
    weights = installed.weights(settings.model, settings.data_dir, offline=settings.offline)
    if needs_model:
        yield weights.finding
        yield machine.memory(weights.bytes, machine.free_memory())
        yield machine.folder("model folder", settings.data_dir, weights.missing)
    if settings.cache:
        yield machine.folder("cache folder", settings.cache_dir)
    shelf = Shelf(settings.config_dir / "profiles")
    yield from installed.profiles(shelf)
    yield installed.chosen_profile(settings.profile, shelf)
    if needs_model and not weights.usable and settings.offline is not False:
        yield warning("end to end", "not tried, for there is no model", "`modcli doctor --online` fetches it")
    else:
        yield from _trial(settings, shelf)


def _trial(settings: Settings, shelf: Shelf) -> Iterator[Finding]:
    try:
        profile = load_stacked(settings.profile, shelf)
        moderator = build_moderator(settings, profile, on_error=Action.WARN, tell=tell, verdicts=False)
        try:
            yield from judge_known(known_posts(profile), moderator)
        finally:
            moderator.close()
    except ModcliError as error:
        yield failure("end to end", error)


def _print(finding: Finding, *, as_table: bool) -> None:
    if not as_table:
        typer.echo(json.dumps(asdict(finding)))
        return
    line = Text.assemble((f"{finding.state.value:8}", _STYLES[finding.state]))
    line.append(f" {printable(finding.what):26} {printable(finding.detail)}")
    Console(highlight=False, soft_wrap=True).print(line)
