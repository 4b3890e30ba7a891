"""Whether two runtimes judge alike with the same weights: label words, hidden states, and the verdicts made of them.

    PYTHONPATH=. python benchmarks/parity.py DATA [--model auto] [--runtimes llama-cpp,transformers] [--rows 400]
                        [--seconds 0] [--tasks sms_spam,paradetox,sst2] [--threads 2] [--keep FOLDER] [--words]

DATA holds NAME.train.jsonl (shots are drawn from it) and NAME.dev.jsonl (rows are judged), each row with `text` and
`labels`. Each runtime judges each row under the default profile's category with 4 examples and 4 counterexamples, with
heads and label words fitted on its own readings. With `--seconds` each task ends when its share is used up. Every pair of
the runtimes is compared. With `--words` a row is read once, under the profile prompt: its label words are the verdict,
held against 0.5, and the states are those of that turn. Nothing else is read, which is what a slow model needs.

    llama-cpp          the GGUF file as it is (activations that meet quantized weights are rounded to 8 bits)
    llama-cpp-alone    the same, each text read by itself: how much the company in a batch changes
    llama-cpp-f32      the same weights unpacked to 32 bits: nothing is rounded
    llama-cpp-f16      unpacked to 16 bits
    transformers       unpacked by transformers when it is loaded, on the CPU in float32
    transformers-bf16  the same in bfloat16, as on a GPU

A margin is how far a probability is from its threshold, by the first of the pair. Intervals are Wilson's, 95%.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import TASKS, Row, drawn, rows_of, wilson

from modcli.backends.base import Readout
from modcli.backends.llama_cpp import LlamaCpp
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.preparation import PROMPT_SHOTS, Preparation, taps_of
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import assemble
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.states.reader import Reader
from modcli.states.store import StateStore
from modcli.weights.locate import locate
from tests.backends.unpacked import unpack

#: Rows judged by one runtime before it is the other's turn.
AT_ONCE = 16
STAGES = (Stage.READING, Stage.AUTO, Stage.MODEL)


class Recorder:
    """A backend that keeps what it has read."""

    def __init__(self, backend: Any, *, alone: bool) -> None:
        self._backend, self._alone = backend, alone
        self.states: dict[tuple[str, str], dict[int, np.ndarray]] = {}
        self.words: dict[tuple[str, str, str], np.ndarray] = {}
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        start = time.perf_counter()
        parts = [[text] for text in texts] if self._alone else [list(texts)]
        found = [
            one for part in parts for one in self._backend.read(prefix, part, taps=taps, questions=questions)
        ]
        self.seconds += time.perf_counter() - start
        for text, readout in zip(texts, found, strict=True):
            if readout.states:
                self.states[prefix.digest, text] = dict(readout.states)
            for question, answer in zip(questions, readout.log_probabilities, strict=True):
                self.words[prefix.digest, text, question.text] = answer
        return found


def opened(kind: str, file: Any, folder: Path, threads: int) -> Recorder:
    if kind.startswith("transformers"):
        from modcli.backends.transformers import Transformers

        bits = "16" if kind.endswith("bf16") else "32"
        backend: Any = Transformers(
            file.path, name=file.name, digest=file.digest, device="cpu", bits=bits, threads=threads
        )
        return Recorder(backend, alone=False)
    path = file.path
    if kind in ("llama-cpp-f32", "llama-cpp-f16"):
        path = folder / f"{kind}.gguf"
        if not path.exists():
            unpack(file.path, path, bits=int(kind[-2:]))
    backend = LlamaCpp(path, name=file.name, digest=file.digest, threads=threads)
    return Recorder(backend, alone=kind.endswith("alone"))


class Side:
    """One runtime with a profile."""

    def __init__(self, recorder: Recorder, profile: Profile, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = recorder.facts
        self._store = StateStore(folder, model=facts.digest, prompt=READING.digest, width=facts.width)
        reader = Reader(lambda: recorder, self._store)
        self._preparation = Preparation(profile, recorder, reader, taps=taps_of(facts.layers))
        self._by = {
            stage: Moderator(
                profile, recorder, reader, self._preparation, digest="", model=facts.digest, stage=stage
            )
            for stage in STAGES
        }
        self._name = profile.categories[0].name

    def prepare(self) -> None:
        self._preparation.judge  # noqa: B018 -- fitted before rows are judged
        self._preparation.labels  # noqa: B018

    def judge(self, items: Sequence[Item]) -> np.ndarray:
        """Probability and threshold by stage, shape (items, 3, 2)."""
        verdicts = [moderator.judge(items) for moderator in self._by.values()]
        found = [[own.categories[self._name] for own in by_item] for by_item in zip(*verdicts, strict=True)]
        return np.array([[(v.probability, v.threshold) for v in row] for row in found])

    def close(self) -> None:
        self._store.close()


class Words:
    """One runtime that is asked for label words alone."""

    def __init__(self, recorder: Recorder, profile: Profile) -> None:
        self._recorder, self._taps = recorder, taps_of(recorder.facts.layers)
        self._prompt = assemble(profile, profile.categories, shots=PROMPT_SHOTS)

    def prepare(self) -> None:
        self._recorder.check(self._prompt.prefix)

    def judge(self, items: Sequence[Item]) -> np.ndarray:
        """As `Side.judge`, with one stage."""
        texts = [normalize(item.text) for item in items]
        found = self._recorder.read(
            self._prompt.prefix, texts, taps=self._taps, questions=self._prompt.questions
        )
        return np.array([[(np.exp(one.log_probabilities[0][0]), 0.5)] for one in found])

    def close(self) -> None:
        """Nothing is kept."""


def share(good: int, n: int) -> str:
    if not n:
        return "no rows"
    low, high = wilson(good / n, n)
    return f"{good} of {n}: {good / n:.1%} ({low:.1%} to {high:.1%})"


def agreement(first: np.ndarray, second: np.ndarray) -> list[str]:
    """Cells of a line: of all rows, of those with a margin over 0.1, the mean difference of probabilities."""
    same = (first[:, 0] >= first[:, 1]) == (second[:, 0] >= second[:, 1])
    wide = np.abs(first[:, 0] - first[:, 1]) > 0.1
    moved = np.abs(first[:, 0] - second[:, 0])
    return [
        share(int(same.sum()), len(same)),
        share(int(same[wide].sum()), int(wide.sum())),
        f"{moved.mean():.3f}, {moved.max():.3f}",
    ]


def readings(first: Recorder, second: Recorder) -> None:
    """What was read by both: differences of label words in nats, cosines of states."""
    nats = np.array(
        [np.abs(own - second.words[key]).max() for key, own in first.words.items() if key in second.words]
    )
    print("\n| | median | 99% | largest | n |\n|---|---|---|---|---|")
    print(
        f"| label log-probabilities, nats | {np.median(nats):.4f} | {np.quantile(nats, 0.99):.4f} "
        f"| {nats.max():.4f} | {len(nats)} |"
    )
    cosines: dict[int, list[float]] = {}
    for key, states in first.states.items():
        for tap, own in states.items():
            if tap in (other := second.states.get(key, {})):
                norm = np.linalg.norm(own) * np.linalg.norm(other[tap])
                cosines.setdefault(tap, []).append(float(own @ other[tap] / norm))
    print("\n| cosine of states | median | 1% | least | n |\n|---|---|---|---|---|")
    for tap, found in sorted(cosines.items()):
        print(
            f"| tap {tap} | {np.median(found):.5f} | {np.quantile(found, 0.01):.5f} | {min(found):.5f} | {len(found)} |"
        )


def judged(task: str, sides: Sequence[Side | Words], rows: Sequence[Row], seconds: float) -> np.ndarray:
    """Shape (runtimes, rows, stages, 2)."""
    start = time.perf_counter()
    for side in sides:
        side.prepare()
    parts: list[list[np.ndarray]] = [[] for _ in sides]
    for at in range(0, len(rows), AT_ONCE):
        if seconds and at and time.perf_counter() - start > seconds:
            break
        items = [
            Item(str(at + i), row.text, Location(task, at + i + 1))
            for i, row in enumerate(rows[at : at + AT_ONCE])
        ]
        for side, part in zip(sides, parts, strict=True):
            part.append(side.judge(items))
    for side in sides:
        side.close()
    return np.stack([np.concatenate(part) for part in parts])


def report(
    names: Sequence[str], runtimes: Sequence[Recorder], found: Mapping[str, np.ndarray], by_task: bool
) -> None:
    everything = {**(found if by_task else {}), "all": np.concatenate(list(found.values()), axis=1)}
    for i, j in combinations(range(len(names)), 2):
        print(f"\n### {names[i]} and {names[j]}\n")
        print(
            "| task, stage | all rows | rows with a margin over 0.1 | p moved by: mean, most |\n|---|---|---|---|"
        )
        for task, own in everything.items():
            for k, stage in enumerate(STAGES if own.shape[2] > 1 else ["label words"]):
                print(f"| {task}, {stage} | {' | '.join(agreement(own[i, :, k], own[j, :, k]))} |")
        readings(runtimes[i], runtimes[j])
    seconds = ", ".join(f"{name} {one.seconds:.0f}" for name, one in zip(names, runtimes, strict=True))
    print(f"\nseconds of reading: {seconds}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--runtimes", default="llama-cpp,transformers")
    parser.add_argument("--rows", type=int, default=400, help="of each task")
    parser.add_argument(
        "--seconds", type=float, default=0, help="for all tasks together; 0: as long as it takes"
    )
    parser.add_argument("--shots", type=int, default=4, help="examples, and as many counterexamples")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="keep unpacked weights here")
    parser.add_argument("--words", action="store_true", help="label words alone")
    given = parser.parse_args()
    settings = load_settings({}, os.environ, Path.cwd())
    file = locate(given.model, settings.data_dir)
    default = load("default", Shelf(settings.config_dir / "profiles"))
    names, tasks = given.runtimes.split(","), given.tasks.split(",")
    print(f"{file.name}, {given.shots} examples and {given.shots} counterexamples", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder, kept = Path(temporary), given.keep or Path(temporary)
        kept.mkdir(parents=True, exist_ok=True)
        runtimes = [opened(kind, file, kept, given.threads) for kind in names]
        found = {}
        for task in tasks:
            train = rows_of(given.data / f"{task}.train.jsonl")
            rows = rows_of(given.data / f"{task}.dev.jsonl")[: given.rows]
            profile = drawn(default.by_name[TASKS[task]], train, given.shots, 0)
            sides: list[Side | Words] = [
                Words(one, profile) if given.words else Side(one, profile, folder / str(i))
                for i, one in enumerate(runtimes)
            ]
            found[task] = judged(task, sides, rows, given.seconds / len(tasks))
            print(f"{task}: {found[task].shape[1]} rows", flush=True)
            for i, j in combinations(range(len(names)), 2):
                cells = agreement(found[task][i, :, -1], found[task][j, :, -1])
                print(f"  {names[i]} and {names[j]}: {'; '.join(cells)}", flush=True)
        report(names, runtimes, found, by_task=len(tasks) > 1)
        for one in runtimes:
            one.close()


if __name__ == "__main__":
    main()
