"""Times as exports write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from modcli.sources.moments import moment
from tests.sources.hostile_json import any_json

NOON = datetime(2025, 1, 7, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-07T12:00:00Z",
        "2025-01-07T12:00:00.000Z",
        "2025-01-07T13:00:00.000000+01:00",
        "2025-01-07 12:00:00",
        NOON.timestamp(),
        NOON.timestamp() * 1000,
        NOON,
    ],
)
def test_every_way_to_write_it(value: object) -> None:
    assert moment(value) == NOON


@pytest.mark.parametrize("value", ["", "yesterday", None, True, [], 1e300, float("nan"), "9999-99-99"])
def test_what_is_no_time(value: object) -> None:
    assert moment(value) is None


@given(any_json(["a"]))
def test_anything_is_a_time_or_none(value: object) -> None:
    found = moment(value)
    assert found is None or found.tzinfo is UTC
