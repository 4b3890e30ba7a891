"""The verdict cache."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

from modcli.cascade.cache import VerdictCache, count
from modcli.profile import Action
from modcli.verdict import CategoryVerdict, Verdict

VERDICT = Verdict(
    id="",
    action=Action.BLOCK,
    categories={"spam": CategoryVerdict(0.91, 0.5, Action.BLOCK, None, ("buy \U0001f4a5 \u202e now",))},
    stage="reading",
    reason="spam 0.91 (from 0.50)",
    model="m",
    profile="p",
    read=0.5,
)


def test_gives_back_what_was_kept(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "v.db", "scope")
    cache.put({"a": VERDICT})
    assert cache.get(["a", "b"]) == {"a": replace(VERDICT, cached=True)}
    assert count(tmp_path / "v.db") == 1


def test_another_scope_knows_nothing_of_it(tmp_path: Path) -> None:
    VerdictCache(tmp_path / "v.db", "one").put({"a": VERDICT})
    assert VerdictCache(tmp_path / "v.db", "other").get(["a"]) == {}


def test_damaged_file_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "v.db"
    file.write_bytes(b"this is no database, but it is long enough to be looked at" * 20)
    cache = VerdictCache(file, "scope")
    cache.put({"a": VERDICT})
    assert set(cache.get(["a"])) == {"a"}
    assert (tmp_path / "v.db.damaged").exists()


def test_many_keys_at_once(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "v.db", "scope")
    cache.put({str(i): VERDICT for i in range(2_500)})
    assert len(cache.get([str(i) for i in range(3_000)])) == 2_500


def _write(file: Path, worker: int) -> None:
    cache = VerdictCache(file, "scope")
    for i in range(40):
        cache.put({f"{worker}-{i}": VERDICT})


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "v.db"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(file, i)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert count(file) == 120


def test_count_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert count(tmp_path / "none.db") == 0
    (tmp_path / "broken.db").write_bytes(b"x" * 2_000)
    assert count(tmp_path / "broken.db") == 0
