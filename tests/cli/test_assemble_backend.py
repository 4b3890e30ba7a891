"""Which runtime the settings lead to, and a run of `modcli check` with each of the new ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import modcli.cli.assemble_backend as assemble_backend
from modcli.backends import transformers_choice
from modcli.backends.transformers_choice import Choice
from modcli.cli.app import app
from modcli.cli.assemble_backend import computed_digest, make_backend
from modcli.errors import MissingExtraError, UsageError, WeightsError
from modcli.settings import Folders, resolve
from modcli.weights.locate import ModelFile
from tests.backends.tiny import save_tiny

PROFILE = """categories:
  spam:
    action: block
    definition: Advertising.
    examples: [buy coins now, "buy now, good offer"]
    counterexamples: ["good morning, how are you?", a cat sleeps]
"""
DIGEST = "a" * 64


@pytest.fixture
def ensured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every GGUF model is on this machine."""

    def ensure(name: str, *_: object, **__: object) -> ModelFile:
        return ModelFile(name, tmp_path / "x.gguf", DIGEST, 1, pinned=True, format="gguf")

    monkeypatch.setattr(assemble_backend, "ensure", ensure)


def made(tmp_path: Path, said: list[str], **flags: object) -> str:
    settings = resolve(flags, {}, folders=Folders(tmp_path, tmp_path, tmp_path))
    backend = make_backend(settings, facts_folder=None, prefix_folder=None, detail=said.append)
    return backend.digest


@pytest.mark.usefixtures("ensured")
def test_auto_says_which_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(assemble_backend, "choose", lambda *_: Choice("llama-cpp", "", "no GPU is here"))
    assert made(tmp_path, said) == DIGEST
    monkeypatch.setattr(assemble_backend, "choose", lambda *_: Choice("transformers", "cuda", "cuda is here"))
    assert made(tmp_path, said) == computed_digest(DIGEST, "cuda", "auto") != DIGEST
    assert said == [
        "backend: llama-cpp (no GPU is here)",
        "backend: transformers on cuda (cuda is here)",
    ]


def test_states_of_other_devices_and_formats_are_others() -> None:
    digests = [
        computed_digest(DIGEST, device, bits) for device in ("cuda", "cpu", "mps") for bits in ("auto", "8")
    ]
    assert len(set(digests)) == len(digests)
    assert computed_digest(DIGEST, "cuda:0", "auto") == computed_digest(DIGEST, "cuda:1", "auto")


@pytest.mark.usefixtures("ensured")
def test_no_torch_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(installed: object = None) -> None:
        raise MissingExtraError(
            "--backend transformers needs torch", hint="pip install 'modcli[transformers]'"
        )

    monkeypatch.setattr(assemble_backend, "require", absent)
    with pytest.raises(MissingExtraError, match="needs torch"):
        made(tmp_path, [], backend="transformers")


def test_llama_cpp_reads_no_folder(tmp_path: Path) -> None:
    for model in (str(tmp_path), "owner/name"):
        with pytest.raises(UsageError, match="is no GGUF file") as caught:
            made(tmp_path, [], backend="llama-cpp", model=model)
        assert "--backend transformers" in str(caught.value.hint)


def test_a_repository_that_is_not_here_and_offline(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(WeightsError, match="owner/name is not on this machine"):
        made(tmp_path, [], backend="transformers", device="cpu", model="owner/name", offline=True)


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({}, "needs the server's address"),
        ({"base_url": "http://10.0.0.7:8000/v1"}, "10.0.0.7 is another machine, and posts do not leave"),
        ({"base_url": "https://api.example.com/v1"}, "api.example.com is another machine"),
        (
            {"base_url": "http://10.0.0.7/v1", "allow_remote": True, "offline": True},
            r"stay offline \(flag --offline\), and 10.0.0.7",
        ),
    ],
)
def test_what_is_refused_of_servers(tmp_path: Path, flags: dict[str, object], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        made(tmp_path, [], backend="openai", **flags)


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODCLI_THREADS", "1")
    Path("spam.yaml").write_text(PROFILE)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["check", "-p", "./spam.yaml", *arguments])

    return run


def test_check_with_a_folder_through_transformers(run: Run, tmp_path: Path) -> None:
    """Reading, heads, label words and the caches, with a model of random weights."""
    pytest.importorskip("transformers")
    save_tiny(tmp_path / "tiny")
    arguments = (
        "--backend",
        "transformers",
        "--device",
        "cpu",
        "--model",
        "./tiny",
        "--stage",
        "model",
        "-v",
    )
    first = run(*arguments, "--text", "buy coins now", "--text", "a cat")
    assert first.exit_code in (0, 1), first.output
    assert "backend: transformers on cpu (set by flag --backend)" in first.stderr
    records = [json.loads(line) for line in first.stdout.splitlines()]
    assert len(records) == 2
    assert all(0 < record["categories"]["spam"]["p"] < 1 for record in records)
    again = run(*arguments, "--text", "buy coins now", "--text", "a cat")
    assert [json.loads(line)["action"] for line in again.stdout.splitlines()] == [
        record["action"] for record in records
    ]


def test_check_takes_transformers_for_a_folder_by_itself(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(transformers_choice, "may_have_gpu", lambda: False)
    save_tiny(tmp_path / "tiny")
    result = run("--model", "./tiny", "-v", "--stage", "reading", "--text", "buy")
    assert "backend: transformers on cpu (it is no GGUF file)" in result.stderr
    assert result.exit_code in (0, 1)


def test_check_without_a_chat_template(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    save_tiny(tmp_path / "tiny", template="")
    result = run("--backend", "transformers", "--device", "cpu", "--model", "./tiny", "--text", "buy")
    assert result.exit_code == 2
    assert "has no chat template" in result.stderr


def test_check_asks_a_guard_in_its_own_form(run: Run, tmp_path: Path) -> None:
    """Known by its folder's name; without hidden states, and without a chat template."""
    pytest.importorskip("transformers")
    save_tiny(tmp_path / "shieldgemma-2b", template="")
    arguments = ("--backend", "transformers", "--device", "cpu", "--model", "./shieldgemma-2b")
    result = run(*arguments, "--text", "buy coins now")
    assert result.exit_code in (0, 1), result.output
    assert "ShieldGemma is asked about one principle at a time" in result.stderr
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["stage"] == "prompt"
    assert 0 < record["categories"]["spam"]["p"] < 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("qwen3guard-gen-0.6b", "spam: Qwen3Guard judges by categories of its own"),
        ("policylm-1.7b", "PolicyLM"),
    ],
)
def test_check_refuses_a_guard_that_cannot_judge_this(
    run: Run, tmp_path: Path, name: str, reason: str
) -> None:
    pytest.importorskip("transformers")
    save_tiny(tmp_path / name)
    result = run("--backend", "transformers", "--device", "cpu", "--model", f"./{name}", "--text", "buy")
    assert result.exit_code == 2
    assert reason in result.stderr


def test_doctor_looks_for_no_file_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    save_tiny(tmp_path / "tiny")
    monkeypatch.setenv("MODCLI_BACKEND", "transformers")
    monkeypatch.setenv("MODCLI_MODEL", "./tiny")
    monkeypatch.setenv("MODCLI_DEVICE", "cpu")
    monkeypatch.setenv("MODCLI_THREADS", "1")
    result = CliRunner().invoke(app, ["doctor"])
    assert "is not there" not in result.output
    assert "an ordinary post" in result.output
