"""A moderator without a model: blocks `bad`, warns of `iffy`, can hang. As a script it checks its input."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from modcli.cli.app import tell_error
from modcli.cli.stream import Options, run_check
from modcli.errors import ModcliError
from modcli.item import Item
from modcli.profile import Action
from modcli.reports.jsonl import JsonlReport
from modcli.reports.output import standard_output
from modcli.sources.inputs import read_inputs
from modcli.sources.text import read_text
from modcli.verdict import CategoryVerdict, Verdict


@dataclass
class Statistics:
    items: int = 0
    cached: int = 0
    errors: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    early: dict[str, float] = field(default_factory=dict)


class FakeModerator:
    """Judges by the words in a text; `hang` holds it up for a while, `swallow` eats Ctrl-C."""

    batch = 32
    early = None
    model = "fake"

    def __init__(self, on_error: Action = Action.WARN) -> None:
        self.on_error = on_error
        self.statistics = Statistics()
        self.closed = False

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        return [self._one(item) for item in items]

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        return replace(verdict, rationale=f"It says {item.text!r}.")

    def close(self) -> None:
        self.closed = True

    def _one(self, item: Item) -> Verdict:
        self.statistics.items += 1
        if item.error is not None:
            return Verdict(item.id, self.on_error, error=item.error)
        if "hang" in item.text:
            time.sleep(20)
        if "swallow" in item.text:
            _sleep_in_a_callback(3)
        action = Action.BLOCK if "bad" in item.text else Action.WARN if "iffy" in item.text else Action.ALLOW
        p = {Action.BLOCK: 0.9, Action.WARN: 0.7, Action.ALLOW: 0.1}[action]
        return Verdict(item.id, action, {"rude": CategoryVerdict(p, 0.5, action)}, "reading", f"rude {p}")


def _sleep_in_a_callback(seconds: float) -> None:
    """Wait as in the callback of a runtime: Ctrl-C ends it, and its exception is printed and forgotten."""

    def wait() -> None:
        time.sleep(seconds)

    ctypes.CFUNCTYPE(None)(wait)()


if __name__ == "__main__":
    try:
        report = JsonlReport(standard_output())
        names = sys.argv[1:] or ["-"]
        sys.exit(run_check(read_inputs(names, lambda _: read_text), FakeModerator(), report, Options()))
    except ModcliError as error:
        tell_error(error)
        sys.exit(error.exit_code)
