"""Certificates of audits: who is drawn from, the sample that outlives a kill, and what it proves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit import run
from modcli.audit.certifying import (
    USUAL_SAMPLE,
    Counts,
    Design,
    Size,
    certificates_of,
    certify,
    counts_of,
    design_of,
    draw,
    judge_acted,
    judge_sample,
    known_stages,
    prevalence_of,
    stage_of,
)
from modcli.audit.ingest import ingest
from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.run import InProcess, Wish, judge_pending, spread_of
from modcli.audit.store import AuditStore, Judgement
from modcli.cascade.certificate import Certificate
from modcli.cascade.moderator import Statistics
from modcli.item import Item
from modcli.profile import Action
from modcli.sources.post import Export
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import LONG, Records, post

KNOWN = known_stages("auto", "auto")


class Judge:
    """In full, everything that holds `rude` is blocked; early, `clown` alone is, and `long` is left to the model. Breaks
    off after so many batches; cannot judge what holds `failing`."""

    batch = 1

    def __init__(self, *, early: bool = False, breaks_after: int = 10**9, failing: str = "") -> None:
        self.statistics = Statistics()
        self.asked: list[str] = []
        self._early, self._left, self._failing = early, breaks_after, failing

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        self.asked += [item.text for item in items]
        return [self._verdict(item) for item in items]

    def _verdict(self, item: Item) -> Verdict:
        early = self._early and "long" not in item.text
        acted = "clown" in item.text or ("rude" in item.text and not early)
        if self._failing and self._failing in item.text:
            return Verdict(item.id, Action.WARN, error="out of breath")
        action = Action.BLOCK if acted else Action.ALLOW
        found = {"toxicity": CategoryVerdict(0.9 if acted else 0.1, 0.5, action)}
        return Verdict(item.id, action, found, stage="ngrams" if early else "prompt")


def words(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


#: 60 that are dismissed early, 6 of them rude; 4 that go to the model, 1 of them rude; 3 that are acted on early.
TEXTS = [f"{'rude ' if i < 6 else ''}text {words(i)}" for i in range(60)]
TEXTS += [f"long {'rude' if i == 0 else 'calm'} text {words(i)}" for i in range(4)]
TEXTS += [f"you clown {words(i)}" for i in range(3)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH", 4)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, Judgement]]:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        posts = [post(f"p{i}", text) for i, text in enumerate(TEXTS)]
        ingest(store, Export("x", "a list", (Records(posts),)), fingerprint="1")
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            store.set_fact("judgement", made.id)
            store.set_fact("salt", "00" * 16)
        judge_pending(store, made, InProcess(Judge(early=True)), Wish(), options={"stage": "auto"})
        yield store, made


def drawn(audit: tuple[AuditStore, Judgement], size: int) -> Design:
    return draw(*audit, counts_of(*audit, KNOWN), size, "auto", KNOWN)


def sampled(audit: tuple[AuditStore, Judgement]) -> set[int]:
    return {row[0] for row in audit[0].connection.execute("SELECT text FROM sampled")}


def test_what_is_known_of_the_full_judge(audit: tuple[AuditStore, Judgement]) -> None:
    assert stage_of(*audit) == "auto"
    assert counts_of(*audit, KNOWN) == Counts(acted=1, passed=3, drawn=0, dismissed=60, guessed=3)
    # A judge that asks the model of everything has not spoken of any.
    assert counts_of(*audit, known_stages("auto", "model")) == Counts(0, 0, 0, 63, 4)


def test_a_sample_proves_what_its_counts_do(audit: tuple[AuditStore, Judgement]) -> None:
    design = drawn(audit, 30)
    judge = Judge()
    done = judge_sample(*audit, InProcess(judge), design)
    assert done.judged == len(set(judge.asked)) == 30
    assert all("long" not in text and "clown" not in text for text in judge.asked)
    found = sum("rude" in text for text in judge.asked)
    record = certify(*audit, design)
    certificate = Certificate.from_record(record)
    assert (certificate.dismissed, certificate.sampled, certificate.found) == (60, 30, found)
    assert certificate.acted == 1
    assert certificate == Certificate.of_sample(60, 30, found, 1)
    assert record["items"] == {"dismissed": 60, "found": found}
    assert record["prevalence"]["low"] <= 10 / 67 <= record["prevalence"]["high"]
    assert certificates_of(*audit) == [record]
    assert design_of(*audit) is None
    # What was found is acted on from then on; what was not stays as it was decided.
    acted = {one.text for one in outcomes(*audit, Selection(severity=2))}
    assert acted == {text for text in judge.asked if "rude" in text} | {
        text for text in TEXTS if "clown" in text or "long rude" in text
    }


def test_a_sample_that_is_broken_off_goes_on(audit: tuple[AuditStore, Judgement]) -> None:
    design = drawn(audit, 30)
    before = sampled(audit)
    first, second = Judge(breaks_after=3), Judge()
    with pytest.raises(KeyboardInterrupt):
        judge_sample(*audit, InProcess(first), design)
    with pytest.raises(ValueError, match="18 of 30 are not judged yet"):
        certify(*audit, design)
    with pytest.raises(ValueError, match="is being judged"):
        drawn(audit, 40)
    assert design_of(*audit) == design
    judge_sample(*audit, InProcess(second), design)
    assert (len(first.asked), len(second.asked)) == (12, 18)
    assert not set(first.asked) & set(second.asked)
    assert certify(*audit, design)["strata"][0][:2] == [60, 30]
    assert sampled(audit) == before


def test_another_certificate_draws_afresh(audit: tuple[AuditStore, Judgement]) -> None:
    first, second = Judge(), Judge()
    design = drawn(audit, 20)
    judge_sample(*audit, InProcess(first), design)
    found = certify(*audit, design)["strata"][0][2]
    counts = counts_of(*audit, KNOWN)
    assert counts == Counts(acted=1 + found, passed=3 + 20 - found, drawn=20 - found, dismissed=40, guessed=3)
    design = drawn(audit, 40)
    judge_sample(*audit, InProcess(second), design)
    record = certify(*audit, design)
    assert not set(first.asked) & set(second.asked)
    assert record["strata"] == [[20 - found, 20 - found, 0], [40, 40, 6 - found]]
    # All were judged in full by now, so that nothing is left to chance.
    assert record["missed_at_most"] == 6 - found
    assert record["acted"] == 1 + found
    assert record["recall_corrected_at_least"] == 1
    assert counts_of(*audit, KNOWN).dismissed == 0


def test_samples_differ_from_one_judgement_to_the_next(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    with store.transaction():
        other = store.judgement(
            name="q", profile="{}", digest="e", model="m", model_name="M", method="1", depth="reading"
        )
    judge_pending(store, other, InProcess(Judge(early=True)), Wish(), options={})
    assert stage_of(store, other) == "reading"
    drawn(audit, 20)
    drawn((store, other), 20)
    rows = store.connection.execute("SELECT judgement, text FROM sampled").fetchall()
    texts = [{text for number, text in rows if number == one.id} for one in (made, other)]
    assert [len(found) for found in texts] == [20, 20]
    assert texts[0] != texts[1]


def test_what_is_acted_on_may_be_judged_in_full(audit: tuple[AuditStore, Judgement]) -> None:
    class Kind(Judge):
        def _verdict(self, item: Item) -> Verdict:
            found = super()._verdict(item)
            return replace(found, action=Action.ALLOW) if item.text.endswith(words(1)) else found

    judge = Kind(failing=f"clown {words(2)}")
    assert judge_acted(*audit, InProcess(judge), KNOWN) == (2, 1)
    assert sorted(judge.asked) == [f"you clown {words(i)}" for i in range(3)]
    # What could not be judged is acted on as before, and nothing is known of it.
    assert counts_of(*audit, KNOWN) == Counts(acted=2, passed=4, drawn=0, dismissed=60, guessed=1)
    acted = {one.text for one in outcomes(*audit, Selection(severity=2)) if "clown" in one.text}
    assert acted == {f"you clown {words(0)}", f"you clown {words(2)}"}
    design = drawn(audit, 60)
    judge_sample(*audit, InProcess(Judge()), design)
    assert certify(*audit, design)["strata"] == [[60, 60, 6]]


def test_what_cannot_be_judged_counts_as_found(audit: tuple[AuditStore, Judgement]) -> None:
    design = drawn(audit, 60)
    judge_sample(*audit, InProcess(Judge(failing=f"text {words(31)}")), design)
    record = certify(*audit, design)
    assert record["strata"] == [[60, 60, 7]]
    assert record["failed"] == 1


def test_near_duplicates_of_what_was_judged_are_dismissed(
    audit: tuple[AuditStore, Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, made = audit
    monkeypatch.setattr(run, "CHECKED_SHARE", 0.0)
    alike = [post(f"d{i}", f"long {LONG}{'!' * i}") for i in range(5)]
    ingest(store, Export("x", "a list", (Records(alike, name="more.json"),)), fingerprint="1")
    judge_pending(store, made, InProcess(Judge(early=True)), Wish(), options={})
    counts = counts_of(*audit, KNOWN)
    assert (counts.passed, counts.dismissed) == (4, 64)
    design = drawn(audit, 64)
    judge_sample(*audit, InProcess(Judge(failing=f"{LONG}!!")), design)
    record = certify(*audit, design)
    assert record["strata"][0][2] == 6 + 3
    # The check of near-duplicates is another random sample, and does not count these.
    spread = spread_of(store, made)
    assert (spread.spread, spread.checked) == (4, 0)


def test_samples_are_uniform(audit: tuple[AuditStore, Judgement]) -> None:
    """Over 300 salts each of 60 texts is drawn about as often, and the bound is broken about as often as it may be."""
    store = audit[0]
    times, broken = Counter[int](), 0
    for number in range(300):
        with store.transaction() as connection:
            connection.execute("DELETE FROM sampled")
            connection.execute("DELETE FROM facts WHERE name LIKE 'certifying%'")
            store.set_fact("salt", f"{number:032x}")
        drawn(audit, 20)
        chosen = sampled(audit)
        times.update(chosen)
        rude = sum("rude" in TEXTS[text - 1] for text in chosen)
        broken += Certificate.of_sample(60, 20, rude, 1).missed < 6
    # Of 300 draws a text is in 100, standard deviation 8.2; of these bounds at most 5% are wrong, 15 of 300.
    assert set(times) == set(range(1, 61))
    assert 65 < min(times.values()) < max(times.values()) < 135
    assert broken <= 25


def test_sizes() -> None:
    counts = Counts(acted=190, passed=5, drawn=0, dismissed=10_000, guessed=0)
    assert Size().of(counts) == USUAL_SAMPLE
    assert Size(sample=20_000).of(counts) == 10_000
    for size in (Size(missed=10), Size(recall=0.95)):
        count = size.of(counts)
        # 190 acted on and 10 missed are a recall of 95%: the smallest sample that shows it, and none smaller.
        assert Certificate.of_sample(10_000, count, 0, 190).missed == 10
        assert Certificate.of_sample(10_000, count - 1, 0, 190).missed > 10


@given(st.tuples(*[st.integers(0, 50)] * 4), st.data())
def test_the_share_acted_on_lies_within_its_interval(numbers: tuple[int, ...], data: st.DataObject) -> None:
    acted, passed, dismissed, guessed = numbers
    counts = Counts(acted, passed, 0, dismissed, guessed)
    if not any(numbers):
        return
    sampled = data.draw(st.integers(min(dismissed, 1), dismissed))
    found = data.draw(st.integers(0, sampled))
    share = prevalence_of(counts, sampled, found)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.items == sum(numbers)
    if sampled == dismissed and not guessed:
        assert share.low == share.high == pytest.approx((acted + found) / share.items)
