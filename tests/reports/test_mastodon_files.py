"""The files for Mastodon and others, as their importers read them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.filter_words import Keyword, Matches
from modcli.audit.handback import Evidence, FlaggedDomain, Suspect
from modcli.profile import Action
from modcli.reports import mastodon_files as files
from modcli.reports import mastodon_reasons as reasons
from modcli.reports import mastodon_undo as undo
from modcli.reports.mastodon_files import MOST_ROWS, NamedFile
from modcli.reports.mastodon_packages import OF_DOMAINS, Kind, account_package, deletion_package, names_of
from modcli.reports.mastodon_terminal import print_packages, print_proposals

ADDRESSES = ["a@bad.example", "b@xn--bcher-kva.example"]
POST = Evidence(
    item=1,
    kind="post",
    link="https://bad.example/@a/1",
    uri="https://bad.example/users/a/statuses/1",
    action=Action.BLOCK,
    category="spam",
    p=0.9,
    part="text",
    published="2026-01-01T00:00:00Z",
    private=False,
    confirmed=False,
    spread=False,
    text="=HYPERLINK(1) \u202e win",
)
SECRET = replace(
    POST, item=2, private=True, link="https://bad.example/@a/2", text="psst", uri="https://s.example/2"
)
SUSPECT = Suspect("a@bad.example", "a@bad.example", "https://bad.example/@a", (POST,))
MATCHES = [Matches(Keyword("free spins", True), 5, 6, 0, 90), Matches(Keyword("赌场", False), 3, 6, 1, 90)]


@pytest.mark.parametrize(
    ("made", "name", "content"),
    [
        (
            files.blocked_accounts(ADDRESSES),
            "blocked_accounts.csv",
            "a@bad.example\nb@xn--bcher-kva.example\n",
        ),
        (
            files.muted_accounts(ADDRESSES[:1]),
            "muted_accounts.csv",
            "Account address,Hide notifications\na@bad.example,true\n",
        ),
        (files.blocked_domains(["bad.example"]), "blocked_domains.csv", "bad.example\n"),
        (
            files.domain_blocks(["bad.example"], "silence"),
            "domain_blocks.csv",
            "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
            "bad.example,silence,false,false,,false\n",
        ),
        (files.bare_accounts(ADDRESSES), "akkoma_accounts.txt", "a@bad.example\nb@xn--bcher-kva.example\n"),
        (files.statuses_to_delete([POST.link]), "statuses_to_delete.txt", "https://bad.example/@a/1\n"),
    ],
)
def test_the_forms_to_the_letter(made: list[NamedFile], name: str, content: str) -> None:
    """Without a byte order mark, which would make another name of the first column."""
    [one] = made
    assert (one.name, one.content) == (name, content.encode())


def test_long_lists_are_split_within_the_limits() -> None:
    many = [f"user{i}@bad.example" for i in range(2 * MOST_ROWS + 5)]
    blocks = files.blocked_accounts(many)
    assert [one.name for one in blocks] == [f"blocked_accounts_{i}.csv" for i in (1, 2, 3)]
    assert [one.rows for one in blocks] == [MOST_ROWS, MOST_ROWS, 5]
    assert b"".join(one.content for one in blocks).decode().split() == many
    mutes = files.muted_accounts(many[:MOST_ROWS])
    assert [one.rows for one in mutes] == [MOST_ROWS - 1, 1]
    for one in mutes:
        lines = one.content.decode().splitlines()
        assert lines[0] == "Account address,Hide notifications"
        assert len(lines) <= MOST_ROWS


def test_large_lists_are_split_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 60)
    pieces = files.muted_accounts(ADDRESSES)
    assert len(pieces) == 2
    assert all(len(one.content) <= 70 for one in pieces)


def test_a_filter_has_every_key() -> None:
    [one] = files.custom_filters(
        "Spam" * 99, MATCHES, expires=datetime(2026, 3, 1, tzinfo=UTC), action="warn"
    )
    assert one.name == "custom_filters.json"
    [made] = json.loads(one.content)["custom_filters"]
    assert made.pop("title") == ("Spam" * 99)[:256]
    assert made == {
        "expires_at": "2026-03-01T00:00:00Z",
        "context": ["home", "notifications", "public", "thread"],
        "action": "warn",
        "keywords_attributes": [
            {"keyword": "free spins", "whole_word": True},
            {"keyword": "赌场", "whole_word": False},
        ],
        "statuses": [],
    }


def test_a_filter_for_older_servers() -> None:
    [one] = files.filter_calls("Spam", MATCHES, days=90, action="warn")
    text = one.content.decode()
    assert "POST /api/v2/filters" in text
    assert "filter_action=warn\n  expires_in=7776000\n" in text
    assert "keywords_attributes[][keyword]=赌场\n  keywords_attributes[][whole_word]=false\n" in text
    assert "blur" not in text
    assert "Before 4.4" in files.filter_calls("S", MATCHES, days=1, action="blur")[0].content.decode()


def test_a_draft_says_that_it_is_one() -> None:
    [one] = files.report_drafts([SUSPECT], "mine", None)
    assert json.loads(one.content) == {
        "draft": "not filed",
        "account": "a@bad.example",
        "account_url": "https://bad.example/@a",
        "category": "spam",
        "comment": "1 post of this account was flagged for spam (1). Flagged by a program on the reporter's machine "
        "(modcli, profile mine); 0 of 1 confirmed by the reporter.",
        "status_uris": ["https://bad.example/users/a/statuses/1"],
        "forward": False,
        "items": 1,
        "confirmed_by_a_person": 0,
    }
    mixed = replace(SUSPECT, evidence=(POST, replace(POST, kind="profile", category="hate", confirmed=True)))
    draft = json.loads(files.report_drafts([mixed], "mine", None)[0].content)
    assert draft["category"] == "other"
    assert draft["comment"].startswith("1 post and the profile's own text of this account were flagged")
    assert len(draft["status_uris"]) == 1
    assert json.loads(files.report_drafts([mixed], "m", "legal")[0].content)["category"] == "legal"


@given(st.lists(st.text(max_size=200), max_size=40), st.text(max_size=300))
def test_a_comment_is_never_too_long(categories: list[str], profile: str) -> None:
    evidence = tuple(replace(POST, category=name) for name in categories) or (POST,)
    comment = files.report_comment(replace(SUSPECT, evidence=evidence), profile)
    assert len(comment) <= files.LONGEST_COMMENT
    assert comment.endswith("confirmed by the reporter.")


def rows(one: NamedFile) -> list[dict[str, str]]:
    return list(csv.DictReader(one.content.decode().splitlines()))


def test_reasons_are_for_people_and_their_spreadsheets() -> None:
    left = Suspect("=cmd@x.example", "", "", (POST,), "it is none")
    first, second = rows(reasons.account_reasons("r.csv", [SUSPECT, left], private=False))
    assert (first["account"], first["listed"], first["categories"]) == ("a@bad.example", "yes", "spam 1")
    assert (first["link"], first["decided by"]) == (POST.link, "the judgement")
    assert first["text"] == "'=HYPERLINK(1) \\u202e win", "no formula, and nothing that turns the line around"
    assert (second["account"], second["listed"], second["why not"]) == ("'=cmd@x.example", "no", "it is none")


def test_what_is_private_stays_out_of_the_reasons_unless_asked_for() -> None:
    both = replace(SUSPECT, evidence=(POST, SECRET))
    for kind in (Kind.BLOCKS, Kind.MUTES, Kind.AKKOMA):
        made = account_package(kind, [both], private=False, profile="p", category=None)
        text = b"".join(one.content for one in made.files).decode()
        assert "psst" not in text
        assert "@a/2" not in text
        assert made.listed == 1
        shown = account_package(kind, [both], private=True, profile="p", category=None)
        assert b"psst" in b"".join(one.content for one in shown.files)
    own = deletion_package([POST, SECRET], private=False)
    assert (own.listed, own.left_out) == (1, 1)
    assert b"@a/2" not in b"".join(one.content for one in own.files)
    assert deletion_package([POST, SECRET], private=True).listed == 2


def test_reasons_of_domains_show_the_share() -> None:
    some = FlaggedDomain("xn--bcher-kva.example", (SUSPECT,), 4, asked=True)
    none = FlaggedDomain("named.example", (), 0, asked=True)
    first, second = rows(reasons.domain_reasons("r.csv", [some, none], ["xn--bcher-kva.example"]))
    assert first["domain"] == "xn--bcher-kva.example (bücher.example)"
    assert (first["listed"], first["share"], first["account"]) == ("yes", "1 of 4 (25%)", "a@bad.example")
    assert (second["listed"], second["why not"]) == ("no", "not confirmed")
    assert reasons.share(none) == "no account of it in the audit"


def test_every_list_has_its_undo_which_says_what_is_lost() -> None:
    for one, lost in (
        (undo.undo_blocks(ADDRESSES), "Not restored: follows"),
        (undo.undo_mutes(ADDRESSES), "Not restored"),
        (undo.undo_akkoma(ADDRESSES), "Not restored: follows"),
        (undo.undo_domains(ADDRESSES), "Not restored: your follows and followers"),
        (undo.undo_admin_domains(ADDRESSES, "suspend"), "Not restored"),
        (undo.undo_reports(ADDRESSES), "cannot be taken back"),
        (undo.undo_deletions(ADDRESSES), "cannot be brought back"),
    ):
        lines = one.content.decode().splitlines()
        assert lost in one.content.decode(), one.name
        assert [line for line in lines if not line.startswith("#")] == ADDRESSES
        assert "sent nothing" in lines[0]
    assert b"Remove the filter called: Mine" in undo.undo_filters("Mine", ["a"]).content


def test_a_list_of_nobody_is_not_written() -> None:
    """Imported with Overwrite, an empty one would remove everything."""
    left = replace(SUSPECT, why_not="too few")
    for kind in (Kind.BLOCKS, Kind.MUTES, Kind.AKKOMA, Kind.REPORTS):
        made = account_package(kind, [left], private=False, profile="p", category=None)
        assert (made.main, made.undo, made.listed, made.left_out) == ((), None, 0, 1)
        assert made.reasons is not None
        assert not account_package(kind, [], private=False, profile="p", category=None).files


def test_side_files_are_not_taken_for_lists() -> None:
    """Mastodon guesses what a file is by how its name begins."""
    lists = "blocked_accounts blocks muted_accounts mutes blocked_domains domain_blocks following_accounts"
    guessed = tuple(f"{lists} follows bookmarks lists".split())
    for kind in Kind:
        for name in (f"undo_{kind.file_stem}.txt", f"reasons_{kind.file_stem}.csv"):
            assert names_of([kind]).fullmatch(name)
            assert not name.startswith(guessed)
    assert names_of(OF_DOMAINS).fullmatch("domain_blocks_12.csv")
    assert not names_of([Kind.BLOCKS]).fullmatch("blocked_domains.csv")
    assert not names_of([Kind.BLOCKS]).fullmatch("my_blocked_accounts.csv")


def test_the_page_says_what_matters() -> None:
    text = undo.how_to().content.decode()
    for words in (
        "Choose Merge",
        "20,000 rows",
        "20 MB",
        "sent nothing",
        "Overwrite removes",
        "FOLLOWS everybody",
    ):
        assert words in text
    assert text.isascii()


def test_what_is_shown_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    made = account_package(Kind.BLOCKS, [SUSPECT], private=False, profile="p", category=None)
    print_packages([made])
    shown = capsys.readouterr().out
    assert "blocked_accounts.csv" in shown
    assert "LEFT OUT" in shown
    print_packages([])
    assert not capsys.readouterr().out
    print_proposals([Matches(Keyword("a\x1b[2Jb", True), 5, 6, 0, 90)])
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "5 of 6" in shown
    print_proposals([])
    assert "no word" in capsys.readouterr().out
