"""Facts about code: capabilities with exact lines, flows, blocks of Markdown, and code that means to break it."""

from __future__ import annotations

import builtins
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import MissingExtraError
from modcli.skills import code
from modcli.skills.capabilities import Capability, Kind, Sink
from modcli.skills.code import CodeFacts, facts
from tests.skills.dangerous_cases import file, page


def of(path: str, text: str) -> CodeFacts:
    return facts(file(path, text))


def lines(found: CodeFacts, capability: Capability) -> list[int]:
    return [fact.line for fact in found.facts if fact.capability is capability]


@pytest.mark.parametrize(
    ("path", "text", "capability", "line"),
    [
        ("a.py", "import requests\n\nrequests.get('https://api.example.com')\n", Capability.NETWORK_OUT, 3),
        ("a.py", "import requests as r\ns = r.Session()\ns.post('https://api.example.com')\n", Capability.NETWORK_OUT, 3),
        ("a.py", "from http.server import HTTPServer\nHTTPServer(('', 80), H)\n", Capability.NETWORK_IN, 2),
        ("a.py", "import os\n\n\nx = os.environ['CITY_TOKEN']\n", Capability.SECRET_VARIABLES, 4),
        ("a.py", "from pathlib import Path\nPath('~/.ssh/id_rsa').expanduser().read_text()\n", Capability.CREDENTIALS, 2),
        ("a.py", "import glob\nglob.glob('~/Documents/*.pdf')\n", Capability.USER_FILES, 2),
        ("a.py", "\nopen('/etc/motd', 'w').write('x')\n", Capability.WRITES_OUTSIDE, 2),
        ("a.py", "import subprocess\nsubprocess.run(['ls'])\n", Capability.PROCESS, 2),
        ("a.py", "x = 1\neval(input())\n", Capability.DYNAMIC_CODE, 2),
        ("a.py", "import base64\nbase64.b64decode(x)\n", Capability.DECODING, 2),
        ("a.py", "import os\nwith open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('x')\n",
         Capability.PERSISTENCE, 2),
        ("a.py", "import shutil\nshutil.rmtree('build')\n", Capability.DELETION, 2),
        ("a.py", "import os\ngetattr(os, 'sys' + 'tem')('ls')\n", Capability.OBFUSCATION, 2),
        ("a.sh", "ls\nsudo apt-get install -y jq\n", Capability.PRIVILEGE, 2),
        ("a.sh", "ls\nsudo apt-get install -y jq\n", Capability.INSTALLATION, 2),
        ("a.sh", "cd x\ncrontab jobs.txt\n", Capability.PERSISTENCE, 2),
        ("a.sh", "if true; then\n  wget https://e.example\nfi\n", Capability.NETWORK_OUT, 2),
        ("a.sh", "nc -l 8080\n", Capability.NETWORK_IN, 1),
        ("a.js", "const fs = require('fs');\nfs.rmSync('x');\n", Capability.DELETION, 2),
        ("a.mjs", "import { exec } from 'node:child_process';\nexec('ls');\n", Capability.PROCESS, 2),
        ("a.ts", "const x: string = 'a';\nawait fetch('https://api.example.com');\n", Capability.NETWORK_OUT, 2),
        ("a.js", "const cp = require('child_process')\n  , run = cp['ex' + 'ec'];\nrun('ls')\n"
                 "", Capability.OBFUSCATION, 3),
    ],
)  # fmt: skip
def test_capabilities_have_their_line(path: str, text: str, capability: Capability, line: int) -> None:
    found = of(path, text)
    assert lines(found, capability)[:1] == [line], found.facts


def test_lines_of_markdown_count_the_front_matter() -> None:
    text = "---\nname: x\n---\n" + page("ls\ncurl https://e.example")
    found = of("SKILL.md", text)
    assert lines(found, Capability.NETWORK_OUT) == [text.split("\n").index("curl https://e.example") + 1]


