"""The log of decisions, and what was learned of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.audit.decisions import (
    APPEAL,
    REVIEW,
    Alike,
    Fresh,
    find_item,
    kept_apart,
    last_reply,
    learned,
    log,
    note_learned,
    outcome_of,
    skipped,
    standing,
    text_of,
    undo,
    write,
)
from modcli.audit.ingest import ingest
from modcli.audit.store import AuditStore, Judgement
from modcli.errors import UsageError
from modcli.profile import Action
from modcli.sources.post import Export, Part, PartName
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import LONG, Records, post

ADDRESS = "https://a.example/1"
WRONG = Fresh("wrong", REVIEW, Action.BLOCK, (), "", Action.ALLOW)
RIGHT = Fresh("right", REVIEW, Action.BLOCK, ("toxicity",), "yes", Action.BLOCK)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, Judgement]]:
    posts = (
        replace(post("a", LONG), url=ADDRESS, uri=ADDRESS),
        post("b", LONG.upper()),
        post("c", LONG),
        post("d", "hello", Part(PartName.ALT, "a cat")),
        replace(post("7", "seven"), url="https://a.example/7"),
        replace(post("f", "again"), url="https://a.example/7"),
    )
    with AuditStore(tmp_path / "a.db", write=True) as store:
        ingest(store, Export("x", "a list", (Records(posts),)), fingerprint="1")
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            store.set_fact("judgement", made.id)
            found = {"toxicity": CategoryVerdict(0.9, 0.5, Action.BLOCK)}
            ids = [
                row[0]
                for row in store.connection.execute("SELECT id FROM texts WHERE representative IS NULL")
            ]
            store.put(made.id, {text: Verdict("", Action.BLOCK, found, stage="reading") for text in ids})
        yield store, store.chosen()


def test_a_decision_is_on_disk_at_once(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    number = write(store, made, 1, RIGHT)
    with sqlite3.connect(store.file) as other:
        row = other.execute(
            "SELECT id, item, answer, labels, before, after, source FROM decisions"
        ).fetchone()
    assert row == (number, 1, "right", '["toxicity"]', "block", "block", "review")


def test_an_undo_is_a_row_and_what_was_decided_before_holds(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    first, second = write(store, made, 1, RIGHT), write(store, made, 1, WRONG)
    assert outcome_of(store, made, 1).settled is Action.ALLOW
    third = undo(store, second)
    assert outcome_of(store, made, 1).settled is Action.BLOCK
    assert [(e.number, e.undone, e.undoes) for e in log(store)] == [
        (first, False, None),
        (second, True, None),
        (third, False, second),
    ]
    assert [entry.number for entry in standing(store)] == [first]
    for number in (second, third, 99):
        with pytest.raises(UsageError, match="to undo"):
            undo(store, number)
    assert len(list(log(store))) == 3


def test_rows_are_only_added_to(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    write(store, made, 1, RIGHT)
    for question in ("DELETE FROM decisions", "UPDATE decisions SET answer = 'wrong'"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            store.connection.execute(question)


def test_an_appeal_that_changes_nothing_leaves_what_was_decided(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    number = write(store, made, 1, WRONG)
    write(store, made, 1, Fresh(APPEAL, APPEAL, Action.ALLOW, why="still"))
    one = outcome_of(store, made, 1)
    assert one.decision is not None
    assert (one.decision.answer, one.settled) == ("appeal", Action.ALLOW)
    assert [entry.number for entry in standing(store)] == [number]


def test_a_skip_decides_nothing(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    number = write(store, made, 1, Fresh("skip", REVIEW, Action.BLOCK))
    assert outcome_of(store, made, 1).decision is None
    assert skipped(store) == {1}
    last = last_reply(store)
    assert last is not None
    assert last.number == number
    undo(store, number)
    assert (skipped(store), last_reply(store), standing(store)) == (set(), None, [])


def test_items_have_three_names(audit: tuple[AuditStore, Judgement]) -> None:
    store, _ = audit
    assert {find_item(store, name) for name in ("1", "a", ADDRESS)} == {1}
    # A number is a number, even where it is a key too.
    with pytest.raises(UsageError, match="no item 7"):
        find_item(store, "7")
    with pytest.raises(UsageError, match="items 5, 6"):
        find_item(store, "https://a.example/7")
    for name in ("0", "nobody", "", "9" * 30, "²"):
        with pytest.raises(UsageError, match="no item"):
            find_item(store, name)


def test_equal_and_nearly_equal_texts_are_counted(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    alike = Alike(store)
    assert [alike.others(outcome_of(store, made, item)) for item in (1, 2, 3, 4)] == [2, 2, 2, 0]


def test_what_was_drawn_for_a_certificate_is_kept_apart_with_all_that_is_like_it(
    audit: tuple[AuditStore, Judgement],
) -> None:
    store, made = audit
    assert kept_apart(store, range(1, 7)) == set()
    duplicate = outcome_of(store, made, 2).text_id
    cat = store.connection.execute("SELECT id FROM texts WHERE text = 'a cat'").fetchone()[0]
    with store.transaction() as connection:
        for text in (duplicate, cat):
            connection.execute("INSERT INTO sampled VALUES (?, ?, 'x', 0, NULL)", (made.id, text))
    assert kept_apart(store, range(1, 7)) == {1, 2, 3, 4}


def test_a_decision_is_about_a_text_or_the_whole(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    cat = store.connection.execute("SELECT id FROM texts WHERE text = 'a cat'").fetchone()[0]
    write(store, made, 4, replace(WRONG, text=cat))
    write(store, made, 4, WRONG)
    assert [text_of(store, entry) for entry in log(store)] == ["a cat", "hello\n\na cat"]


def test_what_was_learned_is_remembered_by_profile(audit: tuple[AuditStore, Judgement]) -> None:
    store, _ = audit
    note_learned(store, "/x.yaml", [3, 1])
    note_learned(store, "/x.yaml", [2])
    assert (learned(store, "/x.yaml"), learned(store, "/y.yaml")) == ({1, 2, 3}, set())
