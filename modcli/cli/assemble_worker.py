"""What a worker of `modcli audit --engine ray` is made of: the same judging, on whatever machine it is."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from modcli.audit.ray_engine import Worker
from modcli.audit.store import Judgement
from modcli.cli.assemble import build_workbench, method_of, moderator_on, reader_into
from modcli.cli.assemble_cascade import cascade_file
from modcli.errors import UsageError
from modcli.profile import Action, Profile
from modcli.profiles.export import from_json
from modcli.settings import Settings
from modcli.states.collected import Collected, States
from modcli.states.store import StateStore


def worker_of(
    settings: Settings, judgement: Judgement, profile: Profile, on_error: Action
) -> Callable[[int], Worker]:
    """What makes a worker with so many threads, on this machine or another."""
    return partial(build_worker, settings, judgement, _cascade_of(settings, profile), on_error)


def build_worker(
    settings: Settings, judgement: Judgement, cascade: str, on_error: Action, threads: int
) -> Worker:
    """A moderator for a judgement, whose items' states are collected. Raises UsageError where model, method or cascade
    are not here what they are where the judgement was made."""
    told: list[str] = []
    settings = replace(settings, threads=threads)
    profile = from_json(judgement.profile, judgement.name)
    bench = build_workbench(settings, tell=told.append)
    same = {
        "another model": bench.model == judgement.model,
        "another version of modcli, or another sample of `modcli tune`": method_of(settings, profile)
        == judgement.method,
        "other early stages": _cascade_of(settings, profile) == cascade,
    }
    if not all(same.values()):
        raise UsageError(
            f"there is {', '.join(what for what, holds in same.items() if not holds)}",
            hint=f"all machines need what is in {settings.data_dir}, and the same modcli",
        )
    collected = Collected(bench.backend.facts.width)
    reader = reader_into(bench, collected)
    moderator = moderator_on(
        bench, settings, profile, on_error=on_error, verdicts=False, cascade=True, reader=reader
    )
    return Worker(moderator, collected, told)


def keeping(store: StateStore, tell: Callable[[str], None]) -> Callable[[States], None]:
    """What keeps the states that workers have read. Where they cannot be kept, that is told, and judging goes on."""
    broken = False

    def keep(states: States) -> None:
        nonlocal broken
        try:
            for tap, (keys, found) in states.items() if not broken else ():
                store.put(keys, tap, found)
        except (OSError, sqlite3.Error) as error:
            broken = True
            tell(f"states cannot be kept ({error}); judging goes on without")

    return keep


def _cascade_of(settings: Settings, profile: Profile) -> str:
    """Stands for the early stages of a profile; empty where it has none."""
    file = cascade_file(settings, profile)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
