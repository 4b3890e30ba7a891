"""When the frames of a video agree: in time order, and no further than needed.

The rule is that of the latent-variable defence for video generation (arXiv 2407.12581), which calls a video unsafe where
at least lambda * eta of its first eta steps are flagged. Here the steps are sampled frames, and the eta of them may begin
anywhere: what is shown late counts as what is shown first.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

#: How many frames in a row are looked at together, and which share of them has to be flagged.
ETA, LAMBDA = 5, 0.6


@dataclass(frozen=True, slots=True)
class Rule:
    """`eta` frames in a row, of which the share `share` (the papers' lambda) has to be flagged; both above 0."""

    eta: int = ETA
    share: float = LAMBDA

    def needed(self, total: int) -> int:
        """How many flagged frames in a row of eta are enough, of a video with `total` sampled frames: of a shorter one
        than eta, the same share of what there is."""
        # A hundredth of a frame is no frame: 0.6 * 5 is a little more than 3 in binary.
        return max(1, math.ceil(self.share * min(self.eta, max(total, 1)) - 1e-9))


class Agreement:
    """Takes in, frame by frame, whether each was flagged; `decided` from when enough of eta in a row were."""

    def __init__(self, total: int, rule: Rule = Rule()) -> None:
        self._needed = rule.needed(total)
        self._window: deque[bool] = deque(maxlen=rule.eta)
        self.decided = False
        self.flagged = 0

    def take(self, flagged: bool) -> bool:
        """Take in the next frame; whether it is decided now."""
        self._window.append(flagged)
        self.flagged += flagged
        self.decided = self.decided or sum(self._window) >= self._needed
        return self.decided


def clock(seconds: float) -> str:
    """A time in a video as people write it: 0:12, 1:02:03."""
    whole = int(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
