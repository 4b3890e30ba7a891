"""Items and verdicts for the tests of reports."""

from __future__ import annotations

import io
from collections.abc import Iterable

from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Action
from modcli.reports.base import Report
from modcli.reports.output import Output
from modcli.verdict import CategoryVerdict, Verdict

HOSTILE = "\x1b[2J\x07 \u202edesrever \u200b\x9b31m\r=1+1\x00 <b>[red]:smile:"


def item(id: str = "1", text: str = "hello", **more: object) -> Item:
    return Item(id, text, Location("posts.txt", 1), **more)  # type: ignore[arg-type]


def found(probability: float, action: Action, shots: tuple[str, ...] = ()) -> CategoryVerdict:
    return CategoryVerdict(probability, 0.5, action, shots=shots)


BLOCKED = Verdict(
    "posts.txt:7",
    Action.BLOCK,
    {
        "toxicity": found(0.91234, Action.BLOCK, ("you fool",)),
        "spam": found(0.99, Action.WARN),
        "self-praise": found(0.1, Action.ALLOW),
    },
    stage="reading",
    reason="toxicity 0.91, above 0.50",
    model="m1",
    profile="p1",
)
ALLOWED = Verdict("2", Action.ALLOW, {"toxicity": found(0.02, Action.ALLOW)}, stage="reading")
ERROR = Verdict("3", Action.WARN, error="not valid UTF-8: byte 0xff at position 1")


class Sink(io.BytesIO):
    """Remembers each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[bytes] = []

    def write(self, data: object) -> int:
        self.records.append(bytes(data))  # type: ignore[call-overload]
        return super().write(data)  # type: ignore[arg-type]


def written(report: Report, sink: io.BytesIO, rows: Iterable[tuple[Item, Verdict]]) -> str:
    for one, verdict in rows:
        report.write(one, verdict)
    report.close()
    return sink.getvalue().decode()


def sink_and_output() -> tuple[Sink, Output]:
    sink = Sink()
    return sink, Output(sink)
