"""What the protocols share: a setting, jobs that each measure one condition, cells, and the file that keeps them."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from modcli import __version__
from modcli.cascade.moderator import Stage
from modcli.cascade.preparation import judging
from modcli.cascade.workbench import Workbench
from modcli.errors import BackendError, Location, ModcliError, OutputError, SourceError, UsageError
from modcli.evaluation.baselines import Baseline
from modcli.evaluation.predictions import LabelledRow, Predictions
from modcli.evaluation.protocols.measures import Measured
from modcli.evaluation.protocols.sets import DEV, PublicSet, Rows, chosen, public_sets, rows_of
from modcli.evaluation.run import predict
from modcli.profile import Profile
from modcli.profiles.find import shipped_folder

#: Changes whenever a protocol would give other figures for the same model, rows and judges.
VERSION = 1


@dataclass(frozen=True)
class Setting:
    """What the protocols are run on.

    `data` is the folder of the sets, `split` what is reported on, `rows` how many of each set at most (0: all),
    `draws` how often shots are drawn anew, `choices` how often the one example of a personalization is. `baselines`
    makes what else learns from the same rows.
    """

    bench: Workbench
    data: Path
    split: str = DEV
    rows: int = 0
    draws: int = 8
    choices: int = 20
    sets: tuple[PublicSet, ...] = field(default_factory=lambda: tuple(public_sets().values()))
    stage: Stage = Stage.AUTO
    seed: int = 0
    baselines: Callable[[], Sequence[Baseline]] = tuple
    _loaded: dict[tuple[str, int], Rows] = field(default_factory=dict, repr=False)

    def rows_of(self, name: str) -> Rows:
        """The rows of a set, read once; of the reported ones as many as are wanted. Raises what `sets.rows_of`
        raises."""
        return self._rows(name, self.rows)

    def all_rows_of(self, name: str) -> Rows:
        """The rows of a set, however many are wanted: for what needs so many of a kind."""
        return self._rows(name, 0)

    def _rows(self, name: str, most: int) -> Rows:
        if (name, most) not in self._loaded:
            self._loaded[name, most] = rows_of(self.data, name, self.split, most=most, seed=self.seed)
        return self._loaded[name, most]

    def among(self, *names: str) -> tuple[PublicSet, ...]:
        """Those of the named sets that were asked for."""
        return tuple(one for one in chosen(names) if one in self.sets)

    @property
    def seeds(self) -> range:
        """The seed of each draw."""
        return range(self.seed, self.seed + self.draws)

    def predict(self, profile: Profile, rows: Sequence[LabelledRow], **options: Any) -> Predictions:
        """The rows judged by a profile on the workbench; options as for `Workbench.moderator`. Raises what the
        moderator raises."""
        moderator = self.bench.moderator(profile, **{"stage": self.stage, **options})
        return predict(moderator, profile, rows)

    @property
    def tokens(self) -> int:
        """Tokens that the model has computed for texts until now."""
        return self.bench.reader.tokens + self.bench.asker.tokens

    def key(self, names: Iterable[str]) -> str:
        """Stands for all that decides the figures on these sets: model, rows, parameters, versions."""
        parts = [
            *(self.bench.model, self.split, self.rows, self.draws, self.choices, self.stage, self.seed),
            *(VERSION, judging(), _content()),
        ]
        digest = hashlib.sha256("\0".join(map(str, parts)).encode())
        for name in names:
            rows = self.all_rows_of(name)
            for row in (*rows.pool, *rows.reported):
                told = [row.item.text, sorted(row.labels), sorted(row.unknown)]
                digest.update(json.dumps(told).encode())
        return digest.hexdigest()[:16]


@cache
def _content() -> str:
    """Stands for what ships and goes into the figures: definitions, variations, the shots that have reasons."""
    package = files("modcli.evaluation.protocols")
    content = [package.joinpath(name).read_bytes() for name in ("sets.toml", "variations.toml")]
    content.append((shipped_folder() / "default.yaml").read_bytes())
    return hashlib.sha256(b"\0".join(content)).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What a job found: the metrics by name, over so many rows and draws; rows that could not be judged, in all."""

    metrics: Mapping[str, Measured]
    rows: int
    draws: int
    failed: int = 0


@dataclass(frozen=True)
class Job:
    """One condition to be measured on some sets: `work` does it, and raises what judging raises."""

    protocol: str
    part: str
    sets: tuple[str, ...]
    condition: str
    work: Callable[[], Outcome]

    @property
    def set(self) -> str:
        """The sets as one word."""
        return "+".join(self.sets)


#: A part of a protocol: from a setting to what there is to measure.
Part = Callable[[Setting], list[Job]]


