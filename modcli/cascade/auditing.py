"""Audits of what is decided early: a random few are judged in full as well, and a drift makes the cascade more careful.

What is known is kept in a small file beside the cascade, so that the evidence of many short runs adds up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modcli.cascade.drift import DriftWatch, is_audited
from modcli.cascade.early import EarlyStages
from modcli.cascade.guarantee import upper_bound
from modcli.cascade.replacing import replacing
from modcli.cascade.routing import decided_at
from modcli.cascade.tuned import TunedCascade

_VERSION = 1
#: After each alarm the price is divided by this; after so many, nothing is decided early.
_DIVISOR, _MOST_ALARMS = 4.0, 3
#: Contents audited lately that are remembered, so that a repeat is no new evidence.
_REMEMBERED = 4096


def disagreement_limit(tuned: TunedCascade, price: float) -> float:
    """The 95% upper bound on the share of wrong among the items decided early at a price, from the calibration sample;
    below 1 even where that says nothing."""
    if not tuned.stages or not len(tuned.calibration.acted):
        return 0.999
    at = decided_at(tuned.doubts, price)
    early = at < len(tuned.stages)
    wrong = sum(int((tuned.calibration.wrong(i) & (at == i)).sum()) for i in range(len(tuned.stages)))
    count = int(early.sum())
    return min(upper_bound(wrong, count), 0.999) if count else 0.999


class Auditor:
    """Chooses what is audited, and takes in what the full judge says of it. On an alarm it lowers the price of the early
    stages, and says so.

    `file` is where it is kept; a damaged one, or one of another cascade, counts as none. Where the price was `chosen` by
    the user for this run, earlier alarms do not lower it.
    """

    def __init__(
        self,
        early: EarlyStages,
        file: Path,
        *,
        chosen: bool = False,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._early = early
        self._file = file
        self._tell = tell
        self._salt = bytes.fromhex(early.tuned.salt)
        self._seen: dict[str, None] = {}
        self._changed = False
        self.alarms = 0
        record = self._kept()
        if record is not None:
            self.alarms = record["alarms"]
            self._seen = dict.fromkeys(record["seen"])
        if self.alarms and not chosen:
            early.price = lowered(early.tuned, early.price, self.alarms)
        if self.alarms:
            self._tell(_earlier(self.alarms, early.price, chosen=chosen))
        self.watch = self._new_watch()
        if (
            record is not None
            and record["price"] == early.price
            and record["watch"].limit == self.watch.limit
        ):
            self.watch = record["watch"]

    def chooses(self, content: str) -> bool:
        """Whether an item of this content is one of the few."""
        return is_audited(content, self._salt)

    def take(self, disagreements: Mapping[str, bool]) -> None:
        """Take in, by content, whether the full judge's action was another than the early stage's."""
        for content, disagreed in disagreements.items():
            key = hashlib.blake2b(
                content.encode(), key=self._salt, digest_size=8, person=b"audited"
            ).hexdigest()
            if key in self._seen:
                continue
            self._seen[key] = None
            if len(self._seen) > _REMEMBERED:
                del self._seen[next(iter(self._seen))]
            self._changed = True
            self.watch.update([disagreed])
            if self.watch.alarm:
                self._alarm()

    def save(self) -> None:
        """Keep what is known, if anything is new. What cannot be written is told, and no failure."""
        if not self._changed:
            return
        record = {
            "format": _VERSION,
            "cascade": _identity(self._early.tuned),
            "price": self._early.price,
            "alarms": self.alarms,
            "watch": self.watch.as_record(),
            "seen": list(self._seen),
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replacing(self._file) as unfinished:
                unfinished.write_text(json.dumps(record), "utf-8")
            self._changed = False
        except OSError as error:
            self._tell(f"what audits have shown cannot be kept in {self._file} ({error})")

    def _alarm(self) -> None:
        said = self.watch.words()
        self.alarms += 1
        more = 1 if self.alarms < _MOST_ALARMS else _MOST_ALARMS
        self._early.price = lowered(self._early.tuned, self._early.price, more)
        what = "fewer posts are" if self._early.price > 0 else "nothing is"
        self._tell(
            f"warning: {said} The posts are no longer like those it was tuned on: `modcli tune` again, with a new "
            f"sample. Until then {what} decided early."
        )
        self.watch = self._new_watch()
        self.save()

    def _new_watch(self) -> DriftWatch:
        return DriftWatch(disagreement_limit(self._early.tuned, self._early.price))

    def _kept(self) -> dict[str, Any] | None:
        try:
            record = json.loads(self._file.read_text("utf-8"))
            if record["format"] != _VERSION or record["cascade"] != _identity(self._early.tuned):
                return None
            return {
                "alarms": max(0, int(record["alarms"])),
                "price": float(record["price"]),
                "watch": DriftWatch.from_record(record["watch"]),
                "seen": [str(key) for key in record["seen"]][-_REMEMBERED:],
            }
        except (OSError, ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError):
            return None


def lowered(tuned: TunedCascade, price: float, alarms: int) -> float:
    """The price after so many alarms. One at which all calibration items are decided early counts as the lowest such."""
    if alarms >= _MOST_ALARMS or not tuned.stages:
        return 0.0
    known = np.concatenate(tuned.doubts)
    known = known[np.isfinite(known)]
    return min(price, float(known.max())) / _DIVISOR**alarms if len(known) else 0.0


def _identity(tuned: TunedCascade) -> str:
    """What stands for a cascade without telling its salt."""
    return hashlib.sha256(f"cascade\0{tuned.salt}".encode()).hexdigest()[:32]


def _earlier(alarms: int, price: float, *, chosen: bool) -> str:
    times = "once" if alarms == 1 else f"{alarms} times"
    found = f"audits have found {times} that the posts are no longer like those that were tuned on"
    if chosen:
        return f"{found}, so the bounds may not hold: `modcli tune` again"
    what = "fewer are" if price > 0 else "nothing is"
    return f"{found}; {what} decided early: `modcli tune` again, with a new sample"
