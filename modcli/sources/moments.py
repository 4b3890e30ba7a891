"""Moments in time, as exports write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

#: Numbers beyond this are milliseconds: as seconds they would lie in the year 5138.
_MILLISECONDS = 1e11


def moment(value: object) -> datetime | None:
    """An aware time in UTC; None for what is none.

    ISO 8601 with `Z`, an offset, or neither (then UTC), any part of a second; seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, datetime):
            found = value
        elif isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            found = datetime.fromtimestamp(value / 1000 if abs(value) > _MILLISECONDS else value, UTC)
        else:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
