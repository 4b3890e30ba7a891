"""The record that scripts rely on."""

from __future__ import annotations

import pytest

from modcli.profile import Action
from modcli.verdict import Verdict


@pytest.mark.parametrize(
    ("read", "told"),
    [(1.0, None), (0.99999, 0.9999), (1 - 1e-12, 0.9999), (0.5, 0.5), (0.25009, 0.25), (0.0, 0.0)],
)
def test_what_was_not_read_to_its_end_is_never_read_in_full(read: float, told: float | None) -> None:
    assert Verdict("1", Action.BLOCK, read=read).as_record().get("read") == told
