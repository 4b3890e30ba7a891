"""Pleas: posts that ask the filter to let them pass, told from others by what was read of them anyway."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.judges.heads import fit

#: Changes whenever a fit of the same input would come out differently.
VERSION = 1
#: Posts that each wording is put before or behind, and how many steps in the bank lie between one and the next.
_POSTS_EACH, _STRIDE = 4, 37
#: The penalty per entry of a feature, and the log-odds from which on a plea is suspected. A false alarm costs a few
#: reads; on the dev rows named in docs/benchmarks.md it is one in twenty, and 97% of unseen wordings are found.
_PENALTY, _BORDER = 1 / 64, 1.0


def pleas() -> tuple[str, ...]:
    """The wordings that ship, in a fixed order."""
    return tuple(files("modcli.judges").joinpath("pleas.txt").read_text("utf-8").splitlines())


def pleas_digest() -> str:
    """What a fit depends on beside the bank: SHA-256 of the wordings, hex, and the version of the fit."""
    return f"{hashlib.sha256(chr(10).join(pleas()).encode()).hexdigest()}+{VERSION}"


def pleading(posts: Sequence[str], wordings: Sequence[str]) -> list[str]:
    """Each wording behind two posts and before two others."""
    found = []
    for i in range(len(wordings) * _POSTS_EACH):
        post, wording = posts[i * _STRIDE % len(posts)], wordings[i % len(wordings)]
        is_behind = (i + i // len(wordings)) % 2
        found.append(f"{post} {wording}" if is_behind else f"{wording} {post}")
    return found


def paired(posts: Sequence[str], count: int) -> list[str]:
    """So many posts with another one behind them: as long as those that plead, and harmless."""
    size = len(posts)
    return [f"{posts[i * _STRIDE % size]} {posts[(i * _STRIDE + 1 + i) % size]}" for i in range(count)]


@dataclass(frozen=True)
class PleaHead:
    """Tells by features (items, taps, width) which items plead. `weights` (taps, width) are those of the deeper taps,
    all but the first where there are several: at a shallow one it is not yet told from any other request."""

    weights: NDArray[np.float32]
    bias: float

    def suspects(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """The items that may plead, shape (items,)."""
        deeper = features[:, features.shape[1] - len(self.weights) :]
        log_odds = np.einsum("itw,tw->i", deeper, self.weights, dtype=np.float64) + self.bias
        return np.asarray(log_odds >= _BORDER, bool)

    def save(self, file: Path) -> None:
        """Write to a file. Raises OSError."""
        weights = [[float(x) for x in row] for row in self.weights]
        file.write_text(json.dumps({"weights": weights, "bias": self.bias}), "utf-8")

    @classmethod
    def load(cls, file: Path) -> PleaHead:
        """Read what `save` wrote. Raises OSError, ValueError, KeyError or TypeError otherwise."""
        kept = json.loads(file.read_text("utf-8"))
        return cls(np.array(kept["weights"], np.float32), float(kept["bias"]))


def fit_pleas(pleading: NDArray[np.float32], harmless: NDArray[np.float32]) -> PleaHead:
    """A head from features, each (posts, taps, width), of posts that plead and of posts that do not."""
    rows = np.concatenate([pleading, harmless])
    deeper = rows[:, min(1, rows.shape[1] - 1) :]
    is_plea = np.arange(len(rows)) < len(pleading)
    importance = np.where(is_plea, 1.0, len(pleading) / max(len(harmless), 1))
    flat = deeper.reshape(len(deeper), -1)
    head = fit(flat, is_plea, importance, _PENALTY * flat.shape[1])
    return PleaHead(head.weights.reshape(deeper.shape[1:]), head.bias)
