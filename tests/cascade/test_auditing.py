"""Audits: few false alarms, a drift is found and makes the cascade more careful, and nothing kept can fail a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.cascade.auditing import Auditor, disagreement_limit, lowered
from modcli.cascade.early import EarlyStages
from tests.cascade.taught import by_hand


class Making:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.told: list[str] = []
        self.early = EarlyStages(by_hand(), {})

    def __call__(self, *, price: float | None = None) -> Auditor:
        self.told.clear()
        self.early = EarlyStages(by_hand(), {}, price=price)
        return Auditor(self.early, self.file, chosen=price is not None, tell=self.told.append)


@pytest.fixture
def make(tmp_path: Path) -> Making:
    return Making(tmp_path / "folder" / "d.drift.json")


def of(share: float, count: int, start: int = 0) -> dict[str, bool]:
    """So many different audited contents, of which about this share was decided otherwise."""
    return {str(start + i): (i * share) % 1 + share >= 1 for i in range(count)}


def test_about_one_in_two_hundred_is_chosen_and_always_the_same(make: Making) -> None:
    auditor = make()
    chosen = [str(i) for i in range(40_000) if auditor.chooses(str(i))]
    assert 140 < len(chosen) < 270
    again = make()
    assert all(again.chooses(content) for content in chosen)


def test_the_limit_is_what_the_sample_says_of_what_is_decided_early() -> None:
    tuned = by_hand()
    # 12 of 128 are wrong at that price; of all 400, 40 are.
    assert 12 / 128 < disagreement_limit(tuned, tuned.price) < 0.16
    assert 0.1 < disagreement_limit(tuned, 1.0) < 0.13
    assert disagreement_limit(tuned, 0.0) == 0.999
    assert disagreement_limit(replace(tuned, stages=()), 1.0) == 0.999


def test_a_price_beyond_all_doubts_is_lowered_to_where_it_matters() -> None:
    tuned = by_hand()
    for price in (1e300, 1.0):
        assert tuned.cost(lowered(tuned, price, 1))[1][-1] > 0.5
    assert lowered(tuned, 1e-3, 1) == pytest.approx(1e-3 / 4)
    assert lowered(tuned, 1e-3, 2) == pytest.approx(1e-3 / 16)
    assert lowered(tuned, 1e-3, 3) == 0.0


def test_no_drift_no_alarm(make: Making) -> None:
    auditor = make()
    auditor.take(of(0.09, 800))
    assert (auditor.alarms, make.told) == (0, [])
    assert make.early.price == by_hand().price


def test_a_drift_lowers_the_price_is_told_and_kept(make: Making) -> None:
    auditor = make()
    auditor.take(of(0.6, 60))
    assert auditor.alarms == 1
    assert make.early.price == pytest.approx(by_hand().price / 4)
    (line,) = make.told
    assert line.startswith("warning: The promise no longer holds: ")
    assert "`modcli tune` again" in line
    # The next run begins with what is known, and says so.
    again = make()
    assert again.alarms == 1
    assert make.early.price == pytest.approx(by_hand().price / 4)
    assert make.told == [
        "audits have found once that the posts are no longer like those that were tuned on; fewer are decided early: "
        "`modcli tune` again, with a new sample"
    ]


def test_after_three_alarms_nothing_is_decided_early(make: Making) -> None:
    auditor = make()
    for i in range(3):
        # The less is decided early, the less the sample says of it.
        auditor.watch = replace(auditor.watch, limit=0.05)
        auditor.take(of(0.9, 60, start=1000 * i))
    assert (auditor.alarms, make.early.price) == (3, 0.0)
    assert "Until then nothing is decided early" in make.told[-1]
    make()
    assert make.early.price == 0.0


def test_a_price_that_the_user_chose_stands_at_the_next_run(make: Making) -> None:
    make().take(of(0.6, 60))
    make(price=0.3)
    assert make.early.price == 0.3
    assert "so the bounds may not hold" in make.told[0]


def test_the_evidence_of_many_short_runs_adds_up(make: Making) -> None:
    for i in range(6):
        auditor = make()
        auditor.take(of(0.6, 10, start=10 * i))
        auditor.save()
    assert make().alarms == 1


def test_a_repeat_is_no_new_evidence(make: Making) -> None:
    for _ in range(50):
        auditor = make()
        auditor.take({"1": True, "2": False})
        auditor.save()
    assert (auditor.watch.audited, auditor.watch.disagreed, auditor.alarms) == (2, 1, 0)


def test_nothing_audited_nothing_written(make: Making) -> None:
    make().save()
    assert not make.file.exists()


def test_another_tuning_begins_anew(make: Making) -> None:
    make().take(of(0.6, 60))
    early = EarlyStages(replace(by_hand(), salt="08" * 16), {})
    assert Auditor(early, make.file).alarms == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"format": 2}',
        b'{"format": 1, "cascade": "OURS", "price": 1, "alarms": "x", "watch": {}, "seen": []}',
        b'{"format": 1, "cascade": "OURS", "price": 1, "alarms": 1, "watch": [], "seen": []}',
        b'{"format": 1, "cascade": "OURS", "price": 1, "alarms": 1e999, "watch": {}, "seen": 7}',
    ],
)
def test_a_damaged_file_counts_as_none(make: Making, content: bytes) -> None:
    make().take(of(0.6, 60))
    ours = json.loads(make.file.read_text())["cascade"]
    make.file.write_bytes(content.replace(b"OURS", ours.encode()))
    auditor = make()
    assert (auditor.alarms, auditor.watch.audited, make.told) == (0, 0, [])
    auditor.take({"1": False})
    auditor.save()
    assert json.loads(make.file.read_text())["watch"]["audited"] == 1


def test_what_cannot_be_written_is_told(make: Making) -> None:
    make.file.parent.write_text("a file where the folder should be")
    auditor = make()
    auditor.take({"1": False})
    auditor.save()
    assert len(make.told) == 1
    assert "cannot be kept" in make.told[0]


def test_the_salt_and_the_contents_are_not_in_the_file(make: Making) -> None:
    make().take({"secret-digest": True} | of(0.6, 60))
    text = make.file.read_text()
    assert "secret-digest" not in text
    assert by_hand().salt not in text
