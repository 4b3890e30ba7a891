"""An audit under another profile, start-up included.

    python benchmarks/rejudge_audit.py fill AUDIT.db [--model auto]
    python benchmarks/rejudge_audit.py time AUDIT.db [--profile strict] [--runs 3]

`fill` gives every text of an audit that was only taken in (`modcli audit plan`, `archive.py take`) random states of the
model's width: the time does not depend on their values. `time` runs `modcli audit rejudge` as a command.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from modcli.audit.run import note_windows
from modcli.audit.store import AuditStore
from modcli.cascade.parts import parts_of
from modcli.cli.assemble import build_workbench, method_of
from modcli.errors import Location
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profiles.export import as_json
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.states.store import StateStore, content_key, normed


def fill(file: Path, model: str) -> None:
    settings = load_settings({"model": model}, os.environ, Path.cwd())
    profile = load("default", Shelf(settings.config_dir / "profiles"))
    bench = build_workbench(settings, tell=print)
    taps = bench.preparation(as_judged(profile)).judge.taps
    width, chance = bench.backend.facts.width, np.random.default_rng(0)
    with AuditStore(file, write=True) as store:
        rows = store.connection.execute("SELECT id, text FROM texts WHERE representative IS NULL").fetchall()
        states = StateStore(store.states_folder, model=bench.model, prompt=READING.digest, width=width)
        for start in range(0, len(rows), 4096):
            batch = rows[start : start + 4096]
            items = [Item(str(number), text, Location("audit", number)) for number, text in batch]
            keys = [content_key(window) for item in items for window in parts_of(item).texts]
            keys = list(dict.fromkeys(keys))
            for tap in taps:
                states.put(keys, tap, normed(chance.normal(size=(len(keys), width)).astype(np.float32)))
            with store.transaction():
                note_windows(store, items)
        states.close()
        with store.transaction():
            made = store.judgement(
                name=profile.name, profile=as_json(profile), digest=profile.digest, model=bench.model,
                model_name=model, method=method_of(settings, profile), depth="full",
            )  # fmt: skip
            store.set_fact("judgement", made.id)
    size = sum(one.stat().st_size for one in store.states_folder.iterdir()) / 1e9
    print(f"{len(rows):,} texts, taps {taps}, width {width}: {size:.2f} GB of states")


def timed(file: Path, profile: str, runs: int) -> None:
    command = [sys.executable, "-m", "modcli", "audit", "rejudge", str(file), "-p", profile]
    for more in (["--dry-run", "--show", "0"], ["--dry-run"], []):
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            subprocess.run(
                [*command, *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            seconds.append(time.perf_counter() - start)
        print(
            f"{' '.join(more) or 'verdicts kept':<22} {statistics.median(seconds):.2f} s (median of {runs})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["fill", "time"])
    parser.add_argument("audit", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--profile", default="strict")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if given.what == "fill":
        fill(given.audit, given.model)
    else:
        timed(given.audit, given.profile, given.runs)


if __name__ == "__main__":
    main()
