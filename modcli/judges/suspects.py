"""Which shots look as if they did harm: by what they do to each other, and by what they do to answers.

A suspicion has to be larger than noise. What it takes was chosen on real states of three public sets (train rows, 6 to
32 shots a side): of profiles as they are, one in 30 is suspected of anything. Where the two sides are told apart well
(spam), none is; a shot that is filed wrongly is found in 40 of 100 draws, and three counterexamples that are typical
examples in 60 (near copies of each other) to 80. Where the sides overlap (toxicity in parallel sentences, sentiment),
it is 9 and 22. No more can be had from shots alone: a hard case that is filed rightly looks much like a wrong one, and
the judge is worse without it. Answers tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import Background
from modcli.judges.fitting import Shots
from modcli.judges.influence import Effect, Floats, Group, Influence, OnOthers, States

#: Shots on each side from which on there is anything to tell.
LEAST = 4
#: Evidence has to be stronger the more shots there are to choose from, as if so many of them were expected to be wrong,
#: and the worse the judge gets on without the group: where the sides overlap, a hard case lies as deep as a wrong one.
_EXPECTED, _OVERLAP = 2.0, 12.0
#: On the wrong side by at least so many nats, and deeper than this share of the shots of that side.
_WRONG, _TYPICAL = 1.0, 0.25
#: Further from the median evidence than so many times the way from there to the upper fifth's.
_SPREAD, _UPPER = 2.0, 0.8
#: Neighbours by which it is told to which side a shot is nearer.
_NEAREST = 3
#: Groups found one after the other, at most; each is left out while the next is looked for.
_ROUNDS = 12
#: Random groups of the same size and kind, which show what leaving out so many does by itself.
_CHANCE = 40
#: Answers on either half from which on they may choose; how many robust deviations an effect on the choosing half has
#: to be away from the others'; t of the effect on the testing half, and its share of the loss there.
_ANSWERS, _DEVIATIONS, _T, _SHARE = 20, 5.0, 3.0, 0.03


@dataclass(frozen=True)
class Suspect:
    """A group of shots that looks harmful, by rows as `Influence` numbers them. `chance` is what leaving out as many
    of the same kind at random gains the others, mean; `by_answers`: it is their losses that it makes greater."""

    effect: Effect
    chance: float
    by_answers: bool = False

    @property
    def group(self) -> Group:
        """Its rows."""
        return self.effect.group


def suspects(shots: Shots, background: Background, seed: int = 0) -> list[Suspect]:
    """The groups that the other shots speak against, the strongest evidence first. Empty below LEAST shots a side."""
    found: list[Suspect] = []
    gone: list[int] = []
    count = len(shots.positives) + len(shots.negatives) + len(shots.ordinary) + len(shots.others)
    for _ in range(_ROUNDS):
        numbers = np.setdiff1d(np.arange(count), gone)
        rest = without(shots, gone)
        if min(len(rest.positives), len(rest.negatives)) < LEAST:
            break
        influence = Influence(rest, background)
        worst = _worst(influence)
        if worst is None or gained_at_random(influence, worst.group, seed, best=True) >= worst.gained:
            break
        chance = gained_at_random(influence, worst.group, seed)
        named = tuple(int(numbers[i]) for i in worst.group)
        found.append(Suspect(replace(worst, group=named), chance))
        gone += named
    return sorted(found, key=lambda suspect: -suspect.effect.evidence)


def suspects_by_answers(
    shots: Shots, background: Background, answers: States, truth: NDArray[np.bool_]
) -> list[Suspect]:
    """The groups without which answers, features (answers, taps, width), are judged better. Every other answer chooses,
    the rest decide: an effect that is told of is one on answers that did not choose. Both sides of the answers weigh the
    same. Empty for few answers, or few shots."""
    choosing = _alternate(truth)
    sides = [half & (truth == side) for half in (choosing, ~choosing) for side in (True, False)]
    if (
        min(len(shots.positives), len(shots.negatives)) < LEAST
        or min(side.sum() for side in sides) < _ANSWERS // 2
    ):
        return []
    influence = Influence(shots, background)
    elsewhere = influence.on(answers)
    groups = list(influence.groups())
    grown = np.stack([_grown(elsewhere, group, truth) for group in groups])
    chosen, tested = _balanced(grown, sides[:2]), _balanced(grown, sides[2:])
    middle = np.median(chosen)
    deviation = 1.4826 * np.median(np.abs(chosen - middle)) + 1e-6
    before = _balanced(np.logaddexp(0, -np.where(truth, 1, -1) * elsewhere.log_odds)[None], sides[2:])[0]
    found: list[Suspect] = []
    for i in np.argsort(tested):
        group = groups[i]
        if (
            chosen[i] < middle - _DEVIATIONS * deviation
            and tested[i] < -_SHARE * before
            and _t(grown[i], sides[2:]) < -_T
            and not any(set(group) & set(one.group) for one in found)
        ):
            found.append(Suspect(influence.effect(group), 0.0, by_answers=True))
    return found


def testing(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which answers choose nothing in `suspects_by_answers`."""
    return ~_alternate(truth)


