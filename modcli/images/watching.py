"""The frames of a video, judged in time order: when it is decided, by which of them, and at which seconds."""

from __future__ import annotations

from dataclasses import replace

from modcli.images.agreement import Agreement, Rule, clock
from modcli.images.parts import PICTURE, Looked, Part
from modcli.profile import Action
from modcli.verdict import Verdict

#: Times that a reason names.
_TIMES = 6
FRAMES = "frames"


class Watched:
    """Takes in the frames that were looked at, of a `total`, in time order.

    What frames show blocks where enough of them agree (`Agreement`); less is warned of. What is sure in a single frame (a
    known picture, a text that can be read) counts at once.
    """

    def __init__(self, total: int, rule: Rule) -> None:
        self.frames: list[Looked] = []
        self._agreement = Agreement(total, rule)
        self._sure: list[tuple[Looked, Part]] = []
        self._seen: list[tuple[Looked, Part]] = []
        self._total = total

    def take(self, found: Looked) -> None:
        """The next frame."""
        self.frames.append(found)
        for part in found.parts:
            (self._sure if part.sure else self._seen).append((found, part))
        self._agreement.take(
            any(part.verdict.action is Action.BLOCK for part in found.parts if not part.sure)
        )

    @property
    def decided(self) -> bool:
        """Whether nothing that follows can make it stricter."""
        blocked = any(part.verdict.action is Action.BLOCK for _, part in self._sure)
        return blocked or self._agreement.decided

    def parts(self) -> list[Part]:
        """What there is to say, each part named by the time of its frame."""
        return [_at(found, part, part.verdict) for found, part in self._sure] + [
            _at(found, part, self._weighed(part.verdict)) for found, part in self._seen
        ]

    def as_record(self) -> dict[str, object]:
        """Which seconds were flagged, and after how many frames it was decided."""
        acting = [
            found for found, part in (*self._seen, *self._sure) if part.verdict.action is not Action.ALLOW
        ]
        times = sorted({round(found.picture.seconds or 0.0, 2) for found in acting})
        record: dict[str, object] = {"flagged_at": times} if times else {}
        if len(self.frames) < self._total:
            record["decided_after"] = len(self.frames)
        return record

    def _weighed(self, verdict: Verdict) -> Verdict:
        """What a frame shows, as far as others agree."""
        if verdict.action is Action.ALLOW:
            return verdict
        alike = [found for found, part in self._seen if part.verdict.action is verdict.action]
        times = list(dict.fromkeys(clock(found.picture.seconds or 0.0) for found in alike))
        shown = ", ".join(times[:_TIMES]) + (", ..." if len(times) > _TIMES else "")
        reason = f"{verdict.reason}; in {len(alike)} of {len(self.frames)} frames judged, at {shown}"
        if verdict.action is not Action.BLOCK or self._agreement.decided:
            return replace(verdict, reason=reason)
        categories = {
            name: replace(one, action=Action.WARN) if one.action is Action.BLOCK else one
            for name, one in verdict.categories.items()
        }
        return replace(
            verdict, action=Action.WARN, categories=categories, reason=f"{reason}: too few to block"
        )


def _at(found: Looked, part: Part, verdict: Verdict) -> Part:
    """The part, named by the time of its frame; what is allowed is so in all of them."""
    name = FRAMES if verdict.action is Action.ALLOW else f"frame at {clock(found.picture.seconds or 0.0)}"
    if part.name != PICTURE:
        name += f", {part.name}"
    return replace(part, name=name, verdict=verdict)
