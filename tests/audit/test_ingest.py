"""Records into the audit file: once each, in whole batches, from where it was left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.audit.ingest import WHOLE, Taken, fingerprint_of, ingest, inputs_of
from modcli.audit.outcomes import outcomes
from modcli.audit.store import AuditStore
from modcli.errors import Location, SourceError
from modcli.sources.post import Account, Export, Part, PartName, Post, Problem, Record, RecordKind

LONG = "Congratulations, you have won a prize, call 0900 1234 now to claim your free offer today"


def post(key: str, *parts: str | Part, **more: object) -> Post:
    given_parts = tuple(Part(PartName.TEXT, p) if isinstance(p, str) else p for p in parts)
    return Post(key, RecordKind.POST, Location(f"outbox.json#{key}"), given_parts, **more)  # type: ignore[arg-type]


@dataclass
class Records:
    """An input in memory; `breaks_at` is where it cannot be read any more."""

    found: Sequence[Post | Problem]
    name: str = "outbox.json"
    kind: str = "outbox"
    size: int = 0
    breaks_at: int = 10**9
    asked: list[int] = field(default_factory=list)

    def read(self, position: int = 0) -> Iterator[Record]:
        self.asked.append(position)
        for i, found in enumerate(self.found[position:], position):
            if i == self.breaks_at:
                raise SourceError("gone")
            yield Record(found, i + 1)


def take(store: AuditStore, *found: Post | Problem, fingerprint: str = "1", **more: int) -> Taken:
    return ingest(store, Export("x", "a list", (Records(found),)), fingerprint=fingerprint, **more)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore(tmp_path / "a.db", write=True) as opened:
        yield opened


def rows(store: AuditStore, question: str) -> list[tuple[object, ...]]:
    return store.connection.execute(question).fetchall()


def parts_of(store: AuditStore) -> list[tuple[object, ...]]:
    return rows(
        store,
        "SELECT p.item, p.name, t.text FROM parts p JOIN texts t ON t.id = p.text ORDER BY 1, p.ordinal",
    )


def test_several_parts_are_judged_together_and_each_by_itself(store: AuditStore) -> None:
    take(
        store,
        post("a", Part(PartName.WARNING, "rant"), "so tired", Part(PartName.QUOTE, "theirs")),
        post("b", "x"),
    )
    assert parts_of(store) == [
        (1, WHOLE, "rant\n\nso tired"),
        (1, "content warning", "rant"),
        (1, "text", "so tired"),
        (1, "quoted text", "theirs"),
        (2, "text", "x"),
    ]


def test_equal_texts_are_one_and_near_duplicates_name_the_first(store: AuditStore) -> None:
    taken = take(store, post("a", LONG), post("b", LONG), post("c", LONG.upper()), post("d", f"{LONG} idiot"))
    assert (taken.new, taken.texts, taken.alike) == (4, 3, 1)
    assert rows(store, "SELECT id, representative FROM texts") == [(1, None), (2, 1), (3, None)]


def test_near_duplicates_are_found_across_batches(store: AuditStore) -> None:
    take(store, post("a", LONG), post("b", "other"), post("c", LONG.upper()), batch=1)
    assert rows(store, "SELECT representative FROM texts WHERE id = 3") == [(1,)]


def test_a_record_that_comes_again_is_known_and_is_what_it_was_last(store: AuditStore) -> None:
    taken = take(store, post("a", "first"), post("a", "second"), post("b", "x"))
    assert (taken.new, taken.known) == (2, 0)
    again = take(store, post("a", "third"), fingerprint="2")
    assert (again.new, again.known) == (0, 1)
    assert parts_of(store) == [(1, "text", "third"), (2, "text", "x")]


def test_what_is_liked_is_no_second_post(store: AuditStore) -> None:
    like = replace(post("a"), kind=RecordKind.LIKE, target="a")
    take(store, post("a", "mine"), like)
    assert rows(store, "SELECT kind FROM items ORDER BY id") == [("post",), ("like",)]
    assert rows(store, "SELECT kind, target FROM not_judged") == [("like", "a")]


def test_problems_are_kept_once(store: AuditStore) -> None:
    bad = Problem(Location("outbox.json#2"), "no JSON", "mend it")
    assert take(store, post("a", "x"), bad).problems == 1
    take(store, bad, fingerprint="2")
    assert rows(store, "SELECT place, message, hint FROM errors") == [("outbox.json#2", "no JSON", "mend it")]


def test_what_breaks_off_goes_on_where_it_was_left(store: AuditStore) -> None:
    source = Records([post(str(i), f"text {i}") for i in range(10)], breaks_at=7)
    export = Export("x", "a list", (source,))
    with pytest.raises(SourceError):
        ingest(store, export, fingerprint="1", batch=3)
    assert not store.fact("taken_in")
    source.breaks_at = 99
    taken = ingest(store, export, fingerprint="1", batch=3)
    assert source.asked == [0, 6]
    assert taken.records == 4
    assert [outcome[0] for outcome in rows(store, "SELECT key FROM items ORDER BY id")] == list("0123456789")
    assert list(inputs_of(store)) == [("outbox.json", "outbox", 10, True)]
    assert ingest(store, export, fingerprint="1").records == 0
    assert source.asked == [0, 6]


def test_an_author_is_one_whatever_the_name(store: AuditStore) -> None:
    one, other = Account("a@b.example", "", "A"), Account("a@b.example", "", "")
    take(store, post("a", "x", author=one), post("b", "y", author=other), post("c", "z", author=Account()))
    assert rows(store, "SELECT handle, name FROM authors") == [("a@b.example", "A")]
    assert rows(store, "SELECT author FROM items") == [(1,), (1,), (None,)]


def test_a_text_too_long_is_cut_and_that_is_known(store: AuditStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modcli.audit.ingest.MOST_CHARACTERS", 4)
    take(store, post("a", "abcdéé"), post("b", "abcdxx"))
    assert rows(store, "SELECT text, cut FROM texts") == [("abcd", 4), ("abcd", 2)]


def test_half_a_surrogate_pair_stops_nothing(store: AuditStore) -> None:
    take(store, post("a\ud800", "b\ud800", url="http://\ud800", author=Account("\ud800", "", "\ud800")))
    assert rows(store, "SELECT text FROM texts") == [("b?",)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.lists(st.text(max_size=8), max_size=3)), max_size=12),
    st.integers(1, 5),
)
def test_whatever_the_batches_the_items_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[str, list[str]]], batch: int
) -> None:
    found = []
    for size in (batch, 100):
        with AuditStore(tmp_path_factory.mktemp("audit") / "a.db", write=True) as store:
            take(store, *(post(key, *texts) for key, texts in posts), batch=size)
            found.append(sorted((row[0], row[2]) for row in rows(store, _BY_KEY)))
    assert found[0] == found[1]


_BY_KEY = (
    "SELECT i.key, p.ordinal, t.text FROM items i JOIN parts p ON p.item = i.id JOIN texts t ON t.id = p.text"
)


def test_the_files_of_an_export_have_a_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "outbox.json").write_text("[]")
    before = fingerprint_of(tmp_path)
    assert before == fingerprint_of(tmp_path)
    (tmp_path / "outbox.json").write_text("[1]")
    assert fingerprint_of(tmp_path) != before


def test_an_item_without_verdicts_is_not_judged(store: AuditStore) -> None:
    take(store, post("a", "x"))
    with store.transaction():
        made = store.judgement(
            name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
        )
    [found] = outcomes(store, made)
    assert (found.severity, found.action, found.settled, found.text) == (None, None, None, "x")
