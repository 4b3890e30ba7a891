from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from modcli.states.database import connect, number, rows_of, transaction

SCHEMA = "CREATE TABLE things (name TEXT); CREATE TABLE others (id INTEGER)"


def test_what_was_written_is_there_next_time(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "down" / "cache.db"
    connect(file, SCHEMA, version=1).execute("INSERT INTO things VALUES ('a')")
    assert connect(file, SCHEMA, version=1).execute("SELECT name FROM things").fetchall() == [("a",)]


def test_another_version_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    connect(file, SCHEMA, version=1).execute("INSERT INTO things VALUES ('a')")
    connection = connect(file, "CREATE TABLE things (name TEXT, more TEXT)", version=2)
    assert connection.execute("SELECT * FROM things").fetchall() == []
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert tables == [("things",)]


@pytest.mark.parametrize("content", [b"not a database" * 50, b"SQLite format 3\0" + bytes(range(256)) * 20])
def test_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "cache.db"
    file.write_bytes(content)
    (tmp_path / "cache.db-wal").write_bytes(b"left over")
    connection = connect(file, SCHEMA, version=1)
    connection.execute("INSERT INTO things VALUES ('a')")
    assert (tmp_path / "cache.db.damaged").read_bytes() == content
    assert connect(file, SCHEMA, version=1).execute("SELECT name FROM things").fetchall() == [("a",)]


def test_several_at_once_make_one_database(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def write(i: int) -> None:
        try:
            connection = connect(tmp_path / "cache.db", SCHEMA, version=1)
            connection.execute("INSERT INTO things VALUES (?)", (str(i),))
            connection.close()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    connection = connect(tmp_path / "cache.db", SCHEMA, version=1)
    assert connection.execute("SELECT count(*) FROM things").fetchone() == (8,)


def test_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    """Nothing is set aside that is no damaged database."""
    (tmp_path / "cache.db").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "cache.db", SCHEMA, version=1)
    assert (tmp_path / "cache.db").is_dir()


def test_number_is_zero_where_there_is_none(tmp_path: Path) -> None:
    """Counting makes no file and sets none aside."""
    file = tmp_path / "cache.db"
    assert number(file, "SELECT count(*) FROM things") == 0
    assert not file.exists()
    connect(file, SCHEMA, version=1).execute("INSERT INTO things VALUES ('a')")
    assert number(file, "SELECT count(*) FROM things") == 1
    assert number(file, "SELECT count(*) FROM elsewhere") == 0
    (tmp_path / "other.db").write_bytes(b"not a database" * 50)
    file = tmp_path / "other.db"
    assert number(file, "SELECT count(*) FROM things") == 0
    assert not (tmp_path / "other.db.damaged").exists()


def interrupted(connection: sqlite3.Connection, last: str) -> None:
    with transaction(connection):
        connection.execute(last)
        raise KeyboardInterrupt


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "cache.db", SCHEMA, version=1)
    with transaction(connection):
        connection.execute("INSERT INTO things VALUES ('a')")
    with pytest.raises(KeyboardInterrupt):
        interrupted(connection, "INSERT INTO things VALUES ('b')")
    assert connection.execute("SELECT name FROM things").fetchall() == [("a",)]


def test_an_interrupt_after_the_commit_is_told_as_it_is(tmp_path: Path) -> None:
    connection = connect(tmp_path / "cache.db", SCHEMA, version=1)
    with pytest.raises(KeyboardInterrupt):
        interrupted(connection, "COMMIT")


@pytest.mark.parametrize("count", [0, 1, 900, 901, 2000])
def test_rows_of_many_keys(tmp_path: Path, count: int) -> None:
    connection = connect(tmp_path / "cache.db", "CREATE TABLE things (kind INTEGER, name BLOB)", version=1)
    keys = [str(i).encode() for i in range(count)]
    connection.executemany("INSERT INTO things VALUES (?, ?)", ((i % 2, key) for i, key in enumerate(keys)))
    found = rows_of(connection, "SELECT name FROM things WHERE kind = ? AND name IN {keys}", keys, 1)
    assert [name for (name,) in found] == keys[1::2]
