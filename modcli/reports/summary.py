"""What a run came to: its tally, its exit status and why, its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from modcli.item import Item
from modcli.profile import Action
from modcli.verdict import Verdict

OK, FOUND, NOT_JUDGED, INTERRUPTED = 0, 1, 3, 130
#: How verdicts of the full judge call their stage, and a moderator what its time went to.
FULL_STAGES, FULL_ACTIVITIES = ("reading", "prompt"), ("reading", "asking")


@dataclass(slots=True)
class Tally:
    """Counts of the verdicts of a run. `actions` counts those that were judged, `errors` the others."""

    actions: Counter[Action] = field(default_factory=Counter)
    errors: int = 0
    cached: int = 0
    partly_read: int = 0
    first_error: str = ""

    @property
    def items(self) -> int:
        """All of them."""
        return self.actions.total() + self.errors

    def add(self, item: Item, verdict: Verdict) -> None:
        """Count one more."""
        self.cached += verdict.cached
        self.partly_read += verdict.read < 1 or "truncated_bytes" in item.metadata
        if verdict.error is None:
            self.actions[verdict.action] += 1
        else:
            self.first_error = self.first_error or f"{item.location}: {verdict.error}"
            self.errors += 1

    def status(self, fail_on: Action | None) -> int:
        """The exit status: 3 where an item could not be judged, 1 where one is at least as bad as
        `fail_on`."""
        if self.errors:
            return NOT_JUDGED
        found = fail_on is not None and any(
            action.severity >= fail_on.severity for action, count in self.actions.items() if count
        )
        return FOUND if found else OK


class Figures(Protocol):
    """What a moderator counts. `stages`: items by the stage that decided; `seconds`: time by what it went
    to; `early`: that of each early stage, in their order."""

    @property
    def stages(self) -> Mapping[str, int]:
        """Items by the stage that decided."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens that the model computed."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """Time by what it went to."""
        ...

    @property
    def early(self) -> Mapping[str, float]:
        """Time of each early stage."""
        ...


def counted(number: int, one: str, more: str | None = None) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def status_line(tally: Tally, status: int) -> str:
    """Why the exit status is what it is, in one line; empty for 0."""
    blocked, warned = tally.actions[Action.BLOCK], tally.actions[Action.WARN]
    match status:
        case 0:
            return ""
        case 1:
            parts = [f"{blocked:,} of {_count(tally.items)} blocked"] if blocked else []
            parts += [f"{warned:,} {'' if blocked else f'of {_count(tally.items)} '}warned"] if warned else []
            why = ", ".join(parts)
        case 3:
            found = f" ({blocked:,} blocked)" if blocked else ""
            why = f"{tally.errors:,} of {_count(tally.items)} could not be judged{found}; the first: "
            why += tally.first_error
        case 130:
            why = f"interrupted with {_count(tally.items)} done"
        case _:
            why = f"stopped with {_count(tally.items)} done"
    return f"exit status {status}: {why}"


def summary_line(tally: Tally, seconds: float) -> str:
    """The counts of a run and its speed, in one line. `seconds` is the time spent on judging."""
    parts = [
        f"{tally.actions[Action.ALLOW]:,} allowed",
        f"{tally.actions[Action.WARN]:,} warned",
        f"{tally.actions[Action.BLOCK]:,} blocked",
    ]
    parts += [f"{tally.errors:,} not judged"] if tally.errors else []
    parts += [f"{tally.partly_read:,} read in part"] if tally.partly_read else []
    parts += [f"{tally.cached:,} from the cache"] if tally.cached else []
    return f"{_count(tally.items)}: {', '.join(parts)}{_speed(tally.items, seconds)}"


def statistics_lines(tally: Tally, figures: Figures, seconds: float) -> list[str]:
    """The summary and, below it, the cache's, each stage's and each activity's share."""
    items = tally.items
    lines = [summary_line(tally, seconds), f"cache:  {_share(tally.cached, items)} of the items"]
    stages = [f"{name} {_share(count, items)}" for name, count in figures.stages.items()]
    lines += [f"stages: {', '.join(stages)}"] if stages else []
    lines += _cascade_lines(items, figures) if figures.early else []
    each = f", {figures.tokens / items:.1f} an item" if items else ""
    lines.append(f"tokens: {figures.tokens:,}{each}")
    spent = "".join(f", {name} {taken:.2f} s" for name, taken in figures.seconds.items())
    lines.append(f"time:   judging {seconds:.2f} s{spent}")
    return lines


def _cascade_lines(items: int, figures: Figures) -> list[str]:
    """A table: what each stage decided of all items, the time it took, and how many a second it looked at."""
    in_full = sum(figures.stages.get(stage, 0) for stage in FULL_STAGES)
    seconds = sum(figures.seconds.get(what, 0.0) for what in FULL_ACTIVITIES)
    decided = {name: figures.stages.get(name, 0) for name in figures.early} | {"in full": in_full}
    taken = dict(figures.early) | {"in full": seconds}
    width = max(len(name) for name in decided)
    lines = [f"{'stage':{width}}  {'items':>9}  {'share':>5}  {'seconds':>8}  {'items/s':>8}"]
    looked_at = sum(decided.values())
    for name, count in decided.items():
        share = f"{count / items:.0%}" if items else ""
        speed = rate(looked_at / taken[name]) if taken[name] > 0 and looked_at else ""
        lines.append(f"{name:{width}}  {count:>9,}  {share:>5}  {taken[name]:>8.2f}  {speed:>8}")
        looked_at -= count
    return lines


def spoken(seconds: float) -> str:
    """A time to wait, as a person would say it."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.2g} minutes"
    return f"about {seconds / 3600:.2g} hours"


def _count(items: int) -> str:
    return f"{items:,} item{'' if items == 1 else 's'}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else f"{part:,}"


def _speed(items: int, seconds: float) -> str:
    if not items or seconds <= 0:
        return ""
    return f"; {rate(items / seconds)} items/s"


def rate(a_second: float) -> str:
    """So many a second, as a person would say it."""
    return f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.2g}"
