"""What leaving shots out does, beside a judge that is fitted without them."""

from __future__ import annotations

import numpy as np
import pytest

from modcli.cascade.refitting import Refits
from modcli.judges.fitting import fit_category
from modcli.judges.judge import probability

from ..judges.drawn import Draw, shots


def test_measured_is_what_a_judge_without_them_says() -> None:
    draw = Draw(1)
    positives, negatives = draw.positives(8), draw.negatives(9)
    wrong = draw.positives(1)
    given = shots(positives, np.concatenate([negatives, wrong]))
    judge = fit_category("c", given, draw.background, None)
    answers = np.concatenate([draw.positives(10), draw.negatives(10)])
    truth = np.arange(20) < 10
    found = Refits(given, judge, draw.background, answers, truth).measured((17,))
    assert found is not None
    without = fit_category("c", shots(positives, negatives), draw.background, None)
    assert found.examples[1] == pytest.approx(probability(without.left_out[:8]).mean())
    assert found.against[1] == pytest.approx(probability(without.left_out[8:]).mean())
    assert found.examples[0] == pytest.approx(probability(judge.left_out[:8]).mean())
    assert found.against[0] == pytest.approx(probability(judge.left_out[8:17]).mean())
    log_odds = np.einsum("itw,tw->i", answers, without.weights) + without.bias
    losses = np.logaddexp(0, -np.where(truth, log_odds, -log_odds))
    on = found.answers
    assert on is not None
    assert on.count == 20
    assert on.loss[1] == pytest.approx((losses[:10].mean() + losses[10:].mean()) / 2)
    before = np.einsum("itw,tw->i", answers, judge.weights) + judge.bias
    right = ((log_odds > 0) == truth) & ((before > 0) != truth)
    assert on.right == right.sum()
    own = np.einsum("itw,tw->i", wrong, without.weights) + without.bias
    assert found.probability == pytest.approx(probability(own)[0])
    assert not found.estimated


def test_answers_that_chose_are_not_asked_again() -> None:
    draw = Draw(1)
    given = shots(draw.positives(6), draw.negatives(6))
    judge = fit_category("c", given, draw.background, 0.3)
    answers = np.concatenate([draw.positives(5), draw.negatives(4)])
    refits = Refits(given, judge, draw.background, answers, np.arange(9) < 5)
    found = refits.measured((0,), chose=True)
    assert found is not None
    assert found.answers is not None
    assert found.answers.count == 4


def test_a_side_that_is_left_empty_cannot_be_measured() -> None:
    draw = Draw(1)
    given = shots(draw.positives(3), draw.negatives(1))
    judge = fit_category("c", given, draw.background, None)
    nothing = draw.positives(0)
    refits = Refits(given, judge, draw.background, nothing, np.zeros(0, bool))
    assert refits.measured((3,)) is None
    alone = refits.measured((0,))
    assert alone is not None
    assert alone.answers is None
