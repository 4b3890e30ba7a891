"""The protocols by name: each is some parts, and `paper` is all of them."""

from __future__ import annotations

from collections.abc import Mapping

from modcli.evaluation.protocols.base import Part

#: Protocol, then part: to be named with `modcli eval protocol PROTOCOL --only PART`.
PROTOCOLS: Mapping[str, Mapping[str, Part]] = {}
#: The protocol that is all others.
PAPER = "paper"


def parts_of(name: str) -> dict[str, Part]:
    """The parts of a protocol, by name. Raises KeyError for one that there is not."""
    if name == PAPER:
        return {part: jobs for parts in PROTOCOLS.values() for part, jobs in parts.items()}
    return dict(PROTOCOLS[name])
