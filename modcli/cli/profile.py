"""`modcli profile`: make, read and edit profiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from modcli.cascade.rejudging import fitted_to, moved
from modcli.cli import profile_view as view
from modcli.cli.app import tell_error
from modcli.cli.assemble import rejudge_stored
from modcli.cli.editor import edited_by_hand
from modcli.cli.options import Which, only
from modcli.cli.profile_backtest import run_backtest
from modcli.cli.profile_doctor import run_doctor
from modcli.cli.profile_learn import run_learn
from modcli.cli.profile_suggest import run_suggest
from modcli.cli.profile_test import run_profile_tests
from modcli.cli.stream import tell
from modcli.errors import ProfileError
from modcli.images.decoding import open_picture, read_file
from modcli.profiles import create, edit, shots
from modcli.profiles.compare import differences
from modcli.profiles.document import schema
from modcli.profiles.export import as_json, as_yaml
from modcli.profiles.find import Shelf, valid_name
from modcli.profiles.lint import Severity, lint
from modcli.profiles.load import load, load_found, load_stacked
from modcli.profiles.plan import Editable, editable
from modcli.reports.terminal_text import printable
from modcli.settings import is_path, load_settings

WARNED = 1
INVALID = 2

app = typer.Typer(
    name="profile",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Make, read and edit profiles.",
)

Several = Annotated[
    list[str] | None,
    typer.Option("--profile", "-p", metavar="NAME|PATH", help="The profile; several are stacked."),
]
Names = Annotated[list[str] | None, typer.Argument(metavar="[PROFILE]...", help="The same as -p.")]
Name = Annotated[str | None, typer.Argument(metavar="[PROFILE]", help="The same as -p.")]
CategoryName = Annotated[str, typer.Argument(metavar="CATEGORY", help="The category, new or known.")]
Examples = Annotated[
    list[str] | None,
    typer.Option("--example", "-e", metavar="TEXT", help="A post that belongs to it (repeatable)."),
]
Definition = Annotated[
    str, typer.Option("--definition", "-d", metavar="TEXT", help="What belongs to it, and what does not.")
]


@app.command()
def init(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="The new profile's name, or a path.")],
    extends: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="The profile to start from; '' for none.")
    ] = "default",
) -> None:
    """Write a new profile with comments that show what can be said in it."""
    shelf = _shelf()
    path = Path(name).expanduser() if is_path(name) else shelf.user / f"{valid_name(name)}.yaml"
    change = create.create(path, create.starter(path.stem, extends or None), shelf)
    typer.echo(str(change.path))
    typer.echo(f"edit it with `modcli profile edit {name}`, use it with `modcli check -p {name}`", err=True)


@app.command("list")
def list_profiles(
    form: Annotated[
        Literal["table", "jsonl"] | None,
        typer.Option("--format", help="table on a terminal, jsonl on a pipe."),
    ] = None,
) -> None:
    """The profiles that can be used by name: yours, and those that ship."""
    shelf = _shelf()
    rows = []
    for found in shelf.all():
        hidden = shelf.find(found.name).path != found.path
        try:
            rows.append(view.row(found, load_found(found, shelf), hidden=hidden))
        except ProfileError as error:
            rows.append(view.broken_row(found, error, hidden=hidden))
    view.print_rows(rows, form or ("table" if sys.stdout.isatty() else "jsonl"))


@app.command()
def show(
    names: Names = None,
    profile: Several = None,
    form: Annotated[
        Literal["table", "yaml", "json"] | None,
        typer.Option("--format", help="table on a terminal, yaml on a pipe."),
    ] = None,
) -> None:
    """Print a profile with all that it inherits; several are stacked."""
    shelf, wishes = _shelf(), _wishes(names, profile)
    resolved = load_stacked(wishes, shelf)
    for wish in wishes:
        found = shelf.find(wish)
        typer.echo(f"{found.name}: {printable(str(found.path))} ({found.origin})", err=True)
    form = form or ("table" if sys.stdout.isatty() else "yaml")
    if form == "table":
        view.print_profile(resolved)
    else:
        view.print_text(as_yaml(resolved) if form == "yaml" else as_json(resolved) + "\n")


@app.command()
def validate(
    names: Names = None,
    profile: Several = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")] = False,
) -> None:
    """Check profiles, and warn of what is known to weaken them. Exits with 2 for an invalid one."""
    shelf, status = _shelf(), 0
    for wish in _wishes(names, profile):
        try:
            findings = lint(load(wish, shelf))
        except ProfileError as error:
            tell_error(error)
            status = INVALID
            continue
        view.tell_findings(wish, findings)
        if strict and status == 0 and any(finding.severity is Severity.WARNING for finding in findings):
            status = WARNED
    raise typer.Exit(status)


@app.command("edit")
def edit_by_hand(name: Name = None, profile: Which = None) -> None:
    """Open a profile in your editor, and replace it if what you wrote is valid."""
    target, shelf = _opened(name, profile)
    change = edited_by_hand(target, shelf, os.environ)
    if change is None:
        typer.echo("nothing changed", err=True)
    else:
        view.print_change(change)


@app.command()
def block(
    category: CategoryName, example: Examples = None, definition: Definition = "", profile: Which = None
) -> None:
    """Block a category. A new one needs one example or one definition; an unblock is taken back."""
    target, shelf = _opened(profile)
    view.print_change(edit.block(target, shelf, category, definition=definition, examples=example or ()))


@app.command()
def unblock(
    category: CategoryName,
    example: Examples = None,
    definition: Definition = "",
    origin: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="CATEGORY", help="It is an exception to this category (repeatable)."),
    ] = None,
    profile: Which = None,
) -> None:
    """Allow a category, and tell the model. A new one is an exception to what is blocked, or to --from."""
    target, shelf = _opened(profile)
    change = edit.unblock(
        target, shelf, category, definition=definition, examples=example or (), exempts=origin or ()
    )
    view.print_change(change)


@app.command()
def warn(
    category: CategoryName, example: Examples = None, definition: Definition = "", profile: Which = None
) -> None:
    """Warn of a category instead of blocking or allowing it."""
    target, shelf = _opened(profile)
    view.print_change(edit.warn(target, shelf, category, definition=definition, examples=example or ()))


@app.command()
def extend(
    category: CategoryName,
    example: Examples = None,
    definition: Annotated[
        str, typer.Option("--definition", "-d", metavar="TEXT", help="One more clause of its definition.")
    ] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="One more note to the model.")] = "",
    profile: Which = None,
) -> None:
    """Widen a category to a variation: leetspeak, coded words, another language."""
    target, shelf = _opened(profile)
    view.print_change(
        edit.extend(target, shelf, category, definition=definition, examples=example or (), note=note)
    )


@app.command()
def add_shot(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The post.")] = None,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="FILE", help="A picture, instead of a post.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", "-l", metavar="CATEGORY", help="It belongs to this category, and to no other one."
        ),
    ] = None,
    counter: Annotated[
        list[str] | None,
        typer.Option("--counter", "-c", metavar="CATEGORY", help="It looks like this category, and is none."),
    ] = None,
    ordinary: Annotated[bool, typer.Option("--ordinary", help="It belongs to no category.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in one sentence.")] = "",
    profile: Which = None,
) -> None:
    """Add one post or one picture as an example, with all of its categories, or as one of none."""
    if image is not None and (text is not None or ordinary):
        raise ProfileError(
            "a picture is added alone, as an example or a counterexample of a category",
            hint="add-shot --image FILE --label NAME, or --counter NAME for what it looks like",
        )
    target, shelf = _opened(profile)
    labels, others = label or (), counter or ()
    if image is not None:
        data = read_file(image)
        open_picture(data, name=str(image))  # what cannot be opened is no example
        change = shots.add_picture(target, shelf, image, data, labels=labels, counter=others, reason=reason)
    elif text is not None:
        change = shots.add_shot(
            target, shelf, text, labels=labels, counter=others, ordinary=ordinary, reason=reason
        )
    else:
        raise ProfileError("there is no post", hint="add-shot TEXT, or --image FILE for a picture")
    view.print_change(change)


@app.command()
def remove_shot(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The post, or a part that only one post has.")],
    profile: Which = None,
) -> None:
    """Remove one post from the examples of a profile."""
    shelf = _shelf()
    view.print_change(shots.remove_shot(editable(_only(profile), shelf), shelf, text))


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A profile.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    form: Annotated[
        Literal["text", "jsonl"] | None, typer.Option("--format", help="text on a terminal, jsonl on a pipe.")
    ] = None,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Also count the stored texts that would be treated otherwise."),
    ] = False,
) -> None:
    """Compare what two profiles mean, with all that they inherit."""
    shelf = _shelf()
    both = load(first, shelf), load(second, shelf)
    found = differences(*both)
    form = form or ("text" if sys.stdout.isatty() else "jsonl")
    view.print_differences(found, form)
    if not found:
        typer.echo("no difference", err=True)
    if stored:
        settings = load_settings({}, os.environ, Path.cwd())
        before, after = (rejudge_stored(settings, one, tell=tell) for one in both)
        counts = moved(before, after, without=fitted_to(*both))
        view.print_moved(counts, sorted({*before.blind, *after.blind}), form)


app.command("test")(run_profile_tests)
app.command("backtest")(run_backtest)
app.command("doctor")(run_doctor)
app.command("learn")(run_learn)
app.command("suggest")(run_suggest)


@app.command()
def path(name: Name = None, profile: Which = None) -> None:
    """Print where a profile is."""
    typer.echo(str(_shelf().find(_only(name, profile)).path))


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of profiles, for editors that complete and check YAML."""
    view.print_json(schema())


def _shelf() -> Shelf:
    return Shelf(load_settings({}, os.environ, Path.cwd()).config_dir / "profiles")


def _wishes(*given: Sequence[str] | None) -> tuple[str, ...]:
    """The profiles named, or else those of the settings."""
    named = tuple(wish for wishes in given for wish in wishes or ())
    return named or load_settings({}, os.environ, Path.cwd()).profile


def _only(*given: str | None) -> str:
    """The one profile named, or else that of the settings. Raises UsageError for more than one."""
    return only(_wishes([wish for wish in given if wish]))


def _opened(*given: str | None) -> tuple[Editable, Shelf]:
    """The one profile named, to be edited, and where profiles are; says so if that means a new file."""
    shelf = _shelf()
    target = editable(_only(*given), shelf)
    view.tell_new_file(target)
    return target, shelf
