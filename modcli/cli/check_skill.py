"""`modcli check --skill`: what a skill is for, what it hides, and whether it is dangerous."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from modcli import __version__
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import build_workbench, refuse_blind
from modcli.cli.assemble_skills import purpose_judging
from modcli.cli.audit_skills import SKILLS
from modcli.cli.skill_options import OfSkills
from modcli.cli.skill_tally import SkillTally
from modcli.cli.stream import interruptible, tell
from modcli.errors import Location as Place
from modcli.errors import ModcliError, OutputError, SourceError, UsageError
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.output import Output, ReaderGone, standard_output
from modcli.reports.output_file import check_output_file, write_output_file
from modcli.reports.sarif import SkillsSarif
from modcli.reports.skills_record import SkillReport, SkillsJsonl
from modcli.reports.skills_terminal import SkillsTable
from modcli.reports.summary import INTERRUPTED
from modcli.reports.terminal import standard_console
from modcli.settings import Settings, load_settings
from modcli.skills.adjudication import Adjudicated, Adjudicator
from modcli.skills.answers import Fail, SkillVerdict, Versions, answered, rules_digest
from modcli.skills.examination import RULES, examine, is_suspicious
from modcli.skills.purpose import Judging, Purpose, PurposeJudge
from modcli.skills.reading import read_skills
from modcli.skills.skill import Finding, Level, Skill
from modcli.skills.suppression import (
    FILE_NAME,
    Known,
    Mark,
    baseline_bytes,
    read_baseline,
    read_suppressions,
)
from modcli.sources.post import Problem

#: Skills that are judged together: so many, or as many as hold so many bytes.
_BATCH, _BATCH_BYTES = 16, 32_000_000
#: A file of these names makes its folder a skill.
_MAINS = ("SKILL.md", "skill.md", "skills.md")
#: How many folders up a file's skill is looked for.
_UP = 6


@dataclass(frozen=True)
class Wish:
    """What was asked for: the paths, when to fail, how to print, and the options of skills."""

    paths: tuple[str, ...]
    of_skills: OfSkills
    fail: Fail
    form: str
    observe: bool = False
    stats: bool = False


def check_skills(
    paths: Sequence[str],
    flags: Mapping[str, object],
    of_skills: OfSkills,
    *,
    observe: bool = False,
    stats: bool = False,
) -> int:
    """Judge the skills at some paths; the exit status. `flags` are settings as the command line gives them; `format` may
    also be `sarif`, and `fail_on` one of `Fail`."""
    wanted, form, fail = dict(flags), flags.get("format"), str(flags.get("fail_on") or "")
    if form == "sarif":
        wanted["format"] = None
    if fail in tuple(Fail):
        wanted["fail_on"] = None
    settings = load_settings(wanted, os.environ, Path.cwd())
    wish = Wish(
        tuple(_roots(paths)),
        of_skills,
        Fail(fail) if fail in tuple(Fail) else _usual(settings),
        "sarif" if form == "sarif" else _form(settings),
        observe,
        stats,
    )
    if settings.stage == Stage.PREFILTER:
        raise UsageError("--stage prefilter is for texts", hint="leave out --stage, or --rules-only")
    if of_skills.rules_only and of_skills.adjudicate:
        raise UsageError("--adjudicate asks the model, and --rules-only does without one")
    if not wish.paths:
        raise UsageError("--skill names no path", hint="a folder, a file, a ZIP or JSON Lines of skills")
    known = _known(wish)
    if of_skills.write_baseline is not None:
        check_output_file(of_skills.write_baseline)
    if of_skills.rules_only:
        return _Run(wish, known, standard_output()).through()
    names = flags.get("profile") or (SKILLS,)
    profile = load_stacked(
        tuple(map(str, names)) if isinstance(names, list | tuple) else (str(names),), _shelf(settings)
    )
    refuse_blind(settings, profile)
    bench = build_workbench(settings, tell=tell)
    on_error = Action.BLOCK if settings.on_error == "block" else Action.WARN
    moderator, judge = purpose_judging(bench, settings, profile, on_error=on_error)
    try:
        judging = _Judging(profile, bench, moderator, judge, everything=settings.stage == Stage.MODEL)
        return _Run(wish, known, standard_output(), judging).through()
    finally:
        moderator.close()


@dataclass(frozen=True)
class _Judging:
    """The judge: a profile on a model, `moderator` what is counted and closed; `everything` says that no skill is settled
    by its card."""

    profile: Profile
    bench: Workbench
    moderator: Moderator
    judge: Judging
    everything: bool = False


class _Run:
    """One run over some paths."""

    def __init__(self, wish: Wish, known: Known, output: Output, judging: _Judging | None = None) -> None:
        self._wish = wish
        self._known = known
        self._judging = judging
        self._judge: PurposeJudge | None = None
        self._adjudicator: Adjudicator | None = None
        versions = Versions(__version__, rules_digest(RULES))
        if judging is not None:
            self._judge = PurposeJudge(
                judging.judge, as_judged(judging.profile), everything=judging.everything
            )
            versions = replace(versions, model=judging.bench.model, profile=judging.profile.digest)
        if judging is not None and wish.of_skills.adjudicate:
            self._adjudicator = Adjudicator(judging.bench.backend)
            versions = replace(versions, adjudicated=True)
        self._versions = versions
        self._report = self._made(output)
        self._tally = SkillTally(wish.fail)
        self._marks: list[Mark] = []

    def through(self) -> int:
        """Judge all of them; the exit status."""
        with interruptible() as interrupt:
            try:
                for batch in self._batches():
                    for verdict in self._verdicts(batch):
                        with interrupt.shield():
                            self._report.write(verdict)
                            self._tally.add(verdict)
                            self._keep(verdict)
                    self._tally.progress()
                self._report.close()
            except KeyboardInterrupt:
                with suppress(OutputError):
                    self._report.close()
                return self._end(INTERRUPTED)
            except ReaderGone:
                return self._end(self._tally.status())
            except ModcliError:
                tell(self._tally.status_line(2))
                raise
        self._write_baseline()
        self._tell_suppressions()
        if self._wish.stats:
            for line in self._tally.lines(
                self._judge, self._judging.moderator.statistics if self._judging else None
            ):
                tell(line)
        elif sys.stderr is not None and sys.stderr.isatty():
            tell(self._tally.summary())
        return self._end(self._tally.status())

    def _batches(self) -> Iterator[list[Skill]]:
        """Skills to judge together; what could not be read is told at once."""
        batch: list[Skill] = []
        size = 0
        for path in self._wish.paths:
            found = read_skills(Path(path))
            while True:
                with self._tally.timed("reading"):
                    one = next(found, None)
                if one is None:
                    break
                if isinstance(one, Problem):
                    self._report.unread(str(one.location), one.message)
                    self._tally.unread(f"{one.location}: {one.message}")
                    continue
                batch.append(one)
                size += sum(len(file.content) for file in one.files)
                if len(batch) >= _BATCH or size >= _BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch

    def _verdicts(self, skills: list[Skill]) -> Iterator[SkillVerdict]:
        with self._tally.timed("rules"):
            findings = [examine(skill) for skill in skills]
        purposes: Sequence[Purpose | None] = [None] * len(skills)
        if self._judge is not None:
            purposes = self._judge.judge(skills, [is_suspicious(found) for found in findings])
        for skill, found, purpose in zip(skills, findings, purposes, strict=True):
            looked = self._adjudicated(found)
            yield answered(
                skill,
                [one.finding for one in looked],
                purpose,
                self._versions,
                self._known,
                lowered=[one.why for one in looked],
                by_rule=[finding.level for finding in found],
            )

    def _adjudicated(self, findings: Sequence[Finding]) -> list[Adjudicated]:
        if self._adjudicator is None:
            return [Adjudicated(finding) for finding in findings]
        with self._tally.timed("adjudicating"):
            return self._adjudicator.look(findings)

    def _made(self, output: Output) -> SkillReport:
        if self._wish.form == "sarif":
            return SkillsSarif(
                output,
                RULES,
                self._judging.profile if self._judging else None,
                self._versions,
                folder=Path.cwd(),
                baseline=self._wish.of_skills.baseline is not None,
            )
        if self._wish.form == "table":
            return SkillsTable(output, standard_console(), {rule.id: rule for rule in RULES})
        return SkillsJsonl(output)

    def _keep(self, verdict: SkillVerdict) -> None:
        """For a baseline: all that a person would have to look at."""
        if self._wish.of_skills.write_baseline is not None:
            self._marks += [e.mark for e in verdict.entries if e.finding.level is not Level.NOTE]
            self._marks += [mark for mark, _ in verdict.purpose_marks]

    def _write_baseline(self) -> None:
        path = self._wish.of_skills.write_baseline
        if path is not None:
            write_output_file(path, baseline_bytes(self._marks))
            tell(f"{len(set(self._marks)):,} findings are kept in {path}")

    def _tell_suppressions(self) -> None:
        for one in self._known.lapsed:
            tell(f"{one.location}: the suppression of {one.rule} in {one.path} expired on {one.expires}")
        if unused := self._known.unused:
            tell(f"{len(unused):,} suppressions match nothing; the first: {unused[0].location}")

    def _end(self, status: int) -> int:
        why = self._tally.status_line(status)
        if self._wish.observe and status != INTERRUPTED:
            if why:
                tell(f"observing only, so exit status 0, not {why.removeprefix('exit status ')}")
            return 0
        if why:
            tell(why)
        return status


def _known(wish: Wish) -> Known:
    """Suppressions and baseline. A file of suppressions that comes with what is judged is used only if it is named:
    whoever wrote the skill could have written it as well."""
    given, here = wish.of_skills.suppressions, Path.cwd() / FILE_NAME
    suppressions = []
    if given is not None:
        suppressions = read_suppressions(given)
    elif here.is_file():
        if any(_holds(Path(path), here) for path in wish.paths):
            tell(
                f"{FILE_NAME} comes with what is judged, and is not used: name it by --suppressions to use it"
            )
        else:
            suppressions = read_suppressions(here)
            tell(f"suppressions from {FILE_NAME}: {len(suppressions):,}")
    baseline = read_baseline(wish.of_skills.baseline) if wish.of_skills.baseline is not None else []
    return Known(suppressions, baseline, today=date.today())


def _holds(folder: Path, file: Path) -> bool:
    return folder.is_dir() and file.resolve().is_relative_to(folder.resolve())


def _roots(paths: Sequence[str]) -> Iterator[str]:
    """The paths, each once; for a file of a skill (its SKILL.md, a script of it) the folder that is the skill. Raises
    SourceError for one that is not there."""
    found: dict[str, None] = {}
    for path in paths:
        place = Path(path)
        if not os.path.lexists(place):
            raise SourceError("there is no such file or folder", location=Place(path))
        found[str(_skill_of(place)) if place.is_file() else path] = None
    yield from found


def _skill_of(file: Path) -> Path:
    for folder in list(file.absolute().parents)[:_UP]:
        if any((folder / name).is_file() for name in _MAINS):
            with suppress(ValueError):
                return folder.relative_to(Path.cwd())
            return folder
    return file


def _usual(settings: Settings) -> Fail:
    """What fails where the command line does not say: by the setting for texts."""
    return {"block": Fail.ANY, "warn": Fail.WARN}.get(settings.fail_on, Fail.NEVER)


def _form(settings: Settings) -> str:
    if settings.format == "csv":
        raise UsageError("skills have no CSV", hint="--format table, jsonl or sarif")
    if settings.format == "auto":
        return "table" if sys.stdout is not None and sys.stdout.isatty() else "jsonl"
    return settings.format


def _shelf(settings: Settings) -> Shelf:
    return Shelf(settings.config_dir / "profiles")
