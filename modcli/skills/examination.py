"""All that rules find in a skill, and all rules that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modcli.skills.coverage import RULES as COVERAGE_RULES
from modcli.skills.coverage import coverage_findings, form_findings
from modcli.skills.dangerous import RULES as DANGEROUS_RULES
from modcli.skills.dangerous import dangerous_findings
from modcli.skills.hidden import RULES as HIDDEN_RULES
from modcli.skills.hidden import hidden_findings
from modcli.skills.skill import Axis, Finding, Level, Rule, Skill


def _all(rules: Mapping[str, Rule] | Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(rules.values() if isinstance(rules, Mapping) else rules)


#: Every rule, in the order of the answers.
RULES: tuple[Rule, ...] = (*_all(HIDDEN_RULES), *_all(DANGEROUS_RULES), *_all(COVERAGE_RULES))


def examine(skill: Skill) -> list[Finding]:
    """What rules find in a skill: hidden, dangerous, not read, and not in the form of the specification. One that was
    found twice (by a file and its copy in the same place) is there once."""
    found = [
        *hidden_findings(skill),
        *dangerous_findings(skill),
        *coverage_findings(skill),
        *form_findings(skill),
    ]
    return list(dict.fromkeys(found))


def is_suspicious(findings: list[Finding]) -> bool:
    """Whether a skill is to be read in full, whatever it says of itself."""
    heavy = (Level.WARNING, Level.PROBLEM)
    return any(one.axis in (Axis.HIDDEN, Axis.DANGEROUS) and one.level in heavy for one in findings)
