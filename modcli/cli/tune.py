"""`modcli tune`: let a profile learn from a sample of the user's own, unlabelled posts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from modcli.cascade.tuned import TunedCascade, Wish
from modcli.cascade.tuning import Tuning, drawn_apart, forget_tuning, load_tuning, outdated, save_tuning
from modcli.cascade.workbench import Workbench
from modcli.cli import check
from modcli.cli.assemble import build_workbench
from modcli.cli.assemble_cascade import TUNING
from modcli.cli.options import Form
from modcli.cli.stream import interruptible, tell
from modcli.cli.tune_cascade import (
    BUDGET,
    Budget,
    Recall,
    Risk,
    forget_cascade,
    kept_cascade,
    model_here,
    pool_size,
    problems_of,
    promise_anew,
    teach_cascade,
    wishes_of,
)
from modcli.errors import OutputError, UsageError
from modcli.item import Item
from modcli.judges.judge import Evidence
from modcli.judges.selftraining import LEAST, Student
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.promises import as_records, print_cascade
from modcli.reports.summary import INTERRUPTED
from modcli.reports.terminal import standard_console
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import Reader, check_inputs, read_inputs

POSTS = 300
EDITED, LEFT_OUT = 1, 3
#: What a kept record has to have to be printed.
_TOLD = {"category", "learned", "share", "separation", "note"}

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SAMPLE]...", help="Files of posts, - for standard input. No labels are needed."),
]
Posts = Annotated[int, typer.Option("--posts", min=LEAST, help="Draw so many posts from the files.")]
Status = Annotated[
    bool, typer.Option("--status", help="Say what was learned and what is promised, and change nothing.")
]
Forget = Annotated[
    bool, typer.Option("--forget", help="Delete the sample and the early stages, and judge as before.")
]


@app.command()
def tune(
    files: Files = None,
    profile: check.Profiles = None,
    posts: Posts = POSTS,
    budget: Budget = BUDGET,
    recall: Recall = None,
    risk: Risk = None,
    status: Status = False,
    forget: Forget = False,
    input_format: check.Input = None,
    text_field: check.Field = None,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
    threads: check.Threads = None,
) -> None:
    """Let a profile learn from your own posts, without labels: to judge better, and to judge much faster.

    The model says of each post of a sample what it makes of it, and what it says is learned by the heads that
    judge what is read: a category with nothing but a definition is then judged better than by the model's words, and
    faster. Without SAMPLE, the sample that is kept is used again: after an edit of the profile, for instance.

    Of other posts, --budget are judged in full, and cheap early stages learn to decide what they are sure of. How far
    they agree with the full judge is promised, with 95% confidence: --recall and --risk. With these and without SAMPLE,
    other promises are asked of the posts that were judged already; with --status nothing is changed by that.

    Take posts as they come: of a category, some fifteen at least should be among them.

    Exit status: 0 done, 1 edited since, or the early stages no longer hold (with --status), 2 wrong usage or a failure,
    3 some posts could not be read, 130 interrupted.
    """
    flags: dict[str, object] = {"profile": profile, "backend": backend, "model": model, "offline": offline}
    settings = load_settings(flags | {"threads": threads}, os.environ, Path.cwd())
    wish = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    wishes = wishes_of(recall or (), risk or (), wish)
    printing = _Printing(form or ("table" if sys.stdout.isatty() else "jsonl"))
    if forget:
        _forget(settings, wish)
    elif status:
        _status(settings, wish, wishes if recall or risk else None, printing)
    elif not files and (recall or risk):
        kept = _kept(settings.data_dir / TUNING, wish)
        printing.cascade(promise_anew(settings, wish, kept.sample, wishes))
    else:
        reader_of = check.choose_readers(input_format, text_field)
        _tune(settings, wish, files or [], reader_of, posts, budget, wishes, printing)


def _tune(
    settings: Settings,
    profile: Profile,
    files: list[str],
    reader_of: Callable[[str], Reader],
    posts: int,
    budget: int,
    wishes: Sequence[Wish],
    printing: _Printing,
) -> None:
    unreadable: list[Item] = []
    rest: list[str] = []
    try:
        with interruptible() as interrupt:
            if files:
                tuning, rest = _drawn(files, reader_of, posts, pool_size(budget), profile, unreadable)
            else:
                tuning = Tuning(
                    profile.name, profile.digest, _kept(settings.data_dir / TUNING, profile).sample
                )
            bench = build_workbench(settings, tell=tell)
            try:
                tuning = _learned(bench, profile, tuning)
                interrupt.check()
                _save(settings, tuning)
                printing.students(tuning)
                if files and budget:
                    taught = teach_cascade(
                        settings, bench, profile, tuning.sample, rest, budget, wishes, interrupt.check
                    )
                    if taught is not None:
                        printing.cascade(taught)
            finally:
                bench.close()
    except KeyboardInterrupt:
        tell(
            f"exit status {INTERRUPTED}: interrupted; what the model has said is kept, and the same command goes on "
            "from there"
        )
        raise typer.Exit(INTERRUPTED) from None
    if not files or not budget:
        _cascade_kept(settings, profile, tuning, printing)
    if unreadable:
        tell(f"exit status {LEFT_OUT}: {len(unreadable)} of the posts could not be read")
        raise typer.Exit(LEFT_OUT)


def _cascade_kept(settings: Settings, profile: Profile, tuning: Tuning, printing: _Printing) -> None:
    """Tell of early stages that a call leaves as they are."""
    tuned = kept_cascade(settings, profile)
    if tuned is not None:
        printing.cascade(tuned, problems_of(settings, profile, tuning.sample, tuned))


def _status(settings: Settings, profile: Profile, wishes: Sequence[Wish] | None, printing: _Printing) -> None:
    tuning = _kept(settings.data_dir / TUNING, profile)
    if tuning.digest != profile.digest:
        tell(f"{profile.name} is not as it was when it was tuned, and is judged without: `modcli tune` again")
        raise typer.Exit(EDITED)
    if not tuning.learned or any(not record.keys() >= _TOLD for record in tuning.learned):
        # What was kept by an earlier version.
        bench = build_workbench(settings, tell=tell)
        try:
            tuning = _learned(bench, profile, tuning)
        finally:
            bench.close()
    if tuning.model and (model_here(settings) or tuning.model) != tuning.model:
        tell("what was learned is told as another model had it: `modcli tune` says it of this one")
    printing.students(tuning)
    tuned = kept_cascade(settings, profile)
    if tuned is None:
        tell(
            "no early stages, so everything is judged in full: `modcli tune SAMPLE`, your own posts, makes them"
        )
        return
    problems = problems_of(settings, profile, tuning.sample, tuned)
    if wishes is not None:
        tell("what is asked for is told, and nothing is changed: without --status it is kept")
        tuned = tuned.promised(wishes)
    printing.cascade(tuned, problems)
    if problems:
        raise typer.Exit(EDITED)


def _forget(settings: Settings, profile: Profile) -> None:
    folder = settings.data_dir / TUNING
    try:
        stages = forget_cascade(settings, profile)
        found = forget_tuning(folder, profile.digest)
    except OSError as error:
        raise OutputError(f"not all in {folder} can be deleted ({error})") from error
    if found or stages:
        what = [name for name, there in (("the sample", found), ("the early stages", stages)) if there]
        tell(f"deleted: {' and '.join(what)}")
    else:
        tell(f"nothing was kept for {profile.name} as it is")
    if outdated(folder, profile.name, profile.digest) is not None:
        tell(f"samples of {profile.name} as it was, or of others of that name, are left in {folder}")
        tell("hint: delete the files there to be rid of them")


def _drawn(
    files: list[str],
    reader_of: Callable[[str], Reader],
    posts: int,
    more: int,
    profile: Profile,
    unreadable: list[Item],
) -> tuple[Tuning, list[str]]:
    """A sample of what is in the files, and other posts for the early stages."""
    check_inputs(files, {"no such file": "SAMPLE are files of posts, one a line"})
    sample, rest = drawn_apart(_texts(read_inputs(files, reader_of), unreadable), posts, more)
    if len(sample) < LEAST:
        raise UsageError(
            f"{len(sample)} different posts: that is too few to learn from",
            hint=f"{LEAST} are the least; {POSTS} are better",
        )
    return Tuning(profile.name, profile.digest, tuple(sample)), rest


def _save(settings: Settings, tuning: Tuning) -> None:
    folder = settings.data_dir / TUNING
    try:
        save_tuning(folder, tuning)
    except OSError as error:
        raise OutputError(f"the sample cannot be kept in {folder} ({error})") from error


def _kept(folder: Path, profile: Profile) -> Tuning:
    found = load_tuning(folder, profile.digest) or outdated(folder, profile.name, profile.digest)
    if found is None:
        raise UsageError(
            f"{profile.name} has not been tuned",
            hint="modcli tune -p PROFILE SAMPLE, a file of your own posts",
        )
    return found


def _texts(items: Iterator[Item], unreadable: list[Item]) -> Iterator[str]:
    """The texts; what cannot be read is told and left out."""
    for item in items:
        if item.error is not None:
            tell(f"{item.location}: {item.error}")
            unreadable.append(item)
        else:
            yield item.text


def _learned(bench: Workbench, profile: Profile, tuning: Tuning) -> Tuning:
    """The same sample, with what it taught."""
    preparation = bench.preparation(as_judged(profile), sample=tuning.sample)
    students, judge = dict(preparation.students), preparation.judge
    if preparation.prompt is None:
        tell(f"{profile.name}: no category is asked about, so there is nothing to learn")
    elif silent := [name for name in preparation.prompt.asked if name not in students]:
        tell(
            f"{', '.join(silent)}: nothing learned, as the model says the same of every post; judged as before"
        )
    evidence = {category.name: category.evidence for category in judge.categories}
    records = tuple(
        _record(name, student, evidence[name], len(tuning.sample)) for name, student in students.items()
    )
    return replace(tuning, learned=records, model=bench.model)


def _record(name: str, student: Student, evidence: Evidence, posts: int) -> dict[str, Any]:
    record: dict[str, Any] = {"category": name, "learned": student.is_sound, "posts": posts}
    record |= {"share": round(student.share, 4), "agreement": round(student.agreement, 4)}
    record |= {"separation": round(student.separation, 4), "ordinary": round(student.ordinary, 4)}
    return record | {"note": _note(student, evidence)}


class _Printing:
    """Prints what was learned, as `form` has it: `table`, or `jsonl`."""

    def __init__(self, form: str) -> None:
        self._is_table = form == "table"

    def students(self, tuning: Tuning) -> None:
        """What the sample taught, by category."""
        if not self._is_table:
            self._write(tuning.learned)
        elif tuning.learned:
            table = Table(box=None, pad_edge=False)
            for heading in ("CATEGORY", "OF THE SAMPLE", "APART", "WHAT FOLLOWS"):
                table.add_column(heading, overflow="fold")
            for record in tuning.learned:
                share = f"about {record['share']:.0%}" if record["learned"] else "?"
                name, note = printable(str(record["category"])), printable(str(record["note"]))
                table.add_row(name, share, f"{record['separation']:.1f} sd", note)
            standard_console().print(table)

    def cascade(self, tuned: TunedCascade, problems: tuple[str, ...] = ()) -> None:
        """The early stages, and what is promised of them."""
        if self._is_table:
            print_cascade(standard_console(highlight=False), tuned, problems)
        else:
            self._write(as_records(tuned, problems))

    def _write(self, records: Sequence[dict[str, Any]]) -> None:
        output = standard_output()
        # Who reads no further (`| head`) wants the rest done all the same.
        with suppress(ReaderGone):
            for record in records:
                output.write(json_line(record))


def _note(student: Student, evidence: Evidence) -> str:
    if not student.is_sound:
        return (
            "nothing learned: its posts do not fall into two groups that could be told apart. Are there enough of "
            "the category in the sample? It is judged as before."
        )
    if evidence is Evidence.SAMPLE:
        return "learned: judged by that alone from now on, without asking the model about each post"
    return "learned: added to what its examples say"
