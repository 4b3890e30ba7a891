"""Which device and number format are chosen, and what cannot be loaded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from modcli.backends import transformers_loading  # noqa: E402
from modcli.backends.transformers import Transformers  # noqa: E402
from modcli.backends.transformers_loading import (  # noqa: E402
    choose_device,
    choose_dtype,
    is_out_of_memory,
    load,
    taken_apart,
)
from modcli.errors import BackendError, MissingExtraError, ModcliError  # noqa: E402
from modcli.prompts.prompt import Frame, Prefix, Segment  # noqa: E402
from tests.backends.test_contract import PREFIX  # noqa: E402
from tests.backends.tiny import save_tiny  # noqa: E402


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


def test_a_gpu_is_chosen_where_there_is_one(gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device() == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    assert choose_device("cpu") == "cpu"
    assert choose_dtype("cuda") is torch.bfloat16
    assert choose_dtype("cuda", "32") is torch.float32
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert choose_dtype("cuda") is torch.float16


def test_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == "cpu"
    assert choose_dtype("cpu") is torch.float32
    assert choose_dtype("cpu", "16") is torch.bfloat16
    with pytest.raises(BackendError, match="no device cuda that torch") as caught:
        choose_device("cuda")
    assert caught.value.hint is not None
    assert "devices here: cpu" in caught.value.hint


def test_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == "mps"


def test_a_model_without_a_chat_template(tmp_path: Path) -> None:
    backend = Transformers(save_tiny(tmp_path, template=""), name="plain", digest="0" * 64, device="cpu")
    for ask in (backend.check, lambda prefix: backend.read(prefix, ["a"], taps=[1])):
        with pytest.raises(BackendError, match="plain has no chat template") as caught:
            ask(PREFIX)
    own = Prefix((), framed=Frame((Segment("Read: ", marker=True),), (Segment("\n", marker=True),)))
    assert len(backend.read(own, ["a"], taps=[1])) == 1, "a form of its own needs none"
    assert caught.value.hint is not None


def test_half_precision_reads_too(tmp_path: Path) -> None:
    loaded = load(save_tiny(tmp_path), device="cpu", bits="16")
    assert loaded.dtype is torch.bfloat16
    assert loaded.model.dtype is torch.bfloat16
    assert len(loaded.layers) == loaded.config.num_hidden_layers == 4


def broken(folder: Path, how: str) -> Path:
    """A folder or file with something wrong."""
    save_tiny(folder)
    if how == "no weights":
        (folder / "model.safetensors").unlink()
    elif how == "cut weights":
        whole = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    elif how == "no config":
        (folder / "config.json").unlink()
    elif how == "config is a list":
        (folder / "config.json").write_text("[]")
    elif how == "unknown kind":
        (folder / "config.json").write_text(json.dumps({"model_type": "something-new"}))
    elif how == "no tokenizer":
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer_config.json").unlink()
    elif how == "empty":
        for file in folder.iterdir():
            file.unlink()
    elif how == "a text":
        (folder / "model.txt").write_text("x")
        return folder / "model.txt"
    elif how == "no gguf":
        (folder / "model.gguf").write_text("x" * 100)
        return folder / "model.gguf"
    return folder


@pytest.mark.parametrize(
    "how",
    [
        *("no weights", "cut weights", "no config", "config is a list", "unknown kind", "no tokenizer"),
        *("empty", "a text", "no gguf"),
    ],
)
def test_what_cannot_be_loaded_says_where(tmp_path: Path, how: str) -> None:
    with pytest.raises(BackendError) as caught:
        load(broken(tmp_path, how), device="cpu")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(transformers.PreTrainedModel, "from_pretrained", full)
    with pytest.raises(BackendError, match="does not fit into the memory of cpu") as caught:
        load(save_tiny(tmp_path / "tiny"), device="cpu")
    assert "smaller model" in str(caught.value.hint)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "own",
        "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(BackendError):
        load(folder, device="cpu")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("bits", ["4", "8"])
def test_few_bits_need_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: str) -> None:
    missing = {"bitsandbytes", "torchao"}
    found = transformers_loading.find_spec
    monkeypatch.setattr(
        transformers_loading, "find_spec", lambda name: None if name in missing else found(name)
    )
    with pytest.raises(ModcliError, match=f"weights of {bits} bits need") as caught:
        load(save_tiny(tmp_path), device="cpu", bits=bits)
    assert isinstance(caught.value, MissingExtraError)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("pip install")


def test_a_gguf_file_needs_a_package_and_keeps_its_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr(transformers_loading, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="gguf package"):
        load(file, device="cpu")
    monkeypatch.setattr(transformers_loading, "find_spec", lambda _: sys)
    with pytest.raises(BackendError, match="cannot be packed into 4 bits"):
        load(file, device="cpu", bits="4")


def test_layers_that_cannot_share_a_prefix_are_refused(tmp_path: Path) -> None:
    loaded = load(save_tiny(tmp_path), device="cpu")
    loaded.model.config.layer_types = ["full_attention", "mamba"] * 2
    with pytest.raises(BackendError, match=r"another kind than attention \(mamba\)"):
        taken_apart(loaded.model, loaded.tokenizer, loaded.device, loaded.dtype)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (torch.OutOfMemoryError("x"), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: an illegal memory access"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_failures(error: Any, answer: bool) -> None:
    assert is_out_of_memory(error) is answer
