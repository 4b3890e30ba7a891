"""Known posts, judged."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from modcli.diagnosis.finding import State
from modcli.diagnosis.trial import judge_known, known_posts
from modcli.item import Item
from modcli.profile import Action, Category, Profile, Shot
from modcli.verdict import Verdict

RUDE = Category("rude", Action.BLOCK, examples=(Shot("you fool"), Shot("you toad")))
FINE = Category("banter", Action.ALLOW, examples=(Shot("you muppet"),))
VAGUE = Category("vague", Action.BLOCK, definition="Whatever.")


class Fixed:
    """Gives the verdicts it was made with."""

    def __init__(self, *verdicts: Verdict) -> None:
        self._verdicts = list(verdicts)

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        return [self._verdicts.pop(0) for _ in items]


def test_known_posts_are_the_profiles_own() -> None:
    bad, good = known_posts(Profile("p", (FINE, VAGUE, RUDE), ordinary=(Shot("nice day"),)))
    assert (bad.text, bad.expected) == ("you fool", Action.BLOCK)
    assert (good.text, good.expected) == ("nice day", Action.ALLOW)


def test_a_profile_without_examples_has_no_post_known_to_be_bad() -> None:
    assert [post.expected for post in known_posts(Profile("p", (VAGUE,)))] == [Action.ALLOW]


@pytest.mark.parametrize(
    ("bad", "good", "states"),
    [
        (Verdict("", Action.BLOCK), Verdict("", Action.ALLOW), [State.OK, State.OK]),
        (Verdict("", Action.WARN), Verdict("", Action.WARN), [State.PROBLEM, State.PROBLEM]),
        (Verdict("", Action.ALLOW), Verdict("", Action.ALLOW), [State.PROBLEM, State.OK]),
        (
            Verdict("", Action.BLOCK, error="the runtime failed"),
            Verdict("", Action.ALLOW),
            [State.PROBLEM, State.OK],
        ),
    ],
)
def test_what_became_of_them(bad: Verdict, good: Verdict, states: list[State]) -> None:
    found = list(judge_known(known_posts(Profile("p", (RUDE,))), Fixed(bad, good)))
    assert [finding.state for finding in found] == states
