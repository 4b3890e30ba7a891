"""What a model knows inside: AUROC of heads on hidden states by position and layer, of centroids, of the output head's
own directions, of label words, and of both together.

    python benchmarks/latent.py read DATA --out STATES [--rows 400] [--longest 400]
                                       [--model auto] [--threads 2]
    python benchmarks/latent.py basis STATES [--model auto]
    python benchmarks/latent.py table STATES [--draws 8]

DATA holds NAME.dev.jsonl, and NAME.train.jsonl (without it, the second half of dev is for shots), of `text` and `labels`.
`read` reads every row once under the reading prompt, and keeps the states of the last token of the item and of the last
token of the template at each layer named below; and asks the profile prompt with a one-line definition. `basis` keeps the
right singular vectors of the model's output head. `table` compares with what modcli does (a head at the end of the
template on three layers): the difference in AUROC is over the same draws of shots, its 95% interval by drawing the tested
rows anew.

A set may hold fewer layers (`layers`) and the last position alone: what needs more is left out for it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

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
#: What modcli does.
SHIPPED = "head, end of the template, layers 6, 16, 20"
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


def basis(out: Path, model: str) -> None:
    """EigenShift (arXiv 2509.16660): the output head's right singular vectors, and the norm before it."""
    import gguf

    settings = load_settings({"model": model}, os.environ, Path.cwd())
    tensors = {
        tensor.name: tensor for tensor in gguf.GGUFReader(locate(model, settings.data_dir).path).tensors
    }
    head = tensors.get("output.weight") or tensors["token_embd.weight"]
    gram: NDArray = np.zeros((head.shape[0], head.shape[0]))
    for start in range(0, len(head.data), 8192):
        rows = gguf.quants.dequantize(head.data[start : start + 8192], head.tensor_type)
        gram += rows.T @ rows
    _, vectors = np.linalg.eigh(gram)
    norm = gguf.quants.dequantize(
        tensors["output_norm.weight"].data, tensors["output_norm.weight"].tensor_type
    )
    np.savez(out / "basis", vectors=vectors[:, ::-1].astype(np.float32), norm=norm)


def table(folder: Path, draws: int) -> None:
    turned = np.load(folder / "basis.npz") if (folder / "basis.npz").exists() else None
    for file in sorted(folder.glob("*.npz")):
        if file.stem == "basis":
            continue
        held = np.load(file)
        states, words, labels, shots = held["states"], held["words"], held["labels"], int(held["shots"])
        layers = tuple(held["layers"].tolist()) if "layers" in held else LAYERS
        states = states / np.linalg.norm(states, axis=-1, keepdims=True)
        test = np.arange(shots, len(labels))
        positive = labels[test]
        print(f"\n### {file.stem}: {len(test)} rows, {positive.mean():.0%} of them positive")
        print(f"label words, a one-line definition, no shot: {auroc(words[test], positive):.3f}\n")
        print("| what | 8 | 32 | 128 |\n|---|---|---|---|")
        compared = scorers(words, layers, states.shape[1], turned)
        found = {
            what: [
                [score(states, labels, drawn(labels[:shots], number, seed), test) for seed in range(draws)]
                for number in (8, 32, 128)
            ]
            for what, score in compared.items()
        }
        for what, by_number in found.items():
            cells = [
                cell(own, base, positive) if what != SHIPPED else f"{mean_auroc(own, positive):.3f}"
                for own, base in zip(by_number, found[SHIPPED], strict=True)
            ]
            print(f"| {what} | {' | '.join(cells)} |", flush=True)


def auroc(scores: NDArray, positive: NDArray[np.bool_]) -> float:
    ranks = rankdata(scores)
    count = int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def mean_auroc(drawn_scores: list[NDArray], positive: NDArray[np.bool_]) -> float:
    return float(np.mean([auroc(scores, positive) for scores in drawn_scores]))


