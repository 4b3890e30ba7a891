"""Runs a baseline's own package in a process of its own: `python -m modcli.evaluation.baselines_worker WHAT IN OUT`.

These packages print, draw bars, set seeds and look for the network as they please. Here nothing of that reaches the
command, and the caller's environment keeps them offline. IN is a JSON object; a list of probabilities for each task goes
to OUT as JSON.

`setfit`: IN has `model` (a folder), `tasks` (each with `texts` and `labels`, 0 or 1), `test` (texts) and `seed`.
`detoxify`: IN has `test`, and `tasks` (each with `score`, the name of one of the model's scores).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

#: Pairs drawn for each shot and side (R = 20) and rows in a batch: as in Tunstall et al. 2022, arXiv 2209.11055.
_ITERATIONS, _BATCH = 20, 16
_DETOXIFY_BATCH = 32


def setfit_probabilities(given: Mapping[str, Any]) -> list[list[float]]:
    """Contrastive fine-tuning of the embedder on pairs of shots, then logistic regression, for each task anew."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    found = []
    for task in given["tasks"]:
        model = SetFitModel.from_pretrained(given["model"], local_files_only=True)
        arguments = TrainingArguments(
            output_dir="setfit",  # in the temporary folder that the caller runs this in
            batch_size=_BATCH,
            num_iterations=_ITERATIONS,
            num_epochs=1,
            seed=given["seed"],
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        )
        shots = Dataset.from_dict({"text": task["texts"], "label": task["labels"]})
        Trainer(model=model, args=arguments, train_dataset=shots).train()
        probabilities = model.predict_proba(given["test"], as_numpy=True, show_progress_bar=False)
        column = list(model.model_head.classes_).index(1)
        found.append([float(row[column]) for row in probabilities])
    return found


def detoxify_probabilities(given: Mapping[str, Any]) -> list[list[float]]:
    """The scores of Detoxify's first model, as it comes."""
    from detoxify import Detoxify

    model = Detoxify("original")
    found: list[list[float]] = [[] for _ in given["tasks"]]
    for start in range(0, len(given["test"]), _DETOXIFY_BATCH):
        batch = given["test"][start : start + _DETOXIFY_BATCH]
        scores = model.predict(batch)
        for column, task in zip(found, given["tasks"], strict=True):
            values = scores[task["score"]]
            # Of one text a bare number is given.
            column += [float(value) for value in (values if isinstance(values, list) else [values])]
    return found


WORKERS: Mapping[str, Callable[[Mapping[str, Any]], list[list[float]]]] = {
    "setfit": setfit_probabilities,
    "detoxify": detoxify_probabilities,
}


def main(arguments: Sequence[str]) -> None:
    """What the process runs."""
    what, given, found = arguments
    probabilities = WORKERS[what](json.loads(Path(given).read_text("utf-8")))
    Path(found).write_text(json.dumps(probabilities), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
