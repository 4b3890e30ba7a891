from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from modcli.cli.assemble_baselines import build_baselines
from modcli.settings import Settings, load_settings
from tests.embedders.tiny_onnx import make_tiny_onnx


def settings(folder: Path) -> Settings:
    return load_settings({"data_dir": str(folder), "offline": True}, {"HOME": str(folder)}, folder)


def installed(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Whether or not they are."""
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: SimpleNamespace() if name in packages else None
    )


def test_without_packages_the_rest_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    found = build_baselines(settings(tmp_path))
    assert [baseline.name for baseline in found if baseline.learn] == [
        "majority class",
        "TF-IDF, logistic regression",
    ]
    missing = {baseline.name: baseline.missing for baseline in found if not baseline.learn}
    assert "modcli[sentence-transformers]" in missing["minilm-l6 embeddings, logistic regression"]
    assert "modcli[setfit]" in missing["SetFit"]
    assert missing["Detoxify (original)"]


def test_weights_that_are_not_here_are_not_fetched_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, "sentence_transformers", "torch", "setfit")
    found = {baseline.name: baseline for baseline in build_baselines(settings(tmp_path))}
    for name in ("minilm-l6 embeddings, logistic regression", "SetFit"):
        assert found[name].learn is None
        assert "models pull minilm-l6" in found[name].missing


def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder is loaded only when it is needed."""
    installed(monkeypatch, "sentence_transformers", "torch", "setfit")
    found = build_baselines(settings(tmp_path), str(tmp_path))
    assert [baseline.learn is not None for baseline in found] == [True, True, True, True, False]


@pytest.mark.parametrize("name", ["smollm2-135m", "qwen3-4b"])
def test_a_model_of_another_kind(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "sentence_transformers", "torch", "setfit")
    assert "no embedder" in build_baselines(settings(tmp_path), name)[2].missing
    assert "no model is called" in build_baselines(settings(tmp_path), "minilm")[2].missing


def test_setfit_does_not_train_an_onnx_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "onnxruntime", "tokenizers", "setfit")
    found = build_baselines(settings(tmp_path), str(make_tiny_onnx(tmp_path / "tiny")))
    assert [baseline.learn is not None for baseline in found] == [True, True, True, False, False]
    assert "ONNX" in found[3].missing
