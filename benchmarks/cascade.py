"""The cascade against the full judge: what it promised, what it kept, and how many items a second it would judge.

    python benchmarks/cascade.py ROWS.jsonl -p PROFILE [--repeats 20]

ROWS have `text` and `labels` (an empty list: harmless). All are judged in full once (kept in the cache). Each repeat
cuts them in two at random, thins the harmful ones out to the asked share, teaches a cascade on one half, and draws a
stream of items from the other. Items per second follow from the measured cost of each stage and of the full judge.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modcli.cascade.auditing import disagreement_limit
from modcli.cascade.chains import chain_log_odds
from modcli.cascade.costs import costs_of, seconds_of
from modcli.cascade.drift import AUDITED_SHARE, DriftWatch
from modcli.cascade.early import Features, features_of
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.parts import parts_of
from modcli.cascade.preparation import taps_of
from modcli.cascade.routing import cost_of, decided_at, doubts
from modcli.cascade.teaching import Lesson, acting, full_targets, teach
from modcli.cascade.tuned import EMBEDDING, NGRAMS, SHALLOW, Judged, TunedCascade, Wish
from modcli.cli.assemble import build_workbench, moderator_on
from modcli.cli.assemble_embedder import build_embedder
from modcli.cli.stream import tell
from modcli.errors import Location
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.settings import load_settings
from modcli.verdict import Verdict

GOALS = {
    "recall 0.90": [Wish(PromiseKind.RECALL, 0.90)],
    "recall 0.95": [Wish(PromiseKind.RECALL, 0.95)],
    "recall 0.99": [Wish(PromiseKind.RECALL, 0.99)],
    "risk 5%": [Wish(PromiseKind.RISK, 0.05)],
    "risk 1%": [Wish(PromiseKind.RISK, 0.01)],
    "risk 0.5%": [Wish(PromiseKind.RISK, 0.005)],
    "recall 0.90, risk 5%": [Wish(PromiseKind.RECALL, 0.90), Wish(PromiseKind.RISK, 0.05)],
}


@dataclass
class Known:
    """Features by text, made once."""

    inner: Features
    texts: Sequence[str]

    def __post_init__(self) -> None:
        self._rows = {text: i for i, text in enumerate(self.texts)}
        self._all = self.inner.features(self.texts)

    def features(self, texts: Sequence[str]):
        return self._all[[self._rows[text] for text in texts]]


def main() -> None:
    arguments = _arguments()
    rows = [json.loads(line) for line in Path(arguments.rows).read_text("utf-8").splitlines()]
    settings = load_settings({"profile": arguments.profile}, os.environ, Path.cwd())
    wish = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    profile = as_judged(wish)
    bench = build_workbench(settings, tell=tell)
    moderator = moderator_on(bench, settings, wish, on_error=Action.WARN)
    items = [Item(str(i), row["text"], Location(arguments.rows)) for i, row in enumerate(rows)]
    verdicts = []
    for start in range(0, len(items), 64):
        verdicts += moderator.judge(items[start : start + 64])
    harmful = np.array([bool(row["labels"]) for row in rows])
    embedder = build_embedder(settings)
    shallow = taps_of(bench.backend.facts.layers)[0]
    makers = features_of(lambda: embedder, bench.reader, shallow)
    texts = list(dict.fromkeys(text for item in items for text in parts_of(item).texts))
    plain = {name: make() for name, make in makers.items()}
    asked = np.mean([verdict.stage == "prompt" for verdict in verdicts])
    preparation = bench.preparation(profile)
    costs = costs_of(bench.backend, preparation.prompt, shallow, preparation.judge.taps, texts)
    seconds = {name: seconds_of(plain[name], texts[:400]) for name in (NGRAMS, EMBEDDING)} | {
        SHALLOW: costs.shallow
    }
    full, bare = costs.reading + float(asked) * costs.asking, costs.reading + costs.asking
    print(
        f"{len(rows)} rows, {np.mean([v.action is not Action.ALLOW for v in verdicts]):.1%} acted on in full"
    )
    told = ", ".join(f"{name} {1 / each:,.0f}" for name, each in seconds.items())
    print(f"items a second: {told}; the full judge {1 / full:.1f}, asking about each {1 / bare:.1f}")
    known = {name: Known(plain[name], texts) for name in plain}
    run = _Run(arguments, profile, items, verdicts, harmful, known, costs, seconds, full, bare)
    columns = ["promised", "kept", "not certifiable", "recall", "differs", "decided at", "items/s"]
    columns += ["full judge = 1", "asking each = 1", "F1 (full)"]
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for goal in arguments.goals or GOALS:
        run.goal(goal)
    if arguments.drift:
        sources = np.array([row["source"] for row in rows])
        run.drift(GOALS[arguments.drift_goal], sources == arguments.drift)


@dataclass
class _Run:
    arguments: argparse.Namespace
    profile: object
    items: list[Item]
    verdicts: list[Verdict]
    harmful: np.ndarray
    known: dict[str, Known]
    costs: object
    seconds: dict[str, float]
    full: float
    bare: float

    def goal(self, goal: str) -> None:
        found = [self.repeat(GOALS[goal], seed) for seed in range(self.arguments.repeats)]
        done = [each for each in found if each is not None]
        if not done:
            print(f"{goal}: not certifiable in any of {len(found)} repeats")
            return
        kept = sum(each["kept"] for each in done)
        mean = {name: np.mean([each[name] for each in done]) for name in done[0] if name != "shares"}
        shares: dict[str, float] = {}
        for each in done:
            for name, share in each["shares"].items():
                shares[name] = shares.get(name, 0.0) + share / len(done)
        cells = [
            goal,
            f"{kept} of {len(done)} ({sum(each['kept_apart'] for each in done)} on the stream)",
            f"{len(found) - len(done)}",
            f"{mean['recall']:.3f}",
            f"{mean['risk']:.2%}",
            ", ".join(f"{name} {share:.1%}" for name, share in shares.items()),
            f"{1 / mean['cost']:.0f}",
            f"{self.full / mean['cost']:.1f}",
            f"{self.bare / mean['cost']:.1f}",
            f"{mean['f1']:.3f} ({mean['full_f1']:.3f})",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)

    def drift(self, wishes: list[Wish], new: np.ndarray) -> None:
        """Tuned without the rows of one source, which then come: audited items until the warning."""
        waited, alarms, wrong_before, wrong_after = [], 0, [], []
        for seed in range(self.arguments.repeats):
            random = np.random.default_rng(seed)
            tuning, testing = np.array_split(random.permutation(len(self.items)), 2)
            tuned = self._taught(self._thinned(tuning[~new[tuning]], random), wishes, seed)
            if not tuned.guarantee.certified:
                continue
            early, is_wrong = self._early(tuned, self._thinned(testing[~new[testing]], random))
            after, is_wrong_after = self._early(tuned, self._thinned(testing, random))
            watch = DriftWatch(disagreement_limit(tuned, tuned.price))
            count = round(AUDITED_SHARE * self.arguments.stream)
            watch.update(random.choice(is_wrong[early], count).tolist())
            alarms += watch.alarm
            wrong_before.append(is_wrong[early].mean())
            wrong_after.append(is_wrong_after[after].mean())
            if watch.alarm:
                continue
            drawn = random.choice(is_wrong_after[after], 20_000)
            audited = 0
            while not watch.alarm and audited < len(drawn):
                watch.update([bool(drawn[audited])])
                audited += 1
            waited.append(audited / AUDITED_SHARE / after.mean() if watch.alarm else np.inf)
        print(
            f"drift: wrong early decisions {np.mean(wrong_before):.2%} before, {np.mean(wrong_after):.2%} after; "
            f"warned falsely before it {alarms} of {len(wrong_before)}; items until the warning: median "
            f"{np.median(waited):,.0f}, nine in ten within {np.quantile(waited, 0.9):,.0f}"
        )

    def _early(self, tuned: TunedCascade, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the rows are decided early, and which wrongly."""
        of_stages, severity, judged = self._decided(tuned, rows)
        return decided_at(of_stages, tuned.price) < len(tuned.stages), severity != judged.severity

    def repeat(self, wishes: list[Wish], seed: int) -> dict | None:
        random = np.random.default_rng(seed)
        order = random.permutation(len(self.items))
        tuning, testing = (self._thinned(half, random) for half in np.array_split(order, 2))
        tuned = self._taught(tuning, wishes, seed)
        if not tuned.guarantee.certified:
            return None
        found = self._measured(tuned, wishes, random.choice(testing, self.arguments.stream))
        # A promise is of all items like these. Of a finite pool that is whatever taught nothing, the calibration sample
        # included: its other part alone is the harder, the easier that sample happened to be.
        all_alike = np.concatenate([testing, self.calibrated])
        return found | {"kept": self._measured(tuned, wishes, all_alike)["kept"], "kept_apart": found["kept"]}

    def _taught(self, tuning: np.ndarray, wishes: list[Wish], seed: int) -> TunedCascade:
        texts = {self.items[i].text: i for i in tuning}
        judged: list[int] = []

        def judge(asked: Sequence[Item]) -> list[Verdict]:
            judged.extend(texts[item.text] for item in asked)
            return [self.verdicts[texts[item.text]] for item in asked]

        lesson = Lesson(
            profile=self.profile,
            judge=judge,
            features={name: (lambda made=made: made) for name, made in self.known.items()},
            costs=self.costs,
            budget=self.arguments.budget,
            wishes=wishes,
            key={},
            seed=seed,
        )
        tuned = teach(lesson, list(texts))
        # The calibration sample is judged last.
        self.calibrated = np.array(judged[-len(tuned.calibration.acted) :])
        return tuned

    def _thinned(self, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
        harmless, harmful = half[~self.harmful[half]], half[self.harmful[half]]
        wanted = round(len(harmless) * self.arguments.share / (1 - self.arguments.share))
        return random.permutation(np.concatenate([harmless, harmful[:wanted]]))

    def _decided(self, tuned: TunedCascade, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, Judged]:
        """How much each stage doubts each row, how severe its action is, and what the full judge says."""
        _, acted = full_targets(self.profile, [self.verdicts[i] for i in rows])
        names = acting(self.profile)
        severities = np.array([self.profile.by_name[name].action.severity for name in names], np.int8)
        log_odds = chain_log_odds(
            [self.known[stage.name] for stage in tuned.stages],
            [stage.head for stage in tuned.stages],
            [parts_of(self.items[i]) for i in rows],
        )
        judged = Judged(tuple(log_odds), acted, severities)
        of_stages = [
            doubts(odds, stage.eagerness) for odds, stage in zip(log_odds, tuned.stages, strict=True)
        ]
        at = decided_at(of_stages, tuned.price)
        answers = np.stack([*(judged.of_stage(i) for i in range(len(tuned.stages))), judged.severity])
        return of_stages, answers[at, np.arange(len(at))], judged

    def _measured(self, tuned: TunedCascade, wishes: list[Wish], stream: np.ndarray) -> dict:
        of_stages, severity, judged = self._decided(tuned, stream)
        truth = self.harmful[stream]
        recall = float((severity >= judged.severity)[judged.severity > 0].mean())
        risk = float((severity != judged.severity).mean())
        names = [stage.name for stage in tuned.stages]
        cost, shares = cost_of(of_stages, tuned.price, [self.seconds[name] for name in names], self.full)
        kept = all(recall >= w.target if w.kind is PromiseKind.RECALL else risk <= w.target for w in wishes)
        return {
            "recall": recall,
            "risk": risk,
            "cost": cost,
            "kept": kept,
            "f1": _f1(severity > 0, truth),
            "full_f1": _f1(judged.severity > 0, truth),
            "shares": dict(zip([*names, "full"], shares, strict=True)),
        }


def _f1(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * float((found & truth).sum()) / max(float(found.sum() + truth.sum()), 1.0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows")
    parser.add_argument("-p", "--profile", action="append", required=True)
    parser.add_argument("--budget", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--stream", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--goals", nargs="*", choices=list(GOALS))
    parser.add_argument("--drift", metavar="SOURCE", help="rows whose `source` this is come only later")
    parser.add_argument("--drift-goal", choices=list(GOALS), default="recall 0.90, risk 5%")
    return parser.parse_args()


if __name__ == "__main__":
    start = time.perf_counter()
    main()
    print(f"{time.perf_counter() - start:.0f} s")
