"""`modcli check --vision-model`: the model that the settings lead to, what is said without one, and its debates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import modcli.cli.assemble_images
import modcli.cli.assemble_vision as assemble_vision
import modcli.cli.check
from modcli.backends.vision_scripted import ScriptedVision
from modcli.cli.app import app
from modcli.cli.assemble_vision import make_vision_backend
from modcli.errors import MissingExtraError, SettingsError, UsageError, WeightsError
from modcli.images.ocr import Transcript
from modcli.images.picture import Picture
from modcli.profile import Action
from modcli.settings import Folders, Settings, load_settings, resolve
from tests.backends.tiny_gguf import save_seeing_part, save_text_part
from tests.backends.tiny_vision import save_llava
from tests.cli.fake import FakeModerator
from tests.images.drawing import saved

PROFILE = """\
categories:
  red: {action: block, definition: Things that are red.}
  rude: {action: warn, definition: Insults.}
  bare: {action: warn}
"""
Run = Callable[..., Result]


class Reader:
    """Reads nothing."""

    name, digest = "fake", "0"

    def __init__(self, **_: object) -> None:
        pass

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        return [Transcript(()) for _ in pictures]


def settings(tmp_path: Path, **flags: object) -> Settings:
    folders = Folders(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    return resolve(flags, {}, folders=folders)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli check` with a fake moderator and reader, in a folder with a profile and pictures."""

    def build(_settings: object, _profile: object, *, on_error: Action, **_: object) -> FakeModerator:
        return FakeModerator(on_error)

    monkeypatch.setattr(modcli.cli.check, "build_moderator", build)
    monkeypatch.setattr(modcli.cli.assemble_images, "RapidOcr", Reader)
    monkeypatch.setattr(modcli.cli.assemble_images, "_scripts", lambda *_: None)
    monkeypatch.setenv("MODCLI_IMAGE_EMBEDDER", "none")
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(PROFILE)
    monkeypatch.setenv("MODCLI_PROFILE", str(tmp_path / "p.yaml"))
    for colour in ("red", "green"):
        Path(f"{colour}.png").write_bytes(saved(Image.new("RGB", (40, 30), colour)))
    return lambda *arguments: CliRunner().invoke(app, ["check", *arguments])


def test_it_judges_pictures_and_nothing_without_a_name(run: Run) -> None:
    pictures = ("--image", "red.png", "green.png", "--backend", "scripted")
    result = run(*pictures, "--vision-model", "any")
    assert result.exit_code == 1, result.output
    red, green = (json.loads(line) for line in result.stdout.splitlines())
    assert (red["action"], red["stage"]) == ("block", "vision model")
    assert green["action"] == "allow"
    assert green["untold"] == ["bare"], "what the model can judge is no longer untold"
    assert green["categories"].keys() == {"red", "rude"}
    without = [json.loads(line) for line in run(*pictures).stdout.splitlines()]
    assert [record["untold"] for record in without] == [["red", "rude", "bare"]] * 2


def test_a_debate_is_told_with_what_it_cost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modcli.images.vision.is_unsure", lambda *_: True)
    options = ("--image", "red.png", "--backend", "scripted", "--vision-model", "any", "--stats")
    result = run(*options, "--debate", "2")
    (red,) = (json.loads(line) for line in result.stdout.splitlines())
    assert red["stage"] == "debate"
    assert "was debated in 2 rounds: " in red["reason"]
    assert "debating (2 debates, 8 generations) " in result.stderr
    assert "debating" not in run(*options).stderr, "off unless it is asked for"


@pytest.mark.parametrize(("flag", "value"), [("--debate", "2"), ("--mmproj", "m.gguf")])
def test_parts_of_a_model_without_one(run: Run, flag: str, value: str) -> None:
    result = run("--image", "red.png", "--backend", "scripted", flag, value)
    assert result.exit_code == 2
    assert f"error: {flag} is of a vision-language model" in result.stderr


