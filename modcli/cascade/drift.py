"""Whether a promise still holds: random audits of items decided early, and a test that may be looked at at any time.

The test bets against the promise (Waudby-Smith and Ramdas 2024, JRSS B 86:1, on testing by betting). Each audited item
multiplies a bet's wealth by how much likelier it is under a higher share of disagreements than under the promised one.
While the promise holds, the expected wealth never rises, so that it ever reaches 1/alpha with a probability of at most
alpha (Ville's inequality), however often one looks. As neither the true share nor the moment of a drift is known, the
wealth is spread over several shares and over the moments at which betting begins: so a late drift is found, too.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The share of items decided early that are also judged in full.
AUDITED_SHARE = 0.005
#: The shares that are bet on, as odds in multiples of the promised share's.
_ODDS = np.array([1.3, 1.7, 2.5, 4.0, 7.0, 12.0, 25.0, 60.0])
_SALT_BYTES = 16


def new_salt() -> bytes:
    """A secret from which `is_audited` chooses. Whoever knows it can write what is never audited."""
    return secrets.token_bytes(_SALT_BYTES)


def is_audited(digest: str, salt: bytes, share: float = AUDITED_SHARE) -> bool:
    """Whether an item with this digest is one of the random `share` that is audited: the same answer for the same digest
    and salt (of 1 to 64 bytes), uniform over digests, and not to be foretold without the salt."""
    drawn = hashlib.blake2b(digest.encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(drawn, "big") < share * 2**64


@dataclass(slots=True)
class DriftWatch:
    """A test of whether the full judge disagrees with at most `limit` of what is decided early. While it does, `alarm` is
    ever raised until the next `reset` with a probability of at most `alpha`. Each content may count once: repeats are no
    new evidence. Raises ValueError for a limit or alpha outside of (0, 1), and for what is no state of a test."""

    limit: float
    alpha: float = 0.05
    audited: int = 0
    disagreed: int = 0
    alarm: bool = False
    #: What each bet has won, of shape (shares bet on,).
    bets: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(_ODDS)))

    def __post_init__(self) -> None:
        if not (0 < self.limit < 1 and 0 < self.alpha < 1):
            raise ValueError(f"no test: limit {self.limit}, alpha {self.alpha}")
        if (
            not 0 <= self.disagreed <= self.audited
            or self.bets.shape != _ODDS.shape
            or not (self.bets >= 0).all()
        ):
            raise ValueError("no state of a test")

    @property
    def wealth(self) -> float:
        """The evidence against the promise, 1 at the beginning; that of an alarm stays."""
        return float(wealth(self.bets, self.audited)) if not self.alarm else max(1 / self.alpha, self._won())

    def update(self, disagreements: Sequence[bool]) -> None:
        """Take in audited items, in their order: whether the full judge disagreed with each. After an alarm they are only
        counted."""
        for disagreement in disagreements:
            self.audited += 1
            self.disagreed += bool(disagreement)
            if not self.alarm:
                self.bets = bets_after(self.bets, self.audited, self.limit, np.array(bool(disagreement)))
                self.alarm = bool(wealth(self.bets, self.audited) >= 1 / self.alpha)

    def reset(self) -> None:
        """Begin anew: after an alarm, once thresholds are tightened."""
        self.audited = self.disagreed = 0
        self.alarm = False
        self.bets = np.zeros(len(_ODDS))

    def words(self) -> str:
        """One sentence."""
        seen = (
            f"{self.disagreed:,} of {self.audited:,} audited items were decided otherwise by the full judge"
        )
        if self.alarm:
            return (
                f"The promise no longer holds: {seen}, where {100 * self.limit:g}% are promised "
                f"(a false alarm has a probability of at most {100 * self.alpha:g}%)."
            )
        return f"No sign of drift: {seen}, where {100 * self.limit:g}% are promised."

    def as_record(self) -> dict[str, Any]:
        """The whole state, in JSON's terms."""
        return {
            "limit": self.limit,
            "alpha": self.alpha,
            "audited": self.audited,
            "disagreed": self.disagreed,
            "alarm": self.alarm,
            "bets": self.bets.tolist(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> DriftWatch:
        """What `as_record` made. Raises ValueError for anything else."""
        try:
            return cls(
                limit=float(record["limit"]),
                alpha=float(record["alpha"]),
                audited=int(record["audited"]),
                disagreed=int(record["disagreed"]),
                alarm=bool(record["alarm"]),
                bets=np.asarray(record["bets"], np.float64),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no state of a drift watch: {error!r}") from error

    def _won(self) -> float:
        return float(self.bets.sum())


def bets_after(
    bets: NDArray[np.float64], audited: int, limit: float, disagreed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What bets of shape (..., shares bet on) have won after the item that is the `audited`-th, from 1 on, of each of the
    streams `disagreed`, of shape (...,). What begins to be bet with it was decided before it was seen."""
    odds = _ODDS * (limit / (1 - limit))
    alternative = odds / (1 + odds)
    stakes = bets + (_waiting(audited - 1) - _waiting(audited)) / len(_ODDS)
    factors = np.where(disagreed[..., None], alternative / limit, (1 - alternative) / (1 - limit))
    return np.asarray(stakes * factors)


def wealth(bets: NDArray[np.float64], audited: int) -> NDArray[np.float64]:
    """The wealth of each stream after so many items, of shape (...,): of its bets, and what is not bet yet."""
    return np.asarray(bets.sum(axis=-1) + _waiting(audited))


def _waiting(audited: int) -> float:
    """How much of the first wealth is not bet yet: it falls so slowly that enough is left whenever a drift comes."""
    return 1 / (1 + math.log1p(audited))
