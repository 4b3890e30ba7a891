"""`modcli profile test`: the posts that a profile must get right, judged."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from modcli import __version__
from modcli.cascade.preparation import judging
from modcli.cascade.workbench import Workbench
from modcli.cli.app import tell_error
from modcli.cli.assemble import build_workbench, cache_folders, moderator_on, refuse_blind
from modcli.cli.audit_skills import SKILLS
from modcli.cli.check import Backend, Model, NoCache, Offline, Stage, Threads
from modcli.cli.extras import module_of_extra
from modcli.cli.options import Form
from modcli.cli.stream import tell
from modcli.errors import PrefixTooLong, ProfileError, UsageError
from modcli.evaluation.expectations import Comparison, Outcome, compare, kept_run, run_tests
from modcli.evaluation.previous_run import load_run, run_file, save_run
from modcli.profile import Action
from modcli.profiles.expectations import ProfileTests, tests_of
from modcli.profiles.find import Found, Shelf
from modcli.reports.expectations import print_outcomes, records
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings

PASSED, FAILED, INVALID, NOT_JUDGED = 0, 1, 2, 3

Names = Annotated[list[str] | None, typer.Argument(metavar="[PROFILE]...", help="The same as -p.")]
Several = Annotated[
    list[str] | None,
    typer.Option("--profile", "-p", metavar="NAME|PATH", help="The profile; several are tested one by one."),
]


def run_profile_tests(
    names: Names = None,
    profile: Several = None,
    form: Form = None,
    no_cache: NoCache = False,
    backend: Backend = None,
    model: Model = None,
    stage: Stage = None,
    offline: Offline = None,
    threads: Threads = None,
    skill: Annotated[
        bool,
        typer.Option("--skill", help="Judge them as check --skill judges names and descriptions of skills."),
    ] = False,
) -> None:
    """Judge the posts under `tests:` in a profile, and say which did not come out as expected.

    Those of the profile `skills` are judged as skills are.

    After an edit it also says which verdicts followed the edit, and which moved although nothing was said of them.

    Exit status: 0 all passed, 1 one failed, 2 a profile is broken, 3 a post could not be judged.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "stage": stage, "offline": offline}
    flags |= {"profile": [*(names or ()), *(profile or ())], "threads": threads}
    flags |= {"cache": False if no_cache else None}
    settings = load_settings(flags, os.environ, Path.cwd())
    run = _Run(settings, form or ("table" if sys.stdout.isatty() else "jsonl"), skill)
    try:
        for wish in dict.fromkeys(settings.profile):
            run.profile(wish)
    except ReaderGone:
        pass  # it saw what it wanted; what was found until then is in the status
    finally:
        run.close()
    raise typer.Exit(run.finish())


@dataclass
class _Run:
    """One run over several profiles, on one model that is loaded when the first of them has a test."""

    settings: Settings
    form: str
    skill: bool = False
    failed: int = 0
    unjudged: int = 0
    tests: int = 0
    broken: int = 0
    first_error: str = ""
    opened: list[Workbench] = field(default_factory=list)

    @cached_property
    def bench(self) -> Workbench:
        """The model."""
        self.opened.append(build_workbench(self.settings, tell=tell))
        return self.opened[0]

    def profile(self, wish: str) -> None:
        """Test one profile. What is wrong with it is told, and the next one's turn comes."""
        shelf = Shelf(self.settings.config_dir / "profiles")
        try:
            found = shelf.find(wish)
            tests = tests_of(found, shelf)
            self._tell_left_out(tests)
            if not tests.expectations:
                tell(f"{tests.profile.name}: no tests; write some under `tests:` ({found.path})")
                return
            outcomes = self._outcomes(tests)
        except (ProfileError, PrefixTooLong, UsageError) as error:
            tell_error(error)
            self.broken += 1
            return
        comparison = self._compared(found, tests, outcomes)
        self._count(outcomes)
        self._print(tests, outcomes, comparison)

    def finish(self) -> int:
        """Say what it came to; the exit status."""
        told = f"{self.failed:,} of {self.tests:,} test{'s' * (self.tests != 1)} failed"
        if self.broken:
            return INVALID
        if self.unjudged:
            tell(
                f"exit status 3: {self.unjudged:,} could not be judged ({told}); the first: {self.first_error}"
            )
            return NOT_JUDGED
        if self.failed:
            tell(f"exit status 1: {told}")
            return FAILED
        if self.tests and sys.stderr.isatty():
            tell(f"{self.tests:,} test{'s' * (self.tests != 1)} passed")
        return PASSED

    def close(self) -> None:
        """Free the model."""
        for bench in self.opened:
            bench.close()

    def _tell_left_out(self, tests: ProfileTests) -> None:
        for why, count in Counter(one.why for one in tests.left_out).items():
            tell(f"{count:,} inherited test{'s' * (count != 1)} left out: {why}")
        for expectation in tests.rehearsed:
            tell(f"{expectation.name} ({expectation.location}) is an example as well, so it shows nothing")

    def _outcomes(self, tests: ProfileTests) -> list[Outcome]:
        refuse_blind(self.settings, tests.profile)
        # The cache of verdicts would do as well; this way a run tells what is judged now.
        if self.skill or tests.profile.name == SKILLS:
            module = module_of_extra("modcli.cli.assemble_skills", what="judging skills", extra="skills")
            judge = module.purpose_judging(
                self.bench, self.settings, tests.profile, on_error=Action.WARN, verdicts=False
            )[1]
            return run_tests(judge, tests.expectations)
        moderator = moderator_on(
            self.bench, self.settings, tests.profile, on_error=Action.WARN, verdicts=False
        )
        return run_tests(moderator, tests.expectations)

    def _compared(self, found: Found, tests: ProfileTests, outcomes: Sequence[Outcome]) -> Comparison | None:
        """This run beside the last one, whose place it takes."""
        if not self.settings.cache:
            return None
        if not found.path.is_file():
            return None  # another pipe will have the same name
        folder = cache_folders(self.settings)["tests"]
        file = run_file(folder, str(found.path), self.bench.model, self.settings.stage)
        before = load_run(file)
        now = kept_run(tests.profile, outcomes, when=time.time(), version=_version())
        try:
            save_run(file, now)
        except OSError as error:
            tell(f"this run cannot be kept to compare the next one with ({error})")
        return None if before is None else compare(before, now, outcomes, tests.profile.task)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        self.tests += len(outcomes)
        for outcome in outcomes:
            if outcome.verdict.error is not None:
                self.unjudged += 1
                self.first_error = (
                    self.first_error or f"{outcome.expectation.location}: {outcome.verdict.error}"
                )
            elif not outcome.passed:
                self.failed += 1

    def _print(self, tests: ProfileTests, outcomes: Sequence[Outcome], comparison: Comparison | None) -> None:
        if self.form == "table":
            print_outcomes(Console(highlight=False), tests, outcomes, comparison)
            return
        output = standard_output()
        for record in records(tests.profile.name, outcomes, comparison):
            output.write(json_line(record))
        edits = printable(", ".join(comparison.edits.categories)) if comparison else ""
        if edits:
            tell(f"{tests.profile.name}: edited since the last run: {edits}")


def _version() -> str:
    """All that judges but profile and model."""
    return f"{__version__}/{judging()}"
