"""What an evaluation came to: everything that its reports tell, and its form as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from modcli import __version__
from modcli.evaluation.comparison import Comparison
from modcli.evaluation.measurement import Measurement, Mistake
from modcli.evaluation.rows import RowFinding
from modcli.sources.inputs import DASH, STDIN


@dataclass(frozen=True)
class Evaluated:
    """One way to judge, and how well it did.

    `name` is as the person wrote it, `profile` the profile's own name, `model` the model's name; the digests are in
    hex. `fresh` rows were judged now, the others answered from the verdict cache, and the measurement's speed is that
    of the fresh ones. `tokens` is what the model computed for them, `preparing` the seconds that went to what is done
    once for a profile.
    """

    name: str
    profile: str
    profile_digest: str
    model: str
    model_digest: str
    stage: str
    shots: int
    measurement: Measurement
    mistakes: tuple[Mistake, ...] = ()
    fresh: int = 0
    tokens: int = 0
    preparing: float = 0.0

    def as_record(self, *, curves: bool) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "name": self.name,
            "profile": self.profile,
            "profile_digest": self.profile_digest,
            "model": self.model,
            "model_digest": self.model_digest,
            "stage": self.stage,
            "shots": self.shots,
            "measurement": self.measurement.as_record(curves=curves),
            "judged_now": self.fresh,
            "from_cache": self.measurement.rows - self.fresh,
            "tokens": self.tokens,
            "preparing_seconds": round(self.preparing, 3),
            "worst": [mistake.as_record() for mistake in self.mistakes],
        }


@dataclass(frozen=True)
class Evaluation:
    """One way to judge, or two of them and their comparison, on the rows of `data` (names of files).

    `wanted` is how many of the worst mistakes were asked for, of a comparison how many of the changes.
    """

    data: tuple[str, ...]
    mapping: Mapping[str, str]
    findings: tuple[RowFinding, ...]
    ways: tuple[Evaluated, ...]
    comparison: Comparison | None = None
    wanted: int = 0
    made: date | None = None

    @property
    def sources(self) -> str:
        """Where the rows are from, for a person."""
        return ", ".join(STDIN if name == DASH else name for name in self.data)

    def as_record(self, *, curves: bool = False) -> dict[str, Any]:
        """As a JSON object (docs/evaluation.md has its names); with `curves`, the points of all curves."""
        return {
            "modcli": __version__,
            "data": list(self.data),
            "map": dict(self.mapping),
            "findings": [finding.as_record() for finding in self.findings],
            "evaluations": [way.as_record(curves=curves) for way in self.ways],
            "comparison": None if self.comparison is None else self._comparison(self.comparison),
        }

    def _comparison(self, comparison: Comparison) -> dict[str, Any]:
        record = comparison.as_record(changes=False)
        return record | {"changes": [change.as_record() for change in comparison.changes[: self.wanted]]}
