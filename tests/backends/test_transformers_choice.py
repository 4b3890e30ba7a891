"""Which runtime is taken where the user names none, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modcli.backends import transformers_choice
from modcli.backends.transformers_choice import Choice, choose, chosen_device, require
from modcli.errors import MissingExtraError


def having(*packages: str) -> Callable[[str], object]:
    return lambda name: name in packages


def torch_finds(device: str) -> Callable[[str], str]:
    return lambda wish: device if wish == "auto" else wish


def never(_: str) -> str:
    raise AssertionError("torch was loaded for nothing")


ALL = having("torch", "transformers", "gguf")


@pytest.mark.parametrize(
    ("kind", "device", "installed", "may", "ask", "expected"),
    [
        ("gguf", "auto", ALL, False, never, ("llama-cpp", "", "no GPU is here")),
        ("gguf", "cpu", ALL, True, never, ("llama-cpp", "", "the device is cpu")),
        ("gguf", "auto", ALL, True, torch_finds("cuda"), ("transformers", "cuda", "cuda is here")),
        ("gguf", "auto", ALL, True, torch_finds("mps"), ("transformers", "mps", "mps is here")),
        ("gguf", "auto", ALL, True, torch_finds("cpu"), ("llama-cpp", "", "torch finds no GPU")),
        ("gguf", "cuda:1", ALL, False, torch_finds("cuda"), ("transformers", "cuda:1", "cuda:1 is here")),
        ("folder", "auto", ALL, False, never, ("transformers", "cpu", "it is no GGUF file")),
        ("folder", "auto", ALL, True, torch_finds("cuda"), ("transformers", "cuda", "it is no GGUF file")),
        (
            "folder",
            "cpu",
            having("torch", "transformers"),
            True,
            never,
            ("transformers", "cpu", "it is no GGUF file"),
        ),
    ],
)
def test_choices(
    kind: str,
    device: str,
    installed: Callable[[str], object],
    may: bool,
    ask: Callable[[str], str],
    expected: tuple[str, str, str],
) -> None:
    found = choose(kind, device, installed=installed, may_be_there=lambda: may, ask_torch=ask)
    assert found == Choice(*expected)


@pytest.mark.parametrize("packages", [(), ("torch",), ("torch", "transformers")])
def test_a_gpu_without_the_packages(packages: tuple[str, ...]) -> None:
    found = choose("gguf", installed=having(*packages), may_be_there=lambda: True, ask_torch=never)
    assert found.backend == "llama-cpp"
    assert "modcli[transformers]" in found.why
    assert all(package not in found.why.split(":")[0] for package in packages)


@pytest.mark.parametrize(("packages", "told"), [((), "torch and transformers"), (("torch",), "transformers")])
def test_no_torch_names_the_extra(packages: tuple[str, ...], told: str) -> None:
    for ask in (lambda: require(having(*packages)), lambda: choose("folder", installed=having(*packages))):
        with pytest.raises(MissingExtraError, match=f"needs {told}$") as caught:
            ask()
        assert caught.value.hint == "pip install 'modcli[transformers]'"


def test_torch_is_loaded_only_where_there_may_be_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_choice, "_ask_torch", never)
    monkeypatch.setattr(transformers_choice, "may_have_gpu", lambda: False)
    assert chosen_device("auto") == chosen_device("cpu") == "cpu"
    monkeypatch.setattr(transformers_choice, "may_have_gpu", lambda: True)
    with pytest.raises(AssertionError, match="for nothing"):
        chosen_device("auto")


@pytest.mark.parametrize(
    ("platform", "processor", "answer"), [("darwin", "arm64", True), ("darwin", "x86_64", False)]
)
def test_apple(monkeypatch: pytest.MonkeyPatch, platform: str, processor: str, answer: bool) -> None:
    monkeypatch.setattr(transformers_choice.sys, "platform", platform)
    monkeypatch.setattr(transformers_choice, "machine", lambda: processor)
    assert transformers_choice.may_have_gpu() is answer
