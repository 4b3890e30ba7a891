"""What a model knows inside: AUROC of heads on hidden states by position and layer, of centroids, of the output head's
own directions, of label words, and of both together.

    python benchmarks/latent.py read DATA --out STATES [--rows 400] [--longest 400]
                                       [--model auto] [--threads 2]
    python benchmarks/latent.py table STATES [--draws 8]

DATA holds NAME.dev.jsonl, and NAME.train.jsonl (without it, the second half of dev is for shots), of `text` and `labels`.
`read` reads every row once under the reading prompt, and keeps the states of the last token of the item and of the last
token of the template at each layer named below; and asks the profile prompt with a one-line definition.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from modcli.backends.llama_cpp import LlamaCpp
from modcli.backends.llama_session import ROOM, SEQUENCES, Row
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.reading import READING
from modcli.prompts.template import conversation
from modcli.settings import load_settings
from modcli.weights.locate import locate

LAYERS = (3, 6, 9, 12, 14, 16, 18, 20, 22, 24, 26, 27)
SETS = {
    "sms_spam": "Unsolicited advertising, prizes, premium numbers, scams.",
    "paradetox": "Rude, vulgar, insulting or hostile language.",
    "sst2": "The writer judges the film or its parts to be bad.",
    "openai_moderation": "Sexual content, hate, violence, harassment or self-harm.",
}
Floats = NDArray[np.float32]


def read(folder: Path, out: Path, count: int, longest: int, model: str, threads: int) -> None:
    settings = load_settings({"model": model}, os.environ, Path.cwd())
    file = locate(model, settings.data_dir)
    backend = LlamaCpp(file.path, name=file.name, digest=file.digest, threads=threads)
    out.mkdir(parents=True, exist_ok=True)
    for name, definition in SETS.items():
        if not (folder / f"{name}.dev.jsonl").exists() or (out / f"{name}.npz").exists():
            continue
        shots, test = rows_of(folder, name, count)
        texts = [backend._text(backend._tokens(row["text"][:2000])[:longest]) for row in (*shots, *test)]
        states = np.concatenate(
            [both_positions(backend, texts[i : i + 16], longest) for i in range(0, len(texts), 16)]
        )
        prefix = Prefix(conversation(f"You are a moderator. The category is: {definition}"))
        question = Question("\n\nDoes the post belong to the category? Answer Yes or No.", ("Yes", "No"))
        words = []
        for i in range(0, len(texts), 16):
            readouts = backend.read(prefix, texts[i : i + 16], questions=[question])
            words += [one.log_probabilities[0][0] - one.log_probabilities[0][1] for one in readouts]
        labels = np.array([bool(row["labels"]) for row in (*shots, *test)])
        np.savez(out / f"{name}.npz", states=states, words=np.array(words), labels=labels, shots=len(shots))
        print(f"{name}: {len(shots)} rows for shots, {len(test)} to test", flush=True)


def rows_of(folder: Path, name: str, count: int) -> tuple[list[dict], list[dict]]:
    chance = random.Random(1)
    dev = [json.loads(line) for line in (folder / f"{name}.dev.jsonl").open("rb")]
    chance.shuffle(dev)
    train = folder / f"{name}.train.jsonl"
    rest = [json.loads(line) for line in train.open("rb")] if train.exists() else dev[count:]
    groups = [[row for row in rest if bool(row["labels"]) == kind] for kind in (True, False)]
    return [row for group in groups for row in chance.sample(group, min(count // 2, len(group)))], dev[:count]


def both_positions(backend: LlamaCpp, texts: list[str], longest: int) -> Floats:
    """Shape (texts, 2, layers, width): of the last token of the item, and of the template."""
    session, framed = backend._session(READING)
    bodies = [backend._tokens(text)[:longest] or framed.after[:1] for text in texts]
    found, waiting = [], list(bodies)
    while waiting:
        rows, sequences = list[Row](), list[int]()
        while (
            waiting
            and len(rows) + len(waiting[0]) + len(framed.after) <= ROOM
            and len(sequences) < SEQUENCES // 2
        ):
            body, number = waiting.pop(0), len(sequences) + 1
            session.fork(number)
            sequences.append(number)
            ends = (len(body) - 1, len(body) + len(framed.after) - 1)
            rows += [
                Row(token, session.prefix_length + i, number, i in ends)
                for i, token in enumerate([*body, *framed.after])
            ]
        states, _ = session.decode(rows, taps=LAYERS, stop=False, tokens=())
        session.forget(sequences)
        stacked = np.stack([states[layer] for layer in LAYERS], axis=1)
        found.append(stacked.reshape(len(sequences), 2, len(LAYERS), -1))
    return np.concatenate(found).astype(np.float32)


def table(folder: Path, draws: int) -> None:
    for file in sorted(folder.glob("*.npz")):
        held = np.load(file)
        states, words, labels, shots = held["states"], held["words"], held["labels"], int(held["shots"])
        states = states / np.linalg.norm(states, axis=-1, keepdims=True)
        test = np.arange(shots, len(labels))
        print(f"\n### {file.stem}: {len(test)} rows, {labels[test].mean():.0%} of them positive")
        print(
            f"label words, a one-line definition, no shot: {roc_auc_score(labels[test], words[test]):.3f}\n"
        )
        print("| what | 8 | 32 | 128 |\n|---|---|---|---|")
        for what, score in scorers(words).items():
            cells = []
            for number in (8, 32, 128):
                found = []
                for seed in range(draws):
                    chosen = drawn(labels[:shots], number, seed)
                    found.append(roc_auc_score(labels[test], score(states, labels, chosen, test)))
                cells.append(f"{np.mean(found):.3f}")
            print(f"| {what} | {' | '.join(cells)} |", flush=True)


def drawn(labels: NDArray[np.bool_], number: int, seed: int) -> NDArray[np.int64]:
    chance = np.random.default_rng(seed)
    kinds = [np.flatnonzero(labels == kind) for kind in (True, False)]
    return np.concatenate([chance.choice(kind, min(number // 2, len(kind)), replace=False) for kind in kinds])


Scorer = Callable[[Floats, NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]


def scorers(words: NDArray[np.float64]) -> dict[str, Scorer]:
    """What is compared; each gives scores of the rows to test."""

    def head(position: tuple[int, ...], layers: tuple[int, ...], also: bool = False) -> Scorer:
        places = [LAYERS.index(layer) for layer in layers]

        def score(states: Floats, labels: NDArray[np.bool_], chosen: NDArray, test: NDArray) -> NDArray:
            x = states[:, position][:, :, places].reshape(len(states), -1)
            x = (x - x[chosen].mean(0)) / np.sqrt(((x[chosen] - x[chosen].mean(0)) ** 2).sum(1).mean())
            fitted = LogisticRegression(C=1.0, max_iter=500).fit(x[chosen], labels[chosen])
            found = fitted.decision_function(x[test])
            return standard(found) + standard(words[test]) if also else found

        return score

    def centroids(position: int) -> Scorer:
        """Latent Guard (arXiv 2507.11878): mean over layers of the difference of cosines to both centroids."""

        def score(states: Floats, labels: NDArray[np.bool_], chosen: NDArray, test: NDArray) -> NDArray:
            own, total = states[:, position], np.zeros(len(test))
            for layer in range(len(LAYERS)):
                for kind, sign in ((True, 1), (False, -1)):
                    centre = own[chosen][labels[chosen] == kind][:, layer].mean(0)
                    total += sign * own[test][:, layer] @ centre / np.linalg.norm(centre)
            return total

        return score

    end, item = (1,), (0,)
    return {
        "head, end of the template, layer 6": head(end, (6,)),
        "head, end of the template, layer 16": head(end, (16,)),
        "head, end of the template, layer 20": head(end, (20,)),
        "head, end of the template, layers 6, 16, 20": head(end, (6, 16, 20)),
        "head, end of the item, layer 6": head(item, (6,)),
        "head, end of the item, layer 16": head(item, (16,)),
        "head, end of the item, layer 20": head(item, (20,)),
        "head, both ends, layers 6, 16, 20": head((0, 1), (6, 16, 20)),
        "head, end of the template, all twelve layers": head(end, LAYERS),
        "head, end of the template, last layer": head(end, (LAYERS[-1],)),
        "centroids over layers, end of the template": centroids(1),
        "centroids over layers, end of the item": centroids(0),
        "head (6, 16, 20) and label words": head(end, (6, 16, 20), also=True),
    }


def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["read", "table"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("latent"))
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--longest", type=int, default=400, help="tokens of a text that are read")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--draws", type=int, default=8)
    given = parser.parse_args(sys.argv[1:])
    if given.what == "read":
        read(given.folder, given.out, given.rows, given.longest, given.model, given.threads)
    else:
        table(given.folder, given.draws)


if __name__ == "__main__":
    main()