def cell(own: list[NDArray], base: list[NDArray], positive: NDArray[np.bool_], times: int = 200) -> str:
    """Mean over draws, and the interval of the difference from what is shipped; bold where it leaves out 0."""
    chance = np.random.default_rng(0)
    differences = []
    for _ in range(times):
        rows = chance.integers(0, len(positive), len(positive))
        if 0 < positive[rows].sum() < len(rows):
            a, b = ([scores[rows] for scores in one] for one in (own, base))
            differences.append(mean_auroc(a, positive[rows]) - mean_auroc(b, positive[rows]))
    low, high = np.quantile(differences, [0.025, 0.975])
    text = f"{mean_auroc(own, positive):.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text


def drawn(labels: NDArray[np.bool_], number: int, seed: int) -> NDArray[np.int64]:
    chance = np.random.default_rng(seed)
    kinds = [np.flatnonzero(labels == kind) for kind in (True, False)]
    return np.concatenate([chance.choice(kind, min(number // 2, len(kind)), replace=False) for kind in kinds])


Scorer = Callable[[Floats, NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]


def scorers(
    words: NDArray[np.float64], known: tuple[int, ...], positions: int, turned: Any
) -> dict[str, Scorer]:
    """What is compared; each gives scores of the rows to test. `known` layers and so many positions are there."""

    def head(position: tuple[int, ...], layers: tuple[int, ...], also: bool = False) -> Scorer:
        places = [known.index(layer) for layer in layers if layer in known]

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
            for layer in range(own.shape[1]):
                for kind, sign in ((True, 1), (False, -1)):
                    centre = own[chosen][labels[chosen] == kind][:, layer].mean(0)
                    total += sign * own[test][:, layer] @ centre / np.linalg.norm(centre)
            return total

        return score

    def eigen(kept: int) -> Scorer:
        """The last layer, normed as before the output head, on the head's right singular vectors: difference of the
        classes' means on the components that tell them apart best."""

        def score(states: Floats, labels: NDArray[np.bool_], chosen: NDArray, test: NDArray) -> NDArray:
            last = states[:, -1, -1] * np.sqrt(states.shape[-1]) * turned["norm"]
            x = last @ turned["vectors"]
            kinds = [x[chosen][labels[chosen] == kind] for kind in (True, False)]
            gap = kinds[0].mean(0) - kinds[1].mean(0)
            spread = np.sqrt((kinds[0].var(0) + kinds[1].var(0)) / 2) + 1e-6
            best = np.argsort(-np.abs(gap / spread))[:kept]
            return x[test][:, best] @ (gap / spread**2)[best]

        return score

    end, item = (positions - 1,), (0,)
    found = {
        SHIPPED: head(end, (6, 16, 20)),
        "head, end of the template, layer 6": head(end, (6,)),
        "head, end of the template, layer 16": head(end, (16,)),
        "head, end of the template, layer 20": head(end, (20,)),
        "head, end of the template, all layers read": head(end, known),
        "head, end of the template, deepest layer read": head(end, known[-1:]),
        "centroids over layers, end of the template": centroids(positions - 1),
        "head (6, 16, 20) and label words": head(end, (6, 16, 20), also=True),
        "label words alone": lambda _states, _labels, _chosen, test: words[test],
    }
    if positions > 1:
        found |= {
            "head, end of the item, layer 6": head(item, (6,)),
            "head, end of the item, layer 16": head(item, (16,)),
            "head, end of the item, layer 20": head(item, (20,)),
            "head, end of the item, layers 6, 16, 20": head(item, (6, 16, 20)),
            "head, both ends, layers 6, 16, 20": head((0, 1), (6, 16, 20)),
            "head, both ends, and label words": head((0, 1), (6, 16, 20), also=True),
            "centroids over layers, end of the item": centroids(0),
        }
    if turned is not None and known[-1] == LAYERS[-1]:
        found |= {f"EigenShift, {kept} components": eigen(kept) for kept in (8, 64, 1536)}
    return found


def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["read", "basis", "table"])
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
    elif given.what == "basis":
        basis(given.folder, given.model)
    else:
        table(given.folder, given.draws)


if __name__ == "__main__":
    main()
