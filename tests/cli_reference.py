"""docs/cli.md from the commands themselves. Run as a script, it writes the page; a test compares it.

python -m tests.cli_reference
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer

from modcli.cli.app import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

_HEAD = """\
# Command line

Every command, with what it takes. `--help` says the same, and every command has it.
This page is generated: `python -m tests.cli_reference`.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Each command that does something, and its full name."""
    for name, (module, _) in COMMANDS.items():
        command = typer.main.get_command(importlib.import_module(module).app)
        subcommands: dict[str, Any] = getattr(command, "commands", {})
        if subcommands:
            # A group may have a command that is meant where none is named.
            default = getattr(command, "default", None)
            yield from (
                (f"modcli {name}" if sub == default else f"modcli {name} {sub}", one)
                for sub, one in subcommands.items()
            )
        else:
            yield f"modcli {name}", command


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(name, command) for name, command in commands())])


def options(command: Any) -> list[Any]:
    """The options of a command, without `--help`."""
    return [param for param in command.params if param.param_type_name == "option"]


def spelled(option: Any) -> str:
    """An option as one writes it: all of its names, then what it takes."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        names += " / " + ", ".join(option.secondary_opts)
    return names if option.is_flag else f"{names} {option.metavar or _choices(option)}"


def _choices(option: Any) -> str:
    annotation = option.type_descriptor.annotation
    if isinstance(annotation, type):
        members = list(annotation) if issubclass(annotation, Enum) else []
        return "|".join(str(member) for member in members) or "NUMBER"
    return "|".join(map(str, get_args(annotation)))


def _section(name: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    taken = [param.metavar or param.name.upper() for param in arguments]
    lines = [f"## {' '.join([name, *taken])}", "", inspect.cleandoc(command.help), ""]
    rows = [(f"`{word}`", argument.help) for word, argument in zip(taken, arguments, strict=True)]
    rows += [(f"`{spelled(option)}`", option.help) for option in options(command)]
    if rows:
        lines += ["| | |", "|---|---|", *(f"| {_cell(left)} | {_cell(right)} |" for left, right in rows)]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
