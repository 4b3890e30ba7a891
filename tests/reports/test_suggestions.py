"""Suggestions in words, and as records."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from modcli.cascade.suggestion import Suggestion
from modcli.errors import Location
from modcli.item import Item
from modcli.reports.suggestions import as_record, print_suggestion, why

ONE = Suggestion(
    Item("posts:7", "to the \x1b[31mmoon " + "and back " * 20, Location("posts", 7)),
    {"spam": 0.3, "ads": 0.47},
    "ads",
    0.99,
    0.4,
    32,
)


def test_why_in_plain_words() -> None:
    assert why(ONE) == "in two minds about ads (0.47); unlike the shots; stands for 31 more"
    other = replace(ONE, bits=0.3, nearest=None, stands_for=1, probabilities={})
    assert why(other) == "less sure than elsewhere of ads"
    assert why(replace(ONE, first=True)).startswith("likely the first example of ads (0.47); ")


@pytest.mark.parametrize(("nearest", "says"), [(0.49, "unlike"), (0.6, "somewhat like"), (0.9, "much like")])
def test_how_new(nearest: float, says: str) -> None:
    assert f"; {says} the shots" in why(replace(ONE, nearest=nearest))


def test_a_suggestion_on_a_terminal() -> None:
    stream = io.StringIO()
    print_suggestion(Console(file=stream, width=60), ONE, 3)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("  3  to the \\x1b[31mmoon and back")
    assert all(line.startswith("     ") for line in lines[1:])
    assert not [line for line in lines if line.endswith(" ") or len(line) > 60]
    assert "posts:7; ads 0.47, spam 0.30; in two minds" in " ".join(map(str.strip, lines))


def test_a_record() -> None:
    record = json.loads(json.dumps(as_record(ONE)))
    assert record["text"] == ONE.item.text
    assert (record["id"], record["category"], record["bits"], record["nearest"]) == (
        "posts:7",
        "ads",
        0.99,
        0.4,
    )
    assert record["categories"] == {"spam": 0.3, "ads": 0.47}
    assert as_record(replace(ONE, nearest=None))["nearest"] is None
