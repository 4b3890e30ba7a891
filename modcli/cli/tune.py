"""`modcli tune`: let a profile learn from a sample of the user's own, unlabelled posts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from modcli.cascade.tuning import Tuning, drawn, forget_tuning, load_tuning, outdated, save_tuning
from modcli.cli import check
from modcli.cli.assemble import TUNING, build_workbench
from modcli.cli.options import Form
from modcli.cli.stream import tell
from modcli.errors import OutputError, UsageError
from modcli.item import Item
from modcli.judges.judge import Evidence, Judge
from modcli.judges.selftraining import LEAST, Student
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.jsonl import json_line
from modcli.reports.output import standard_output
from modcli.reports.terminal import standard_console
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import Reader, check_inputs, read_inputs

POSTS = 300
EDITED, LEFT_OUT = 1, 3

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SAMPLE]...", help="Files of posts, - for standard input. No labels are needed."),
]
Posts = Annotated[int, typer.Option("--posts", min=LEAST, help="Draw so many posts from the files.")]
Status = Annotated[bool, typer.Option("--status", help="Say what was learned, and change nothing.")]
Forget = Annotated[bool, typer.Option("--forget", help="Delete the sample, and judge as before.")]


@app.command()
def tune(
    files: Files = None,
    profile: check.Profiles = None,
    posts: Posts = POSTS,
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
    """Let a profile learn from a sample of your own posts, without labels.

    The model says of each post of the sample what it makes of it, and what it says is learned by the heads that
    judge what is read: a category with nothing but a definition is then judged better than by the model's words, and
    faster. The sample is kept on this machine, beside the models. Without SAMPLE, the sample that is kept is used
    again: after an edit of the profile, for instance.

    Take posts as they come: of a category, some fifteen at least should be among them.

    Exit status: 0 done, 1 edited since (with --status), 2 wrong usage or a failure, 3 some posts could not be read,
    130 interrupted.
    """
    flags: dict[str, object] = {"profile": profile, "backend": backend, "model": model, "offline": offline}
    settings = load_settings(flags | {"threads": threads}, os.environ, Path.cwd())
    wish = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    folder = settings.data_dir / TUNING
    if forget:
        found = forget_tuning(folder, wish.digest)
        tell("the sample is deleted" if found else f"nothing was kept for {wish.name} as it is")
        if outdated(folder, wish.name, wish.digest) is not None:
            tell(f"samples of {wish.name} as it was, or of others of that name, are left in {folder}")
            tell("hint: delete the files there to be rid of them")
        return
    left_out = 0
    if status:
        tuning = _kept(folder, wish)
        if tuning.digest != wish.digest:
            tell(
                f"{wish.name} is not as it was when it was tuned, and is judged without: `modcli tune` again"
            )
            raise typer.Exit(EDITED)
    elif files:
        tuning, left_out = _drawn(files, check.choose_readers(input_format, text_field), posts, wish)
    else:
        tuning = Tuning(wish.name, wish.digest, _kept(folder, wish).sample)
    students, judge = _learned(settings, wish, tuning)
    if not status:
        try:
            save_tuning(folder, tuning)
        except OSError as error:
            raise OutputError(f"the sample cannot be kept in {folder} ({error})") from error
    _print(students, judge, len(tuning.sample), form or ("table" if sys.stdout.isatty() else "jsonl"))
    if left_out:
        tell(f"exit status {LEFT_OUT}: {left_out} of the posts could not be read")
        raise typer.Exit(LEFT_OUT)


def _drawn(
    files: list[str], reader_of: Callable[[str], Reader], posts: int, profile: Profile
) -> tuple[Tuning, int]:
    """A sample of what is in the files, and how many posts could not be read."""
    check_inputs(files, {"no such file": "SAMPLE are files of posts, one a line"})
    unreadable: list[Item] = []
    sample = drawn(_texts(read_inputs(files, reader_of), unreadable), posts)
    if len(sample) < LEAST:
        raise UsageError(
            f"{len(sample)} different posts: that is too few to learn from",
            hint=f"{LEAST} are the least; {POSTS} are better",
        )
    return Tuning(profile.name, profile.digest, tuple(sample)), len(unreadable)


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


def _learned(settings: Settings, profile: Profile, tuning: Tuning) -> tuple[dict[str, Student], Judge]:
    bench = build_workbench(settings, tell=tell)
    try:
        preparation = bench.preparation(as_judged(profile), sample=tuning.sample)
        students = dict(preparation.students)
        if preparation.prompt is None:
            tell(f"{profile.name}: no category is asked about, so there is nothing to learn")
        elif silent := [name for name in preparation.prompt.asked if name not in students]:
            tell(
                f"{', '.join(silent)}: nothing learned, as the model says the same of every post; judged as before"
            )
        return students, preparation.judge
    finally:
        bench.close()


def _print(students: dict[str, Student], judge: Judge, posts: int, form: str) -> None:
    evidence = {category.name: category.evidence for category in judge.categories}
    if form == "jsonl":
        output = standard_output()
        for name, student in students.items():
            record = {"category": name, "learned": student.is_sound, "posts": posts}
            record |= {"share": round(student.share, 4), "agreement": round(student.agreement, 4)}
            record |= {"separation": round(student.separation, 4), "ordinary": round(student.ordinary, 4)}
            output.write(json_line(record | {"note": _note(student, evidence[name])}))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("CATEGORY", "OF THE SAMPLE", "APART", "WHAT FOLLOWS"):
        table.add_column(heading, overflow="fold")
    for name, student in students.items():
        share = f"about {student.share:.0%}" if student.is_sound else "?"
        table.add_row(printable(name), share, f"{student.separation:.1f} sd", _note(student, evidence[name]))
    if students:
        standard_console().print(table)


def _note(student: Student, evidence: Evidence) -> str:
    if not student.is_sound:
        return (
            "nothing learned: its posts do not fall into two groups that could be told apart. Are there enough of "
            "the category in the sample? It is judged as before."
        )
    if evidence is Evidence.SAMPLE:
        return "learned: judged by that alone from now on, without asking the model about each post"
    return "learned: added to what its examples say"
