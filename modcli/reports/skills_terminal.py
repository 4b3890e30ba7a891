"""Verdicts on skills for a person: three answers a skill, and under them where and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from modcli.reports.output import Output
from modcli.reports.terminal_text import one_line
from modcli.skills.answers import Entry, Held, SkillVerdict
from modcli.skills.purpose import Answer, Purpose
from modcli.skills.skill import Axis, Level, Read, Rule

STYLES: dict[str, str] = {
    **{Answer.FINE: "green", Answer.DUAL_USE: "cyan", Answer.PERSON: "yellow", Answer.NOT: "bold red"},
    **{Held.NO: "green", Held.LOOK: "yellow", Held.YES: "bold red"},
    **{Level.NOTE: "dim", Level.WARNING: "yellow", Level.PROBLEM: "bold red"},
}
#: Findings told of one answer; how many more there are is said.
MOST_TOLD = 12
_MOST = 400


class SkillsTable:
    """A block for each skill: its name and place, the three answers, and what they rest on. `rules` are all rules by id,
    for why a finding matters and how to fix it."""

    def __init__(self, output: Output, console: Console, rules: Mapping[str, Rule]) -> None:
        self._output = output
        self._console = console
        self._rules = rules

    def write(self, verdict: SkillVerdict) -> None:
        """Add a block."""
        for line in self._lines(verdict):
            self._print(line)

    def unread(self, place: str, message: str) -> None:
        """Say what could not be read as a skill."""
        self._print(Text(one_line(place, _MOST), "bold").append("  "))
        self._print(Text("  not read   ").append(one_line(message, _MOST), "bold red"))

    def close(self) -> None:
        """Nothing comes after the last block."""

    def _lines(self, verdict: SkillVerdict) -> Iterator[Text]:
        yield Text(one_line(verdict.name, 80), "bold").append(
            f"  {one_line(verdict.id, _MOST)}", "dim not bold"
        )
        yield from _purpose_lines(verdict)
        yield from self._axis("hidden", verdict.hidden, verdict, Axis.HIDDEN)
        yield from self._axis("dangerous", verdict.dangerous, verdict, Axis.DANGEROUS)
        yield _coverage_line(verdict)
        yield from self._told(verdict.of(Axis.COVERAGE))
        if form := verdict.of(Axis.FORM):
            yield Text(f"  form       {len(form)} note{'s' * (len(form) > 1)}: ", "dim").append(
                one_line("; ".join(entry.finding.told for entry in form[:3]), _MOST)
            )
        if verdict.agreement in ("both", "rules only", "judge only"):
            yield Text(f"  objections by {verdict.agreement.replace('both', 'rules and judge')}", "dim")
        for note in verdict.notes:
            yield Text(f"  note       {one_line(note, _MOST)}", "dim")

    def _axis(self, name: str, held: Held, verdict: SkillVerdict, axis: Axis) -> Iterator[Text]:
        entries = verdict.of(axis)
        counted = sum(entry.counts for entry in entries)
        line = Text(f"  {name:<11}").append(held.value, STYLES[held])
        if counted:
            line.append(f"  {counted} finding{'s' * (counted > 1)}", "dim")
        elif held is Held.LOOK:
            line.append("  nothing was found, but not all was read", "dim")
        if counted < len(entries):
            line.append(f"  {len(entries) - counted} let stand", "dim")
        yield line
        yield from self._told(entries)

    def _told(self, entries: list[Entry]) -> Iterator[Text]:
        for entry in entries[:MOST_TOLD]:
            yield from self._finding(entry)
        if len(entries) > MOST_TOLD:
            yield Text(f"    and {len(entries) - MOST_TOLD} more (--format jsonl has all)", "dim")

    def _finding(self, entry: Entry) -> Iterator[Text]:
        finding, rule = entry.finding, self._rules.get(entry.finding.rule)
        place = finding.path + (f":{finding.line}" if finding.line else "")
        style = STYLES[finding.level] if entry.counts else "dim"
        yield Text(f"    {finding.level.value:<8}", style).append(
            f" {one_line(place, _MOST)}  {finding.rule}", "not bold"
        )
        yield Text(f"      {one_line(finding.told, _MOST)}")
        if finding.excerpt:
            yield Text(f"      > {one_line(finding.excerpt, 160)}", "dim")
        for path, line, what in finding.near[:3]:
            yield Text(f"      with {one_line(f'{path}:{line}', _MOST)}  {one_line(what, 160)}", "dim")
        if entry.lowered:
            yield Text(f"      was {entry.level_by_rule.value}: {one_line(entry.lowered, _MOST)}", "dim")
        if entry.let is not None:
            until = f" until {entry.let.expires}" if entry.let.expires else ""
            yield Text(
                f"      does not count ({entry.let.kind}{until}): {one_line(entry.let.reason, _MOST)}", "dim"
            )
            return
        if entry.lapsed is not None:
            yield Text(f"      its suppression expired on {entry.lapsed.expires}", "yellow")
        if rule is not None and finding.level is not Level.NOTE:
            yield Text(f"      why: {one_line(rule.why, _MOST)}", "dim")
            yield Text(f"      fix: {one_line(rule.fix, _MOST)}", "dim")
            yield Text(f"      fingerprint: {entry.mark.fingerprint}", "dim")

    def _print(self, line: Text) -> None:
        with self._console.capture() as captured:
            line.rstrip()
            self._console.print(line, highlight=False, soft_wrap=True)
        self._output.write(captured.get().encode(self._console.encoding, "backslashreplace"))


def _purpose_lines(verdict: SkillVerdict) -> Iterator[Text]:
    purpose = verdict.purpose
    if purpose is None:
        yield Text("  purpose    ").append("not judged", "dim")
        return
    yield (
        Text("  purpose    ")
        .append(purpose.answer.told, STYLES[purpose.answer])
        .append(f"  {one_line(purpose.reason, _MOST)}", "dim")
    )
    for name in purpose.decided_by:
        for one in purpose.categories[name].witnesses:
            lines = f"{one.line}-{one.last_line}" if one.last_line > one.line else f"{one.line}"
            place = one_line(f"{one.path}:{lines}", _MOST)
            yield Text(f"    {name} {one.probability:.2f}  {one.what} {place}", "dim")
    yield Text(f"    {_read(purpose)}", "dim")
    for mark, let in verdict.purpose_marks:
        if let is not None:
            until = f" until {let.expires}" if let.expires else ""
            yield Text(
                f"    {mark.rule} does not count ({let.kind}{until}): {one_line(let.reason, _MOST)}", "dim"
            )
    if purpose.error is not None:
        yield Text(f"    could not be judged: {one_line(purpose.error, _MOST)}", "bold red")


def _read(purpose: Purpose) -> str:
    if purpose.stage == "card":
        return "settled by name, description and headings; the body was not judged"
    share = "all" if purpose.read >= 1 else f"{int(purpose.read * 1000) / 10:.1f}%"
    return f"judged in {purpose.pieces} pieces, {share} of its text"


def _coverage_line(verdict: SkillVerdict) -> Text:
    counts = {read: sum(file.read is read for file in verdict.files) for read in Read}
    told = ", ".join(f"{count} {read.value}" for read, count in counts.items() if count)
    style = "dim" if verdict.is_read else "yellow"
    return Text("  coverage   ", style).append(f"{len(verdict.files)} files: {told}", style)
