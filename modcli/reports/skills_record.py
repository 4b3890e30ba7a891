"""The verdict on a skill as the JSON object that scripts rely on (docs/skills.md), and a file of one a line."""

from __future__ import annotations

from typing import Any, Protocol

from modcli.reports.jsonl import json_line
from modcli.reports.output import Output
from modcli.skills.answers import Entry, SkillVerdict
from modcli.skills.purpose import Found, Purpose
from modcli.skills.skill import Axis, Read, SkillFile
from modcli.skills.suppression import Let

#: Changes whenever a key changes its meaning or goes.
VERSION = 1


class SkillReport(Protocol):
    """A form of output. Each record has left the program when `write` returns, unless the form is one document."""

    def write(self, verdict: SkillVerdict) -> None:
        """Add the verdict on a skill."""
        ...

    def unread(self, place: str, message: str) -> None:
        """Add what could not be read as a skill at all."""
        ...

    def close(self) -> None:
        """Add what comes after the last one."""
        ...


class SkillsJsonl:
    """One object a line."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, verdict: SkillVerdict) -> None:
        """Add a line."""
        self._output.write(json_line(as_record(verdict)))

    def unread(self, place: str, message: str) -> None:
        """Add a line with an error and no answers."""
        self._output.write(json_line({"version": VERSION, "id": place, "error": message}))

    def close(self) -> None:
        """Nothing comes after the last line."""


def as_record(verdict: SkillVerdict) -> dict[str, Any]:
    """The verdict on a skill, with all that was found, what does not count, and what it depends on."""
    record: dict[str, Any] = {
        "version": VERSION,
        "id": verdict.id,
        "name": verdict.name,
        "kind": verdict.kind,
        "digest": verdict.digest,
        "action": verdict.action.value,
        "purpose": _purpose(verdict),
    }
    for axis, held in ((Axis.HIDDEN, verdict.hidden), (Axis.DANGEROUS, verdict.dangerous)):
        record[axis.value] = {"answer": held.value, "findings": _entries(verdict, axis)}
    record["coverage"] = {
        "complete": verdict.is_read,
        "files": [_file(file) for file in verdict.files],
        "findings": _entries(verdict, Axis.COVERAGE),
    }
    record["form"] = _entries(verdict, Axis.FORM)
    record["agreement"] = verdict.agreement
    record["versions"] = {
        "modcli": verdict.versions.modcli,
        "rules": verdict.versions.rules,
        "model": verdict.versions.model,
        "profile": verdict.versions.profile,
        "adjudicated": verdict.versions.adjudicated,
    }
    if verdict.notes:
        record["notes"] = list(verdict.notes)
    if verdict.error is not None:
        record["error"] = verdict.error
    return record


def _purpose(verdict: SkillVerdict) -> dict[str, Any]:
    purpose = verdict.purpose
    if purpose is None:
        return {"answer": "not-judged"}
    record: dict[str, Any] = {
        "answer": purpose.answer.value,
        "reason": purpose.reason,
        "says_purpose": purpose.says_purpose,
        "decided_by": purpose.decided_by,
        "categories": {name: _found(found) for name, found in purpose.categories.items()},
        "stage": purpose.stage,
        "pieces": purpose.pieces,
        "read": _share(purpose),
    }
    lets = [
        {"rule": mark.rule, "fingerprint": mark.fingerprint} | _let(let)
        for mark, let in verdict.purpose_marks
    ]
    return record | ({"known_by": lets} if lets else {})


def _found(found: Found) -> dict[str, Any]:
    record: dict[str, Any] = {
        "p": round(found.verdict.probability, 4),
        "threshold": round(found.verdict.threshold, 4),
        "action": found.verdict.action.value,
    }
    if found.verdict.exempted_by:
        record["exempted_by"] = found.verdict.exempted_by
    if found.alone is not None:
        record["one_passage_alone"] = round(found.alone, 4)
    if found.witnesses:
        record["where"] = [
            {
                "what": one.what,
                "path": one.path,
                "line": one.line,
                "last_line": one.last_line,
                "p": round(one.probability, 4),
            }
            for one in found.witnesses
        ]
    return record


def _share(purpose: Purpose) -> float:
    """To four places, rounded down: what was not read to its end is never told as 1."""
    return int(purpose.read * 10_000) / 10_000


def _entries(verdict: SkillVerdict, axis: Axis) -> list[dict[str, Any]]:
    return [_entry(entry) for entry in verdict.of(axis)]


def _entry(entry: Entry) -> dict[str, Any]:
    finding = entry.finding
    record: dict[str, Any] = {
        "rule": finding.rule,
        "level": finding.level.value,
        "path": finding.path,
        "line": finding.line,
        "told": finding.told,
        "fingerprint": entry.mark.fingerprint,
    }
    if finding.last_line > finding.line:
        record["last_line"] = finding.last_line
    if finding.excerpt:
        record["excerpt"] = finding.excerpt
    if finding.near:
        record["near"] = [{"path": path, "line": line, "what": what} for path, line, what in finding.near]
    if entry.lowered:
        record |= {"level_by_rule": entry.level_by_rule.value, "lowered": entry.lowered}
    if entry.lapsed is not None:
        record["suppression_expired"] = entry.lapsed.expires.isoformat()
    return record | _let(entry.let)


def _let(let: Let | None) -> dict[str, Any]:
    if let is None:
        return {}
    record: dict[str, Any] = {"does_not_count": let.kind, "because": let.reason}
    if let.expires is not None:
        record["until"] = let.expires.isoformat()
    return record


def _file(file: SkillFile) -> dict[str, Any]:
    record: dict[str, Any] = {
        "path": file.path,
        "role": file.role.value,
        "size": file.size,
        "read": file.read.value,
    }
    if file.content or file.read is Read.WHOLE:
        record["sha256"] = file.digest
    if file.encoding:
        record["encoding"] = file.encoding
    return record | ({"why": file.why} if file.why else {})
