"""The profile's digest: what verdicts and judges are kept by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modcli.profile import Action, Category, Profile, Shot, Task

RUDE = Category(
    "rude", Action.BLOCK, "Insults.", examples=(Shot("fool"),), counterexamples=(Shot("printer"),)
)
PROFILE = Profile("p", (RUDE,), ordinary=(Shot("rain"),))


@pytest.mark.parametrize(
    "other",
    [
        replace(PROFILE, name="q", description="Of mine."),
        replace(PROFILE, ordinary=(Shot("rain", "Weather."),)),
        replace(PROFILE, categories=(replace(RUDE, examples=(Shot("fool", "An insult."),)),)),
        replace(PROFILE, categories=(replace(RUDE, counterexamples=(Shot("printer", "A thing."),)),)),
    ],
)
def test_what_no_verdict_depends_on_is_not_in_the_digest(other: Profile) -> None:
    assert other != PROFILE
    assert other.digest == PROFILE.digest


@pytest.mark.parametrize(
    "other",
    [
        replace(PROFILE, task=Task.MULTI_CLASS),
        replace(PROFILE, ordinary=(Shot("snow"),)),
        replace(PROFILE, ordinary=()),
        *(
            replace(PROFILE, categories=(changed,))
            for changed in (
                replace(RUDE, name="mean"),
                replace(RUDE, action=Action.WARN),
                replace(RUDE, definition="Abuse."),
                replace(RUDE, note="Fine."),
                replace(RUDE, label="mean"),
                replace(RUDE, threshold=0.4),
                replace(RUDE, exempts=("rude",)),
                replace(RUDE, examples=(Shot("idiot"),)),
                replace(RUDE, examples=RUDE.counterexamples, counterexamples=RUDE.examples),
            )
        ),
    ],
)
def test_what_a_verdict_depends_on_is(other: Profile) -> None:
    assert other.digest != PROFILE.digest
