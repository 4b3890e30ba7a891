"""What goes out to workers and comes back; a stand-in for Ray runs them here (tests/cli/test_audit_ray.py: real ones)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from modcli.audit import ray_engine
from modcli.audit.ray_engine import Cluster, RayEngine, Worker, ray_module, shares
from modcli.cascade.moderator import Statistics
from modcli.errors import BackendError, Location, MissingExtraError, ModcliError, PrefixTooLong
from modcli.item import Item
from modcli.profile import Action
from modcli.states.collected import Collected, States
from modcli.states.store import content_key
from modcli.verdict import Verdict


class Judge:
    """Blocks clowns; fails at `too long`."""

    batch = 2

    def __init__(self, worker: Collected) -> None:
        self.statistics = Statistics()
        self._read = worker

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        if any("too long" in item.text for item in items):
            raise PrefixTooLong("a thousand tokens too many", hint="shorten it")
        states = np.full((len(items), 4), 1.0, np.float32)
        self._read.put([content_key(item.text) for item in items], 3, states)
        return [
            Verdict(
                item.id,
                Action.BLOCK if "clown" in item.text else Action.ALLOW,
                reason=f"{item.location}, {item.metadata.get('truncated_bytes', 0)} cut",
            )
            for item in items
        ]


def make(threads: int) -> Worker:
    read = Collected(4)
    return Worker(Judge(read), read, [f"{threads} threads"])


class RayError(Exception):
    pass


class Rows:
    """A dataset that is worked on here, one row after the other."""

    def __init__(self, rows: list[dict[str, Any]], fails: bool) -> None:
        self._rows, self._fails = rows, fails

    def map_batches(self, actor: Any, *, fn_constructor_args: Any, batch_size: int, **_more: Any) -> Rows:
        assert batch_size == 1
        work = actor(*fn_constructor_args)
        done = []
        for row in self._rows:
            columns = work({name: [value] for name, value in row.items()})
            done.append({name: values[0] for name, values in columns.items()})
        return Rows(done, self._fails)

    def iter_internal_ref_bundles(self) -> Iterator[SimpleNamespace]:
        for row in self._rows[::-1]:
            yield SimpleNamespace(block_refs=[SimpleNamespace(iter_rows=lambda _public, row=row: [row])])
        if self._fails:
            raise RayError("Traceback\n  much\na node is gone\n")


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stand-in; `fails` makes it break down at the end, `begun` is with what it was begun."""
    stand_in: Any = ModuleType("ray")
    stand_in.begun, stand_in.running, stand_in.fails = [], False, False

    def init(address: str, **options: Any) -> None:
        stand_in.begun.append((address, options))
        if address == "nowhere":
            raise ConnectionError("Trying\nnobody there")
        stand_in.running = True

    def shutdown() -> None:
        stand_in.running = False

    stand_in.init, stand_in.shutdown = init, shutdown
    stand_in.is_initialized = lambda: stand_in.running
    stand_in.nodes = lambda: [{"Alive": True, "Resources": {"CPU": 4.0}}]
    stand_in.exceptions = SimpleNamespace(RayError=RayError)
    stand_in.data = ModuleType("ray.data")
    stand_in.data.from_items = lambda rows, override_num_blocks: Rows(rows, stand_in.fails)
    stand_in.get = lambda blocks: blocks
    stand_in.data.block = SimpleNamespace(BlockAccessor=SimpleNamespace(for_block=lambda block: block))
    stand_in.data.ActorPoolStrategy = lambda **_options: None
    context = SimpleNamespace(enable_progress_bars=True)
    stand_in.data.DataContext = SimpleNamespace(get_current=lambda: context)
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.setitem(sys.modules, "ray.data", stand_in.data)
    return stand_in


def items(*texts: str) -> list[Item]:
    return [
        Item(str(number), text, Location("a.db", number), metadata={"truncated_bytes": number})
        for number, text in enumerate(texts)
    ]


