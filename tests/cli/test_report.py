"""`modcli report`, as a user gives it: a page that nobody's post can take over."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive"
EVIL = "</script><script>steal()</script><img src=x onerror=steal()> toxic"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


class Page(HTMLParser):
    """The tags of a page with their attributes, and its scripts."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = file.read_text("utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.lasttag = ""

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script":
            self.scripts[-1] += data


def page(source: Path | str, *more: str) -> Page:
    assert run("audit", str(source), "--out", "a.db").exit_code == 1
    result = run("report", "a.db", "-o", "r.html", *more)
    assert result.exit_code == 0, result.output
    return Page(Path("r.html"))


def hostile(home: Path) -> Path:
    second = {"id": "2", "author": "ben@b.example", "content": "toxic toxic {{ 7 * 7 }}", "created_at": ""}
    first = {"id": "1", "author": EVIL, "content": EVIL.replace("<", "&lt;"), "created_at": EVIL}
    rows = [
        first | {"url": "javascript:steal()"},
        second | {"url": "https://b.example/2"},
    ]
    file = home / "posts.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return file


def test_it_opens_offline_and_runs_one_script(home: Path) -> None:
    found = page(EXAMPLE)
    for tag, attributes in found.tags:
        assert tag not in ("iframe", "object", "embed", "link", "img", "base")
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    running = [a for tag, a in found.tags if tag == "script" and "type" not in a]
    assert len(running) == 1
    [policy] = [a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(found.scripts[-1].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "<!--" not in found.text


def test_a_post_is_never_markup(home: Path) -> None:
    found = page(hostile(home), "--title", EVIL)
    assert "steal()</script>" not in found.text
    assert sum(tag == "script" for tag, _ in found.tags) == 4
    links = [a["href"] or "" for tag, a in found.tags if tag == "a"]
    assert all(link.startswith(("#", "https://")) for link in links)
    assert "{{ 7 * 7 }}" in found.text
    assert "javascript:" not in found.text


def test_what_is_blocked_is_behind_a_click(home: Path) -> None:
    found = page(hostile(home))
    shown = re.search(r'<div id="static">(.*?)</div>', found.text, re.DOTALL)
    assert shown is not None
    assert shown[1].count("<details>") == 2
    assert "<details open>" not in shown[1]


def test_private_posts_are_left_out_unless_asked_for() -> None:
    without = page(EXAMPLE)
    assert "2 items that were meant for followers or single people only are left out" in without.text
    assert "Not for passing on" in page(EXAMPLE, "--include-private").text


def test_figures_as_json() -> None:
    run("audit", str(EXAMPLE), "--out", "a.db")
    record = json.loads(run("report", "a.db", "--format", "json", "--include-private").stdout)
    assert record["items"] == 43
    assert record["blocked"] + record["warned"] + record["allowed"] == record["judged"] == 36
    assert record["not_judged"]["nothing_to_judge"] == 7
    assert sum(month["judged"] for month in record["months"]) == 36
    assert record["log_risk"]["mean"] <= record["log_risk"]["cvar95"] <= record["log_risk"]["worst"]


def test_a_selection_is_named() -> None:
    found = page(EXAMPLE, "--since", "2025-06", "--author", "ada")
    assert "by ada since 2025-06" in found.text


def test_texts_can_be_left_out() -> None:
    page(EXAMPLE)
    assert run("report", "a.db", "-o", "r.html", "--no-text").exit_code == 0
    assert '<script type="text/plain" id="texts">eJwDAAAAAAE=</script>' in Page(Path("r.html")).text


def test_bad_words_are_told() -> None:
    assert run("report", "none.db").exit_code == 2
    run("audit", "plan", str(EXAMPLE), "--out", "a.db")
    result = run("report", "a.db")
    assert result.exit_code == 2
    assert "nothing was judged yet" in result.output
    run("audit", str(EXAMPLE), "--out", "a.db")
    assert "there is no such folder" in run("report", "a.db", "-o", "none/r.html").output
    assert run("report", "a.db", "--format", "json", "-o", "x").exit_code == 2


def test_it_is_put_beside_the_audit() -> None:
    run("audit", str(EXAMPLE), "--out", "village.audit.db")
    assert run("report", "village.audit.db").exit_code == 0
    assert Path("village.audit.html").exists()
