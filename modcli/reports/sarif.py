"""Verdicts on skills as SARIF 2.1.0, which code hosts and editors read (OASIS, Static Analysis Results Interchange
Format, version 2.1.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modcli.profile import Action, Category, Profile
from modcli.reports.output import Output
from modcli.reports.terminal_text import one_line
from modcli.skills.answers import PURPOSE_RULE, UNSAID, Entry, SkillVerdict, Versions
from modcli.skills.purpose import Answer, Witness
from modcli.skills.skill import Level, Rule, SkillFile
from modcli.skills.suppression import Let, Mark

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: The name under which a fingerprint is kept: it changes when fingerprints are made otherwise.
FINGERPRINT = "modcliSkills/v1"
_LEVELS = {Level.NOTE: "note", Level.WARNING: "warning", Level.PROBLEM: "error"}
_ANSWERS = {Answer.DUAL_USE: "note", Answer.PERSON: "warning", Answer.NOT: "error", Answer.FINE: "none"}
_MOST = 1000


class SkillsSarif:
    """One document for all skills, written at the end: the form has no other way. `baseline` says that a baseline was
    given, so that each result is new or unchanged; paths are told from `folder`."""

    def __init__(
        self,
        output: Output,
        rules: Sequence[Rule],
        profile: Profile | None,
        versions: Versions,
        *,
        folder: Path,
        baseline: bool = False,
    ) -> None:
        self._output = output
        self._versions = versions
        self._folder = folder
        self._baseline = baseline
        self._rules = [*map(_rule, rules), *_purpose_rules(profile)]
        self._index = {rule["id"]: i for i, rule in enumerate(self._rules)}
        self._results: list[dict[str, Any]] = []
        self._artifacts: list[dict[str, Any]] = []
        self._unread: list[dict[str, Any]] = []
        self._skills: list[dict[str, Any]] = []

    def write(self, verdict: SkillVerdict) -> None:
        """Add a skill's findings, and what its files are."""
        base = _uri(verdict.id, self._folder)
        self._results += [self._finding(entry, base) for entry in verdict.entries]
        self._results += self._purposes(verdict, base)
        self._artifacts += [_artifact(file, base) for file in verdict.files]
        purpose = verdict.purpose
        self._skills.append(
            {
                "name": verdict.name,
                "uri": base,
                "digest": verdict.digest,
                "action": verdict.action.value,
                "purpose": purpose.answer.value if purpose else "not-judged",
                "hidden": verdict.hidden.value,
                "dangerous": verdict.dangerous.value,
                "complete": verdict.is_read,
                "agreement": verdict.agreement,
            }
        )
        if verdict.error is not None:
            self.unread(verdict.id, verdict.error)

    def unread(self, place: str, message: str) -> None:
        """Add what could not be read or judged, as a notification."""
        where = {"physicalLocation": {"artifactLocation": {"uri": _uri(place, self._folder)}}}
        self._unread.append({"level": "error", "message": _text(message), "locations": [where]})

    def close(self) -> None:
        """Write the document."""
        versions = self._versions
        driver = {
            "name": "modcli",
            "version": versions.modcli,
            "rules": self._rules,
            "properties": {
                "rulesDigest": versions.rules,
                "modelDigest": versions.model,
                "profileDigest": versions.profile,
                "adjudicated": versions.adjudicated,
            },
        }
        run = {
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [
                {"executionSuccessful": not self._unread, "toolExecutionNotifications": self._unread}
            ],
            "artifacts": self._artifacts,
            "results": self._results,
            "properties": {"skills": self._skills},
        }
        document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
        self._output.write(json.dumps(document, indent=1).encode() + b"\n")

    def _finding(self, entry: Entry, base: str) -> dict[str, Any]:
        finding = entry.finding
        result = self._result(
            entry.mark,
            _LEVELS[finding.level],
            finding.told,
            _location(base, finding.path, finding.line, finding.last_line, finding.excerpt),
            entry.let,
        )
        if finding.near:
            result["relatedLocations"] = [
                _location(base, path, line) | {"message": _text(what)} for path, line, what in finding.near
            ]
        properties: dict[str, Any] = {"axis": finding.axis.value, "skill": entry.mark.skill}
        if entry.lowered:
            properties |= {"levelByRule": _LEVELS[entry.level_by_rule], "lowered": entry.lowered}
        if entry.lapsed is not None:
            properties["suppressionExpired"] = entry.lapsed.expires.isoformat()
        return result | {"properties": properties}

    def _purposes(self, verdict: SkillVerdict, base: str) -> list[dict[str, Any]]:
        """A result for each category that decided; the pieces that speak for it are its places."""
        purpose, results = verdict.purpose, []
        if purpose is None:
            return []
        for mark, let in verdict.purpose_marks:
            found = purpose.categories.get(mark.rule.removeprefix(PURPOSE_RULE))
            places: tuple[Witness, ...] = found.witnesses if found is not None else ()
            first = (
                _location(base, places[0].path, places[0].line, places[0].last_line)
                if places
                else _location(base, mark.path, 1)
            )
            told = f"{purpose.answer.told}: {purpose.reason}"
            result = self._result(mark, _ANSWERS[purpose.answer], told, first, let)
            if places[1:]:
                result["relatedLocations"] = [
                    _location(base, one.path, one.line, one.last_line)
                    | {"message": _text(f"{one.what}: {one.probability:.2f}")}
                    for one in places[1:]
                ]
            results.append(result | {"properties": {"axis": "purpose", "skill": mark.skill}})
        return results

    def _result(
        self, mark: Mark, level: str, told: str, location: Mapping[str, Any], let: Let | None
    ) -> dict[str, Any]:
        result: dict[str, Any] = {
            "ruleId": mark.rule,
            "level": level,
            "message": _text(told),
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: mark.fingerprint},
        }
        if mark.rule in self._index:
            result["ruleIndex"] = self._index[mark.rule]
        if self._baseline:
            result["baselineState"] = "unchanged" if let is not None and let.kind == "baseline" else "new"
        # An empty list says that suppressions were looked for, and none was found.
        result["suppressions"] = [] if let is None else [_suppression(let)]
        return result


