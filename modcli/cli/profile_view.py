"""How `modcli profile` prints: data on stdout, talk on stderr, nothing that could steer a terminal."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Profile
from modcli.profiles.compare import Difference
from modcli.profiles.find import Found
from modcli.profiles.lint import Finding, Severity
from modcli.profiles.plan import Change, Editable
from modcli.reports.terminal_text import printable

Row = dict[str, Any]

_STYLES = {"block": "red", "warn": "yellow", "allow": "green"}


def row(found: Found, profile: Profile, *, hidden: bool) -> Row:
    """One profile of the list. `hidden` says that the user's own of the same name comes first."""
    return {
        "name": found.name,
        "from": found.origin.value,
        "hidden": hidden,
        "categories": len(profile.categories),
        "description": profile.description,
        "path": str(found.path),
    }


def broken_row(found: Found, error: ProfileError, *, hidden: bool) -> Row:
    """A profile of the list that cannot be loaded."""
    return {
        "name": found.name,
        "from": found.origin.value,
        "hidden": hidden,
        "categories": None,
        "description": "",
        "path": str(found.path),
        "error": str(error),
    }


def print_rows(rows: Iterable[Row], form: str) -> None:
    """The list, as a table or as JSON Lines."""
    if form == "jsonl":
        for one in rows:
            typer.echo(json.dumps(one))
        return
    table = Table("name", "from", "categories", "description", box=None, header_style="bold")
    for one in rows:
        origin = one["from"] + (" (yours comes first)" if one["hidden"] else "")
        told = f"invalid: {one['error']}" if "error" in one else one["description"]
        table.add_row(*map(_text, (one["name"], origin, str(one["categories"] or ""), told)))
    Console(highlight=False).print(table)


def print_profile(profile: Profile) -> None:
    """A resolved profile: a row for each category, its posts counted, and then what each one means."""
    console = Console(highlight=False)
    console.print(_text(f"{profile.name} ({profile.task}): {profile.description}"))
    table = Table(
        "category", "action", "threshold", "label", "examples", "counter", box=None, header_style="bold"
    )
    for category in profile.categories:
        table.add_row(
            _text(category.name),
            Text(category.action.value, style=_STYLES[category.action.value]),
            "auto" if category.threshold is None else f"{category.threshold:g}",
            _text(category.word),
            _counted(category.examples, category.images),
            _counted(category.counterexamples, category.counterimages),
        )
    console.print(table)
    console.print(_text(f"{len(profile.ordinary)} ordinary posts"))
    for category in profile.categories:
        console.print()
        console.print(Text(printable(category.name), style="bold"))
        console.print(Padding(_text(_told(category)), (0, 0, 0, 2)))


def _counted(texts: Sequence[object], pictures: Sequence[object]) -> str:
    return f"{len(texts)}" + (f" + {len(pictures)} pictures" if pictures else "")


def print_text(text: str) -> None:
    """Content as it is on a pipe; on a terminal nothing invisible stays unseen."""
    typer.echo(printable(text) if sys.stdout.isatty() else text, nl=False)


def print_json(data: Any) -> None:
    """Indented JSON in ASCII."""
    typer.echo(json.dumps(data, indent=2))


def print_change(change: Change) -> None:
    """A unified diff of what an edit changed, and what there is to say about it."""
    for note in change.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    for hint in change.hints:
        typer.echo(f"hint: {printable(hint)}", err=True)
    if change.old == change.new:
        typer.echo("nothing changed", err=True)
        return
    lines = difflib.unified_diff(
        _lines(change.old),
        _lines(change.new),
        str(change.path) if change.old else "/dev/null",
        str(change.path),
        lineterm="",
    )
    print_text("".join(f"{line}\n" for line in lines))


def tell_new_file(target: Editable) -> None:
    """Say that an edit of a profile that ships goes to a new file of the user's."""
    if target.seed and target.is_new:
        path = printable(str(target.found.path))
        typer.echo(
            f"'{target.found.name}' ships with modcli and stays as it is; your changes go to {path}",
            err=True,
        )


def tell_findings(wish: str, findings: Sequence[Finding]) -> None:
    """The weak spots of one profile on stderr, each with a hint, and their number."""
    for finding in findings:
        typer.echo(f"{finding.severity}: {printable(f'{wish}: {finding}')}", err=True)
        typer.echo(f"  hint: {printable(finding.hint)}", err=True)
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    counted = f"{warnings} warning{'s' * (warnings != 1)}" if warnings else "no warning"
    typer.echo(f"{printable(wish)}: valid, {counted}", err=True)


def print_differences(found: Iterable[Difference], form: str) -> None:
    """What differs between two profiles, as text or as JSON Lines."""
    for one in found:
        if form == "jsonl":
            typer.echo(json.dumps(asdict(one)))
        else:
            print_text(_difference(one) + "\n")


def print_moved(moved: Mapping[tuple[int, int], int], blind: Sequence[str], form: str) -> None:
    """How many stored texts go from one action to another. `blind` names the categories that had no say in it."""
    names = [action.value for action in Action]
    texts = sum(moved.values())
    changes = {f"{names[old]} to {names[new]}": n for (old, new), n in sorted(moved.items()) if old != new}
    if form == "jsonl":
        # Texts are windows, judged by the reading stage alone.
        told = {"what": "stored", "unit": "window", "stage": "reading", "texts": texts}
        typer.echo(json.dumps(told | {"moved": changes, "left_out": list(blind)}))
        return
    typer.echo(
        f"{texts:,} stored text{'s' * (texts != 1)} (a long one counts by its windows), judged by what was read of them "
        "alone; the profile prompt was not asked"
    )
    typer.echo(f"{sum(changes.values()):,} would be treated otherwise")
    for change, number in changes.items():
        typer.echo(f"    {change}: {number:,}")
    if blind:
        print_text(f"left out, as they have no examples: {', '.join(blind)}\n")


def _difference(one: Difference) -> str:
    name = one.category or "profile"
    if one.what == "category":
        return f"- {name} ({one.old})" if one.new is None else f"+ {name} ({one.new})"
    if one.what in ("example", "counterexample", "ordinary"):
        sign, text = ("-", one.old) if one.new is None else ("+", one.new)
        return f"{sign} {name}: {one.what} {json.dumps(text, ensure_ascii=False)}"
    if one.what in ("definition", "note"):
        changed = difflib.ndiff(_lines(one.old), _lines(one.new))
        return f"~ {name}: {one.what}\n" + "\n".join(f"    {line}" for line in changed if line[0] in "+-")
    return f"~ {name}: {one.what} {_value(one.old)} -> {_value(one.new)}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value in (None, "") else str(value)


def _told(category: Category) -> str:
    told = [category.definition or "(no definition: its examples say what it is)"]
    told += [f"note: {category.note}"] if category.note else []
    told += [f"exception to {', '.join(category.exempts)}"] if category.exempts else []
    told += (
        [f"detectors of pictures: {', '.join(one.name for one in category.detectors)}"]
        if category.detectors
        else []
    )
    return "\n".join(told)


def _lines(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def _text(content: str) -> Text:
    return Text(printable(content))