@dataclass(frozen=True)
class Cell:
    """One line of a table. `key` stands for what decided the figures (`Setting.key`); `seconds` and `tokens` are what
    it cost this time; `source` is set where the figures are somebody else's."""

    protocol: str
    part: str
    set: str
    condition: str
    metrics: Mapping[str, Measured]
    rows: int
    draws: int
    failed: int = 0
    seconds: float = 0.0
    tokens: int = 0
    key: str = ""
    source: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What no two cells of a table share."""
        return (self.protocol, self.part, self.set, self.condition, self.key)

    def as_record(self) -> dict[str, Any]:
        """As a JSON object; a value that is not defined is null."""
        return {
            "protocol": self.protocol,
            "part": self.part,
            "set": self.set,
            "condition": self.condition,
            "rows": self.rows,
            "draws": self.draws,
            "metrics": {
                name: {
                    "mean": _number(one.mean),
                    "low": _number(one.low),
                    "high": _number(one.high),
                    "values": [_number(value) for value in one.values],
                }
                for name, one in self.metrics.items()
            },
            "failed": self.failed,
            "seconds": round(self.seconds, 1),
            "tokens": self.tokens,
            "key": self.key,
            "version": __version__,
        } | ({"source": self.source} if self.source else {})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Cell:
        """What `as_record` made. Raises KeyError, TypeError, ValueError or AttributeError otherwise."""
        metrics = {
            str(name): Measured(
                tuple(_float(value) for value in one["values"]), _float(one["low"]), _float(one["high"])
            )
            for name, one in record["metrics"].items()
        }
        texts = {name: str(record[name]) for name in ("protocol", "part", "set", "condition", "key")}
        return cls(
            **texts,
            metrics=metrics,
            rows=int(record["rows"]),
            draws=int(record["draws"]),
            failed=int(record["failed"]),
            seconds=float(record["seconds"]),
            tokens=int(record["tokens"]),
            source=str(record.get("source", "")),
        )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)


class Log:
    """Finished cells, kept in a file as JSON Lines, so that a run that is broken off goes on where it was. Without a
    file they are kept in memory."""

    def __init__(self, file: Path | None) -> None:
        """Raises SourceError where the file cannot be read or is something else."""
        self._file = file
        self._cells: dict[tuple[str, ...], Cell] = {}
        self._torn = False
        if file is None or not file.exists():
            return
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise SourceError(
                f"cannot be read: {reason}", location=Location(str(file)), hint="give --out another file"
            ) from error
        lines = text.split("\n")
        # The last line has no end where a run was broken off while it was written: it is measured again.
        self._torn = bool(lines[-1])
        for number, line in enumerate(lines[:-1], 1):
            try:
                cell = Cell.from_record(json.loads(line))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise SourceError(
                    "is no line of a protocol's cells",
                    location=Location(str(file), number),
                    hint="give --out another file: this one is not overwritten",
                ) from error
            self._cells[cell.place] = cell

    def check(self) -> None:
        """Raise OutputError where a cell could not be written."""
        if self._file is not None:
            with self._appending(self._file):
                pass

    def find(self, job: Job, key: str) -> Cell | None:
        """The cell of a job that was finished before."""
        return self._cells.get((job.protocol, job.part, job.set, job.condition, key))

    def add(self, cell: Cell) -> None:
        """Keep a cell. Raises OutputError where it cannot be written."""
        self._cells[cell.place] = cell
        if self._file is None:
            return
        line = json.dumps(cell.as_record(), ensure_ascii=False) + "\n"
        with self._appending(self._file) as stream:
            stream.write(line.encode())

    @contextmanager
    def _appending(self, file: Path) -> Iterator[BinaryIO]:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as stream:
                if self._torn:
                    stream.truncate(file.read_bytes().rfind(b"\n") + 1)
                    self._torn = False
                yield stream
        except OSError as error:
            raise OutputError(
                f"cannot write {file}: {error.strerror or error}", hint="give --out another file"
            ) from error


def run_jobs(
    jobs: Sequence[Job],
    setting: Setting,
    log: Log,
    *,
    progress: Callable[[str], None] = lambda _line: None,
    left_out: Callable[[Job, ModcliError], None] | None = None,
) -> Iterator[Cell]:
    """Do the jobs one after another; those that the log knows with the same key are not done again. `progress` is
    given a line as each begins. A job that the rows or the model are not enough for (UsageError, BackendError) is
    given to `left_out`, if there is one. Raises what the jobs and the log raise otherwise."""
    for number, job in enumerate(jobs, 1):
        key = setting.key(job.sets)
        told = f"[{number}/{len(jobs)}] {job.part}, {job.set}: {job.condition}"
        known = log.find(job, key)
        if known is not None:
            progress(f"{told} (known)")
            yield known
            continue
        progress(told)
        start, tokens = time.perf_counter(), setting.tokens
        try:
            found = job.work()
        except (UsageError, BackendError) as error:
            if left_out is None:
                raise
            left_out(job, error)
            continue
        cell = Cell(
            *(job.protocol, job.part, job.set, job.condition),
            metrics=found.metrics,
            rows=found.rows,
            draws=found.draws,
            failed=found.failed,
            seconds=time.perf_counter() - start,
            tokens=setting.tokens - tokens,
            key=key,
        )
        log.add(cell)
        yield cell
