"""The proof of it: a post that is known to be bad and one that is known to be good, judged end to end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from modcli.diagnosis.finding import Finding, ok, problem
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Action, Profile
from modcli.verdict import Verdict

_ORDINARY = "Anyone for a swim after work? The lake should be warm enough by now."


class Judging(Protocol):
    """The part of a moderator that is tried."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A post, what it is, and the mildest action that it may get (allow: the only one)."""

    what: str
    text: str
    expected: Action


def known_posts(profile: Profile) -> tuple[Known, ...]:
    """The first example of the first category that acts, where there is one, and an ordinary post."""
    acting = (c for c in profile.categories if c.action is not Action.ALLOW and c.examples)
    bad = [Known(f"an example of {c.name}", c.examples[0].text, c.action) for c in acting][:1]
    ordinary = profile.ordinary[0].text if profile.ordinary else _ORDINARY
    return (*bad, Known("an ordinary post", ordinary, Action.ALLOW))


def judge_known(posts: Sequence[Known], moderator: Judging) -> Iterator[Finding]:
    """A finding for each post: what became of it, and how long it took."""
    for number, post in enumerate(posts):
        start = time.perf_counter()
        (verdict,) = moderator.judge([Item(f"doctor:{number}", post.text, Location("doctor"))])
        seconds = time.perf_counter() - start
        yield _told(post, verdict, f"{seconds:.1f} s{', loading included' if number == 0 else ''}")


def _told(post: Known, verdict: Verdict, time_taken: str) -> Finding:
    if verdict.error is not None:
        return problem(post.what, verdict.error, "`modcli check --text ...` shows more")
    fits = (
        verdict.action.severity >= post.expected.severity
        if post.expected is not Action.ALLOW
        else verdict.action is Action.ALLOW
    )
    if fits:
        return ok(post.what, f"{verdict.action.value}, as it should be; {time_taken}")
    return problem(
        post.what,
        f"{verdict.action.value} instead of {post.expected.value}: {verdict.reason}; {time_taken}",
        "`modcli profile validate` may know why; more examples help",
    )