def without(shots: Shots, gone: Iterable[int]) -> Shots:
    """The shots without some of them, by their rows."""
    left_out = set(gone)
    kept: list[States] = []
    texts: tuple[str, ...] = shots.texts
    start = 0
    for number, rows in enumerate((shots.positives, shots.negatives, shots.ordinary, shots.others)):
        stay = [i for i in range(len(rows)) if start + i not in left_out]
        kept.append(rows[stay])
        texts = tuple(texts[i] for i in stay) if number == 0 else texts
        start += len(rows)
    return replace(shots, positives=kept[0], negatives=kept[1], ordinary=kept[2], others=kept[3], texts=texts)


def alike(influence: Influence, least: float) -> list[tuple[int, int, float]]:
    """Pairs of positive, negative and ordinary rows with at least that cosine, the most similar first."""
    near = np.triu(influence.similarity[: influence.own, : influence.own], 1)
    pairs = np.argwhere(near >= least)
    return sorted(((int(i), int(j), float(near[i, j])) for i, j in pairs), key=lambda pair: -pair[2])


def _worst(influence: Influence) -> Effect | None:
    """The group with the strongest evidence of those that have enough of it."""
    effects = [influence.effect(group) for group in influence.groups()]
    alone = np.array([effect.evidence for effect in effects if len(effect.group) == 1])
    middle, upper = float(np.median(alone)), float(np.quantile(alone, _UPPER))
    least = float(np.log(influence.shown / _EXPECTED))
    for effect in sorted(effects, key=lambda effect: -effect.evidence):
        if effect.evidence < max(least, middle + _SPREAD * (upper - middle)):
            return None
        if (
            effect.evidence > least + _OVERLAP * effect.loss
            and effect.margin < -_WRONG
            and _is_typical(influence, effect)
            and _is_nearer(influence, effect.group)
        ):
            return effect
    return None


def _is_typical(influence: Influence, effect: Effect) -> bool:
    """Whether the group lies as deep on the other side as some of that side's own shots do."""
    other = influence.sign != influence.sign[effect.group[0]]
    other[influence.shown :] = False
    depth = (influence.sign * influence.left_out)[other]
    return bool((depth < -effect.margin).mean() >= _TYPICAL)


def _is_nearer(influence: Influence, group: Group) -> bool:
    """Whether the group is nearer to shots of the other side than to the rest of its own."""
    members = list(group)
    own = np.setdiff1d(influence.kind_of(members[0]), members)
    other = np.flatnonzero(influence.sign[: influence.shown] != influence.sign[members[0]])
    return _nearness(influence, members, other) > _nearness(influence, members, own)


def _nearness(influence: Influence, members: list[int], rows: NDArray[np.intp]) -> float:
    if not len(rows):
        return -1.0
    nearest = np.sort(influence.similarity[members][:, rows], axis=1)[:, -_NEAREST:]
    return float(nearest.mean())


def gained_at_random(influence: Influence, group: Group, seed: int = 0, *, best: bool = False) -> float:
    """What leaving out as many of the same kind gains, mean or best of some random choices without the group itself."""
    rng = np.random.default_rng(seed)
    others = np.setdiff1d(influence.kind_of(group[0]), group)
    if len(others) < len(group):
        return 0.0
    gains = [
        influence.effect(tuple(int(i) for i in rng.choice(others, len(group), replace=False))).gained
        for _ in range(_CHANCE)
    ]
    return float(np.max(gains) if best else np.mean(gains))


def _grown(elsewhere: OnOthers, group: Group, truth: NDArray[np.bool_]) -> Floats:
    """By how much the loss of each answer grows without the group."""
    sign = np.where(truth, 1.0, -1.0)
    after, before = sign * elsewhere.without(group), sign * elsewhere.log_odds
    return np.asarray(np.logaddexp(0, -after) - np.logaddexp(0, -before), np.float64)


def _balanced(grown: Floats, sides: list[NDArray[np.bool_]]) -> Floats:
    """Mean over answers, both sides weighing the same; (groups, answers) to (groups,)."""
    return np.asarray(sum(grown[:, side].mean(axis=1) for side in sides) / len(sides), np.float64)


def _t(grown: Floats, sides: list[NDArray[np.bool_]]) -> float:
    """The balanced mean in its standard errors."""
    variance = sum(grown[side].var(ddof=1) / side.sum() for side in sides) / len(sides) ** 2
    mean = float(_balanced(grown[None], sides)[0])
    return mean / float(np.sqrt(variance)) if variance > 0 else 0.0


def _alternate(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every other one of either side."""
    chosen = np.zeros(len(truth), bool)
    for side in (True, False):
        chosen[np.flatnonzero(truth == side)[::2]] = True
    return chosen
