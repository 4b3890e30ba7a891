"""Where in the cascade an item is decided: arithmetic on what each early stage says of it.

An early stage gives each category's log-odds that the full judge will act for it. The chance of the less likely answer,
for the least sure category, is the stage's *doubt* of an item. Divided by how eager the stage is, it is held against
the cascade's *price*: an item is decided at the first stage that doubts it less. At a price of 0 nothing is decided
early; the higher the price, the more is, and the earlier. So one number makes a cascade bolder or more careful, and all
that promises need to know of an item is its *loss point*: the least price at which its decision is wrong (see guarantee).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from modcli.judges.judge import probability

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: From loss points (of another action, of a miss) to the highest price that keeps the promises.
PriceOf = Callable[[Floats, Floats], float]

#: How eager a stage may be beside the most eager.
EAGERNESS = (0.01, 0.03, 0.1, 0.3, 1.0)


def doubts(log_odds: Floats, eagerness: float = 1.0) -> Floats:
    """How much a stage doubts its answer, by its log-odds (items, categories), shape (items,); infinite where it has none
    (NaN). Raises ValueError for an eagerness that is not positive."""
    if eagerness <= 0:
        raise ValueError("a stage that is not eager at all is left out instead")
    if not log_odds.shape[1]:
        return np.full(len(log_odds), np.inf)
    # The least sure category's; NaN is passed on.
    least = np.abs(log_odds).min(axis=1)
    answered = ~np.isnan(least)
    found = np.full(len(least), np.inf)
    found[answered] = probability(-least[answered]) / eagerness
    return found


def decided_at(stage_doubts: Sequence[Floats], price: float) -> NDArray[np.int64]:
    """The stage, counted from 0, that decides each item at a price; the number of stages where none does."""
    if not stage_doubts:
        raise ValueError("a cascade without an early stage decides nothing")
    decides = np.stack([*stage_doubts, np.zeros(len(stage_doubts[0]))]) < price
    decides[-1] = True
    return np.asarray(decides.argmax(axis=0), np.int64)


def loss_points(stage_doubts: Sequence[Floats], wrong: Sequence[Mask]) -> Floats:
    """The least price of each item from which on its decision is wrong, infinite where there is none. `wrong` says of
    each stage where its answer would be, shape (items,).

    A decision that is wrong at one price may be right again at a higher one, at which an earlier stage decides; that is
    not counted on.
    """
    found = np.full(len(stage_doubts[0]), np.inf)
    before = np.full(len(stage_doubts[0]), np.inf)
    for doubt, is_wrong in zip(stage_doubts, wrong, strict=True):
        # A stage decides only at prices at which no stage before it does.
        found = np.where((doubt < before) & is_wrong, np.minimum(found, doubt), found)
        before = np.minimum(before, doubt)
    return found


def cost_of(
    stage_doubts: Sequence[Floats], price: float, seconds: Sequence[float], full_seconds: float
) -> tuple[float, tuple[float, ...]]:
    """Seconds that an item takes at a price, mean, and the share that each stage decides, the full judge last. `seconds`
    is what each early stage takes for an item, `full_seconds` what the full judge does. No item: 0."""
    at = decided_at(stage_doubts, price)
    reached = [float((at >= stage).mean()) if len(at) else 0.0 for stage in range(len(stage_doubts) + 1)]
    shares = [here - there for here, there in zip(reached, [*reached[1:], 0.0], strict=True)]
    spent = sum(share * each for share, each in zip(reached, [*seconds, full_seconds], strict=True))
    return spent, tuple(shares)


@dataclass(frozen=True)
class Plan:
    """How eager each early stage is, and the seconds that an item takes then, mean."""

    eagerness: tuple[float, ...]
    cost: float


def best_plan(
    log_odds: Sequence[Floats],
    wrong: Sequence[Mask],
    missed: Sequence[Mask],
    seconds: Sequence[float],
    full_seconds: float,
    price_of: PriceOf,
) -> Plan:
    """How eager each stage should be for an item to take least time while promises are kept.

    `log_odds` (items, categories), `wrong` and `missed` (items,) are those of each stage: where its answer differs from
    the full judge's, and where it lets pass what the full judge acts on. Raises ValueError without a stage.
    """
    if not log_odds:
        raise ValueError("a cascade without an early stage has no plan")
    plans: list[Plan] = []
    for eagerness in product(EAGERNESS, repeat=len(log_odds)):
        if max(eagerness) < 1:
            continue  # the same cascade as with all of them so much more eager, at another price
        of_stages = [doubts(odds, eager) for odds, eager in zip(log_odds, eagerness, strict=True)]
        price = price_of(loss_points(of_stages, wrong), loss_points(of_stages, missed))
        plans.append(Plan(eagerness, cost_of(of_stages, price, seconds, full_seconds)[0]))
    return min(plans, key=lambda plan: plan.cost)
