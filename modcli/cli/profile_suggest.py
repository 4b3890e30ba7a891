"""`modcli profile suggest`: the posts whose label would help a profile most."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from modcli.cascade.suggestion import Suggestion, draw_pool, suggest
from modcli.cascade.tuning import load_tuning
from modcli.cli import check
from modcli.cli.assemble import build_workbench
from modcli.cli.assemble_cascade import TUNING
from modcli.cli.keys import Keys
from modcli.cli.options import Form, Which, only
from modcli.cli.stream import tell
from modcli.errors import UsageError
from modcli.item import Item
from modcli.profile import Profile, Task
from modcli.profiles.answers import Answer, learn
from modcli.profiles.edit import extend
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.plan import Editable, editable
from modcli.profiles.shots import add_shot
from modcli.reports.examination import print_indented
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.suggestions import as_record, print_suggestion
from modcli.reports.summary import INTERRUPTED
from modcli.reports.terminal import standard_console
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import DASH, check_inputs, read_inputs

DONE, UNREADABLE = 0, 3
COUNT, POOL = 10, 300
#: Keys of categories, in their order; s, n and q mean something else.
_KEYS = "123456789abcdefghijklmoprtuvwxyz"
_ENDS = {"n": "none of them", "s": "skipped", "q": "no more questions"}
_TOLD_ENDS = ("n none", "s skip", "q quit")
_PROMPT = "     which?"

Data = Annotated[
    list[str], typer.Argument(metavar="DATA", help="Files of posts without labels; - for standard input.")
]
Number = Annotated[int, typer.Option("-n", "--number", min=1, metavar="N", help="Suggest so many.")]
OneCategory = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Think of this category alone.")
]
Pool = Annotated[
    int, typer.Option("--pool", min=1, metavar="N", help="Draw so many of the posts to choose from.")
]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for each what it is, and write it into the profile.")]


def run_suggest(
    data: Data,
    profile: Which = None,
    number: Number = COUNT,
    category: OneCategory = None,
    pool: Pool = POOL,
    ask: Ask = False,
    input_format: check.Input = None,
    text_field: check.Field = None,
    form: Form = None,
    no_cache: check.NoCache = False,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
    threads: check.Threads = None,
) -> None:
    """Pick the posts whose label would help a profile most: unsure, of a common kind, and unlike what it has.

    With --ask a key for each says what it is, and the answer is in the profile at once. Without, they are printed, the
    most helpful first, to be labelled elsewhere: `modcli profile learn` takes the labels.

    Exit status: 0 done, 2 wrong usage or a failure, 3 some posts could not be read, 130 interrupted.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "offline": offline, "threads": threads}
    flags |= {"profile": [profile] if profile else None, "cache": False if no_cache else None}
    settings = load_settings(flags, os.environ, Path.cwd())
    shelf = Shelf(settings.config_dir / "profiles")
    wish = only(settings.profile)
    chosen = load(wish, shelf)
    check_inputs(data, {"no such file": "DATA are files of posts, one a line"})
    with ExitStack() as opened:
        keys = _keyboard(data, opened) if ask else None
        reader_of = check.choose_readers(input_format, text_field)
        try:
            items, seen, unreadable = draw_pool(read_inputs(data, reader_of), chosen, pool)
            suggestions = _suggested(settings, chosen, items, number, category)
            _tell_pool(len(items), seen, unreadable)
            if keys is None:
                _print(suggestions, form or ("table" if sys.stdout.isatty() else "jsonl"))
            else:
                target = editable(wish, shelf)
                _Asking(target, shelf, chosen, keys, category).through(suggestions)
        except KeyboardInterrupt as error:
            tell(f"exit status {INTERRUPTED}: interrupted; what was answered until then is in the profile")
            raise typer.Exit(INTERRUPTED) from error
    if unreadable:
        tell(f"exit status 3: {unreadable:,} post{'s' * (unreadable != 1)} could not be read")
        raise typer.Exit(UNREADABLE)


