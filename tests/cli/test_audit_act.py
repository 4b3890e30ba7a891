"""`modcli audit act`, as a user gives it."""

from __future__ import annotations

import csv
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from modcli.audit.store import AuditStore, now
from modcli.cli import audit_act
from modcli.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive"
PROFILE = "categories:\n  toxic: {definition: toxic, action: block}\n"
#: Who wrote how much that is flagged, and for whom.
WRITTEN = (
    *((f"{name}@bad.example", 2, "public") for name in ("mallory", "eve", "trudy")),
    ("one@big.example", 2, "public"),
    ("once@big.example", 1, "public"),
    ("anna@bücher.example", 2, "public"),
    ("secret@hidden.example", 2, "followers"),
    ("https://s.example/@who", 2, "public"),
    ("=cmd@x.example", 2, "public"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


def act(*words: str, status: int = 0) -> Result:
    result = run("act", "m.db", *words, "-o", "out")
    assert result.exit_code == status, result.output
    return result


def told(result: Result) -> dict[str, dict[str, Any]]:
    return {row["kind"]: row for row in map(json.loads, result.stdout.splitlines())}


def lines(name: str) -> list[str]:
    return (Path("out") / name).read_text().splitlines()


def spelled(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.fixture
def audit(home: Path) -> Path:
    (home / "p.yaml").write_text(PROFILE)
    with (home / "m.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "author", "text", "url", "visibility"])
        number = 0
        for author, count, visibility in WRITTEN:
            for _ in range(count):
                number += 1
                text = f"toxic toxic casino {spelled(number)}"
                writer.writerow([number, author, text, f"https://h.example/{number}", visibility])
        for i in range(40):
            text = f"a walk by the {spelled(i)} sea"
            writer.writerow([100 + i, f"u{i}@good.example", text, f"https://h.example/{100 + i}", "public"])
        writer.writerow([200, "nice@bad.example", "a good morning", "https://h.example/200", "public"])
    assert run("m.csv", "-p", "p.yaml", "--out", "m.db").exit_code == 1
    return home / "m.db"


LISTED = [
    *("anna@xn--bcher-kva.example", "eve@bad.example", "mallory@bad.example", "one@big.example"),
    *("secret@hidden.example", "trudy@bad.example"),
]


@pytest.mark.usefixtures("audit")
def test_accounts_for_each_kind_of_server() -> None:
    result = act("blocks", "mutes", "akkoma")
    assert lines("blocked_accounts.csv") == LISTED == lines("akkoma_accounts.txt")
    assert lines("muted_accounts.csv") == [
        "Account address,Hide notifications",
        *(f"{a},true" for a in LISTED),
    ]
    assert told(result)["blocks"] == {
        "kind": "blocks",
        "files": ["blocked_accounts.csv"],
        "listed": 6,
        "left_out": 3,
        "undo": "undo_blocks.txt",
        "reasons": "reasons_blocks.csv",
        "sent": False,
    }
    assert "nothing was sent" in result.stderr
    assert "--never" in result.stderr, "nobody knows whose posts these are"
    assert lines("undo_blocks.txt")[-6:] == LISTED
    reasons = {row["account"]: row["why not"] for row in csv.DictReader(lines("reasons_blocks.csv"))}
    assert "not certain" in reasons["https://s.example/@who"]
    assert "characters" in reasons["'=cmd@x.example"]
    assert "--at-least" in reasons["once@big.example"]
    assert "Choose Merge" in (Path("out") / "HOW-TO.txt").read_text()


@pytest.mark.usefixtures("audit")
def test_one_item_is_enough_where_asked_for_and_never_is_never() -> None:
    act("blocks", "--at-least", "1", "--never", "@Eve@bad.example", "--never", "hidden.example")
    assert lines("blocked_accounts.csv") == [
        *(
            name
            for name in LISTED
            if name not in ("eve@bad.example", "secret@hidden.example", "trudy@bad.example")
        ),
        *("trudy@bad.example", "once@big.example"),
    ]


@pytest.mark.usefixtures("audit")
def test_who_is_in_ones_list_already_is_left_out(home: Path) -> None:
    (home / "now.csv").write_bytes(
        b"\xef\xbb\xbfAccount address,Hide notifications\n\nEve@bad.example,true\n@x\n\xff,\n"
    )
    (home / "domains.csv").write_text("bad.example\n")
    act("blocks", "domains", "--already", "now.csv", "--already", "domains.csv")
    assert lines("blocked_accounts.csv") == [name for name in LISTED if name != "eve@bad.example"]
    assert not (home / "out" / "blocked_domains.csv").exists()
    assert "cannot be read" in act("blocks", "--already", "none.csv", status=2).stderr


def test_what_a_person_called_allowed_does_not_count(audit: Path) -> None:
    with AuditStore(audit, write=True) as store, store.transaction() as connection:
        [(item,)] = connection.execute(
            "SELECT min(i.id) FROM items i JOIN authors a ON a.id = i.author WHERE a.handle = 'eve@bad.example'"
        )
        connection.execute(
            "INSERT INTO decisions (made, judgement, item, answer, source, before, after)"
            " VALUES (?, 1, ?, 'wrong', 'review', 'block', 'allow')",
            (now(), item),
        )
    act("blocks")
    assert lines("blocked_accounts.csv") == [name for name in LISTED if name != "eve@bad.example"]


@pytest.mark.usefixtures("audit")
def test_a_domain_is_listed_with_several_accounts_only() -> None:
    result = act("domains", "admin-domains")
    assert lines("blocked_domains.csv") == ["bad.example"]
    assert lines("domain_blocks.csv")[1:] == ["bad.example,silence,false,false,,false"]
    assert "bad.example: accounts that count: 3 of 4 (75%)" in result.stderr
    act("admin-domains", "--severity", "suspend", "--force")
    assert lines("domain_blocks.csv")[1:] == ["bad.example,suspend,false,false,,false"]
    assert run("act", "m.db", "domains", "--at-least-accounts", "1", "-o", "x").exit_code == 2


@pytest.mark.usefixtures("audit")
def test_a_domain_with_few_accounts_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = act("domains", "--domain", "BÜCHER.example", status=2)
    assert "--yes" in refused.stderr
    assert not Path("out").exists()
    act("domains", "--domain", "BÜCHER.example", "--yes")
    assert lines("blocked_domains.csv") == ["bad.example", "xn--bcher-kva.example"]
    asked: list[str] = []

    def answer(question: str, *, err: bool) -> bool:
        asked.append(question)
        return not err

    monkeypatch.setattr(audit_act, "_at_a_terminal", lambda: True)
    monkeypatch.setattr(typer, "confirm", answer)
    act("domains", "admin-domains", "--domain", "big.example", "--force")
    assert lines("blocked_domains.csv") == ["bad.example"], "the answer was no"
    assert len(asked) == 1
    assert "1 of 2 (50%)" in asked[0]


@pytest.mark.usefixtures("audit")
def test_private_posts_count_for_oneself_and_are_shown_to_nobody() -> None:
    result = act("blocks", "reports")
    drafts = [json.loads(line) for line in lines("report_drafts.jsonl")]
    assert [one["account"] for one in drafts] == [name for name in LISTED if not name.startswith("secret")]
    assert all(len(one["status_uris"]) == 2 and len(one["comment"]) <= 1000 for one in drafts)
    assert "left out of reports" in result.stderr
    hidden = [
        row for row in csv.DictReader(lines("reasons_blocks.csv")) if row["account"].startswith("secret")
    ]
    assert {(row["link"], row["visibility"]) for row in hidden} == {("", "some people only")}
    assert all("toxic" not in row["text"] for row in hidden)
    act("reports", "--include-private", "--force")
    assert "secret@hidden.example" in {json.loads(line)["account"] for line in lines("report_drafts.jsonl")}


@pytest.mark.usefixtures("audit")
def test_keywords_are_proposed_and_written_only_when_named() -> None:
    result = act("filters")
    [proposed] = told(result)["filters"]["proposed"]
    assert proposed["allowed"] == 0
    assert proposed["flagged"] == proposed["of_flagged"] == 15
    assert not Path("out").exists()
    act("filters", "--keyword", "casino", "--keyword", "赌场", "--filter-title", "Mine\n")
    [made] = json.loads((Path("out") / "custom_filters.json").read_text())["custom_filters"]
    assert (made["title"], made["action"], made["statuses"]) == ("Mine", "warn", [])
    assert made["expires_at"].endswith("Z")
    assert [one["whole_word"] for one in made["keywords_attributes"]] == [True, False]
    assert lines("reasons_filters.csv")[1:] == ["casino,yes,15,15,0,41", "赌场,no,0,15,0,41"]
    assert "POST /api/v2/filters" in (Path("out") / "filters_for_older_servers.txt").read_text()
    assert act("filters", "--keyword", " ", "--force", status=2).stderr


@pytest.mark.usefixtures("audit")
def test_nothing_is_overwritten_unasked() -> None:
    act("blocks")
    before = {one.name: one.read_bytes() for one in Path("out").iterdir()}
    act("blocks"), act("mutes")
    refused = act("blocks", "--at-least", "9", status=2)
    assert "--force" in refused.stderr
    assert before.items() <= {one.name: one.read_bytes() for one in Path("out").iterdir()}.items()
    forced = act("blocks", "--at-least", "9", "--force")
    assert not (Path("out") / "blocked_accounts.csv").exists(), (
        "what is not listed any more is not left to be imported"
    )
    assert "removed" in forced.stderr
    assert (Path("out") / "muted_accounts.csv").exists()


@pytest.mark.usefixtures("audit")
def test_what_cannot_be_done_is_said_before_anything_is_written() -> None:
    for words in (
        ["blocks", "--never", "ba*.example"],
        ["domains", "--domain", "https://bad.example"],
        ["blocks", "--domain", "bad.example"],
        ["deletions"],
        ["nonsense"],
        ["blocks", "--judgement", "9"],
    ):
        assert "error" in act(*words, status=2).stderr.lower(), words
    assert not Path("out").exists()


def test_of_an_archive_its_owners_own_posts_can_be_deleted() -> None:
    assert run(str(EXAMPLE), "--out", "m.db").exit_code == 1
    result = act("blocks", "domains", "deletions", "--action", "warn", "--at-least", "1")
    assert told(result)["blocks"]["files"] == []
    assert "owner's own posts" in result.stderr
    found = lines("statuses_to_delete.txt")
    assert "https://village.example/@ada/9" in found
    assert all(address.startswith("https://village.example/@ada/") for address in found)
    assert "cannot be brought back" in (Path("out") / "undo_deletions.txt").read_text()
    assert {one.name for one in Path("out").iterdir()} == {
        *("HOW-TO.txt", "statuses_to_delete.txt", "undo_deletions.txt", "reasons_deletions.csv")
    }


@pytest.mark.usefixtures("audit")
def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    act("blocks", "domains", "reports", "admin-domains")


@pytest.mark.usefixtures("audit")
def test_on_a_terminal() -> None:
    shown = act("blocks", "filters", "--format", "table").stdout
    assert "LEFT OUT" in shown
    assert "ALLOWED TEXTS WITH IT" in shown
