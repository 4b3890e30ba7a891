"""Labelled rows through one or two ways to judge, and what is measured of them."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import build_workbench, moderator_on
from modcli.cli.eval_progress import RowProgress
from modcli.cli.eval_variants import Variant
from modcli.cli.stream import PREPARING, Interrupt, tell
from modcli.errors import UsageError
from modcli.evaluation.comparison import compare
from modcli.evaluation.metrics import measure, worst
from modcli.evaluation.predictions import LabelledRow, Predictions
from modcli.evaluation.rows import RowFinding, RowFindings, read_rows
from modcli.evaluation.run import predict
from modcli.item import Item
from modcli.profile import Action
from modcli.reports.evaluation_report import Evaluated, Evaluation
from modcli.sources.inputs import DASH, check_inputs, read_inputs
from modcli.sources.jsonl import read_jsonl

#: What to do about a file; the sources' own hints are for `check`.
_HINTS = {
    "no such file": "name a file of JSON Lines, or - for standard input",
    "is a folder": "name the files in it, for example FOLDER/*.jsonl",
    "is closed": "give a file, or a pipe: ... | modcli eval -",
}
#: From so many rows on, measuring takes a moment.
MANY_ROWS = 5_000
#: Findings of records that are no rows, and should be.
UNUSABLE = ("unreadable", "unlabelled", "bad-label")


@dataclass(frozen=True)
class Request:
    """What to evaluate on, and what to tell of it. `data` are names of files of JSON Lines, `-` for standard input;
    `mapping` goes from their labels to the profile's; `limit` is the most records to read."""

    data: tuple[str, ...]
    text_field: str = "text"
    label_field: str = "labels"
    unknown_field: str = "unknown"
    mapping: Mapping[str, str] | None = None
    limit: int | None = None
    worst: int = 0
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class _Judged:
    """What one way to judge said, and what that took."""

    variant: Variant
    predictions: Predictions
    model: str
    model_digest: str
    tokens: int
    preparing: float


