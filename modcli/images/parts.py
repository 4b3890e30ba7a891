"""What is judged of a picture, part by part, and how the parts make one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from modcli.images.ocr import Transcript
from modcli.images.picture import Picture, Written
from modcli.judges.decision import decide
from modcli.profile import Action, Profile, strictest
from modcli.verdict import CategoryVerdict, Verdict

#: Characters of a text that a verdict quotes.
QUOTED = 80
PICTURE, KNOWN, BESIDE, TOGETHER = (
    "picture",
    "known picture",
    "text beside the picture",
    "text beside and in the picture",
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one model says of a category in a picture: the probability, from where it counts, the stage that a verdict
    names (detector, image examples, image words, vision model, debate), what it saw in words, and the examples that
    weighed most. `doubted`: another model for the same does not see it, so that it is warned of at most. `note` is told
    of what is allowed, too."""

    category: str
    probability: float
    threshold: float
    stage: str
    told: str = ""
    shots: tuple[str, ...] = ()
    doubted: bool = False
    note: str = ""

    @property
    def lead(self) -> float:
        """How far it is above where it counts, or, below 0, under."""
        return self.probability - self.threshold


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture with its verdict: `name` for a person, `text` what was read as text, if anything. `sure`: in a
    video, it counts in a single frame."""

    name: str
    verdict: Verdict
    text: str = ""
    sure: bool = False


@dataclass
class Looked:
    """What was found in one picture; `known`: a list of hashes says what it is, and nothing else was asked."""

    picture: Picture
    parts: list[Part] = field(default_factory=list)
    transcript: Transcript = field(default_factory=Transcript)
    known: bool = False
    said: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What of it was not seen, or is odd, or what a person should know of how it was judged."""
        return [*self.picture.notes, *self.transcript.notes, *self.said]


def picture_part(profile: Profile, opinions: Sequence[Opinion], model: str) -> Part:
    """The picture as the models see it. Of several opinions on a category the one counts that is furthest above (or
    least below) its threshold; then the profile decides as it does for texts."""
    strongest: dict[str, Opinion] = {}
    for opinion in opinions:
        before = strongest.get(opinion.category)
        if before is None or opinion.lead > before.lead:
            strongest[opinion.category] = opinion
    action, found, reason = decide(
        profile,
        {name: opinion.probability for name, opinion in strongest.items()},
        {name: opinion.threshold for name, opinion in strongest.items()},
        {name: opinion.shots for name, opinion in strongest.items() if opinion.lead >= 0},
    )
    for name, one in found.items():
        if strongest[name].doubted and one.action is Action.BLOCK:
            found[name] = replace(one, action=Action.WARN)
    action = strictest(*(one.action for one in found.values()))
    acting = [strongest[name] for name, one in found.items() if one.action is action] or list(
        strongest.values()
    )
    leading = max(acting, key=lambda opinion: opinion.lead, default=None)
    told = f" ({leading.told})" if leading and leading.told and action is not Action.ALLOW else ""
    stage = leading.stage if leading else "none"
    verdict = Verdict("", action, found, stage, reason + told, model, profile.digest)
    return Part(PICTURE, verdict)


def known_part(profile: Profile, action: Action, told: str) -> Part:
    """A picture that a list of hashes knows."""
    return Part(KNOWN, Verdict("", action, {}, "known", told, "", profile.digest), sure=True)


def text_name(text: str, at: tuple[int, int]) -> str:
    """How a text in a picture is named: quoted, with where it stands."""
    line = " ".join(text.split())
    quoted = line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"
    return f'text in the picture: "{quoted}" at ({at[0]}, {at[1]})'


def corner(lines: Sequence[Written]) -> tuple[int, int]:
    """Where lines of text begin: left and top, in pixels of the file."""
    return min(line.box[0] for line in lines), min(line.box[1] for line in lines)


def lead(verdict: Verdict) -> float:
    """How far the category that decides is above its threshold, or least below."""
    found = [one for one in verdict.categories.values() if one.action is verdict.action]
    found = found or list(verdict.categories.values())
    return max((one.probability - one.threshold for one in found), default=0.0)


def strictest_part(parts: Iterable[Part]) -> Part:
    """The part that decides, of at least one: of those with the strictest action the one that is
    furthest above a threshold; the first of equals. A known picture comes before what a model thinks."""
    return max(
        parts,
        key=lambda part: (part.verdict.action.severity, part.name == KNOWN, lead(part.verdict)),
    )


def joined(parts: Sequence[Part], untold: Sequence[str], notes: Sequence[str]) -> Verdict:
    """One verdict of all parts (at least one): the strictest action, and of each category what its strictest part says.

    An exception that a part makes calls nothing off in another. Where the picture is allowed, its verdict says of which
    categories no model could tell (`untold`), and `notes` on what else was not seen.
    """
    deciding = strictest_part(parts)
    categories: dict[str, CategoryVerdict] = {}
    for part in parts:
        for name, one in part.verdict.categories.items():
            if name not in categories or _weight(one) > _weight(categories[name]):
                categories[name] = one
    verdict = deciding.verdict
    reason = f"{deciding.name}: {verdict.reason}"
    if verdict.action is Action.ALLOW:
        reason = "; ".join([verdict.reason, *_untold(untold), *notes])
    error = next((part.verdict.error for part in parts if part.verdict.error is not None), None)
    if verdict.action is Action.BLOCK:
        error = deciding.verdict.error  # it is blocked, whatever the part says that could not be judged
    return replace(
        verdict,
        categories=categories,
        reason=reason,
        part=deciding.name,
        decided_on=deciding.text,
        untold=tuple(untold),
        read=min(part.verdict.read for part in parts),
        error=error,
        cached=False,
    )


def _weight(one: CategoryVerdict) -> tuple[int, float]:
    return one.action.severity, one.probability - one.threshold


def _untold(untold: Sequence[str]) -> list[str]:
    return [f"no model can tell from the picture itself: {', '.join(untold)}"] if untold else []


def described(pictures: Sequence[Picture], lines: Sequence[Written], most: int = 50) -> dict[str, object]:
    """What a verdict keeps of a picture, in JSON's terms: nothing of what a camera wrote into the file."""
    first = pictures[0]
    record: dict[str, object] = {"format": first.format, "width": first.width, "height": first.height}
    if lines:
        record["text"] = [
            {"text": line.text, "at": list(line.box[:2]), "sureness": round(line.sureness, 2)}
            for line in lines[:most]
        ]
    if first.notes:
        record["notes"] = list(first.notes)
    return record
