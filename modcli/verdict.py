"""The answer to one item."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modcli.profile import Action


@dataclass(frozen=True, slots=True)
class CategoryVerdict:
    """What was found for one category.

    `probability` is that of the category, `threshold` the one it is held against, `action` what follows from it
    (allow where it did not fire). `exempted_by` names the allowed category that took the item out of this one.
    `shots` are the texts of the examples that weighed most, the heaviest first.
    """

    probability: float
    threshold: float
    action: Action
    exempted_by: str | None = None
    shots: tuple[str, ...] = ()

    @property
    def fired(self) -> bool:
        """Whether the probability reached the threshold."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item.

    `stage` is the stage that decided (ngrams, embedding and shallow are early ones, prefilter the untuned one; group for
    a near-duplicate of what was judged; reading, prompt; empty for nothing to read, none for an item that could not be
    judged), `cached` whether it was answered from the cache. `read` is the share of the item that was read, 0 to 1.
    `reason` is one line for a person; `rationale` the model's own sentence, where asked for. `model` and `profile` are
    digests.

    Of pictures: `part` is what decided (the picture, a text in it, a frame), `decided_on` the text that did, if one did;
    `untold` names the categories of which no model could tell from the picture itself; `picture` is what was found in
    it, in JSON's terms.
    """

    id: str
    action: Action
    categories: Mapping[str, CategoryVerdict] = field(default_factory=dict)
    stage: str = "none"
    reason: str = ""
    model: str = ""
    profile: str = ""
    error: str | None = None
    read: float = 1.0
    rationale: str | None = None
    cached: bool = False
    part: str = ""
    decided_on: str = ""
    untold: tuple[str, ...] = ()
    picture: Mapping[str, Any] | None = None

    @property
    def read_share(self) -> float:
        """`read` to four places, rounded down: what was not read to its end is never told as 1."""
        return math.floor(self.read * 10_000) / 10_000

    def as_record(self) -> dict[str, Any]:
        """The verdict as the JSON object that scripts rely on."""
        record: dict[str, Any] = {
            "id": self.id,
            "action": self.action.value,
            "categories": {
                name: {"p": round(found.probability, 4), "action": found.action.value}
                | ({"exempted_by": found.exempted_by} if found.exempted_by else {})
                for name, found in self.categories.items()
            },
            "stage": self.stage,
            "reason": self.reason,
            "model": self.model,
            "profile": self.profile,
        }
        if self.part:
            record["part"] = self.part
        if self.untold:
            record["untold"] = list(self.untold)
        if self.picture is not None:
            record["picture"] = dict(self.picture)
        if self.read < 1:
            record["read"] = self.read_share
        if self.rationale is not None:
            record["rationale"] = self.rationale
        if self.error is not None:
            record["error"] = self.error
        return record
