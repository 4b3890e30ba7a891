"""`modcli check`: judge texts from arguments, files or a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from modcli.cascade.early import EarlyStages
from modcli.cascade.moderator import Moderator
from modcli.cascade.near_duplicates import Grouped
from modcli.cli import skill_options
from modcli.cli.assemble import build_moderator
from modcli.cli.assemble_cascade import not_tuned
from modcli.cli.check_depth import Depth, depth_of, spend
from modcli.cli.check_images import (
    FIELD,
    Debate,
    ImageReport,
    Images,
    Mmproj,
    VisionModel,
    Ways,
    WithImages,
    check_images,
    is_image,
    loader,
    read_mixed,
)
from modcli.cli.extras import module_of_extra
from modcli.cli.options import AllowRemote, BaseUrl, Device, Verbose
from modcli.cli.options import Backend as Backend
from modcli.cli.options import Model as Model
from modcli.cli.passthrough import PassThrough, Print
from modcli.cli.skill_options import OfSkills, refuse_texts
from modcli.cli.stream import Options, run_check, tell
from modcli.errors import UsageError
from modcli.images.debate import Costs
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.base import Report
from modcli.reports.csv import CsvReport
from modcli.reports.jsonl import JsonlReport
from modcli.reports.output import Output, standard_output
from modcli.reports.summary import INTERRUPTED
from modcli.reports.terminal import TableReport, standard_console
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import DASH, Reader, check_inputs, refuse_output
from modcli.sources.jsonl import read_jsonl
from modcli.sources.spooled import Spooled
from modcli.sources.text import read_arguments, read_text

#: Settings that change what passes: where the folder one stands in makes them, it is said.
DECISIVE = ("profile", "fail_on", "on_error", "stage")
JSONL_SUFFIXES = (".jsonl", ".ndjson")

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class InputFormat(StrEnum):
    """How an input is written."""

    TEXT = "text"
    JSONL = "jsonl"


Files = Annotated[
    list[str] | None, typer.Argument(metavar="FILE", help="Files to read, - for standard input.")
]
Profiles = Annotated[
    list[str] | None,
    typer.Option("-p", "--profile", metavar="NAME|PATH", help="Judge by this profile; several are stacked."),
]
Texts = Annotated[list[str] | None, typer.Option("--text", metavar="TEXT", help="Judge this text.")]
Input = Annotated[
    InputFormat | None,
    typer.Option("--input-format", help="One text a line, or one JSON object a line. Default: by file name."),
]
Field = Annotated[
    str | None,
    typer.Option("--text-field", metavar="FIELD", help="The JSON field or dotted path that holds the text."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="table|jsonl|csv",
        help="Default: table on a terminal, else jsonl. Of skills: table, jsonl or sarif.",
    ),
]
Which = Annotated[
    Print | None,
    typer.Option(
        "--print",
        help="Pass these lines on unchanged, no verdicts. Warned ones are allowed ones, and what cannot be judged "
        "is blocked unless --on-error says otherwise.",
    ),
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Add what decided and, for blocked items, a sentence of the model.")
]
Observe = Annotated[bool, typer.Option("--observe", help="Judge and report, but always exit with 0.")]
Stats = Annotated[bool, typer.Option("--stats", help="Say on stderr where items and time went.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep verdicts and states.")]
Stage = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="auto|prefilter|reading|model",
        help="How deep to judge; model: every item in full; prefilter: without the model.",
    ),
]
Throughput = Annotated[
    str | None,
    typer.Option(
        "--throughput",
        metavar="N/s",
        help="Judge so many items a second: of a tuned profile, no more in full than that allows.",
    ),
]
Most = Annotated[
    int | None,
    typer.Option(
        "--budget",
        min=0,
        metavar="N",
        help="Judge at most N items in full, the most uncertain ones. Reads all input first; for tuned profiles.",
    ),
]
Group = Annotated[
    bool,
    typer.Option("--group", help="Judge one of near-duplicates, and check at random how far that does."),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="block|warn|never",
        help="The mildest action for exit status 1. Of skills: harmful, hidden, dangerous, any, warn or never.",
    ),
]
OnError = Annotated[
    str | None,
    typer.Option(
        "--on-error",
        metavar="warn|block|fail",
        help="What to do with what cannot be judged. Default: warn; with --print: block.",
    ),
]
Offline = Annotated[
    bool | None, typer.Option("--offline/--online", help="Never, or where needed, fetch a model.")
]
Threads = Annotated[int | None, typer.Option("--threads", min=0, help="Of the model; 0 for all cores.")]


@app.command()
def check(
    files: Files = None,
    profile: Profiles = None,
    text: Texts = None,
    input_format: Input = None,
    text_field: Field = None,
    format: Format = None,
    which: Which = None,
    explain: Explain = False,
    observe: Observe = False,
    stats: Stats = False,
    no_cache: NoCache = False,
    backend: Backend = None,
    model: Model = None,
    device: Device = None,
    base_url: BaseUrl = None,
    allow_remote: AllowRemote = False,
    stage: Stage = None,
    throughput: Throughput = None,
    budget: Most = None,
    group: Group = False,
    fail_on: FailOn = None,
    on_error: OnError = None,
    offline: Offline = None,
    threads: Threads = None,
    image: Images = None,
    vision_model: VisionModel = None,
    mmproj: Mmproj = None,
    debate: Debate = None,
    skill: skill_options.Skill = None,
    rules_only: skill_options.RulesOnly = False,
    adjudicate: skill_options.Adjudicate = False,
    suppressions: skill_options.Suppressions = None,
    baseline: skill_options.Baseline = None,
    write_baseline: skill_options.WriteBaseline = None,
    verbose: Verbose = False,
) -> None:
    """Judge texts: from arguments, files or a pipe; pictures and videos: from files. With --skill, agent skills.

    Exit status: 0 nothing blocked, 1 something blocked, 2 wrong usage or a failure, 3 some not judged, 130 interrupted.
    """
    flags: dict[str, object] = {"profile": profile, "format": format, "backend": backend, "model": model}
    flags |= {"stage": stage, "fail_on": fail_on, "on_error": on_error, "offline": offline, "debate": debate}
    flags |= {"threads": threads, "cache": False if no_cache else None, "vision_model": vision_model}
    flags |= {"device": device, "base_url": base_url, "allow_remote": allow_remote or None, "mmproj": mmproj}
    named = [*filter(None, [*(image or []), *(skill or [])]), *(files or [])]
    asked: dict[str, object] = {"input-format": input_format, "text-field": text_field}
    asked |= {"throughput": throughput, "budget": budget}
    check_images(image, asked | {"skill": skill})
    of_skills = OfSkills(rules_only, adjudicate, suppressions, baseline, write_baseline)
    if skill:
        refuse_texts(asked | {"group": group, "text": text, "print": which, "explain": explain})
        raise typer.Exit(_check_skills(named, flags, of_skills, observe, stats))
    of_skills.refuse()
    _refuse_form(which, format, explain)
    settings = _settings(flags)
    depth = replace(depth_of(throughput, budget, settings), group=group, detail=tell if verbose else None)
    options = _options(settings, explain=explain, observe=observe, stats=stats)
    reader_of = choose_readers(input_format, text_field, keep_rest=which is not None, instead=FIELD)
    raise typer.Exit(_ended(partial(_run, named, text, reader_of, which, settings, options, depth, image)))


def _refuse_form(which: Print | None, format: str | None, explain: bool) -> None:
    if which is not None and (format is not None or explain):
        raise UsageError("--print passes lines on as they are; it has no use for --format and --explain")


def _settings(flags: dict[str, object]) -> Settings:
    """The settings, after what of them somebody else's folder decides."""
    settings = load_settings(flags, os.environ, Path.cwd())
    if theirs := settings.from_project(*DECISIVE):
        tell(f"settings from {settings.project_file}: {', '.join(theirs)}")
    return settings


