"""What a run over skills came to: counts, time by what it went to, and the exit status with its reason."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from modcli.cli.stream import tell
from modcli.reports.summary import FOUND, INTERRUPTED, NOT_JUDGED, OK, Figures, rate
from modcli.skills.answers import Fail, Held, SkillVerdict
from modcli.skills.purpose import Answer, PurposeJudge

#: Seconds between two lines that say how far it is.
_EVERY = 10.0


class SkillTally:
    """Counts verdicts. `fail` is what makes the exit status 1."""

    def __init__(self, fail: Fail) -> None:
        self._fail = fail
        self._start = self._told = time.monotonic()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.skills = 0
        self.failing = 0
        self.errors = 0
        self._first_error = ""
        self._answers: Counter[Answer] = Counter()
        self._stages: Counter[str] = Counter()
        self._hidden = self._dangerous = self._unread = 0

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time spent within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[what] += time.perf_counter() - start

    def add(self, verdict: SkillVerdict) -> None:
        """Count one more."""
        self.skills += 1
        self.failing += verdict.fails(self._fail)
        if verdict.purpose is not None:
            self._answers[verdict.purpose.answer] += 1
            self._stages[verdict.purpose.stage] += 1
        self._hidden += verdict.hidden is Held.YES
        self._dangerous += verdict.dangerous is Held.YES
        self._unread += not verdict.is_read
        if verdict.error is not None:
            self._failed(f"{verdict.id}: {verdict.error}")

    def unread(self, error: str) -> None:
        """Count something that could not be read as a skill."""
        self.skills += 1
        self._failed(error)

    def progress(self) -> None:
        """Say how far it is, now and then, where somebody is watching."""
        now = time.monotonic()
        if sys.stderr is not None and sys.stderr.isatty() and now - self._told >= _EVERY:
            self._told = now
            tell(f"{self.skills:,} skills, {rate(self.skills / (now - self._start))}/s{self._shares()}")

    def status(self) -> int:
        """The exit status: 3 where something could not be read or judged, 1 where a skill fails."""
        return NOT_JUDGED if self.errors else FOUND if self.failing else OK

    def status_line(self, status: int) -> str:
        """Why the exit status is what it is; empty for 0."""
        failing = f"{self.failing:,} of {_count(self.skills)} {self._why()}"
        if status == OK:
            return ""
        if status == FOUND:
            return f"exit status 1: {failing}"
        if status == NOT_JUDGED:
            more = f" ({failing})" if self.failing else ""
            told = f"{self.errors:,} of {_count(self.skills)} could not be read or judged in full{more}"
            return f"exit status 3: {told}; the first: {self._first_error}"
        how = "interrupted" if status == INTERRUPTED else "stopped"
        return f"exit status {status}: {how} with {_count(self.skills)} done"

    def summary(self) -> str:
        """The counts of a run, in one line."""
        told = [f"{self._answers[answer]:,} {answer.told}" for answer in Answer if self._answers[answer]]
        told += [f"{self._hidden:,} with something hidden"] if self._hidden else []
        told += [f"{self._dangerous:,} dangerous"] if self._dangerous else []
        told += [f"{self._unread:,} not read in full"] if self._unread else []
        return f"{_count(self.skills)}: {', '.join(told) or 'nothing found'}"

    def lines(self, judge: PurposeJudge | None, figures: Figures | None) -> list[str]:
        """The summary and, below it, what each stage settled and where the time went."""
        seconds, total = dict(self._seconds), time.monotonic() - self._start
        lines = [f"{self.summary()}; {rate(self.skills / max(total, 1e-9))} skills/s"]
        if judge is not None:
            shares = judge.shares
            for stage in ("card", "passages"):
                settled = shares.skills[stage]
                part = f"{settled / self.skills:.0%}" if self.skills else ""
                lines.append(
                    f"{stage:<9} settled {settled:>7,} skills {part:>5}, {shares.pieces[stage]:>8,} pieces judged in "
                    f"{shares.seconds[stage]:,.2f} s"
                )
            seconds |= {f"judging {stage}": taken for stage, taken in shares.seconds.items()}
        if figures is not None:
            lines.append(f"tokens:   {figures.tokens:,}")
            lines += (
                [f"pieces:   {', '.join(f'{k} {v:,}' for k, v in figures.stages.items())}"]
                if figures.stages
                else []
            )
        spent = sum(seconds.values()) or 1.0
        lines.append("time:     " + ", ".join(f"{k} {v:.2f} s ({v / spent:.0%})" for k, v in seconds.items()))
        return lines

    def _shares(self) -> str:
        judged = self._stages.total()
        return "".join(f", {stage} {count / judged:.0%}" for stage, count in self._stages.most_common())

    def _failed(self, error: str) -> None:
        self.errors += 1
        self._first_error = self._first_error or error

    def _why(self) -> str:
        return {
            Fail.HARMFUL: "not for this profile",
            Fail.HIDDEN: "with something hidden",
            Fail.DANGEROUS: "dangerous",
            Fail.ANY: "harmful, hiding something or dangerous",
            Fail.WARN: "not simply fine",
            Fail.NEVER: "failing",
        }[self._fail]


def _count(skills: int) -> str:
    return f"{skills:,} skill{'' if skills == 1 else 's'}"
