"""The items of an audit as JSON Lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from modcli.audit.outcomes import Outcome
from modcli.errors import Location, MissingExtraError, OutputError
from modcli.reports.audit_terminal import record_of
from modcli.reports.csv import inert
from modcli.reports.jsonl import json_line
from modcli.reports.output import Output

#: Rows of Parquet that are written together.
_GROUP = 10_000
_COLUMNS = (
    *(
        "id",
        "key",
        "kind",
        "action",
        "category",
        "p",
        "part",
        "stage",
        "reason",
        "near_duplicate",
        "error",
        "author",
    ),
    *(
        "author_url",
        "published",
        "visibility",
        "url",
        "in_reply_to",
        "conversation",
        "target",
        "language",
        "sensitive",
    ),
    *("media", "decision", "place"),
)


def write_jsonl(output: Output, found: Iterable[Outcome], *, text: bool) -> int:
    """One object an item; how many."""
    count = 0
    for count, one in enumerate(found, start=1):  # noqa: B007 -- it is what is returned
        output.write(json_line(record_of(one, text=text)))
    return count


def write_csv(output: Output, found: Iterable[Outcome], categories: Sequence[str], *, text: bool) -> int:
    """One row an item under a header, a column `p:NAME` for each category. A cell that a spreadsheet would take for a
    formula begins with an apostrophe."""
    count = 0
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [f"p:{name}" for name in categories]
    writer.writerow([inert(name) for name in (*_COLUMNS, *names, *(["text"] if text else []))])
    for count, row in enumerate(_rows(found, categories, text=text), start=1):  # noqa: B007
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
        output.write(buffer.getvalue().encode("utf-8", "replace"))
        buffer.seek(0)
        buffer.truncate()
    output.write(buffer.getvalue().encode("utf-8", "replace"))
    return count


def write_parquet(path: Path, found: Iterable[Outcome], categories: Sequence[str], *, text: bool) -> int:
    """The same columns, with their types. Raises MissingExtraError without pyarrow, OutputError where it cannot be
    written."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet needs pyarrow ({error})", hint="pip install 'modcli[parquet]'"
        ) from error
    kinds: dict[str, Any] = {
        "id": pa.int64(),
        "p": pa.float64(),
        "near_duplicate": pa.bool_(),
        "sensitive": pa.bool_(),
    }
    kinds |= {"media": pa.int64(), "published": pa.timestamp("s", tz="UTC")}
    names = [*_COLUMNS, *(f"p:{name}" for name in categories), *(["text"] if text else [])]
    kinds |= {name: pa.float64() for name in names if name.startswith("p:")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    count = 0
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with parquet.ParquetWriter(unfinished, schema) as writer:
            for rows in _grouped(_rows(found, categories, text=text)):
                columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
                columns["published"] = [_moment(value) for value in columns["published"]]
                writer.write_table(pa.table(columns, schema=schema))
                count += len(rows)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(
            f"cannot be written: {error.strerror or error}",
            location=Location(str(path)),
            hint="write it elsewhere",
        ) from error
    return count


def _rows(found: Iterable[Outcome], categories: Sequence[str], *, text: bool) -> Iterator[list[Any]]:
    for one in found:
        record = record_of(one, text=False)
        row = [record[name] for name in _COLUMNS] + [one.scores.get(name) for name in categories]
        yield [*row, one.text] if text else row


def _grouped(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    group: list[list[Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == _GROUP:
            yield group
            group = []
    if group:
        yield group


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