class Run:
    """One evaluation. `rows` is how many were judged until now, of both ways together."""

    def __init__(self, request: Request, variants: Sequence[Variant]) -> None:
        self._request = request
        self._variants = tuple(variants)
        self.findings: tuple[RowFinding, ...] = ()
        self.rows = 0

    @property
    def unusable(self) -> int:
        """How many records could not be read, or not understood."""
        return sum(finding.count for finding in self.findings if finding.kind in UNUSABLE)

    def check(self) -> None:
        """Find what is wrong with the data before a model is loaded, as far as that is possible. Raises SourceError,
        and UsageError where there is nothing to measure."""
        check_inputs(self._request.data, _HINTS)

    def evaluate(self, interrupt: Interrupt) -> Evaluation:
        """Read, judge, measure and compare. KeyboardInterrupt ends it; what was judged is in the caches. Raises what
        sources, profiles and the model's runtime raise."""
        rows, total = self._rows()
        judged = self._judge(rows, total, interrupt)
        if self.rows >= MANY_ROWS:
            tell(f"measuring, with {self._request.resamples:,} resamples")
        comparison = None
        if len(judged) == 2:
            comparison = compare(
                judged[0].predictions,
                judged[1].predictions,
                resamples=self._request.resamples,
                seed=self._request.seed,
            )
        return Evaluation(
            data=self._request.data,
            mapping=self._request.mapping or {},
            findings=self.findings,
            ways=tuple(self._evaluated(one) for one in judged),
            comparison=comparison,
            wanted=self._request.worst,
            made=datetime.now(UTC).date(),
        )

    def _rows(self) -> tuple[Iterable[LabelledRow], int | None]:
        """The rows, and how many they are. What can be read twice is looked through first, so that what is wrong with
        it is told before anything is judged; what is judged twice is held."""
        if len(self._variants) > 1:
            held = list(self._read())
            return held, len(held)
        if all(_is_regular(name) for name in self._request.data):
            total = sum(1 for _ in self._read())
            return self._read(quiet=True), total
        return self._read(), None

    def _read(self, *, quiet: bool = False) -> Iterator[LabelledRow]:
        """The rows as they are read; at the end, unless `quiet`, what is to be told of them. Raises UsageError where
        there were none."""
        request, findings = self._request, RowFindings()
        keep = (request.label_field, request.unknown_field)
        reader = partial(read_jsonl, field=request.text_field, keep=keep)
        items: Iterator[Item] = read_inputs(request.data, lambda _: reader)
        known = {category.name for variant in self._variants for category in variant.profile.categories}
        count = 0
        for row in read_rows(
            islice(items, request.limit),
            known,
            label_field=request.label_field,
            unknown_field=request.unknown_field,
            mapping=request.mapping,
            findings=findings,
        ):
            count += 1
            yield row
        if quiet:
            return
        self.findings = findings.summary()
        for finding in self.findings:
            tell_finding(finding)
        if not count:
            raise UsageError(
                f"{', '.join(request.data)}: there is no row that could be judged",
                hint='a row is a line such as {"text": "...", "labels": ["toxicity"]}',
            )

    def _judge(self, rows: Iterable[LabelledRow], total: int | None, interrupt: Interrupt) -> list[_Judged]:
        """Each way in its turn. What is missing for one of them is found before the first begins; a model is loaded
        when it is needed, and freed before the next one is."""
        judged: list[_Judged] = []
        with ExitStack() as opened:
            benches: dict[object, Workbench] = {}
            for variant in self._variants:
                if variant.runtime not in benches:
                    benches[variant.runtime] = bench = build_workbench(variant.settings, tell=tell)
                    opened.callback(close, bench)
            for i, variant in enumerate(self._variants):
                bench = benches[variant.runtime]
                what = f"judging by {variant.name}" if len(self._variants) > 1 else "judging"
                judged.append(self._through(bench, variant, rows, RowProgress(what, total), interrupt))
                if all(variant.runtime != later.runtime for later in self._variants[i + 1 :]):
                    bench.backend.close()
        return judged

    def _through(
        self,
        bench: Workbench,
        variant: Variant,
        rows: Iterable[LabelledRow],
        progress: RowProgress,
        interrupt: Interrupt,
    ) -> _Judged:
        moderator = moderator_on(
            bench, variant.settings, variant.profile, on_error=Action.WARN, shots=variant.shots
        )

        def done(count: int) -> None:
            self.rows += count
            progress.advance(count)
            interrupt.check()

        with progress:
            predictions = predict(moderator, variant.profile, rows, progress=done)
        statistics = moderator.statistics
        preparing = statistics.seconds.get(PREPARING, 0.0)
        return _Judged(
            variant,
            # What is done once for a profile says nothing of the speed of the next rows.
            replace(predictions, seconds=max(0.0, predictions.seconds - preparing)),
            model=bench.backend.facts.name,
            model_digest=bench.model,
            tokens=statistics.tokens,
            preparing=preparing,
        )

    def _evaluated(self, judged: _Judged) -> Evaluated:
        request, variant, predictions = self._request, judged.variant, judged.predictions
        fresh = sum(stage != "cache" for stage in predictions.stages)
        # What is kept costs nothing, and says nothing of how fast the model is.
        timed = judged.tokens and fresh and predictions.seconds > 0
        measurement = replace(
            measure(predictions, resamples=request.resamples, seed=request.seed),
            items_per_second=fresh / predictions.seconds if timed else None,
        )
        return Evaluated(
            name=variant.name,
            profile=variant.profile.name,
            profile_digest=variant.profile.digest,
            model=judged.model,
            model_digest=judged.model_digest,
            stage=variant.settings.stage,
            shots=variant.shots,
            measurement=measurement,
            mistakes=tuple(worst(predictions, request.worst)) if request.worst else (),
            fresh=fresh,
            tokens=judged.tokens,
            preparing=judged.preparing,
        )


def tell_finding(finding: RowFinding, say: Callable[[str], None] = tell) -> None:
    """One finding on stderr, with where and what to do."""
    where = ""
    if finding.places:
        more = ", ..." if finding.count > len(finding.places) else ""
        where = f" ({', '.join(finding.places)}{more})"
    say(f"note: {finding.message}{where}")
    if finding.hint:
        say(f"  hint: {finding.hint}")


def close(bench: Workbench) -> None:
    """Free a workbench's model and its files."""
    if bench.store is not None:
        bench.store.close()
    bench.close()


def _is_regular(name: str) -> bool:
    """Whether an input can be read twice."""
    return name != DASH and stat.S_ISREG(Path(name).stat().st_mode)
