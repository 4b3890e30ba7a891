"""Findings in words, and as records."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from modcli.cascade.examination import Examination, Examined, Finding, Kind, Placed
from modcli.cascade.refitting import Measured, OnAnswers
from modcli.errors import Location
from modcli.judges.judge import Evidence
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.origins import Origin, Role
from modcli.reports.examination import as_record, asides, place_of, print_finding, sentences

MEASURED = Measured(
    loss=(0.41, 0.35), chance=0.42, examples=(0.71, 0.8), against=(0.2, 0.19), probability=0.97
)
WRONG = Placed(
    "to the \x1b[31mmoon",
    (Role("ads", COUNTEREXAMPLE, "to the \x1b[31mmoon"),),
    Origin("base", Location("/p/base.yaml", 7, 9), own=False),
)
FINDING = Finding(Kind.MISLABELLED, "ads", (WRONG,), measured=MEASURED)


def printed(finding: Finding) -> str:
    stream = io.StringIO()
    print_finding(Console(file=stream, width=100), finding)
    return stream.getvalue()


def test_a_finding_in_words() -> None:
    text = printed(FINDING)
    assert text.startswith("MISLABELLED  ads\n")
    assert '"to the \\x1b[31mmoon"' in text
    assert "counterexample of ads, /p/base.yaml:7:9, inherited from 'base'\n" in text
    assert "It looks like ads: that is where the other shots put it (0.97)." in text
    told = list(sentences(FINDING))
    assert told[1].startswith(
        "Without it, the loss on the other shots goes from 0.41 to 0.35 nats (0.42 without one"
    )
    assert told[2] == (
        "The other examples go from 0.71 to 0.80, what is held against them from 0.20 to 0.19."
    )
    assert not [line for line in text.splitlines() if line.endswith(" ")]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.BLUNTING, "They look like examples of ads (0.97), stand together"),
        (Kind.MISLABELLED, "They look like ads: that is where the other shots put them (0.97)."),
        (Kind.HARMFUL, "Answers are judged better without them."),
        (Kind.HARD, "They look wrong to the other shots (0.97), but answers are judged worse"),
        (Kind.CONTRADICTION, "Nearly the same (0.98) is filed on both sides of ads"),
        (Kind.NEAR_DUPLICATE, "Says nearly the same (0.98): it teaches little"),
        (Kind.DUPLICATE, "The same text a second time"),
    ],
)
def test_every_kind_has_words(kind: Kind, expected: str) -> None:
    finding = replace(FINDING, kind=kind, shots=(WRONG, WRONG), similarity=0.98, beside=(WRONG,))
    told = list(sentences(finding))
    assert told[0].startswith(expected)
    assert (len(told) == 3) == (kind.harms or kind is Kind.HARD)


def test_an_example_that_is_none_and_answers() -> None:
    shot = Placed("a", (Role("ads", EXAMPLE, "a"),))
    measured = replace(MEASURED, answers=OnAnswers(1200, (0.4, 0.3), 1, 2), estimated=True)
    told = list(sentences(Finding(Kind.MISLABELLED, "ads", (shot,), measured=measured)))
    assert told[0] == "It looks like no ads: that is where the other shots put it (0.97)."
    assert "goes from about 0.41" in told[1]
    assert told[3] == "On 1,200 answers the loss goes from 0.40 to 0.30 nats; 1 verdict turns right, 2 wrong."


def test_places_in_words() -> None:
    own = Origin("mine", Location("m.yaml", 3), own=True)
    roles = (Role("a", EXAMPLE, "t"), Role("b", COUNTEREXAMPLE, "t"), Role("c", COUNTEREXAMPLE, "t"))
    assert place_of(Placed("t", roles, own)) == "example of a and counterexample of b, c, m.yaml:3"
    assert place_of(Placed("t", (Role(None, ORDINARY, "t"),))) == "ordinary"


def test_a_record_says_all_of_it() -> None:
    measured = replace(MEASURED, answers=OnAnswers(80, (0.4, 0.3), 3, 1))
    finding = replace(
        FINDING,
        measured=measured,
        beside=(Placed("b", (Role(None, ORDINARY, "b"),)),),
        similarity=0.99,
        also=("x",),
    )
    record = json.loads(json.dumps(as_record(finding, dropped=True)))
    assert record["shots"] == [
        {
            "text": WRONG.text,
            "places": [{"category": "ads", "as": "counterexample"}],
            "profile": "base",
            "at": "/p/base.yaml:7:9",
            "inherited": True,
        }
    ]
    assert record["beside"] == [{"text": "b", "places": [{"category": None, "as": "ordinary"}]}]
    assert (record["kind"], record["harms"], record["dropped"], record["also"]) == (
        "mislabelled",
        True,
        True,
        ["x"],
    )
    assert (record["loss"], record["chance"], record["p"]) == ([0.41, 0.35], 0.42, 0.97)
    assert record["answers"] == {"count": 80, "loss": [0.4, 0.3], "right": 3, "wrong": 1}
    assert record["why"].startswith("It looks like ads")
    assert "loss" not in as_record(replace(FINDING, measured=None), dropped=False)


def test_what_could_not_be_told_is_said() -> None:
    examination = Examination(
        (),
        (
            Examined("fine", 9, 9, Evidence.HEAD, told=True),
            Examined("few", 1, 3, Evidence.HEAD, told=False),
            Examined("said", 0, 0, Evidence.DEFINITION, told=False),
        ),
    )
    assert list(asides(examination)) == [
        "few: 1 example and 3 held against them: from 4 of each on it can be told which of them harm",
        "said: no examples, so nothing to tell",
    ]
