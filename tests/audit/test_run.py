"""Judging what is pending: everything once, in whole batches, from where it was left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from modcli.audit import run
from modcli.audit.ingest import ingest
from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.run import InProcess, Wish, judge_pending, judgeable, pending, spread_of
from modcli.audit.store import AuditStore, Judgement
from modcli.cascade.moderator import Statistics
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Action
from modcli.sources.post import Account, Export, Post, RecordKind
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import LONG, Records, post


class Judge:
    """Blocks clowns, and breaks off after so many batches."""

    batch = 1

    def __init__(self, breaks_after: int = 10**9, failing: str = "") -> None:
        self.statistics = Statistics()
        self.asked: list[str] = []
        self._left, self._failing = breaks_after, failing

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        self.asked += [item.text for item in items]
        return [self._verdict(item) for item in items]

    def _verdict(self, item: Item) -> Verdict:
        action = Action.BLOCK if "clown" in item.text else Action.ALLOW
        error = "out of breath" if self._failing and self._failing in item.text else None
        found = {"toxicity": CategoryVerdict(0.9 if action is Action.BLOCK else 0.1, 0.5, action)}
        return Verdict(item.id, action, found, stage="reading", error=error)


ADA = Account("ada@a.example")
POSTS = [post(f"p{i}", f"text number {'i' * i}", author=ADA if i % 2 else None) for i in range(10)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH", 3)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, Judgement]]:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        boost = Post("b", RecordKind.BOOST, Location("x"), target="https://c.example/1")
        ingest(
            store, Export("x", "a list", (Records([*POSTS, post("c", "you clown"), boost]),)), fingerprint="1"
        )
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            store.set_fact("judgement", made.id)
        yield store, made


def go(audit: tuple[AuditStore, Judgement], judge: Judge, **wish: object) -> run.Done:
    return judge_pending(*audit, InProcess(judge), Wish(**wish), options={})  # type: ignore[arg-type]


def test_everything_is_judged_once(audit: tuple[AuditStore, Judgement]) -> None:
    judge = Judge()
    done = go(audit, judge)
    assert (done.total, done.judged, done.severities[Action.BLOCK]) == (11, 11, 1)
    assert len(set(judge.asked)) == 11
    assert go(audit, judge).judged == 0
    assert [found.key for found in outcomes(*audit, Selection(severity=2))] == ["c"]
    assert audit[0].connection.execute("SELECT outcome, judged FROM runs").fetchall() == [
        ("complete", 11),
        ("complete", 0),
    ]


def test_what_was_broken_off_goes_on(audit: tuple[AuditStore, Judgement]) -> None:
    first, second = Judge(breaks_after=2), Judge()
    with pytest.raises(KeyboardInterrupt):
        go(audit, first)
    assert audit[0].connection.execute("SELECT outcome, judged FROM runs").fetchall() == [("interrupted", 6)]
    assert go(audit, second).judged == 5
    assert not set(first.asked) & set(second.asked)


def test_limits_and_samples(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    assert len(pending(*audit, Wish(limit=4))) == 4
    small, large = (set(pending(*audit, Wish(sample=count))) for count in (3, 7))
    assert (len(small), len(large)) == (3, 7)
    assert small < large
    assert pending(store, made, Wish(limit=2)) == [1, 2]
    assert len(pending(*audit, Wish(Selection(authors=("ada@",))))) == 5
    assert judgeable(store, Wish()) == 11


def test_what_failed_is_judged_again_only_if_asked_for(audit: tuple[AuditStore, Judgement]) -> None:
    done = go(audit, Judge(failing="clown"))
    assert (done.failed, done.first_error) == (1, "text 11: out of breath")
    assert [found.error for found in outcomes(*audit, Selection(ids=(11,)))] == ["out of breath"]
    assert pending(*audit, Wish()) == []
    assert go(audit, Judge(), retry=True).judged == 1
    assert [found.error for found in outcomes(*audit, Selection(ids=(11,)))] == [None]


def test_near_duplicates_are_not_judged_but_for_a_check(
    audit: tuple[AuditStore, Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, made = audit
    more = [post(f"d{i}", f"{LONG}{'!' * i}") for i in range(5)]
    ingest(store, Export("x", "a list", (Records(more, name="more.json"),)), fingerprint="1")
    monkeypatch.setattr(run, "CHECKED_SHARE", 0.0)
    judge = Judge()
    go(audit, judge)
    assert sum(text.startswith(LONG) for text in judge.asked) == 1
    spread = spread_of(store, made)
    assert (spread.spread, spread.checked, spread.differing) == (4, 0, 0)
    monkeypatch.setattr(run, "CHECKED_SHARE", 1.0)
    assert go(audit, judge).judged == 4
    assert spread_of(store, made).checked == 4