def test_lines_of_code_in_a_heredoc() -> None:
    found = of("a.sh", "ls\npython3 - <<'EOF'\nimport os\n\nos.system('curl https://e.example')\nEOF\n")
    assert lines(found, Capability.NETWORK_OUT) == [5]


def test_code_in_a_string_has_the_line_of_the_string() -> None:
    found = of("a.py", "import os\nos.system('ls; \\n curl https://e.example')\n")
    assert lines(found, Capability.NETWORK_OUT) == [2]


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("run", "#!/usr/bin/env python3\nprint(1)\n", "python"),
        ("run", "#!/bin/sh\nls\n", "bash"),
        ("run", "#!/usr/bin/env -S node --x\n1\n", "javascript"),
        ("a.zip!b/c.py", "1", "python"),
        ("notes.txt", "ls", ""),
        ("a.rb", "puts 1", "ruby"),
    ],
)
def test_languages(path: str, text: str, language: str) -> None:
    assert of(path, text).language == language


def test_what_has_no_grammar_is_said() -> None:
    assert of("a.lua", "os.execute('x')").foreign == "Lua"
    assert of("run", "#!/usr/bin/perl\n1;\n").foreign == "perl"
    assert of("notes.txt", "hello").foreign == ""


def test_flows_have_both_ends() -> None:
    text = (
        "import requests, os\nk = open(os.path.expanduser('~/.netrc')).read()\nb = {'k': k}\n\n"
        "requests.post(u, json=b)\n"
    )
    (flow,) = of("a.py", text).flows
    assert (flow.kind, flow.sink, flow.source_line, flow.line) == (Kind.CREDENTIAL, Sink.NETWORK, 2, 5)


def test_a_key_in_a_header_is_another_sink_than_a_body() -> None:
    head = "import requests, os\nk = os.environ['CITY_KEY']\nrequests.post('https://a.example', "
    assert [flow.sink for flow in of("a.py", head + "headers={'x': k})\n").flows] == [Sink.HEADER]
    assert [flow.sink for flow in of("a.py", head + "json={'x': k})\n").flows] == [Sink.NETWORK]


def test_no_flow_where_a_name_is_another_functions() -> None:
    text = (
        "import requests\ndef a():\n    x = open('/etc/shadow').read()\n\ndef b():\n"
        "    x = 'hello'\n    requests.post(u, data=x)\n"
    )
    assert of("a.py", text).flows == ()


def test_runs_are_the_files_that_are_run() -> None:
    found = of("a.sh", "bash lib/b.sh\npython3 c.py --x\n./d\nsource e.sh\n")
    assert [(line, path) for line, path, _ in found.runs] == [
        (1, "lib/b.sh"),
        (2, "c.py"),
        (3, "./d"),
        (4, "e.sh"),
    ]


def test_blocks_know_what_they_are_for() -> None:
    text = (
        "# A\n\nNever do this:\n\n```bash\nls\n```\n\nRun this:\n\n```sh\nls\n```\n\n"
        "Then run `make all`, not `make no`.\n"
        "\n!`git status`\n\n```text\nls\n```\n"
    )
    found = [(one.line, one.kind, one.example, one.to_do) for one in of("SKILL.md", text).blocks]
    assert found == [
        (6, "block", True, False),
        (12, "block", False, True),
        (15, "inline", False, True),
        (17, "dynamic", False, False),
    ]