def _ended(run: Callable[[], int]) -> int:
    """The exit status of a run, also of one that is broken off."""
    try:
        return run()
    except KeyboardInterrupt:
        tell(f"exit status {INTERRUPTED}: interrupted")
        return INTERRUPTED


def _options(settings: Settings, *, explain: bool, observe: bool, stats: bool) -> Options:
    """What the loop is asked for."""
    return Options(
        fail_on=None if settings.fail_on == "never" else Action(settings.fail_on),
        stop_at_error=settings.on_error == "fail",
        explain=explain,
        observe=observe,
        stats=stats,
        summary=sys.stderr is not None and sys.stderr.isatty(),
    )


def _check_skills(
    paths: list[str], flags: dict[str, object], of_skills: OfSkills, observe: bool, stats: bool
) -> int:
    """Skills are read by packages of an extra: they are loaded where skills are judged. Raises MissingExtraError."""
    module = module_of_extra("modcli.cli.check_skill", what="modcli check --skill", extra="skills")
    status: int = module.check_skills(paths, flags, of_skills, observe=observe, stats=stats)
    return status


def choose_readers(
    input_format: InputFormat | None,
    text_field: str | None,
    *,
    keep: Sequence[str] = (),
    instead: str = "",
    keep_rest: bool = False,
) -> Callable[[str], Reader]:
    """How to read an input, by its name.

    Where no format was said, *.jsonl and *.ndjson hold JSON Lines, and every input does if a field is named. `keep`
    names further fields of JSON Lines; a record with the one called `instead`, which is kept too, needs no text.
    Raises UsageError for a field of plain text.
    """
    if text_field is not None and input_format is InputFormat.TEXT:
        raise UsageError("--text-field is for JSON Lines", hint="leave out --input-format text")
    lines = partial(read_text, keep_rest=keep_rest)
    keep = [*keep, instead] if instead else keep
    objects = partial(read_jsonl, field=text_field or "text", keep=keep, instead=instead, keep_rest=keep_rest)
    if input_format is InputFormat.TEXT:
        return lambda _: lines
    if input_format is InputFormat.JSONL or text_field is not None:
        return lambda _: objects
    return lambda name: objects if name.lower().endswith(JSONL_SUFFIXES) else lines


