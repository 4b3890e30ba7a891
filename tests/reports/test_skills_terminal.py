"""Verdicts on skills for a person: what is both hidden and dangerous is told once."""

from __future__ import annotations

import io
from datetime import date

from rich.console import Console

from modcli.reports.skills_terminal import SkillsTable
from modcli.skills.answers import Versions, answered
from modcli.skills.skill import Axis, Level
from modcli.skills.suppression import Known
from tests.skills.made import finding, skill


def test_a_hook_is_told_once() -> None:
    findings = [
        finding(Axis.HIDDEN, Level.WARNING, rule="early-hook"),
        finding(Axis.DANGEROUS, Level.WARNING, rule="hook-commands"),
    ]
    verdict = answered(skill(), findings, None, Versions("1", "r" * 64), Known(today=date(2031, 5, 20)))
    output = io.BytesIO()
    SkillsTable(output, Console(file=io.StringIO(), width=200), {}).write(verdict)  # type: ignore[arg-type]
    text = output.getvalue().decode()
    assert text.count("early-hook") == 1
    assert "hook-commands" not in text
    assert len(verdict.entries) == 2
