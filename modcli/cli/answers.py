"""A person's answers from a file of labelled rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from modcli.cli.stream import tell
from modcli.errors import UsageError
from modcli.evaluation.rows import LABEL_FIELD, UNKNOWN_FIELD, RowFinding, RowFindings, read_rows
from modcli.item import Item
from modcli.profiles.answers import Answer
from modcli.sources.inputs import check_inputs, read_inputs
from modcli.sources.jsonl import read_jsonl

#: What makes a row one that was meant to be an answer, and is none.
UNUSABLE = ("unreadable", "unlabelled", "bad-label", "empty", "strange-label")
#: Places of such rows that are told.
_PLACES = 5
#: Told otherwise, or of no interest here: rows are told of by what comes of them.
_NOT_TOLD = ("never-labelled", "unknown-label", "duplicate-id", "contradiction", "repeated-text")


@dataclass(frozen=True)
class AnswersFile:
    """Where answers are: a file of JSON Lines, `-` for standard input, and how its labels are to be read."""

    name: str
    text_field: str = "text"
    label_field: str = LABEL_FIELD
    mapping: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raise SourceError where the file cannot be read."""
        check_inputs([self.name], {"no such file": "name a file of JSON Lines, or - for standard input"})

    def read(
        self, known: Collection[str], *, limit: int | None = None
    ) -> tuple[list[Answer], tuple[RowFinding, ...]]:
        """The answers in the first `limit` rows, and what there is to tell of the rows.

        A row with a label that is neither a category nor mapped to one is left out: what it is, nobody knows. Of a
        category that no row names in any way nothing is known either. Raises UsageError where there is no answer.
        """
        reader = partial(read_jsonl, field=self.text_field, keep=(self.label_field, UNKNOWN_FIELD))
        findings = _Findings()
        rows = read_rows(
            islice(read_inputs([self.name], lambda _: reader), limit),
            known,
            label_field=self.label_field,
            mapping=self.mapping,
            findings=findings,
        )
        found = [
            Answer(row.item.text, row.labels, row.unknown, row.item.location)
            for row in rows
            if str(row.item.location) not in findings.strangers
        ]
        told = (*findings.summary(), *findings.left_out())
        if not found:
            tell_rows(told)
            raise UsageError(
                f"there is no answer in {self.name}",
                hint='a line is an object such as {"text": "...", "labels": ["spam"]}; [] means none',
            )
        never = frozenset(known) - findings.labelled
        if never and findings.labelled:
            tell(f"no row says anything of {', '.join(sorted(never))}: nothing is taken to be known of it")
            found = [Answer(one.text, one.labels, one.unknown | never, one.location) for one in found]
        return found, told


class _Findings(RowFindings):
    """Remembers which rows have labels that nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.strangers: dict[str, None] = {}

    def strange_label(self, label: str, item: Item, rows: int) -> None:
        """A label was met that is no known category, in so many rows."""
        super().strange_label(label, item, rows)
        if rows:
            self.strangers[str(item.location)] = None

    def left_out(self) -> Iterator[RowFinding]:
        """What there is to tell of these rows."""
        if self.strangers:
            count = len(self.strangers)
            rows = "1 row" if count == 1 else f"{count:,} rows"
            message = (
                f"{rows} left out for a label that is no category of the profile: {self.strange_labels()}"
            )
            yield RowFinding(
                "strange-label", count, message, tuple(self.strangers)[:_PLACES], self.how_to_map()
            )


def tell_rows(findings: Collection[RowFinding]) -> int:
    """Tell what is wrong with rows; how many of them could not be used."""
    for finding in findings:
        if finding.kind not in _NOT_TOLD:
            places = f" ({'; '.join(finding.places)})" if finding.places else ""
            tell(finding.message + places)
            if finding.hint:
                tell(f"hint: {finding.hint}")
    return sum(finding.count for finding in findings if finding.kind in UNUSABLE)
