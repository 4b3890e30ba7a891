"""The protocols by name: each is some parts, and `paper` is all of them."""

from __future__ import annotations

from collections.abc import Mapping

from modcli.evaluation.protocols import learning, tasks
from modcli.evaluation.protocols.base import Part
from modcli.evaluation.protocols.extension import extend
from modcli.evaluation.protocols.personalization import PERSONALIZATION, block, unblock
from modcli.evaluation.protocols.robustness import ROBUSTNESS, robustness

#: Protocol, then part: to be named with `modcli eval protocol PROTOCOL --only PART`.
PROTOCOLS: Mapping[str, Mapping[str, Part]] = {
    tasks.TASKS: {
        "binary": tasks.binary,
        "plain in-context": tasks.plain,
        "reasons": tasks.reasons,
        "multi-class": tasks.multi_class,
        "multi-task": tasks.multi_task,
        "multi-label": tasks.multi_label,
    },
    PERSONALIZATION: {"block": block, "unblock": unblock, "extend": extend, ROBUSTNESS: robustness},
    learning.LEARNING: learning.PARTS,
}
#: The protocol that is all others.
PAPER = "paper"


def parts_of(name: str) -> dict[str, Part]:
    """The parts of a protocol, by name. Raises KeyError for one that there is not."""
    if name == PAPER:
        return {part: jobs for parts in PROTOCOLS.values() for part, jobs in parts.items()}
    return dict(PROTOCOLS[name])
