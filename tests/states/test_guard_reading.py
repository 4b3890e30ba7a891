"""Answers of guards, with words instead of a model."""

from __future__ import annotations

import numpy as np
import pytest

from modcli.backends.scripted import Scripted
from modcli.errors import ProfileError
from modcli.profile import Action, Category
from modcli.prompts.guards.base import Ask, GuardQuestion
from modcli.prompts.guards.catalogue import find_guard, guard_prompt
from modcli.prompts.prompt import Prefix
from modcli.states.asker import Asker
from modcli.states.guard_reading import read_guard, told_apart

TEXTS = ["buy coins", "a cat sleeps", "coins coins coins"]


def question(*asks: Ask) -> GuardQuestion:
    return GuardQuestion("q", ("spam", "ordinary"), asks)


def test_probability_of_one_ask() -> None:
    backend = Scripted({"Yes": ["coins"], "No": []})
    found, tokens = read_guard(backend, question(Ask(Prefix(()), ("Yes", "No"), (0,))), TEXTS)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)
    expected = [readout[0] for readout in (backend._log_probabilities(text, ("Yes", "No")) for text in TEXTS)]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    assert found[2, 0] > found[0, 0] > found[1, 0]
    assert tokens == 8


def test_asks_are_multiplied_and_labels_of_a_side_added() -> None:
    backend = Scripted({"a": ["coins"], "b": ["buy"], "c": []})
    one, two = Ask(Prefix(()), ("a", "b", "c"), (0, 1)), Ask(Prefix(()), ("b", "c"), (0,))
    both = read_guard(backend, question(one, two), TEXTS)[0]
    first, second = (read_guard(backend, question(ask), TEXTS)[0] for ask in (one, two))
    np.testing.assert_allclose(both[:, 0], first[:, 0] + second[:, 0], atol=1e-8)
    p = np.exp(backend._log_probabilities(TEXTS[0], ("a", "b", "c")))
    np.testing.assert_allclose(np.exp(first[0, 0]), p[0] + p[1])


def test_words_that_are_one_token_count_once() -> None:
    ask = Ask(Prefix(()), ("yes", " yes", "Yes", "no", " no"), (0, 1, 2))
    assert told_apart(Scripted(), ask) == (("yes", "Yes", "no"), [0, 1])


def test_sides_that_begin_alike_are_an_error() -> None:
    with pytest.raises(ProfileError, match="begins yes and yes"):
        told_apart(Scripted(), Ask(Prefix(()), ("yes", " yes"), (0,)))


def test_the_asker_puts_a_guards_questions_as_it_puts_others() -> None:
    guard = find_guard("shieldgemma-2b")
    assert guard is not None
    categories = [Category(name, Action.BLOCK, definition=f"{name}.") for name in ("spam", "rude")]
    backend = Scripted({"Yes": ["coins"], "No": []})
    asker = Asker(lambda: backend, None)
    scores = asker.scores(guard_prompt(guard, categories), TEXTS)
    assert scores.shape == (3, 2)
    assert (scores[[0, 2]] > 0).all()
    assert (scores[1] < 0).all()
    only = asker.scores(guard_prompt(guard, categories), TEXTS, ["rude"])
    assert np.isnan(only[:, 0]).all()
    np.testing.assert_array_equal(only[:, 1], scores[:, 1])
