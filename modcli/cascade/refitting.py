"""What leaving shots out does to a category's judge, measured with the judge itself: fitted with them and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import Background
from modcli.judges.fitting import Shots, fit_category, log_loss
from modcli.judges.influence import Floats, Group, Influence, States
from modcli.judges.judge import CategoryJudge, head_log_odds, probability
from modcli.judges.suspects import gained_at_random, testing, without

#: Shots above which an effect is estimated: a judge of so many takes seconds to fit.
MOST_REFITTED = 800


@dataclass(frozen=True)
class OnAnswers:
    """Of so many answers that chose nothing: the loss before and after (mean nats, both sides weighing the same), and
    how many verdicts turn right and wrong, by what was read alone."""

    count: int
    loss: tuple[float, float]
    right: int
    wrong: int


@dataclass(frozen=True)
class Measured:
    """What leaving shots out does, before and after.

    `loss`: of the other shots, each judged without itself (mean nats, both sides weighing the same); `chance`, the same
    after if as many of their kind were left out at random. `examples` and `against`: the mean probability of the other
    examples, and of what is held against them. `probability`: what the judge makes of the shots themselves without
    them. `estimated`: by one Newton step, not by a fit.
    """

    loss: tuple[float, float]
    chance: float
    examples: tuple[float, float]
    against: tuple[float, float]
    probability: float
    answers: OnAnswers | None = None
    estimated: bool = False


class Refits:
    """The judge of one category with all of its shots, and without some.

    `answers` are features of shape (answers, taps, width), `truth` says which of them are of the category. `alone`: the
    category fires where it is more probable than none (a class among several), not from its threshold on.
    """

    def __init__(
        self,
        shots: Shots,
        judge: CategoryJudge,
        background: Background,
        answers: States,
        truth: NDArray[np.bool_],
        *,
        alone: bool = False,
    ) -> None:
        self.shots, self.background = shots, background
        self.answers, self.truth = answers, truth
        self.influence = Influence(shots, background)
        self._judge = judge
        self._on = self.influence.on(answers)
        self._border = 0.0 if alone else judge.border

    def measured(self, group: Group, *, chose: bool = False) -> Measured | None:
        """What leaving a group out does; None where it leaves a side empty. If it was chosen by answers (`chose`), those
        that did the choosing are not asked again."""
        influence = self.influence
        rest = np.setdiff1d(np.arange(influence.shown), group)
        positive = influence.sign[rest] > 0
        if positive.all() or not positive.any():
            return None
        estimated = influence.shown > MOST_REFITTED
        how = self._estimated if estimated else self._refitted
        before, after, own, answers = how(group, rest)
        loss = log_loss(before, positive), log_loss(after, positive)
        return Measured(
            loss=loss,
            chance=loss[0] - gained_at_random(influence, group) / len(rest),
            examples=(_mean(before[positive]), _mean(after[positive])),
            against=(_mean(before[~positive]), _mean(after[~positive])),
            probability=_mean(own),
            answers=self._on_answers(*answers, chose=chose) if len(self.truth) else None,
            estimated=estimated,
        )

    def _refitted(
        self, group: Group, rest: NDArray[np.intp]
    ) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats]]:
        """Left-out log-odds of the rest before and after, log-odds of the group after, and those of the answers."""
        fewer = without(self.shots, group)
        judge = fit_category(self._judge.name, fewer, self.background, self._judge.threshold)
        rows = np.concatenate([self.shots.positives, self.shots.negatives, self.shots.ordinary])
        readings = _reading(self._judge, self.answers), _reading(judge, self.answers)
        return self._judge.left_out[rest], judge.left_out, _reading(judge, rows[list(group)]), readings

    def _estimated(
        self, group: Group, rest: NDArray[np.intp]
    ) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats]]:
        influence = self.influence
        own = influence.log_odds_without(group)[list(group)]
        readings = self._on.log_odds, self._on.without(group)
        return influence.left_out[rest], influence.left_out_without(group)[rest], own, readings

    def _on_answers(self, before: Floats, after: Floats, *, chose: bool) -> OnAnswers:
        kept = testing(self.truth) if chose else np.ones(len(self.truth), bool)
        truth = self.truth[kept]
        was, becomes = ((odds[kept] >= self._border) == truth for odds in (before, after))
        loss = log_loss(before[kept], truth), log_loss(after[kept], truth)
        return OnAnswers(len(truth), loss, int((~was & becomes).sum()), int((was & ~becomes).sum()))


def _reading(judge: CategoryJudge, features: States) -> Floats:
    """Log-odds of a head, shape (texts,)."""
    return head_log_odds(features, judge.weights, judge.bias)


def _mean(log_odds: Floats) -> float:
    return float(probability(log_odds).mean())
