"""The `modcli` command: a table of subcommands, each loaded when it is run, and the one place where errors are told."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from modcli import __version__
from modcli.errors import MissingExtraError, ModcliError
from modcli.reports.terminal_text import printable

#: Subcommand: the module that holds it as `app`, and its line in the help.
COMMANDS = {
    "check": ("modcli.cli.check", "Judge texts, pictures and agent skills: from arguments, files or a pipe."),
    "audit": ("modcli.cli.audit", "Judge an export: a resumable audit in one file."),
    "report": ("modcli.cli.report", "An audit as one page that people read."),
    "review": ("modcli.cli.review", "Answer for what an audit is unsure of; let the profile learn from it."),
    "appeal": ("modcli.cli.appeal", "Judge an item of an audit again, and record why."),
    "eval": ("modcli.cli.eval", "Measure verdicts on labelled rows; compare profiles, models and prompts."),
    "profile": ("modcli.cli.profile", "Make, read and edit profiles."),
    "hashes": ("modcli.cli.hashes", "Lists of perceptual hashes, of pictures and other lists."),
    "tune": ("modcli.cli.tune", "Let a profile learn from a sample of your own posts, without labels."),
    "models": ("modcli.cli.models", "Fetch, verify and remove model files."),
    "cache": ("modcli.cli.cache", "What is kept on disk, and how to clear it."),
    "config": ("modcli.cli.config", "Settings, and where each comes from."),
    "doctor": ("modcli.cli.doctor", "Check this machine, the weights and one known item, end to end."),
}

#: Packages that only some commands need: what to call each, and the extra that brings it.
EXTRAS = {"sklearn": ("scikit-learn", "eval")}

INTERRUPTED = 130


class LazyGroup(TyperGroup):
    """Loads a subcommand when it is run, so that `--help` stays fast; tells a ModcliError on stderr."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- typer's signature
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- typer's signature
        """A stand-in with name and help: enough for the listing."""
        entry = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=entry[1], rich_markup_mode=None) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command. Raises MissingExtraError where a package of an extra is not there."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is None:
            return name, command, rest
        loaded = typer.main.get_command(_module(command.name or "").app)
        loaded.name = command.name
        return name, loaded, rest

    def invoke(self, ctx: Any) -> Any:
        """Run; a ModcliError becomes `error:` and `hint:` lines and its exit status."""
        try:
            return super().invoke(ctx)
        except ModcliError as error:
            tell_error(error)
            raise typer.Exit(error.exit_code) from error


def _module(command: str) -> Any:
    """The module of a command."""
    try:
        return importlib.import_module(COMMANDS[command][0])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        known_as, extra = EXTRAS[package]
        raise MissingExtraError(
            f"modcli {command} needs {known_as}", hint=f"pip install 'modcli[{extra}]'"
        ) from error


def tell_error(error: ModcliError) -> None:
    """One `error:` line and, where there is one, a `hint:` line on stderr."""
    typer.echo(f"error: {printable(str(error))}", err=True)
    if error.hint:
        typer.echo(f"hint: {printable(error.hint)}", err=True)


app = typer.Typer(
    name="modcli",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modcli {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Content moderation by your own rules, on your own machine."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run, and end with the exit status that scripts rely on."""
    # The matrices here are small. On a busy machine numpy's threads wait for each other many times longer than
    # they work: fitting a profile's heads took 23 s with two threads, and 0.3 s with one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(args=None if arguments is None else list(arguments))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): no more output is wanted, and none may be tried at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