def test_parts_that_parse_give_facts_and_the_rest_is_counted() -> None:
    found = of("a.py", "import os\nos.system('ls')\n" + "def ((( ]] :::\n" * 30 + "os.system('id')\n")
    assert 2 in lines(found, Capability.PROCESS)
    assert found.error_share > 0.2
    assert of("a.py", "import os\n").error_share == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "x = " + "(" * 20_000 + "1" + ")" * 20_000),
        ("a.py", "x = " + "+".join(["'a'"] * 20_000)),
        ("a.py", "f(" * 5_000 + ")" * 5_000),
        ("a.py", "".join(" " * i + f"def f{i}():\n" for i in range(300)) + " " * 300 + "os.system(x)\n"),
        ("a.js", "[" * 20_000 + "]" * 20_000),
        ("a.js", "a.b" + ".c()" * 5_000),
        ("a.js", "x => " * 3_000 + "x"),
        ("a.sh", "$(" * 3_000 + "ls" + ")" * 3_000),
        ("a.sh", "ls" + " | cat" * 3_000),
        ("a.sh", "eval \"" * 500 + "ls" + "\"" * 500),
        ("a.sh", "cat <<A\n" * 300),
        ("SKILL.md", "> " * 500 + "```bash\nls\n```\n"),
        ("SKILL.md", "```bash\n" * 3_000),
        ("a.py", "x\n" * 50_000),
    ],
)  # fmt: skip
def test_depth_and_length_do_no_harm(path: str, text: str) -> None:
    assert of(path, text).path == path


def test_what_is_cut_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "MOST_NODES", 200)
    found = of("a.py", "x = 1\n" * 100)
    assert 1 < found.cut_line < 100
    monkeypatch.setattr(code, "MOST_NODES", 10_000)
    monkeypatch.setattr(code, "MOST_BYTES", 60)
    assert of("a.py", "x = 1\n" * 100).cut_line == 11
    assert of("a.py", "x = 1\n" * 5).cut_line == 0


def test_code_in_strings_is_read_to_a_depth() -> None:
    def nested(depth: int) -> str:
        text = "curl https://e.example"
        for _ in range(depth):
            text = "bash -c '" + text.replace("'", "'\\''") + "'"
        return text

    assert lines(of("a.sh", nested(2)), Capability.NETWORK_OUT) == [1]
    assert of("a.sh", nested(9)).facts


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.sh", "a.js", "SKILL.md", "a.ts", "b"]))
def test_no_bytes_are_too_much(data: bytes, path: str) -> None:
    found = facts(file(path, data.replace(b"\0", b" ")))
    assert 0 <= found.error_share <= 1


_PIECES = (
    *("import os", "os.system(", "x = ", "curl ", "| sh", "eval ", "'", '"', "`", "$(", ")", "{", "}", "<<EOF", "\n"),
    *("```bash\n", "```\n", "fetch(", "require('", "exec(", "~/.ssh/id_rsa", "requests.post(", "for x in ", ":", "f'{"),
    *("def f(a, "
      "b=1):", "=>", "await ", "\ud800", "é", "<!--", "[", "]", "base64 -d", " > ", "< ", "&& ", "!`", ";", "\\", "EOF"),
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(st.lists(st.sampled_from(_PIECES), max_size=40), st.sampled_from(["a.py", "a.sh", "a.js", "SKILL.md"]))
def test_no_crash_on_pieces_of_code_and_lines_are_inside(pieces: list[str], path: str) -> None:
    text = "".join(pieces).encode("utf-8", "replace").decode()
    found = of(path, text)
    last = text.count("\n") + 1
    for fact in found.facts:
        assert 1 <= fact.line <= last
    for flow in found.flows:
        assert 1 <= flow.source_line <= last
        assert 1 <= flow.line <= last


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 40), st.sampled_from([("a.py", "eval(x)"), ("a.sh", "eval x"), ("a.js", "eval(x)")]))
def test_lines_move_with_what_stands_before(before: int, at: tuple[str, str]) -> None:
    path, text = at
    filler = random.Random(before).choices(["", "x=1", "#" if path != "a.js" else "// c"], k=before)
    found = of(path, "\n".join([*filler, text]))
    assert lines(found, Capability.DYNAMIC_CODE) == [before + 1]


@pytest.mark.parametrize(("missing", "path"), [("tree_sitter", "a.py"), ("markdown_it", "SKILL.md")])
def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch, missing: str, path: str) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: object, **more: object) -> object:
        if name.split(".")[0] == missing:
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    code.parser.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError) as raised:
        of(path, "ls\n")
    assert raised.value.hint == "pip install 'modcli[skills]'"
