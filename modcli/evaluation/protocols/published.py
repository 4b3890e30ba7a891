"""What others have published of the same tasks, as cells: to be read beside a table, not to be compared row by row."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from modcli.evaluation.protocols.base import Cell
from modcli.evaluation.protocols.measures import Measured

#: The set of figures over several sets.
SEVERAL = "several"
#: What stands before the name of a published figure: neither rows nor shots are ours.
PUBLISHED = "published, other splits"


def published(protocol: str, part: str, set_name: str) -> list[Cell]:
    """Published figures of a part on a set (or on several, `a+b`)."""
    wanted = SEVERAL if "+" in set_name else set_name
    cells = []
    for figure in _figures():
        metrics = {
            metric: Measured((float(of_set[wanted]),), float("nan"), float("nan"))
            for metric, of_set in figure.items()
            if isinstance(of_set, dict) and wanted in of_set
        }
        if metrics and part in figure["parts"]:
            condition = f"{PUBLISHED}: {figure['name']}"
            cells.append(
                Cell(
                    *(protocol, part, set_name, condition),
                    metrics=metrics,
                    rows=0,
                    draws=0,
                    source=figure["source"],
                )
            )
    return cells


@cache
def _figures() -> list[dict[str, Any]]:
    text = files("modcli.evaluation.protocols").joinpath("published.toml").read_text("utf-8")
    figures: list[dict[str, Any]] = tomllib.loads(text)["figure"]
    return figures
