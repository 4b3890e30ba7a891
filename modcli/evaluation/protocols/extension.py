"""Personalization, continued: a category is extended to a variation of what it covers, by one varied example or a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from modcli.errors import Location
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.editing import edited
from modcli.evaluation.protocols.personalization import BEFORE, blocked, job, named, shares, watched
from modcli.evaluation.protocols.sets import PublicSet, draw
from modcli.evaluation.protocols.tasks import BINARY, several
from modcli.evaluation.protocols.variations import LANGUAGES, Variation, extensions, foreign
from modcli.item import Item
from modcli.profile import Profile
from modcli.profiles import edit

#: Varied examples that are added.
ADDED = (0, 1, 4)
#: Rows of each kind, and draws at most: each costs a profile prompt of its own.
EXTENDED, EXTENSION_DRAWS = 50, 4


@dataclass(frozen=True)
class Varied:
    """What a variation makes of a category: texts that may become examples, those of the first seed first; rows of the
    category and rows of its set that are not, both varied. Nothing is in two of these."""

    shots: Callable[[int], Sequence[str]]
    of: tuple[LabelledRow, ...]
    beside: tuple[LabelledRow, ...]


def extend(setting: Setting) -> list[Job]:
    """Each category, each variation: before, and after one and four varied examples were added."""
    sets = setting.among(*BINARY)
    makers: dict[str, Callable[[PublicSet], Varied]] = {}
    makers |= {variation.name: partial(by_rule, setting, sets, variation) for variation in extensions()}
    makers |= {language: partial(by_language, language) for language in LANGUAGES}
    return [
        job(
            "extend",
            sets,
            named(one.only.name, f"{name}, {_told(added)}"),
            partial(_extend, setting, sets, one, make, added),
        )
        for one in sets
        for name, make in makers.items()
        for added in ADDED
    ]


def _told(added: int) -> str:
    return f"{added} varied example{'s' * (added != 1)}" if added else "before"


def by_rule(setting: Setting, sets: Sequence[PublicSet], variation: Variation, one: PublicSet) -> Varied:
    """Rows of the set, varied. What the variation leaves as it is, is no test of it. Examples are varied rows of the
    pool that the profile has not got as they were."""
    name = one.only.name
    groups = watched(setting, one, sets, EXTENDED)
    pool = setting.rows_of(one.name).pool

    def shots(seed: int) -> list[str]:
        more = draw(pool, name, -1, 0, seed).examples[BEFORE:]
        varied = (variation(shot.text, name, seed) for shot in more[: 10 * max(ADDED)])
        return [text for text, shot in zip(varied, more, strict=False) if text != shot.text][: max(ADDED)]

    def rows(given: Sequence[LabelledRow]) -> tuple[LabelledRow, ...]:
        varied = (reworded(row, variation(row.item.text, name, setting.seed)) for row in given)
        return tuple(new for new, row in zip(varied, given, strict=True) if new.item.text != row.item.text)

    return Varied(shots, rows(groups.target), rows(groups.beside))


def by_language(language: str, one: PublicSet) -> Varied:
    """Posts in another language, which no rule makes from the set's rows."""
    name = one.only.name
    known = foreign(language, name)

    def shots(seed: int) -> list[str]:
        first = seed % len(known.shots)
        return [*known.shots[first:], *known.shots[:first]]

    def rows(texts: Sequence[str], *labels: str) -> tuple[LabelledRow, ...]:
        return tuple(
            LabelledRow(Item(f"{language}:{i}", text, Location(language, i)), frozenset(labels))
            for i, text in enumerate(texts, 1)
        )

    return Varied(shots, rows(known.of, name), rows(known.beside))


def reworded(row: LabelledRow, text: str) -> LabelledRow:
    """The row with another text."""
    return replace(row, item=Item(row.item.id, text, row.item.location))


def with_extended(profile: Profile, name: str, examples: Sequence[str]) -> Profile:
    """`modcli profile extend` of a category."""
    return edited(profile, lambda target, shelf: edit.extend(target, shelf, name, examples=examples))


def _extend(
    setting: Setting,
    sets: Sequence[PublicSet],
    one: PublicSet,
    make: Callable[[PublicSet], Varied],
    added: int,
) -> Outcome:
    groups = watched(setting, one, sets, EXTENDED)
    varied = make(one)
    parts = {
        "recall, varied": varied.of,
        "recall, as it was": groups.target,
        "false blocks, varied": varied.beside,
        "false blocks, same set": groups.beside,
        "false blocks, other sets": groups.elsewhere,
    }
    draws, failed = [], 0
    for seed in list(setting.seeds)[:EXTENSION_DRAWS]:
        profile = several(setting, sets, BEFORE, seed)
        examples = list(varied.shots(seed))[:added]
        if examples:
            profile = with_extended(profile, one.only.name, examples)
        found = {part: blocked(setting, profile, rows) for part, rows in parts.items()}
        failed += sum(of_part.failed for of_part in found.values())
        draws.append({part: of_part.flags for part, of_part in found.items()})
    return Outcome(shares(draws), rows=sum(map(len, parts.values())), draws=len(draws), failed=failed)
