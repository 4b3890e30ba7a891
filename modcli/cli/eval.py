"""`modcli eval`: how well a profile judges rows whose labels are known; and the protocols below it."""

from __future__ import annotations

import difflib
import json
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from modcli.cli.check import DECISIVE, Backend, Model, NoCache, Offline, Profiles, Stage, Threads
from modcli.cli.eval_protocol import protocol
from modcli.cli.eval_run import Request, Run
from modcli.cli.eval_variants import Variant, load_variant
from modcli.cli.options import Map, TextField, parse_mapping
from modcli.cli.stream import interruptible, tell
from modcli.errors import SourceError, UsageError
from modcli.reports.evaluation_html import evaluation_page
from modcli.reports.evaluation_report import Evaluation
from modcli.reports.evaluation_terminal import evaluation_text
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.output_file import check_output_file, write_output_file
from modcli.reports.summary import INTERRUPTED, NOT_JUDGED, OK, counted
from modcli.reports.terminal import standard_console
from modcli.settings import Settings
from modcli.sources.inputs import DASH

#: The command that is meant where none is named.
DEFAULT = "data"
MOST_RESAMPLES = 100_000


class EvalGroup(TyperGroup):
    """`modcli eval DATA` is the evaluation itself, and `modcli eval NAME` the subcommand of that name."""

    #: For the page of all commands, which leaves this name out.
    default = DEFAULT

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the evaluation, as if there were no group, unless a subcommand comes first."""
        if args and args[0] in self.commands and args[0] != DEFAULT:
            return super().make_context(info_name, args, parent, **extra)
        return self.commands[DEFAULT].make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run whose context it is."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


app = typer.Typer(cls=EvalGroup, rich_markup_mode=None, add_completion=False)
# One line for each subcommand.
app.command("protocol")(protocol)

Data = Annotated[
    list[str],
    typer.Argument(metavar="DATA", help="JSON Lines of texts and labels; - for standard input."),
]
LabelField = Annotated[
    str, typer.Option("--label-field", metavar="FIELD", help="Field of the labels: a list, or one label.")
]
UnknownField = Annotated[
    str,
    typer.Option("--unknown-field", metavar="FIELD", help="Field of the labels that nobody judged in a row."),
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Read no more rows than this.")
]
Worst = Annotated[
    int,
    typer.Option(
        "--worst", metavar="N", min=0, help="List so many of the worst mistakes; of a comparison, changes."
    ),
]
Format = Annotated[
    Literal["table", "jsonl", "json"] | None,
    typer.Option("--format", help="Default: table on a terminal, else jsonl (the object on one line)."),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON object here, curves included.")
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a report with curves, on one page.")
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--compare",
        metavar="A B",
        help="Compare two profiles, or two changes: KEY=VALUE[,...] with the keys profile, model, stage, shots, "
        "definitions.",
    ),
]
Resamples = Annotated[
    int,
    typer.Option(
        "--resamples", metavar="N", min=0, max=MOST_RESAMPLES, help="Of the bootstrap, for intervals."
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the bootstrap.")]


@app.command(DEFAULT)
def evaluate(
    data: Data,
    profile: Profiles = None,
    text_field: TextField = "text",
    label_field: LabelField = "labels",
    unknown_field: UnknownField = "unknown",
    map: Map = None,
    limit: Limit = None,
    worst: Worst = 0,
    compare: Compare = None,
    format: Format = None,
    out: Out = None,
    html: Html = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    no_cache: NoCache = False,
    backend: Backend = None,
    model: Model = None,
    stage: Stage = None,
    offline: Offline = None,
    threads: Threads = None,
) -> None:
    """Measure how well a profile judges rows whose labels are known.

    DATA is JSON Lines: {"text": "...", "labels": ["toxicity"]}, an empty list for rows of no category. Every figure
    has a 95% interval. docs/evaluation.md says what they mean. `modcli eval protocol` reruns published experiments.

    Exit status: 0 done, 2 wrong usage or a failure, 3 some rows could not be read or judged, 130 interrupted.
    """
    flags: dict[str, object] = {"profile": profile, "backend": backend, "model": model, "stage": stage}
    flags |= {"offline": offline, "threads": threads, "cache": False if no_cache else None}
    variants = load_variants(flags, compare)
    settings = variants[0].settings
    if theirs := settings.from_project(*(name for name in DECISIVE if name in flags)):
        tell(f"settings from {settings.project_file}: {', '.join(theirs)}")
    request = Request(
        data=tuple(data),
        text_field=text_field,
        label_field=label_field,
        unknown_field=unknown_field,
        mapping=parse_mapping(map or []),
        limit=limit,
        worst=worst,
        resamples=resamples,
        seed=seed,
    )
    raise typer.Exit(_run(request, variants, format or _usual_format(settings), out, html))


def load_variants(flags: dict[str, object], compare: tuple[str, str] | None) -> tuple[Variant, ...]:
    """What to judge by: one way, or the two to compare. Raises UsageError where both are the same."""
    if compare is None:
        return (load_variant(flags),)
    first, second = (load_variant(flags, written) for written in compare)
    if first.identity == second.identity:
        raise UsageError(
            f"--compare {' '.join(compare)}: both judge in the same way", hint="change one of them"
        )
    return first, second


def _usual_format(settings: Settings) -> str:
    """What the settings say, where that is a form of an evaluation; else by where the output goes."""
    if settings.format in ("table", "jsonl"):
        return settings.format
    return "table" if sys.stdout.isatty() else "jsonl"


def _run(
    request: Request, variants: Sequence[Variant], format: str, out: Path | None, html: Path | None
) -> int:
    """Check what was asked for, evaluate, write; the exit status."""
    output = standard_output()
    run = Run(request, variants)
    try:
        run.check()
    except SourceError as error:
        raise _perhaps_a_subcommand(error) from error
    check_files(request.data, out, html)
    if DASH in request.data and sys.stdin.isatty():
        tell("reading from the terminal: one JSON object a line, Ctrl-D ends")
    try:
        with interruptible() as interrupt:
            evaluation = run.evaluate(interrupt)
            if out is not None:
                write_output_file(out, _indented(evaluation, curves=True))
            if html is not None:
                write_output_file(html, evaluation_page(evaluation).encode())
    except KeyboardInterrupt:
        tell(f"exit status {INTERRUPTED}: {_interrupted(run.rows, kept=variants[0].settings.cache)}")
        return INTERRUPTED
    with suppress(ReaderGone):
        output.write(_printed(evaluation, format))
    for path in (out, html):
        if path is not None:
            tell(f"written: {path}")
    return end(evaluation, run)


def _interrupted(rows: int, *, kept: bool) -> str:
    if not rows:
        return "interrupted before a row was judged"
    what = "all of it is kept, and the same command goes on from there" if kept else "nothing of it is kept"
    return f"interrupted with {counted(rows, 'row')} judged; {what}"


def _printed(evaluation: Evaluation, format: str) -> bytes:
    if format == "table":
        console = standard_console()
        return evaluation_text(evaluation, console).encode(console.encoding, "backslashreplace")
    if format == "json":
        return _indented(evaluation, curves=False)
    return json_line(evaluation.as_record())


def _indented(evaluation: Evaluation, *, curves: bool) -> bytes:
    return (json.dumps(evaluation.as_record(curves=curves), indent=2) + "\n").encode()


def end(evaluation: Evaluation, run: Run) -> int:
    """Say why the exit status is not 0, if so; the exit status."""
    unjudged = max(way.measurement.errors for way in evaluation.ways)
    parts = [f"{run.unusable:,} could not be read"] if run.unusable else []
    parts += [f"{unjudged:,} could not be judged"] if unjudged else []
    if not parts:
        return OK
    tell(f"exit status {NOT_JUDGED}: of the rows, {' and '.join(parts)}; the others were measured")
    return NOT_JUDGED


def check_files(data: Sequence[str], out: Path | None, html: Path | None) -> None:
    """Raise OutputError for a file that cannot be written, and UsageError for one that is read, or written twice."""
    files = [path for path in (out, html) if path is not None]
    for path in files:
        check_output_file(path)
        if any(_is_same(path, name) for name in data):
            raise UsageError(f"{path} is one of the inputs", hint="write to another file")
    if len(files) > len({path.resolve() for path in files}):
        raise UsageError("--out and --html name the same file")


def _is_same(path: Path, name: str) -> bool:
    if name == DASH or not path.exists() or not stat.S_ISREG(path.stat().st_mode):
        return False
    return path.samefile(name)


def _perhaps_a_subcommand(error: SourceError) -> SourceError:
    """The error, with a hint where its file has a name like a subcommand's."""
    names = [command.name or "" for command in app.registered_commands if command.name != DEFAULT]
    near = difflib.get_close_matches(error.location.name if error.location else "", names, n=1)
    if not near:
        return error
    return SourceError(error.message, location=error.location, hint=f"did you mean `modcli eval {near[0]}`?")