def engine(keep: Callable[[States], None] = lambda _states: None, **cluster: Any) -> RayEngine:
    return RayEngine(make, Cluster(**cluster), batch=2, keep=keep)


def test_verdicts_and_states_come_back(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "_AT_ONCE", 2)
    kept: list[States] = []
    told: list[str] = []
    batches = [items("a", "you clown"), items("b"), items("c", "d"), items("e")]
    work = RayEngine(make, Cluster(), batch=2, keep=kept.append, tell=told.append)
    found = list(work.judged(batches))
    assert sorted((batch for batch, _ in found), key=batches.index) == batches
    for batch, verdicts in found:
        assert [verdict.id for verdict in verdicts] == [item.id for item in batch]
        assert verdicts[0].reason == "a.db:0, 0 cut"
    verdicts = next(verdicts for batch, verdicts in found if batch is batches[0])
    assert [verdict.action for verdict in verdicts] == [Action.ALLOW, Action.BLOCK]
    keys = [key for states in kept for key in states[3][0]]
    assert sorted(keys) == sorted(content_key(item.text) for batch in batches for item in batch)
    # Each lot makes its workers anew, and what both tell is told once.
    assert told == ["4 threads"]
    assert not ray.running


def test_a_cluster_of_its_own_is_closed_to_others(ray: Any) -> None:
    list(engine().judged([items("a")]))
    [(address, options)] = ray.begun
    assert address == "local"
    assert options["_node_ip_address"] == "127.0.0.1"
    assert options["include_dashboard"] is False
    assert ray_engine.os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    list(engine(address="auto").judged([items("a")]))
    assert ray.begun[1][0] == "auto"
    assert list(engine().judged([])) == []
    assert len(ray.begun) == 2


def test_who_stops_ends_the_work(ray: Any) -> None:
    work = engine().judged([items("a"), items("b")])
    next(work)
    assert ray.running
    work.close()
    assert not ray.running


def test_what_concerns_all_is_raised_here(ray: Any) -> None:
    with pytest.raises(ModcliError, match="a worker: a thousand tokens too many") as error:
        list(engine().judged([items("far too long")]))
    assert error.value.hint == "shorten it"
    assert not ray.running
    ray.fails = True
    with pytest.raises(BackendError, match=r"the Ray cluster failed: a node is gone$"):
        list(engine().judged([items("a")]))
    with pytest.raises(BackendError, match=r"no Ray cluster at nowhere: nobody there$"):
        list(engine(address="nowhere").judged([items("a")]))


def test_nobody_answers(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found out before Ray is asked, which would wait for minutes."""
    asked: list[tuple[str, int]] = []

    def refuse(place: tuple[str, int], timeout: float) -> None:
        asked.append(place)
        raise ConnectionRefusedError("Connection refused")

    monkeypatch.setattr(ray_engine.socket, "create_connection", refuse)
    with pytest.raises(BackendError, match=r"no Ray cluster at \[::1\]:6379: Connection refused"):
        list(engine(address="[::1]:6379").judged([items("a")]))
    assert asked == [("::1", 6379)]
    assert ray.begun == []


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError) as error:
        ray_module()
    assert error.value.hint == "pip install 'modcli[ray]'"


@pytest.mark.parametrize(
    ("cores", "cluster", "expected"),
    [
        ([8], Cluster(), (1, 8, 8)),
        ([8], Cluster(workers=2), (2, 4, 4)),
        ([2], Cluster(workers=4), (4, 1, 0.5)),
        ([8, 4, 0], Cluster(), (2, 4, 4)),
        ([8, 4], Cluster(workers=3), (3, 2, 2)),
        ([8], Cluster(threads=2), (1, 2, 2)),
        ([2], Cluster(threads=16), (1, 16, 2)),
        ([], Cluster(), (1, 1, 1)),
    ],
)
def test_shares(cores: list[int], cluster: Cluster, expected: tuple[int, int, float]) -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": float(count)} if count else {}} for count in cores]
    gone = {"Alive": False, "Resources": {"CPU": 1.0}}
    assert shares([*nodes, gone], cluster) == expected
