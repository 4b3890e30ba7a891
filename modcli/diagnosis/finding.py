"""What a look at one thing came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modcli.errors import ModcliError


class State(StrEnum):
    """A problem keeps modcli from working as asked; a warning is worth knowing."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, how it is, what exactly, and what to do about it."""

    state: State
    what: str
    detail: str
    hint: str = ""


def ok(what: str, detail: str) -> Finding:
    """All is well with it."""
    return Finding(State.OK, what, detail)


def warning(what: str, detail: str, hint: str = "") -> Finding:
    """Worth knowing."""
    return Finding(State.WARNING, what, detail, hint)


def problem(what: str, detail: str, hint: str = "") -> Finding:
    """It cannot stay like this."""
    return Finding(State.PROBLEM, what, detail, hint)


def failure(what: str, error: ModcliError) -> Finding:
    """A problem that was raised."""
    return problem(what, str(error), error.hint or "")
