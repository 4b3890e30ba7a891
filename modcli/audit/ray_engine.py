"""Batches judged on a Ray cluster (Ray Data): one model a worker, and nobody but this process reads or writes the audit.

A batch goes out as its items and comes back as verdicts and what was read, a few kB a text. Each worker makes its own
moderator, from settings and profile, so that nothing heavy travels.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import socket
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from modcli.audit.run import Judged, Judging
from modcli.errors import BackendError, MissingExtraError, ModcliError
from modcli.item import Item
from modcli.states.collected import Collected, States
from modcli.verdict import Verdict

#: Batches that are handed over at once: their texts are in the object store until they are judged. Workers load the
#: model anew for the next ones.
_AT_ONCE = 2048
#: Batches that a worker holds, the one in hand included, so that it need not wait.
_IN_FLIGHT = 2
#: Bytes of the object store of a cluster of one's own.
_OBJECT_STORE = 500_000_000
#: Seconds that a cluster has to answer.
_PATIENCE = 10.0
#: No figures about the use of Ray leave the machine, and it says nothing on a terminal but errors.
_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


@dataclass(frozen=True)
class Cluster:
    """Where is judged: at a cluster's `address`, or (None) in processes on this machine; by so many `workers`, one a
    machine where nobody says; each with `threads`, or (0) its share of the cores of its machine."""

    address: str | None = None
    workers: int | None = None
    threads: int = 0


@dataclass
class Worker:
    """A moderator, what it has read since it was last asked, and the lines that it has told a person."""

    moderator: Judging
    read: Collected
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Answer:
    """What comes back: verdicts, states and lines told, or the error that concerns all."""

    verdicts: Sequence[Verdict] = ()
    states: States = field(default_factory=dict)
    told: Sequence[str] = ()
    error: tuple[str, str | None] | None = None


class RayEngine:
    """An engine (`audit.run.Engine`). `make` builds a worker with so many threads, where it is called: a function of a
    module, or a partial of one. `keep` is given what was read, `tell` each line that a worker tells, once.

    Raises MissingExtraError where Ray is not installed, BackendError where the cluster fails, and what a worker raises.
    """

    def __init__(
        self,
        make: Callable[[int], Worker],
        cluster: Cluster,
        *,
        batch: int,
        keep: Callable[[States], None] = lambda _states: None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._ray = ray_module()
        self._make, self._cluster = make, cluster
        self._batch, self._keep, self._tell = batch, keep, tell
        self._told: set[str] = set()

    @property
    def batch(self) -> int:
        """See `Engine.batch`."""
        return self._batch

    def judged(self, batches: Iterable[Sequence[Item]]) -> Generator[Judged, None, None]:
        """See `Engine.judged`."""
        waiting = iter(batches)
        lot = list(islice(waiting, _AT_ONCE))
        if not lot:
            return
        own = not self._ray.is_initialized()
        try:
            if own:
                self._connect()
            while lot:
                yield from self._lot(lot)
                lot = list(islice(waiting, _AT_ONCE))
        except self._ray.exceptions.RayError as error:
            raise BackendError(
                f"the Ray cluster failed: {_told_by(error)}",
                hint="what was judged is kept: try again",
            ) from error
        finally:
            if own:
                self._ray.shutdown()

    def _lot(self, lot: Sequence[Sequence[Item]]) -> Iterator[Judged]:
        rows = [{"batch": number, "items": _packed(items)} for number, items in enumerate(lot)]
        workers, threads, cpus = shares(self._ray.nodes(), self._cluster)
        data = self._ray.data
        judged = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Actor,
            fn_constructor_args=(self._make, threads),
            batch_size=1,
            compute=data.ActorPoolStrategy(
                size=min(workers, len(rows)), max_tasks_in_flight_per_actor=_IN_FLIGHT
            ),
            num_cpus=cpus,
        )
        with closing(self._rows(judged)) as done:
            for row in done:
                answer: _Answer = pickle.loads(row["answer"])  # noqa: S301 -- our own, by a worker of ours
                self._pass_on(answer)
                yield lot[row["batch"]], list(answer.verdicts)

    def _rows(self, dataset: Any) -> Generator[dict[str, Any], None, None]:
        """The rows as they are done. In this thread: those by which Ray Data reads ahead would go on after Ctrl-C, and
        end the process when Ray is shut down below them."""
        bundles = iter(dataset.iter_internal_ref_bundles())
        try:
            for bundle in bundles:
                for block in self._ray.get(list(bundle.block_refs)):
                    yield from self._ray.data.block.BlockAccessor.for_block(block).iter_rows(True)
        finally:
            # Whoever lets go of it ends its work.
            del bundles

    def _pass_on(self, answer: _Answer) -> None:
        for line in answer.told:
            if line not in self._told:
                self._told.add(line)
                self._tell(line)
        if answer.error is not None:
            message, hint = answer.error
            raise ModcliError(f"a worker: {message}", hint=hint)
        self._keep(answer.states)

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if self._cluster.address is not None:
                _check_reachable(self._cluster.address)
            with _hushed():
                if self._cluster.address is not None:
                    self._ray.init(self._cluster.address, **quiet)
                else:
                    # Of a cluster of its own, nothing is to be reached from outside.
                    alone: dict[str, Any] = {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
                    self._ray.init("local", object_store_memory=_OBJECT_STORE, **alone, **quiet)
        except (ConnectionError, OSError, ValueError, RuntimeError) as error:
            where = self._cluster.address or "this machine"
            raise BackendError(
                f"no Ray cluster at {where}: {_told_by(error)}",
                hint="`ray status` says where one runs; where it wants a token: RAY_AUTH_MODE=token",
            ) from error
        context = self._ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


class _Actor:
    """What Ray Data runs: a worker, made when its first batch comes, so that what is wrong with it is an answer."""

    def __init__(self, make: Callable[[int], Worker], threads: int) -> None:
        self._make, self._threads = make, threads
        self._worker: Worker | None = None

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[Any]]:
        [items] = [_unpacked(packed) for packed in rows["items"]]
        try:
            self._worker = self._worker or self._make(self._threads)
            verdicts = self._worker.moderator.judge(items)
            told, self._worker.told[:] = list(self._worker.told), []
            answer = _Answer(verdicts, self._worker.read.fetch(), told)
        except ModcliError as error:
            answer = _Answer(error=(str(error), error.hint))
        return {"batch": list(rows["batch"]), "answer": [pickle.dumps(answer)]}


def _packed(items: Sequence[Item]) -> bytes:
    return pickle.dumps([(item.id, item.text, item.location, dict(item.metadata)) for item in items])


def _unpacked(packed: bytes) -> list[Item]:
    found = pickle.loads(packed)  # noqa: S301 -- our own, by the process that asks
    return [Item(number, text, place, metadata=metadata) for number, text, place, metadata in found]


def shares(nodes: Sequence[dict[str, Any]], cluster: Cluster) -> tuple[int, int, float]:
    """How many workers, with how many threads and cores each. `nodes` are those that Ray tells of: a worker has the same
    share on each, so that the smallest decides."""
    cores = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    cores = [count for count in cores if count] or [1]
    workers = cluster.workers or len(cores)
    share = min(cores) / math.ceil(workers / len(cores))
    threads = cluster.threads or max(1, int(share))
    return workers, threads, min(threads, int(share) if share >= 1 else share)


def _told_by(error: Exception) -> str:
    """What went wrong: of an error in a worker, the last line of the traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _check_reachable(address: str) -> None:
    """Raise OSError where nobody answers at `HOST:PORT`: Ray itself would wait for long. Other addresses are its own."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


@contextmanager
def _hushed() -> Iterator[None]:
    """Without what native code writes to stderr: a line that it will not say more than errors."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def ray_module() -> Any:
    """Ray, with its figures about use turned off. Raises MissingExtraError where it is not installed."""
    os.environ.update(_SILENT)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("--engine ray needs Ray", hint="pip install 'modcli[ray]'") from error
    return ray
