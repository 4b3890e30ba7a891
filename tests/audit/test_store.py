"""The audit file: opened, kept whole, refused."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from modcli.audit.schema import VERSION
from modcli.audit.store import AuditStore
from modcli.errors import OutputError, SourceError, UsageError
from modcli.profile import Action
from modcli.verdict import CategoryVerdict, Verdict


def judged(store: AuditStore, digest: str = "d") -> int:
    with store.transaction():
        made = store.judgement(
            name="p", profile="{}", digest=digest, model="m", model_name="M", method="1", depth="full"
        )
        store.set_fact("judgement", made.id)
    return made.id


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with AuditStore(file, write=True) as store:
        number, salt = judged(store), store.salt
        with store.transaction() as connection:
            connection.execute("INSERT INTO texts VALUES (1, x'01', NULL, NULL, 0, 'you clown')")
            found = {
                "toxicity": CategoryVerdict(0.91, 0.5, Action.BLOCK),
                "spam": CategoryVerdict(0.95, 0.99, Action.ALLOW),
            }
            store.put(number, {1: Verdict("1", Action.BLOCK, found, stage="reading", reason="r")})
    with AuditStore(file) as store:
        assert store.salt == salt
        assert store.chosen().thresholds == {"toxicity": 0.5, "spam": 0.99}
        row = store.connection.execute("SELECT action, category, p, stage, error FROM verdicts").fetchone()
        assert row == ("block", "toxicity", 0.91, "reading", None)
    assert AuditStore.is_audit(file)


def test_of_an_allowed_text_the_nearest_category_leads(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        number = judged(store)
        with store.transaction() as connection:
            connection.execute("INSERT INTO texts VALUES (1, x'01', NULL, NULL, 0, 'x')")
            found = {
                "far": CategoryVerdict(0.6, 0.99, Action.ALLOW),
                "near": CategoryVerdict(0.4, 0.5, Action.ALLOW),
            }
            store.put(number, {1: Verdict("1", Action.ALLOW, found)})
        assert store.connection.execute("SELECT category, severity FROM verdicts").fetchone() == ("near", 0)


def test_a_judgement_is_made_once(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        assert judged(store) == judged(store)
        assert judged(store, "other") != judged(store)
        with pytest.raises(UsageError, match="no judgement 9"):
            store.chosen(9)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        with suppress(TypeError), store.transaction():
            store.set_fact("x", 1)
            store.set_fact("y", object())
        assert store.fact("x") is None


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OutputError, match="full") as found, store.transaction():
            store.set_fact("x", "y" * 100_000)
        assert "same command" in str(found.value.hint)
        assert store.fact("x") is None


def test_one_writes_and_others_read(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with AuditStore(file, write=True) as store:
        judged(store)
        with pytest.raises(UsageError, match="another process"):
            AuditStore(file, write=True)
        with AuditStore(file) as reading:
            assert reading.chosen().name == "p"
    AuditStore(file, write=True).close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 100, b"{}"])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    for write in (False, True):
        with pytest.raises(SourceError):
            AuditStore(tmp_path / "a.db", write=write)
    assert (tmp_path / "a.db").read_bytes() == content
    assert not AuditStore.is_audit(tmp_path / "a.db")


def test_another_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(SourceError, match="no audit"):
        AuditStore(tmp_path / "other.db", write=True)


def test_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with AuditStore(file, write=True) as store:
        store.connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(SourceError, match=f"version {VERSION + 1}"):
        AuditStore(file)


def test_no_file_and_no_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such audit"):
        AuditStore(tmp_path / "a.db")
    with pytest.raises(OutputError):
        AuditStore(tmp_path / "no" / "folder" / "a.db", write=True)


def test_decisions_are_only_added_to(tmp_path: Path) -> None:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        number = judged(store)
        store.connection.execute(
            "INSERT INTO decisions (made, judgement, item, answer, source) VALUES ('', ?, 1, 'right', 'review')",
            (number,),
        )
        for change in ("UPDATE decisions SET answer = 'wrong'", "DELETE FROM decisions"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                store.connection.execute(change)


def test_references_name_their_column(tmp_path: Path) -> None:
    """Datasette cannot show a table whose references leave it out."""
    with AuditStore(tmp_path / "a.db", write=True) as store:
        tables = [
            row[0] for row in store.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = [
            key[4]
            for table in tables
            for key in store.connection.execute(f"PRAGMA foreign_key_list({table})")
        ]
    assert set(found) == {"id"}
