"""What became of items: the strictest verdict on any part, near-duplicates, decisions, selections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modcli.audit.ingest import ingest
from modcli.audit.outcomes import Outcome, Selection, outcomes
from modcli.audit.store import AuditStore, Judgement
from modcli.errors import Location
from modcli.profile import Action
from modcli.sources.post import Account, Export, Part, PartName, Post, RecordKind, Visibility
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import LONG, Records, post

ADA, BEN = Account("ada@a.example", "https://a.example/@ada"), Account("", "https://b_b.example/@ben")
JANUARY, FEBRUARY = datetime(2026, 1, 5, 10, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
POSTS: tuple[Post, ...] = (
    post(
        "1",
        LONG,
        author=ADA,
        published=JANUARY,
        visibility=Visibility.PUBLIC,
    ),
    post(
        "2",
        LONG.upper(),
        author=BEN,
        published=FEBRUARY,
        visibility=Visibility.DIRECT,
    ),
    post("3", "hello", Part(PartName.ALT, "you clown"), author=ADA, visibility=Visibility.FOLLOWERS),
    post("4", "hello", author=BEN),
    Post("5", RecordKind.BOOST, Location("x"), target="https://c.example/1"),
)


def verdict(p: float, action: Action) -> Verdict:
    return Verdict(
        "", action, {"toxicity": CategoryVerdict(p, 0.5, action)}, stage="reading", reason=f"p {p}"
    )


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, Judgement]]:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        ingest(store, Export("x", "a list", (Records(POSTS),)), fingerprint="1")
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            store.set_fact("judgement", made.id)
            ids = dict(store.connection.execute("SELECT text, id FROM texts"))
            whole = "hello\n\nyou clown"
            store.put(
                made.id, {ids[LONG]: verdict(0.7, Action.BLOCK), ids["hello"]: verdict(0.1, Action.ALLOW)}
            )
            store.put(
                made.id,
                {ids["you clown"]: verdict(0.9, Action.BLOCK), ids[whole]: verdict(0.6, Action.BLOCK)},
            )
        yield store, store.chosen()


def keys(audit: tuple[AuditStore, Judgement], **wanted: object) -> str:
    return "".join(found.key[-1] for found in outcomes(*audit, Selection(**wanted)))  # type: ignore[arg-type]


def by_key(audit: tuple[AuditStore, Judgement]) -> dict[str, Outcome]:
    return {found.key[-1]: found for found in outcomes(*audit)}


def test_the_strictest_part_decides_and_is_named(audit: tuple[AuditStore, Judgement]) -> None:
    found = by_key(audit)["3"]
    assert (found.action, found.part, found.p, found.reason) == (Action.BLOCK, "alt text", 0.9, "p 0.9")
    assert found.scores == {"toxicity": 0.9}
    assert [piece.name for piece in found.own] == ["text", "alt text"]
    assert found.text == "hello\n\nyou clown"
    assert found.is_private


def test_a_near_duplicate_has_the_verdict_of_the_first(audit: tuple[AuditStore, Judgement]) -> None:
    found = by_key(audit)
    assert (found["1"].action, found["1"].spread) == (Action.BLOCK, False)
    assert (found["2"].action, found["2"].spread) == (Action.BLOCK, True)


def test_its_own_verdict_goes_before(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    [(text,)] = store.connection.execute("SELECT id FROM texts WHERE representative IS NOT NULL")
    with store.transaction():
        store.put(made.id, {text: verdict(0.2, Action.ALLOW)})
    found = by_key(audit)["2"]
    assert (found.action, found.spread, found.p) == (Action.ALLOW, False, 0.2)
    flagged = store.connection.execute("SELECT DISTINCT id FROM flagged ORDER BY 1").fetchall()
    assert flagged == [(1,), (3,)]


def test_what_has_no_verdict_is_not_judged(audit: tuple[AuditStore, Judgement]) -> None:
    found = by_key(audit)
    assert found["5"].severity is None
    assert found["5"].target == "https://c.example/1"
    assert found["4"].action is Action.ALLOW


def test_selections(audit: tuple[AuditStore, Judgement]) -> None:
    assert keys(audit) == "12345"
    assert keys(audit, kinds=(RecordKind.BOOST,)) == "5"
    assert keys(audit, authors=("@ada@a.example",)) == "13"
    assert keys(audit, authors=("b_b",)) == "24"
    assert keys(audit, authors=("a_a", "%")) == ""
    assert keys(audit, since="2026-01-05", until="2026-02-01") == "1"
    assert keys(audit, severity=2) == "123"
    assert keys(audit, severity=1, category="spam") == ""
    assert keys(audit, private=False) == "145"
    assert keys(audit, ids=(4, 5)) == "45"


def test_what_a_person_said_holds_until_it_is_undone(audit: tuple[AuditStore, Judgement]) -> None:
    store, made = audit
    columns = (
        "INSERT INTO decisions (made, judgement, item, answer, source, after, undoes)"
        " VALUES ('', ?, ?, ?, 'review', ?, ?)"
    )
    store.connection.execute(columns, (made.id, 1, "wrong", "allow", None))
    assert by_key(audit)["1"].settled is Action.ALLOW
    assert by_key(audit)["1"].action is Action.BLOCK
    store.connection.execute(columns, (made.id, 1, "undo", "", 1))
    assert by_key(audit)["1"].settled is Action.BLOCK
    store.connection.execute(columns, (made.id, 1, "skip", "", None))
    assert by_key(audit)["1"].decision is None
