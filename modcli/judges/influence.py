"""What each shot does to the others: the fit without it, for every shot and every group of similar ones.

The question is that of influence-based data cleansing: how would what is measured change if this were left out? Here
that is the loss of the other shots, each judged by a fit without itself, and of answers. Nothing is fitted anew for it:
one fit and one matrix answer for every group. It is the head over all taps at once that is asked, a part of the judge;
who tells of an effect measures it with the judge itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import Background
from modcli.judges.fitting import NEGATIVE, ORDINARY, PENALTY, POSITIVE, WEIGHTS, Rows, Shots, flat
from modcli.judges.heads import fit
from modcli.judges.judge import unit

Floats = NDArray[np.float64]
States = NDArray[np.float32]
#: The numbers of rows that are left out together.
Group = tuple[int, ...]

_KINDS = len(WEIGHTS)
#: The share of a kind that may be suspected together.
MOST_TOGETHER = 1 / 3


@dataclass(frozen=True)
class Effect:
    """What leaving a group of shots out would do.

    `margin`: how far the rest puts the group's members on the side that they are filed on, mean log-odds; below zero it
    puts them on the other side. `gained`: by how many nats the left-out losses of all other shots fall together, both
    sides weighing the same. `loss`: what is left of these losses then, mean nats.
    """

    group: Group
    margin: float
    gained: float
    loss: float

    @property
    def evidence(self) -> float:
        """By how many nats the other side fits the group better than the one that it is filed on: by its own loss and,
        as it would not only be missing here but be added there, by twice what the others gain without it. To first
        order, the ratio of pseudo-likelihoods (Besag 1975, Statistical analysis of non-lattice data)."""
        return -self.margin + 2 * self.gained


class Influence:
    """The head of one category, and what it would be without any group of its shots.

    Rows are numbered in the order of `shots`: positives, negatives, ordinary posts, examples of other categories; the
    bank comes last. Raises ValueError without a positive or without a negative.

    Without the rows T the fit moves by one Newton step from where it is (Rad and Maleki 2020, A scalable estimate of
    the out-of-sample prediction error via approximate leave-one-out cross-validation; Koh et al. 2019, On the accuracy
    of influence functions for measuring group effects). With A = X H^-1 X', the rows' curvatures w and pushes r (what
    each adds to the gradient), the log-odds f become f + A'd. Here d is the change of the pushes, and
    A' = A + A_T (1 - w_T A_TT)^-1 w_T A_T' is A without the curvature of T. What T weighed is given to the rest of its
    kind.
    """

    def __init__(self, shots: Shots, background: Background) -> None:
        if not len(shots.positives) or not len(shots.negatives):
            raise ValueError("a head needs an example and a counterexample")
        fitted = Rows.of(shots, background)
        rows, sizes, self._kind = fitted.features, fitted.sizes, fitted.kind
        #: How many rows there are without the bank; how many of these are positive or negative, and with ordinary ones.
        self.rows, self.shown, self.own = int(sizes[:4].sum()), int(sizes[:2].sum()), int(sizes[:3].sum())
        #: +1 for the positives, -1 for all others, shape (rows,).
        self.sign = np.where(self._kind[: self.rows] == POSITIVE, 1.0, -1.0)
        #: Cosines of all rows but the bank's, mean over taps, shape (rows, rows).
        units = unit(rows[: self.rows]).reshape(self.rows, -1).astype(np.float64)
        self.similarity = units @ units.T / rows.shape[1]
        self._totals, self._importance = fitted.totals, fitted.importance
        features, labels = flat(rows), fitted.labels
        self._features, self._penalty = features, PENALTY * rows.shape[2]
        self._head = fit(features, labels, self._importance, self._penalty)
        self._log_odds = self._head.log_odds(features)
        signs = np.where(labels, 1.0, -1.0)
        missed = 1 / (1 + np.exp(np.clip(signs * self._log_odds, -500, 500)))
        self._push = self._importance * signs * missed
        self._curvature = self._importance * missed * (1 - missed)
        self._hat = self._hat_of(features)
        self._raised = self._hat @ self._by_kind(self._push, slice(None))

    @cached_property
    def left_out(self) -> Floats:
        """Log-odds of each row by the fit without it, shape (rows,)."""
        return self._without((), each=True)

    def kind_of(self, row: int) -> NDArray[np.intp]:
        """All rows of the same kind, the row itself included."""
        return np.flatnonzero(self._kind[: self.rows] == self._kind[row])

    def log_odds_without(self, group: Group) -> Floats:
        """Log-odds of each row by the fit without a group, shape (rows,)."""
        return self._without(group, each=False)

    def left_out_without(self, group: Group) -> Floats:
        """Log-odds of each row by the fit without it and without a group, shape (rows,); of the group's own rows they
        mean nothing."""
        return self._without(group, each=True)

    def effect(self, group: Group) -> Effect:
        """What leaving a group out would do."""
        members = list(group)
        margin = (self.sign * self._without(group, each=False))[members].mean()
        rest = np.ones(self.rows, bool)
        rest[members] = rest[self.shown :] = False
        after, before = self.sign * self._without(group, each=True), self.sign * self.left_out
        losses = np.logaddexp(0, -after)
        grown = losses - np.logaddexp(0, -before)
        sides = [rest & (self.sign == side) for side in (1, -1)]
        balanced = sum(grown[side].mean() if side.any() else 0.0 for side in sides) / 2
        loss = losses[rest].mean() if rest.any() else 0.0
        return Effect(group, float(margin), -float(balanced * rest.sum()), float(loss))

    def groups(self) -> Iterator[Group]:
        """Each positive, negative and ordinary row alone, and the groups of similar ones of one kind."""
        for kind in (POSITIVE, NEGATIVE, ORDINARY):
            rows = np.flatnonzero(self._kind[: self.rows] == kind)
            yield from ((int(row),) for row in rows)
            for group in linked(self.similarity[np.ix_(rows, rows)]):
                if len(group) <= MOST_TOGETHER * len(rows):
                    yield tuple(int(rows[i]) for i in group)

    def on(self, features: States) -> OnOthers:
        """The same for texts that are no shots, features (texts, taps, width)."""
        at_once = flat(features)
        hat = self._hat_of(at_once)
        return OnOthers(self, self._head.log_odds(at_once), hat, hat @ self._by_kind(self._push, slice(None)))

    def _without(self, group: Group, *, each: bool) -> Floats:
        """Log-odds of the rows without the group; with `each`, of each row without itself as well (for the group's own
        rows these mean nothing)."""
        rows, hat = slice(0, self.rows), self._hat[: self.rows]
        factor = np.tile(self.factor(group), (self.rows, 1))
        if not each:
            return self._log_odds[rows] + self.moved(group, hat, self._raised[rows], factor)
        at, kind = np.arange(self.rows), self._kind[rows]
        factor[at, kind] = self._factor_of_rest(self._left(group)[kind] - self._importance[rows], kind)
        inner, weight = self._inner(group)
        leverage = np.diag(self._hat)[rows].copy()
        if group:
            block = hat[:, list(group)]
            leverage += np.einsum("ik,ki->i", block, np.linalg.solve(inner, weight * block.T))
        moved = self.moved(group, hat, self._raised[rows], factor)
        moved -= factor[at, kind] * self._push[rows] * leverage
        remaining = 1 - self._curvature[rows] * leverage
        return self._log_odds[rows] + moved / np.where(np.abs(remaining) > 1e-9, remaining, 1.0)

    def moved(self, group: Group, hat: Floats, raised: Floats, factor: Floats) -> Floats:
        """How far log-odds move without the group: A'd, for texts with A of shape (texts, rows) and with what moves
        them when a kind is given more weight, (texts, kinds); `factor`, which broadcasts to that, is how much more."""
        chosen = list(group)
        lost = np.zeros(1)
        if chosen:
            inner, weight = self._inner(group)
            block = hat[:, chosen]
            raised = raised + block @ np.linalg.solve(inner, weight * self._raised[chosen])
            own = block + block @ np.linalg.solve(inner, weight * self._hat[np.ix_(chosen, chosen)])
            lost = own @ self._by_kind(self._push[chosen], chosen)
        return np.asarray(((factor - 1) * raised - factor * lost).sum(axis=1), np.float64)

    def _inner(self, group: Group) -> tuple[Floats, Floats]:
        chosen = list(group)
        weight = self._curvature[chosen, None]
        return np.eye(len(chosen)) - weight * self._hat[np.ix_(chosen, chosen)], weight

    def _left(self, group: Group) -> Floats:
        """What each kind weighs without the group, shape (kinds,)."""
        chosen = list(group)
        return np.asarray(
            self._totals - self._by_kind(self._importance[chosen], chosen).sum(axis=0), np.float64
        )

    def factor(self, group: Group) -> Floats:
        """By how much the rest of each kind is raised without the group, shape (kinds,)."""
        return self._factor_of_rest(self._left(group), np.arange(_KINDS))

    def _factor_of_rest(self, left: Floats, kind: NDArray[np.intp]) -> Floats:
        """By how much the rest of a kind is raised; nothing where there is no rest."""
        there = left > 1e-9 * self._totals[kind]
        return np.where(there, self._totals[kind] / np.where(there, left, 1.0), 1.0)

    def _by_kind(self, values: Floats, rows: list[int] | slice) -> Floats:
        """Values of rows, each in the column of its kind."""
        return np.where(self._kind[rows, None] == np.arange(_KINDS), values[:, None], 0.0)

    def _hat_of(self, features: NDArray[np.float32]) -> Floats:
        """A = Z H^-1 X' for texts Z, shape (texts, rows), in the space of the rows; the bias has no penalty."""
        own, other = (
            np.asarray(one, np.float64) @ self._features.T.astype(np.float64)
            for one in (self._features, features)
        )
        own, other = own / self._penalty, other / self._penalty
        weight = self._curvature
        inside = np.linalg.solve(np.eye(len(own)) + own * weight, own)
        left = 1 - inside @ weight
        outside = other - (other * weight) @ inside
        scale = weight.sum() - weight @ inside @ weight
        return np.asarray(outside + np.outer(1 - outside @ weight, left) / max(scale, 1e-12), np.float64)


@dataclass(frozen=True)
class OnOthers:
    """Texts that are no shots: their `log_odds`, shape (texts,), and what these would be without a group."""

    influence: Influence
    log_odds: Floats
    hat: Floats
    raised: Floats

    def without(self, group: Group) -> Floats:
        """Log-odds by the fit without the group, shape (texts,)."""
        factor = self.influence.factor(group)
        return self.log_odds + self.influence.moved(group, self.hat, self.raised, factor)


def linked(similarity: Floats) -> list[Group]:
    """The groups that average linkage forms, from the most similar pair to all of them, by a similarity of shape (n, n):
    n - 1 groups, each the union of two single ones or earlier groups."""
    near = similarity.copy()
    np.fill_diagonal(near, -np.inf)
    members: list[Group] = [(i,) for i in range(len(near))]
    found: list[Group] = []
    for _ in range(len(near) - 1):
        i, j = sorted(divmod(int(np.argmax(near)), len(near)))
        share = len(members[i]) / (len(members[i]) + len(members[j]))
        near[i] = near[:, i] = share * near[i] + (1 - share) * near[j]
        near[i, i] = near[j] = near[:, j] = -np.inf
        members[i] = tuple(sorted(members[i] + members[j]))
        found.append(members[i])
    return found