def _run(
    files: list[str],
    texts: list[str] | None,
    reader_of: Callable[[str], Reader],
    which: Print | None,
    settings: Settings,
    options: Options,
    depth: Depth,
    images: list[str] | None,
) -> int:
    """Check what was asked for, then load the model, then judge; the exit status."""
    pictures = bool(images)
    names = files or ([] if texts else [DASH])
    output = standard_output()
    of_texts = [name for name in names if not is_image(name, all_are=pictures)]
    check_inputs(of_texts)
    if output.descriptor is not None:
        refuse_output(of_texts, output.descriptor)
    profile = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    report = ImageReport(
        make_report(output, settings.format, which, as_judged(profile), explain=options.explain)
    )
    on_error = unjudged_action(settings, which)
    moderator = build_moderator(
        settings,
        profile,
        on_error=on_error,
        tell=tell,
        detail=depth.detail or (lambda _line: None),
        cascade=True,
        seconds=depth.seconds,
        # What stands for a budget is a number of judgements: none is left for audits.
        audits=depth.budget is None,
    )
    try:
        if DASH in of_texts and sys.stdin.isatty():
            tell("reading from the terminal: one text a line, Ctrl-D ends")
        items = chain(read_arguments(texts or []), read_mixed(names, reader_of, pictures))
        grouped = Grouped(moderator) if depth.group else moderator
        costs = Costs()
        # An explanation is of the words that were read, which the cache does not keep.
        ways = Ways(group=depth.group, cache=not options.explain)
        build = loader(settings, profile, moderator, on_error=on_error, tell=tell, costs=costs, ways=ways)
        judging = WithImages(grouped, moderator, build, all_are=pictures, costs=costs)
        if depth.budget is None:
            return _told(run_check(items, judging, report, options), grouped)
        if not isinstance(moderator.early, EarlyStages):
            raise not_tuned(profile, "--budget")
        with closing(Spooled()) as spooled:
            spend(depth.budget, moderator.early, spooled.through(items))
            return _told(run_check(spooled.again(), judging, report, options), grouped)
    finally:
        moderator.close()


def _told(status: int, judging: Moderator | Grouped) -> int:
    """The exit status, after what is known of verdicts that were spread."""
    if isinstance(judging, Grouped) and judging.spread.spread:
        tell(judging.spread.words())
    return status


def unjudged_action(settings: Settings, which: Print | None) -> Action:
    """What becomes of an item that could not be judged.

    A filter's output cannot say that something in it was not judged, so there it is held back unless the user asked
    for something else. With `fail` the run ends at that item, which is not let through.
    """
    by_default = settings.origin("on_error") == "default"
    passes = settings.on_error == "warn" and not (which is not None and by_default)
    return Action.WARN if passes else Action.BLOCK


def make_report(
    output: Output, format: str, which: Print | None, profile: Profile, *, explain: bool
) -> Report:
    """The report that was asked for, of the categories that are judged."""
    if which is not None:
        return PassThrough(output, which, tell)
    definitions = {one.name: one.definition for one in profile.categories} if explain else None
    if format == "csv":
        return CsvReport(output, [category.name for category in profile.categories])
    if format == "table" or (format == "auto" and sys.stdout.isatty()):
        return TableReport(output, standard_console(), definitions)
    return JsonlReport(output, definitions)
