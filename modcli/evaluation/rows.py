"""Items with labels to labelled rows, and what is wrong with a file of labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modcli.evaluation.predictions import LabelledRow
from modcli.item import Item

LABEL_FIELD, UNKNOWN_FIELD = "labels", "unknown"


@dataclass(frozen=True, slots=True)
class RowFinding:
    """Something to tell of the rows: a stable word for what it is, how many rows (or labels) it concerns, a sentence
    (content in it is not made safe for a terminal), where, the first few, and what can be done."""

    kind: str
    count: int
    message: str
    places: tuple[str, ...] = ()
    hint: str | None = None

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        raise NotImplementedError


class RowFindings:
    """Collects what is wrong with the rows while they are read. `rows` is how many were read and can be judged."""

    def __init__(self) -> None:
        self.rows = 0

    def summary(self) -> tuple[RowFinding, ...]:
        """What there is to tell of the rows read so far, the gravest first."""
        raise NotImplementedError


def read_rows(
    items: Iterable[Item],
    known: Collection[str],
    *,
    label_field: str = LABEL_FIELD,
    unknown_field: str = UNKNOWN_FIELD,
    mapping: Mapping[str, str] | None = None,
    findings: RowFindings | None = None,
) -> Iterator[LabelledRow]:
    """Rows as they are read, from items with both fields in `metadata["fields"]` (`read_jsonl(keep=...)`).

    `known` are the categories of the profile, `mapping` goes from a label in the file to one of them, or to "" for
    none. An item that cannot be used is kept out and told to the findings. Raises UsageError at once where the mapping
    names a category that is not known; at the end where there was a label but none of a known category, or rows but
    none with labels.
    """
    raise NotImplementedError
