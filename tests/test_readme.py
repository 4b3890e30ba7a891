"""README says what is so: its commands are run, and end as it says; the pages about commands are complete."""

from __future__ import annotations

import random
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modcli.cli.app import app
from modcli.settings import KEYS
from tests.cascade.taught import WORDS
from tests.cli_reference import PAGE, commands, page

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")

#: Commands that are not run here, and why.
EXCLUDED = {
    "tail -f posts.log | modcli check --print allowed": "never ends; tests/cli/test_stream.py has live pipes",
    "modcli models pull qwen2.5-coder-0.5b": "needs the network; .ci/run pulls a model",
    "modcli models remove qwen2.5-coder-0.5b": "nothing was pulled",
    "modcli eval protocol tasks --data SETS --list": "the public sets are not here; tests/cli/test_eval_protocol.py",
    "modcli profile test default family": "a model is needed to pass them; tests/cli/test_profile_test.py",
    "modcli review village.db": "asks on a terminal; tests/cli/test_review_screen.py",
    "modcli models path auto": "there are no weights; .ci/run fetches them",
}
_STATUS = re.compile(r"\s+# exit status (\d+)$")
_SHELL = re.compile(r"[|<>]")
_INTO_A_FILE = re.compile(r"^[^|<>]+ > [\w.-]+$")


@dataclass(frozen=True)
class Command:
    """A command as README has it, and the exit status that it promises."""

    text: str
    status: int


def shown(language: str) -> list[str]:
    """The lines of all fenced blocks of a language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def readme_commands() -> list[Command]:
    """The commands of the console blocks, in order."""
    found = []
    for line in shown("console"):
        if line.startswith("$ "):
            status = _STATUS.search(line)
            text = _STATUS.sub("", line.removeprefix("$ "))
            found.append(Command(text, int(status[1]) if status else 0))
    return found


def run(command: str) -> tuple[int, str]:
    """The exit status and all that was printed; in this process, unless the command needs a shell."""
    command, _, file = command.partition(" > ") if _INTO_A_FILE.search(command) else (command, "", "")
    if not _SHELL.search(command):
        program, *arguments = shlex.split(command)
        assert program == "modcli"
        result = CliRunner().invoke(app, arguments)
        if file:
            Path(file).write_bytes(result.stdout_bytes)
        return result.exit_code, result.output
    script = f'set -o pipefail; modcli() {{ {shlex.quote(sys.executable)} -m modcli "$@"; }}; {command}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def posts() -> list[str]:
    """A stream to tune to: posts that the scripted model finds something in, and others."""
    chance = random.Random(1)
    return [
        " ".join([*chance.sample(WORDS, 4), f"no {i}", *(["toxic"] * 3 if i % 4 == 0 else [])])
        for i in range(900)
    ]


def test_its_commands_end_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "posts.txt").write_text("\n".join(posts()), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    listed = readme_commands()
    assert len(listed) > 20
    for command in listed:
        if command.text not in EXCLUDED:
            status, printed = run(command.text)
            assert status == command.status, f"$ {command.text}\n{printed}"


def test_what_is_excluded_is_there() -> None:
    assert set(EXCLUDED) <= {command.text for command in readme_commands()}


def test_the_set_up_is_two_commands_on_top() -> None:
    first = shown("sh")
    assert len(first) == 2
    assert ".venv/bin/modcli check --observe examples/posts.txt" in first[0]
    assert first[1].endswith(".venv/bin/pytest")


def test_every_command_is_in_it() -> None:
    for name, _ in commands():
        assert re.search(rf"\b{re.escape(name)}\b", README), f"README.md has no example of `{name}`"


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.cli_reference"


def test_every_setting_is_described() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for key in KEYS:
        assert f"| `{key.name}` |" in text


def test_links_lead_somewhere() -> None:
    for name in ("README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))):
        text = (ROOT / name).read_text("utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"


def test_no_placeholder_is_left() -> None:
    """Where a table or an output was to be filled in."""
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        left = re.findall(r"\b[A-Z]+_TABLES?\b|\bOUTPUT_\w+", path.read_text("utf-8"))
        assert not left, f"{path.name} still has {', '.join(left)}"
