from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modcli.cascade.distillation import DistilledHead
from modcli.cascade.guarantee import PromiseKind, promise
from modcli.cascade.tuned import (
    EMBEDDING,
    NGRAMS,
    Judged,
    TunedCascade,
    TunedStage,
    Wish,
    guarantee_of,
    load_cascade,
    severity_of,
)

WISHES = (Wish(PromiseKind.RECALL, 0.9), Wish(PromiseKind.RISK, 0.05))
SEVERITIES = np.array([2, 1], np.int8)


def judged(seed: int = 0, items: int = 600, stages: int = 2) -> Judged:
    """Two categories, of which stages say what is nearly right."""
    random = np.random.default_rng(seed)
    acted = random.random((items, 2)) < 0.1
    said = tuple(
        np.where(acted, 3.0, -3.0) + (2.0 - stage) * random.standard_normal((items, 2))
        for stage in range(stages)
    )
    return Judged(said, acted, SEVERITIES)


def cascade(seed: int = 0) -> TunedCascade:
    random = np.random.default_rng(seed)
    stages = []
    for i, name in enumerate((NGRAMS, EMBEDDING)):
        weights = random.standard_normal((50, 2)).astype(np.float32)
        weights[::3] = 0
        earlier = random.standard_normal((2 * i, 2)).astype(np.float32)
        head = DistilledHead(weights, earlier, random.standard_normal(2))
        stages.append(TunedStage(name, head, (0.3, 1.0)[i], (1e-4, 1e-3)[i]))
    found = TunedCascade(
        key={"profile": "d", "name": "mine"},
        categories=("spam", "rude"),
        stages=tuple(stages),
        full_seconds=0.5,
        calibration=judged(seed),
        guarantee=guarantee_of(WISHES, Judged((), np.zeros((0, 2), bool), SEVERITIES), [], ("spam", "rude")),
        budget=1200,
        salt="00ff",
    )
    return replace(found.promised(WISHES), asked=1)


def test_is_kept_as_it_is(tmp_path: Path) -> None:
    tuned = cascade()
    tuned.save(tmp_path / "new" / "x.cascade.npz")
    found = load_cascade(tmp_path / "new" / "x.cascade.npz")
    assert found is not None
    assert found.guarantee == tuned.guarantee
    assert (found.key, found.categories, found.budget, found.salt, found.asked) == (
        dict(tuned.key),
        tuned.categories,
        1200,
        "00ff",
        1,
    )
    assert found.cost(found.price) == tuned.cost(tuned.price)
    for one, same in zip(found.stages, tuned.stages, strict=True):
        assert (one.head.weights == same.head.weights).all()
        assert (one.head.earlier == same.head.earlier).all()
        assert (one.name, one.eagerness, one.seconds) == (same.name, same.eagerness, same.seconds)
    assert not list((tmp_path / "new").glob("*.part"))
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.cascade.npz"
    assert load_cascade(file) is None
    cascade().save(file)
    whole = file.read_bytes()
    for damaged in (b"", b"no archive", whole[: len(whole) // 2], whole[:-30]):
        file.write_bytes(damaged)
        assert load_cascade(file) is None
    meta = np.frombuffer(json.dumps({"version": 99}).encode(), np.uint8)
    np.savez(file, meta=meta)
    assert load_cascade(file) is None


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.cascade.npz"
    cascade().save(file)
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        cascade(1).save(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_other_promises_from_the_same_items_are_counted() -> None:
    tuned = cascade()
    bolder = tuned.promised([Wish(PromiseKind.RECALL, 0.8), Wish(PromiseKind.RISK, 0.2)])
    assert bolder.price >= tuned.price > 0
    assert (tuned.asked, bolder.asked) == (1, 2)
    assert tuned.promised(WISHES) is tuned
    assert bolder.stages is tuned.stages
    with pytest.raises(ValueError, match="nope"):
        tuned.promised([Wish(PromiseKind.RECALL, 0.9, "nope")])


def test_a_promise_of_one_category_counts_what_is_done_as_that_category() -> None:
    """The action is the same where another category of the same action fires; as the category named it is not."""
    acted = np.array([[True, False]] * 100)
    said = np.array([[-4.0, 4.0]] * 100)
    rows = Judged((said,), acted, np.array([2, 2], np.int8))
    assert not rows.wrong(0).any()
    assert rows.wrong(0, 0).all()
    assert rows.wrong(0, 1).all()
    doubts = [np.full(100, 0.01)]
    whole, spam = (
        guarantee_of([Wish(PromiseKind.RISK, 0.1, name)], rows, doubts, ("spam", "scam")).promises[0]
        for name in (None, "spam")
    )
    assert whole.limit == np.inf
    assert spam.limit == 0.01
    # As spam it was blocked, if not for it: that is no miss.
    recall = guarantee_of([Wish(PromiseKind.RECALL, 0.9, "spam")], rows, doubts, ("spam", "scam"))
    assert recall.promises[0].limit == np.inf


def test_a_milder_answer_is_a_miss() -> None:
    rows = Judged((np.array([[-1.0, 1.0]]),), np.array([[True, False]]), SEVERITIES)
    assert rows.missed(0).tolist() == [True]
    assert rows.missed(0, 0).tolist() == [True]
    assert rows.missed(0, 1).tolist() == [False]
    assert severity_of(np.array([[True, True], [False, False]]), SEVERITIES).tolist() == [2, 0]


def test_at_a_price_of_zero_no_early_stage_is_paid_for() -> None:
    tuned = cascade()
    assert tuned.cost(0.0) == (0.5, (0.0, 0.0, 1.0))
    seconds, shares = tuned.cost(tuned.price)
    assert seconds < 0.5
    assert sum(shares) == pytest.approx(1)
    assert tuned.price_for(0.5) == 0.0


def test_losses_are_those_of_the_price() -> None:
    tuned = cascade()
    count, lost, bound = tuned.losses(tuned.price)
    assert count == int((tuned.calibration.severity > 0).sum())
    assert lost <= count * 0.1
    assert 0.8 < bound < 1
    of_spam = tuned.losses(tuned.price, "spam")
    assert of_spam[0] == int(tuned.calibration.acted[:, 0].sum())
    none = replace(tuned, calibration=replace(tuned.calibration, acted=np.zeros((600, 2), bool)))
    assert none.losses(0.5) == (0, 0, 0.0)


def test_without_a_stage_nothing_is_lost_and_nothing_gained() -> None:
    rows = judged(stages=0)
    found = guarantee_of(WISHES, rows, [], ("spam", "rude"))
    acted = rows.severity > 0
    assert found.promises[0] == promise(PromiseKind.RECALL, 0.9, np.full(600, np.inf), acted)
    tuned = replace(cascade(), stages=(), calibration=rows, guarantee=found)
    assert tuned.price == 0
    assert tuned.cost(tuned.price) == (0.5, (1.0,))
