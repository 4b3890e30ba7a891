from __future__ import annotations

from pathlib import Path

import pytest

from modcli.evaluation.protocols.catalogue import PAPER, PROTOCOLS, parts_of
from modcli.evaluation.protocols.sets import public_sets

PAGE = (Path(__file__).parents[3] / "docs" / "protocols.md").read_text("utf-8")


def test_the_paper_is_all_parts() -> None:
    assert set(parts_of(PAPER)) == {part for parts in PROTOCOLS.values() for part in parts}
    # A part is named alone on the command line.
    assert sum(len(parts) for parts in PROTOCOLS.values()) == len(parts_of(PAPER))


def test_an_unknown_protocol() -> None:
    with pytest.raises(KeyError):
        parts_of("leather")


def test_the_page_tells_of_every_protocol_part_and_set() -> None:
    for name in (*PROTOCOLS, *parts_of(PAPER), *public_sets()):
        assert f"`{name}`" in PAGE
    for one in public_sets().values():
        assert one.licence.split(",")[0] in PAGE
