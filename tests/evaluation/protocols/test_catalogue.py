from __future__ import annotations

import pytest

from modcli.evaluation.protocols.catalogue import PAPER, PROTOCOLS, parts_of


def test_the_paper_is_all_parts() -> None:
    assert set(parts_of(PAPER)) == {part for parts in PROTOCOLS.values() for part in parts}
    # A part is named alone on the command line.
    assert sum(len(parts) for parts in PROTOCOLS.values()) == len(parts_of(PAPER))


def test_an_unknown_protocol() -> None:
    with pytest.raises(KeyError):
        parts_of("leather")
