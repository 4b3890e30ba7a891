from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from modcli.cli.assemble_embedder import build_embedder, why_no_embedder
from modcli.errors import BackendError, MissingExtraError, UsageError, WeightsError
from modcli.settings import Settings, load_settings
from modcli.weights.places import Places
from modcli.weights.registry import load_registry
from tests.embedders.tiny import make_tiny
from tests.embedders.tiny_onnx import make_tiny_onnx

BOTH = ("onnxruntime", "tokenizers", "sentence_transformers", "torch")


def settings(folder: Path, **flags: object) -> Settings:
    return load_settings({"data_dir": str(folder), "offline": True, **flags}, {"HOME": str(folder)}, folder)


def installed(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Whether or not they are."""
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: SimpleNamespace() if name in packages else None
    )


@pytest.mark.parametrize("name", ["minilm-l6", "bge-small-en-int8", "auto", ""])
def test_weights_that_are_not_here_are_not_fetched_offline(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match="offline"):
        build_embedder(settings(tmp_path), name)
    installed(monkeypatch, *BOTH)
    assert "modcli models pull" in why_no_embedder(settings(tmp_path), name)
    assert not why_no_embedder(settings(tmp_path, offline=False), name)


def test_weights_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, *BOTH)
    entry, places = load_registry().get("bge-small-en-int8"), Places(tmp_path)
    for file in entry.files:
        assert why_no_embedder(settings(tmp_path))
        places.file(entry, file).parent.mkdir(parents=True, exist_ok=True)
        places.file(entry, file).touch()
    assert not why_no_embedder(settings(tmp_path))


@pytest.mark.parametrize(
    ("name", "extra"),
    [("auto", "prefilter"), ("minilm-l6", "sentence-transformers"), ("a/b", "sentence-transformers")],
)
def test_without_packages_the_extra_is_named(
    tmp_path: Path, name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    assert f"modcli[{extra}]" in why_no_embedder(settings(tmp_path), name)
    assert f"modcli[{extra}]" in why_no_embedder(settings(tmp_path, embedder=name))


@pytest.mark.parametrize("name", ["smollm2-135m", "qwen3-4b"])
def test_a_model_of_another_kind(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no embedder") as caught:
        build_embedder(settings(tmp_path, embedder=name))
    assert caught.value.hint == "there is bge-small-en-int8, minilm-l6"
    assert "no embedder" in why_no_embedder(settings(tmp_path), name)


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model is called"):
        build_embedder(settings(tmp_path), "minilm")
    assert "did you mean minilm-l6?" in why_no_embedder(settings(tmp_path), "minilm")


def test_the_hub_is_not_asked_offline(tmp_path: Path) -> None:
    with pytest.raises((BackendError, MissingExtraError)):
        build_embedder(settings(tmp_path), "owner/name")


def test_without_a_model(tmp_path: Path) -> None:
    """`auto` goes with the backend."""
    for how in ({"embedder": "scripted"}, {"backend": "scripted"}):
        assert build_embedder(settings(tmp_path, **how)).facts.name == "scripted"
        assert not why_no_embedder(settings(tmp_path, **how))
    chosen = settings(tmp_path, backend="scripted", embedder="bge-small-en-int8")
    with pytest.raises(WeightsError, match="offline"):
        build_embedder(chosen)


@pytest.mark.filterwarnings("default")
def test_an_embedder_from_a_folder(tmp_path: Path) -> None:
    embedder = build_embedder(settings(tmp_path), str(make_tiny(tmp_path)))
    assert embedder.embed(["good morning"]).shape == (1, 16)


def test_an_onnx_embedder_from_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = make_tiny_onnx(tmp_path / "tiny")
    chosen = settings(tmp_path, embedder=str(folder), threads=1)
    assert not why_no_embedder(chosen)
    assert build_embedder(chosen).embed(["good morning"]).shape == (1, 8)


def test_looking_is_quick() -> None:
    """Nothing heavy is loaded with the module; the judging command imports it."""
    script = "import sys, modcli.cli.assemble_embedder\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"sklearn", "torch", "onnxruntime", "tokenizers", "sentence_transformers", "transformers"}
    assert not heavy & set(ran.stdout.split())
