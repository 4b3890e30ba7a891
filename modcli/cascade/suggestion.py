"""Posts whose label would help a profile most, picked from unlabelled ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.moderator import probabilities
from modcli.cascade.preparation import Preparation, read_background, shot_text, taps_of
from modcli.cascade.workbench import Workbench
from modcli.errors import UsageError
from modcli.item import Item
from modcli.judges.judge import Evidence, Judge, probability
from modcli.judges.selection import choose, directions, uncertainty
from modcli.judges.selftraining import LEAST
from modcli.judges.tasks import as_judged, is_asked
from modcli.profile import Profile, Shot, Task
from modcli.profiles.document import closest
from modcli.prompts.normalization import normalize

Floats = NDArray[np.float64]

#: Of a category with a definition alone so many posts of the pool are put to the profile prompt: enough for what it says
#: to be learned, few enough to wait for.
PART = max(64, LEAST)


@dataclass(frozen=True)
class Suggestion:
    """A post whose label would help. `probabilities` by category as it is judged, where anything is known of it.

    `category` is the one that the judge is least sure of, by `bits` (0 to 1); or, with `first`, one that has no example,
    and that the post is likely to be of. `nearest` is the cosine to the nearest shot, or suggestion before it (None:
    there is none); `stands_for` counts the posts of the pool that it is the most similar suggestion to.
    """

    item: Item
    probabilities: Mapping[str, float]
    category: str
    bits: float
    nearest: float | None
    stands_for: int
    first: bool = False


def draw_pool(
    items: Iterable[Item], profile: Profile, count: int, seed: int = 0
) -> tuple[list[Item], int, int]:
    """At most `count` of the items, each with the same chance, in one pass and constant memory; how many there were, and
    how many of these cannot be read. Items without text, and those that are shots already, never."""
    chance = random.Random(seed)  # noqa: S311 -- a sample, no secret
    known = {_key(shot.text) for shot in _shots(profile)}
    kept: list[Item] = []
    keys: set[str] = set()
    seen = unreadable = eligible = 0
    for item in items:
        seen += 1
        if item.error is not None:
            unreadable += 1
            continue
        key = _key(item.text)
        if not key or key in known or key in keys:
            continue
        eligible += 1
        if len(kept) < count:
            kept.append(item)
            keys.add(key)
        elif (place := chance.randrange(eligible)) < count:
            keys.discard(_key(kept[place].text))
            keys.add(key)
            kept[place] = item
    chance.shuffle(kept)
    return kept, seen, unreadable


def suggest(
    bench: Workbench,
    profile: Profile,
    pool: Sequence[Item],
    count: int,
    *,
    category: str | None = None,
    sample: Sequence[str] = (),
) -> list[Suggestion]:
    """At most `count` of the pool, the most helpful first. `sample` is what the profile was tuned on.

    With a `category` only that one counts. Of one that has nothing but a definition, some posts of the pool are put to
    the profile prompt first. Raises UsageError for a category that is not judged, and what the preparation raises.
    """
    if category is not None and category not in profile.by_name:
        raise UsageError(f"the profile has no category '{category}'", hint=closest(category, profile.by_name))
    judged = as_judged(profile)
    texts = [shot_text(Shot(item.text)) for item in pool]
    if not pool:
        return []
    preparation, known = _prepared(bench, judged, texts, sample, category)
    wanted = _wanted(profile, judged, preparation.judge, category)
    shots = [shot_text(shot) for shot in _shots(judged)]
    features = _directions(bench, preparation.judge, [*texts, *shots])
    log_odds = _log_odds(bench, preparation, texts, known)
    bits = _bits(preparation.judge, log_odds, wanted, judged.task)
    # To a category without an example the first ones do most: the likelier a post is to be one, the better.
    bare = np.array([not judged.by_name[name].examples for name in wanted])
    likely = np.nan_to_num([probability(log_odds[name]) for name in wanted])
    worth = np.where(bare[:, None], likely, bits)
    category_of = worth.argmax(axis=0)
    chosen = choose(features[: len(texts)], worth.max(axis=0), features[len(texts) :], count)
    found = probabilities({name: np.nan_to_num(odds) for name, odds in log_odds.items()}, judged.task)
    return [
        Suggestion(
            item=pool[one.row],
            probabilities={
                name: float(p[one.row]) for name, p in found.items() if not np.isnan(log_odds[name][one.row])
            },
            category=wanted[category_of[one.row]],
            bits=float(bits[category_of[one.row], one.row]),
            nearest=None if one.nearest <= -1 else one.nearest,
            stands_for=one.stands_for,
            first=bool(bare[category_of[one.row]] and likely[category_of[one.row], one.row] > 0.5),
        )
        for one in chosen
    ]


def _prepared(
    bench: Workbench, judged: Profile, texts: Sequence[str], sample: Sequence[str], category: str | None
) -> tuple[Preparation, list[int]]:
    """What is fitted to the profile; and the rows of the texts of which the profile prompt's answer counts: those that it
    was asked about before, and those that it is to be asked about, because there is nothing else to judge a category
    by. From enough of these the profile learns, for this once."""
    preparation = bench.preparation(judged, sample=sample)
    blind = [
        one.name
        for one in preparation.judge.categories
        if one.evidence is Evidence.DEFINITION and category in (None, one.name)
    ]
    prompt, asker = preparation.prompt, preparation.asker
    known = {i for i, text in enumerate(texts) if prompt is not None and not asker.missing(prompt, [text])}
    if blind and texts:
        part = texts[:PART]
        bench.tell(
            f"{', '.join(blind)}: a definition alone, so the model is asked about {len(part)} of the posts"
        )
        if len(part) >= LEAST:
            preparation = bench.preparation(judged, sample=(*sample, *part))
        if any(one.evidence is Evidence.DEFINITION for one in preparation.judge.categories):
            known |= set(range(len(part)))
    return preparation, sorted(known)


def _wanted(profile: Profile, judged: Profile, judge: Judge, category: str | None) -> list[str]:
    """The categories that count: the one asked for, or those that decide anything. Raises UsageError where there is
    none."""
    names = [one.name for one in judge.categories]
    if category is None:
        deciding = [name for name in names if is_asked(judged, judged.by_name[name])]
        if not names:
            raise UsageError(
                "no category of the profile is judged", hint="block one, or give an allowed one an example"
            )
        return deciding or names
    if category in names:
        return [category]
    if len(names) == 1 and profile.task is Task.BINARY:
        return names
    raise UsageError(
        f"'{category}' is allowed and has no example, so it decides nothing, and nothing is judged of it",
        hint=f"modcli profile block {category}",
    )


def _directions(bench: Workbench, judge: Judge, texts: Sequence[str]) -> Floats:
    """Directions of the states of texts, seen from ordinary posts."""
    taps = judge.taps or taps_of(bench.backend.facts.layers)
    states = bench.reader.states(texts, taps)
    if judge.taps:
        return directions(judge.features(states))
    return directions(read_background(bench.reader, taps).features_of(states))


def _log_odds(
    bench: Workbench, preparation: Preparation, texts: Sequence[str], known: Sequence[int]
) -> dict[str, Floats]:
    """Log-odds of each category by what was read and, in the rows `known`, by what the profile prompt says; NaN where
    there is neither."""
    judge, prompt = preparation.judge, preparation.prompt
    found = judge.readings(judge.products(bench.reader.states(texts, judge.taps)))
    for one in judge.categories:
        if one.evidence is Evidence.DEFINITION:
            found[one.name] = np.full(len(texts), np.nan)
    if prompt is not None and known:
        rows = list(known)
        scores = preparation.asker.scores(prompt, [texts[row] for row in rows])
        for name, fit in preparation.labels.items():
            reading = np.nan_to_num(found[name][rows])
            found[name][rows] = fit.added(reading, scores[:, prompt.asked.index(name)])
    return found


def _bits(judge: Judge, log_odds: Mapping[str, Floats], wanted: Sequence[str], task: Task) -> Floats:
    """The bits that the judge misses of each category wanted, shape (wanted, texts); 0 where nothing is known."""
    borders = {one.name: 0.0 if task is Task.MULTI_CLASS else one.border for one in judge.categories}
    return np.nan_to_num([uncertainty(log_odds[name], borders[name]) for name in wanted])


def _shots(profile: Profile) -> list[Shot]:
    """Every shot of a profile, once."""
    sides = (profile.ordinary, *((*one.examples, *one.counterexamples) for one in profile.categories))
    return list({shot.text: shot for side in sides for shot in side}.values())


def _key(text: str) -> str:
    return " ".join(normalize(text).casefold().split())
