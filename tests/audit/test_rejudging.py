"""The texts of an audit under another profile, by what was read of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.audit.ingest import ingest
from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.rejudging import Texts, in_common, keep, reread, reread_each
from modcli.audit.run import note_windows
from modcli.audit.store import AuditStore
from modcli.errors import Location
from modcli.item import Item
from modcli.judges.judge import CategoryJudge, Evidence, Judge
from modcli.profile import Action, Category, Profile
from modcli.sources.post import Export
from modcli.states.store import StateStore, content_key, normed
from tests.audit.test_ingest import Records, post

WIDTH = 4
#: Of four texts, the states: the first entry is what the category looks at.
STATES = {"good": [-3, 1, 1, 1], "bad": [3, 1, 1, 1], "unread": None, "long": [1, 1, 1, 1]}
PROFILE = Profile("p", (Category("toxicity", Action.BLOCK), Category("spam", Action.WARN)))


def category(name: str, weight: float, evidence: Evidence = Evidence.HEAD) -> CategoryJudge:
    weights = np.zeros((1, WIDTH), np.float32)
    weights[0, 0] = weight
    empty = np.zeros((0, 1, WIDTH), np.float32)
    return CategoryJudge(name, evidence, 0.5, 0.0, weights, 0.0, empty, (), np.zeros(0))


def judge(weight: float = 1.0) -> Judge:
    mean, scale = np.zeros((1, WIDTH), np.float32), np.ones(1, np.float32)
    return Judge((3,), mean, scale, (category("toxicity", weight), category("spam", -weight)))


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, StateStore]]:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        posts = [post(text, text) for text in STATES]
        ingest(store, Export("x", "a list", (Records(posts),)), fingerprint="1")
        states = StateStore(store.states_folder, model="m", prompt="p", width=WIDTH)
        for text, state in STATES.items():
            if state:
                states.put([content_key(text)], 3, normed(np.array([state], np.float32)))
        # The last one has a second window, which is worse than the first.
        states.put([content_key("second")], 3, normed(np.array([[5, 1, 1, 1]], np.float32)))
        ids = dict(store.connection.execute("SELECT text, id FROM texts"))
        with store.transaction() as connection:
            note_windows(store, [Item(str(ids[text]), text, Location("x")) for text in STATES])
            connection.execute("INSERT INTO windows VALUES (?, 1, ?)", (ids["long"], content_key("second")))
        yield store, states
        states.close()


def test_a_text_is_what_its_worst_window_is(audit: tuple[AuditStore, StateStore]) -> None:
    found = reread(*audit, PROFILE, judge())
    names = dict(audit[0].connection.execute("SELECT id, text FROM texts"))
    assert {names[text]: int(s) for text, s in zip(found.texts, found.severity, strict=True)} == {
        "good": 1,
        "bad": 2,
        "long": 2,
    }
    assert found.unread == 1
    assert (found.by_category["spam"] > 0).tolist() == [True, False, False]
    assert found.probability["toxicity"][2] > 0.8


def test_what_is_kept_is_what_the_items_come_to(audit: tuple[AuditStore, StateStore]) -> None:
    store, _ = audit
    found = reread(*audit, PROFILE, judge())
    with store.transaction():
        made = store.judgement(
            name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="reading"
        )
        keep(store, made.id, found)
    kept = {one.key: one for one in outcomes(store, store.chosen(made.id), Selection())}
    assert {key: one.severity for key, one in kept.items()} == {
        "good": 1,
        "bad": 2,
        "long": 2,
        "unread": None,
    }
    assert (kept["bad"].category, kept["good"].category) == ("toxicity", "spam")
    assert kept["bad"].p == pytest.approx(found.probability["toxicity"][1], abs=1e-4)
    assert set(kept["bad"].scores) == {"toxicity", "spam"}


def test_two_are_compared_on_what_both_know(audit: tuple[AuditStore, StateStore]) -> None:
    before, after = reread(*audit, PROFILE, judge()), reread(*audit, PROFILE, judge(-1.0))
    one, other = in_common(before, after.at(np.array([1, 2])))
    assert one.texts.tolist() == other.texts.tolist() == before.texts[1:].tolist()
    assert one.severity.tolist() == [2, 2]
    assert other.severity.tolist() == [1, 1]


def test_a_definition_alone_cannot_be_judged_by_reading(audit: tuple[AuditStore, StateStore]) -> None:
    seeing = judge()
    definition = category("toxicity", 1, Evidence.DEFINITION)
    blind = Judge(seeing.taps, seeing.mean, seeing.scale, (definition, seeing.categories[1]))
    found = reread(*audit, PROFILE, blind)
    assert found.blind == ("toxicity",)
    assert set(found.by_category) == {"spam"}


def test_nothing_read_is_nothing_judged(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        states = StateStore(store.states_folder, model="m", prompt="p", width=WIDTH)
        found = reread(store, states, PROFILE, judge())
        states.close()
    assert (len(found.texts), found.unread) == (0, 0)


def test_several_profiles_at_once_are_each_as_alone(audit: tuple[AuditStore, StateStore]) -> None:
    other = dataclasses.replace(judge(-1.0), categories=judge(-1.0).categories[:1])
    sides = [(PROFILE, judge()), (PROFILE, other), (PROFILE, judge(2.0))]
    for found, (profile, alone) in zip(reread_each(*audit, sides), sides, strict=True):
        expected = reread(*audit, profile, alone)
        assert found.severity.tolist() == expected.severity.tolist()
        for name, p in expected.probability.items():
            assert found.probability[name] == pytest.approx(p)


def test_what_two_profiles_share_is_multiplied_once(
    audit: tuple[AuditStore, StateStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, states = audit
    widths = []

    def products(
        taps: Sequence[int], columns: NDArray[np.float32]
    ) -> tuple[list[bytes], NDArray[np.float32]]:
        widths.append(columns.shape[-1])
        return StateStore.products(states, taps, columns)

    monkeypatch.setattr(states, "products", products)
    # The mean and what looks for spam are the same on both sides.
    changed = dataclasses.replace(judge(), categories=(category("toxicity", 2), category("spam", -1)))
    reread_each(store, states, [(PROFILE, judge()), (PROFILE, changed)])
    assert widths == [4]


def test_a_text_is_shown_with_the_first_item_that_holds_it(audit: tuple[AuditStore, StateStore]) -> None:
    store, _ = audit
    ids = dict(store.connection.execute("SELECT text, id FROM texts"))
    found = Texts(store, np.array([ids["bad"], ids["long"]]))
    assert [(item.id, item.text) for item in found] == [("2", "bad"), ("4", "long")]
    assert [item.text for item in found[1:]] == ["long"]