def _keyboard(names: Sequence[str], opened: ExitStack) -> Keys:
    """Where answers come from: the terminal, even where standard input is the posts. Raises UsageError without one."""
    if not sys.stdout.isatty() or not sys.stderr.isatty():
        raise UsageError("nobody can be asked: the output is no terminal", hint="leave out --ask")
    if DASH not in names and sys.stdin.isatty():
        return Keys()
    try:
        return Keys(opened.enter_context(Path("/dev/tty").open()))
    except OSError as error:
        raise UsageError("nobody can be asked: there is no keyboard", hint="leave out --ask") from error


def _suggested(
    settings: Settings, profile: Profile, items: Sequence[Item], number: int, category: str | None
) -> list[Suggestion]:
    tuning = load_tuning(settings.data_dir / TUNING, profile.digest)
    bench = build_workbench(settings, tell=tell)
    try:
        return suggest(
            bench, profile, items, number, category=category, sample=tuning.sample if tuning else ()
        )
    finally:
        bench.close()


def _tell_pool(pool: int, seen: int, unreadable: int) -> None:
    if not pool:
        tell("there is no post that is not a shot already" if seen > unreadable else "there is no post")
    elif pool < seen - unreadable:
        tell(f"chosen among {pool:,} of {seen:,} posts, drawn at random (--pool)")


def _print(suggestions: Sequence[Suggestion], form: str) -> None:
    if form == "jsonl":
        output = standard_output()
        with suppress(ReaderGone):
            for one in suggestions:
                output.write(json_line(as_record(one)))
        return
    console = standard_console(highlight=False)
    for number, one in enumerate(suggestions, 1):
        print_suggestion(console, one, number)


@dataclass
class _Asking:
    """Asks of each post what it is, and writes it into the profile at once."""

    target: Editable
    shelf: Shelf
    profile: Profile
    keys: Keys
    category: str | None
    written: int = 0

    def through(self, suggestions: Sequence[Suggestion]) -> None:
        """All of them, until somebody has enough."""
        console = standard_console(highlight=False)
        try:
            for number, one in enumerate(suggestions, 1):
                print_suggestion(console, one, number)
                if not self._answer(console, one):
                    break
        finally:
            if self.written:
                tell(f"{self.written} answer{'s' * (self.written != 1)} written to {self.target.found.path}")

    def _answer(self, console: Console, one: Suggestion) -> bool:
        """Ask; false if that was enough."""
        if self.category is not None and len(self.profile.categories) > 1:
            return self._yes_or_no(one, self.category)
        choices = dict(zip(_KEYS, self.profile.by_name, strict=False))
        single = len(choices) == 1 or self.profile.task is Task.MULTI_CLASS
        told = [f"{key} {name}" for key, name in choices.items()] + list(_TOLD_ENDS)
        print_indented(console, printable("  ".join(told)), 5)
        if single:
            given = [self.keys.ask(_PROMPT, choices | _ENDS)]
        else:
            given = self.keys.ask_several(f"{_PROMPT} (several, then Enter)", choices, _ENDS)
        if not given or given[0] in ("q", ""):
            return False
        if given != ["s"]:
            labels = frozenset(choices[key] for key in given if key in choices)
            answer = Answer(one.item.text, labels, frozenset(), one.item.location)
            self.written += learn(self.target, self.shelf, [answer]).new
        return True

    def _yes_or_no(self, one: Suggestion, name: str) -> bool:
        """Ask of one category alone: of the others nothing is known."""
        answers = {"y": "yes", "n": "no", "s": _ENDS["s"], "q": _ENDS["q"]}
        key = self.keys.ask(f"     {name}? y yes, n no, s skip, q quit", answers)
        if key == "y":
            extend(self.target, self.shelf, name, examples=[one.item.text])
        elif key == "n":
            add_shot(self.target, self.shelf, one.item.text, counter=[name])
        self.written += key in ("y", "n")
        return key not in ("q", "")