def test_packages_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(assemble_vision, "find_spec", lambda name: None if name == "torch" else True)
    with pytest.raises(MissingExtraError, match="needs torch") as caught:
        make_vision_backend(settings(tmp_path, vision_model=str(tmp_path / "model")))
    assert caught.value.hint == "pip install 'modcli[transformers]'"


def test_a_gguf_file_needs_its_other_half(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the other file") as caught:
        make_vision_backend(settings(tmp_path, vision_model="a.gguf"))
    assert "--mmproj" in (caught.value.hint or "")
    with pytest.raises(WeightsError):
        make_vision_backend(settings(tmp_path, vision_model="a.gguf", mmproj="b.gguf"))


def test_a_dry_run_loads_no_model(tmp_path: Path) -> None:
    found = make_vision_backend(settings(tmp_path, vision_model="org/name", backend="scripted"))
    assert isinstance(found, ScriptedVision)


def test_settings_have_their_limits(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (found.vision_model, found.mmproj, found.debate) == ("", "", 0)
    with pytest.raises(SettingsError, match="5 or less"):
        settings(tmp_path, debate=6)
    file = tmp_path / ".modcli.toml"
    file.write_text("debate = 2\nvision_model = 'org-name'\n")
    assert load_settings({}, {"HOME": "/nowhere"}, tmp_path).debate == 2
    for line in ("vision_model = './folder'", "mmproj = 'm.gguf'"):
        file.write_text(f"{line}\n")
        with pytest.raises(SettingsError):
            load_settings({}, {"HOME": "/nowhere"}, tmp_path)


def test_a_model_of_the_hubs_format_sees_a_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    save_llava(tmp_path / "llava")
    options = ("--image", "red.png", "green.png", "--vision-model", "./llava", "--device", "cpu", "--offline")
    result = run(*options, "--threads", "1")
    assert result.exit_code in (0, 1), result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["stage"] for record in records] == ["vision model"] * 2
    assert all(record["categories"].keys() == {"red", "rude"} for record in records)
    again = run(*options, "--threads", "1", "--no-cache")
    assert again.stdout == result.stdout
    assert "drawings" in result.stderr
    assert "drawings" not in again.stderr, "they are looked at once"


@pytest.mark.parametrize("kind", ["mlp", "idefics3"])
def test_a_gguf_file_and_its_other_half_see_a_picture(run: Run, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("gguf")
    save_text_part(tmp_path / "text.gguf")
    save_seeing_part(tmp_path / "mmproj.gguf", kind=kind)
    options = ("--image", "red.png", "green.png", "--vision-model", "text.gguf", "--mmproj", "mmproj.gguf")
    result = run(*options, "--threads", "1", "--offline")
    assert result.exit_code in (0, 1), result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["stage"] for record in records] == ["vision model"] * 2
    assert all(record["untold"] == ["bare"] for record in records if record["action"] == "allow")
    result = run(*options[:-1], "text.gguf", "--threads", "1", "--offline")
    assert result.exit_code == 2
    assert "cannot see by" in result.stderr


def test_example_pictures_make_a_head_of_a_real_model(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    save_llava(tmp_path / "llava")
    Path("blue.png").write_bytes(saved(Image.new("RGB", (40, 30), "blue")))
    Path("p.yaml").write_text(
        "categories:\n  shown:\n    action: block\n    threshold: 0.4\n"
        "    examples: [{image: red.png}]\n    counterexamples: [{image: blue.png}]\n"
    )
    options = ("--vision-model", "./llava", "--device", "cpu", "--offline", "--threads", "1")
    result = run("--image", "red.png", "blue.png", *options)
    red, blue = (json.loads(line) for line in result.stdout.splitlines())
    assert red["stage"] == "vision model"
    assert "llava: like red.png" in red["reason"]
    assert red["categories"]["shown"]["p"] >= 0.4 > blue["categories"]["shown"]["p"]