def _rule(rule: Rule) -> dict[str, Any]:
    return _descriptor(rule.id, rule.title, rule.why, rule.fix, _LEVELS[rule.level], rule.axis.value)


def _purpose_rules(profile: Profile | None) -> list[dict[str, Any]]:
    if profile is None:
        return []
    asked = [one for one in profile.categories if one.action is not Action.ALLOW]
    unsaid = _descriptor(
        UNSAID,
        "Says nothing of what it is for",
        "Neither the card nor the text of this skill says what it is for, so nobody can tell whether it is fine.",
        "Write a description that says what the skill does and when to use it.",
        "warning",
        "purpose",
    )
    return [*map(_category_rule, asked), unsaid]


def _category_rule(category: Category) -> dict[str, Any]:
    blocked = category.action is Action.BLOCK
    answer = Answer.NOT if blocked else Answer.PERSON
    return _descriptor(
        f"{PURPOSE_RULE}{category.name}",
        f"Purpose: {category.word} ({answer.told})",
        category.definition or f"By the profile, a skill for {category.word} is {answer.told}.",
        "Leave the skill alone, or let the profile say otherwise: modcli profile unblock."
        if blocked
        else "Let somebody who knows the field look at what the skill says before it is used.",
        "error" if blocked else "warning",
        "purpose",
    )


def _descriptor(id: str, title: str, why: str, fix: str, level: str, axis: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": "".join(word.capitalize() for word in id.replace("/", "-").replace(" ", "-").split("-")),
        "shortDescription": {"text": _escaped(title)},
        "fullDescription": {"text": _escaped(why)},
        "help": {"text": _escaped(f"{why}\n\nHow to fix it: {fix}")},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": [axis, "agent-skills"]},
    }


def _suppression(let: Let) -> dict[str, Any]:
    until = f" (until {let.expires.isoformat()})" if let.expires is not None else ""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{one_line(let.reason, _MOST)}{until}",
    }


def _location(base: str, path: str, line: int, last_line: int = 0, excerpt: str = "") -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _joined(base, path)}}
    if line > 0:
        region: dict[str, Any] = {"startLine": line}
        if last_line > line:
            region["endLine"] = last_line
        if excerpt:
            region["snippet"] = {"text": one_line(excerpt, _MOST)}
        physical["region"] = region
    return {"physicalLocation": physical}


def _artifact(file: SkillFile, base: str) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _joined(base, file.path)},
        "length": file.size,
        "properties": {"role": file.role.value, "read": file.read.value},
    }
    if file.content:
        artifact["hashes"] = {"sha-256": file.digest}
    if file.encoding:
        artifact["properties"]["encoding"] = file.encoding
    if file.why:
        artifact["properties"]["why"] = one_line(file.why, _MOST)
    return artifact


def _uri(root: str, folder: Path) -> str:
    """A path as a URI: from the folder where it lies below it, else absolute."""
    path = Path(root)
    if path.is_absolute():
        try:
            return _quoted(path.relative_to(folder).as_posix())
        except ValueError:
            return "file://" + _quoted(path.as_posix())
    return _quoted(root)


def _joined(base: str, path: str) -> str:
    """A file within a skill. A skill that is one file is that file."""
    name = _quoted(path)
    if base == "." or not base:
        return name
    return base if base.rpartition("/")[2] == name else f"{base}/{name}"


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/!~@+,=")


def _text(told: str) -> dict[str, str]:
    return {"text": _escaped(one_line(told, _MOST))}


def _escaped(text: str) -> str:
    """Text of a message that is read as written: braces would hold arguments, and brackets before parentheses a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
