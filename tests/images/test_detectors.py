"""Two opinions and what may be done on them."""

from __future__ import annotations

import pytest

from modcli.images.detectors import agreed, flagged
from modcli.images.picture import Seen


@pytest.mark.parametrize(
    ("probabilities", "shown", "acted"),
    [
        ((0.1, 0.2), False, False),
        ((0.9, 0.2), True, False),
        ((0.2, 0.9), True, False),
        ((0.5, 0.9), True, True),
        ((0.9,), True, False),
        ((), False, False),
    ],
)
def test_either_flags_and_both_act(probabilities: tuple[float, ...], shown: bool, acted: bool) -> None:
    opinions = [Seen(f"nudity {place}", value, 0.5) for place, value in enumerate(probabilities)]
    assert flagged(opinions) is shown
    assert agreed(opinions) is acted
