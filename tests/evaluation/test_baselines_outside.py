"""The packages are stood in for by small ones of the same names, which the process finds first; SetFit itself is run
where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from modcli.errors import BackendError
from modcli.evaluation.baselines_outside import SetFit, detoxify_baseline, run_worker, setfit_baseline
from tests.embedders.tiny import make_tiny
from tests.evaluation.test_baselines import row

DETOXIFY = """
import os, sys
print("noise on stdout"); print("noise on stderr", file=sys.stderr)
assert os.environ["HF_HUB_OFFLINE"] == "1"
class Detoxify:
    def __init__(self, kind):
        assert kind == "original"
    def predict(self, texts):
        scores = [0.9 if "fool" in text else 0.1 for text in texts]
        return {"toxicity": scores if len(scores) > 1 else scores[0], "threat": [0.5] * len(texts)}
"""
SETFIT = """
import numpy as np
from pathlib import Path
class TrainingArguments:
    def __init__(self, **options):
        self.options = options
class SetFitModel:
    @classmethod
    def from_pretrained(cls, folder, local_files_only):
        assert local_files_only and folder == "the folder"
        return cls()
    def predict_proba(self, texts, as_numpy, show_progress_bar):
        # The head's classes are in no order that may be relied on.
        self.model_head = type("Head", (), {"classes_": [1, 0]})
        p = np.array([float(any(word in self.words for word in text.split())) for text in texts])
        return np.stack([p, 1 - p], axis=1)
class Trainer:
    def __init__(self, model, args, train_dataset):
        self.model, self.shots = model, train_dataset
        assert args.options["seed"] == 7
    def train(self):
        pairs = zip(self.shots["text"], self.shots["label"])
        self.model.words = {word for text, label in pairs if label for word in text.split()}
        Path("setfit").mkdir(exist_ok=True)  # the working folder is a temporary one
        print("50%", end="\\r")
"""
DATASETS = """
class Dataset:
    from_dict = staticmethod(dict)
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, code in {"detoxify": DETOXIFY, "setfit": SETFIT, "datasets": DATASETS}.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def checkpoint(folder: Path) -> None:
    file = folder / "hub" / "checkpoints" / "toxic_original-c1212f89.ckpt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")


def test_setfit_trains_each_category_by_itself(
    packages: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packages)
    train = [row("win", "spam"), row("lunch"), row("fool", "rude", unknown=["spam"])]
    test = [row("win win"), row("fool"), row("lunch \ud800")]
    found = SetFit("the folder")(train, test, ["spam", "absent", "rude"], 7)
    assert found.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert capfd.readouterr() == ("", "")
    assert not (packages / "setfit").exists()


def test_setfit_is_not_started_where_there_is_nothing_to_train() -> None:
    learn = SetFit("no/such/folder")
    assert learn([row("win", "spam")], [row("a")], ["spam"], 0).tolist() == [[1.0]]
    assert learn([row("win", "spam"), row("a")], [], ["spam"], 0).shape == (0, 1)


def test_setfit_says_why_it_cannot_be_measured(monkeypatch: pytest.MonkeyPatch, packages: Path) -> None:
    assert setfit_baseline(packages).learn == SetFit(str(packages))
    without = setfit_baseline(None, missing="no model for it")
    assert without.learn is None
    assert without.missing == "no model for it"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = setfit_baseline(packages)
    assert found.learn is None
    assert "modcli[setfit]" in found.missing


def test_detoxify_as_it_comes(packages: Path) -> None:
    checkpoint(packages / "torch")
    found = detoxify_baseline({"XDG_CACHE_HOME": str(packages)})
    assert not found.trained
    assert found.judges(["toxicity"])
    assert not found.judges(["spam"])
    assert found.learn is not None
    test = [row("you fool"), row("dear editor"), row("\ud800")]
    assert found.learn([], test, ["toxicity"], 0).tolist() == [[0.9], [0.1], [0.1]]
    assert found.learn([], test[:1], ["toxicity"], 0).tolist() == [[0.9]]
    assert found.learn([], [], ["toxicity"], 0).shape == (0, 1)


def test_detoxify_without_weights_or_package(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = detoxify_baseline({"HOME": str(packages)})
    assert found.learn is None
    assert "weights" in found.missing
    checkpoint(packages)
    assert detoxify_baseline({"TORCH_HOME": str(packages)}).learn is not None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "not installed" in detoxify_baseline({"TORCH_HOME": str(packages)}).missing


def test_a_process_that_fails_tells_its_last_line(packages: Path) -> None:
    (packages / "detoxify.py").write_text("raise OSError('no such weights')")
    with pytest.raises(BackendError, match="detoxify failed: OSError: no such weights"):
        run_worker("detoxify", {"test": [], "tasks": []})


def test_setfit_itself(tmp_path: Path) -> None:
    pytest.importorskip("setfit")
    folder = make_tiny(tmp_path)
    train = [row("buy coins now", "spam"), row("good morning"), row("coins now", "spam"), row("a cat")]
    found = SetFit(str(folder))(train, [row("buy coins"), row("cat sleeps")], ["spam"], 0)
    assert found.shape == (2, 1)
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
