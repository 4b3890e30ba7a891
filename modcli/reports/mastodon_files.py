"""What an audit gives reason to do, as files that Mastodon and other servers import. Nothing here sends anything.

The forms are those of mastodon/mastodon: app/models/export.rb and app/models/form/import.rb of the CSV files,
app/services/bulk_import_service.rb of custom_filters.json. UTF-8 without a byte order mark; cells are quoted only where
they need it. Addresses and domains are taken as validated (audit/addresses.py): such a one begins with a letter, a digit
or an underscore, so that no spreadsheet takes it for a formula, and nothing is put in front of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from modcli.audit.filter_words import Matches
from modcli.audit.handback import Suspect
from modcli.reports.jsonl import json_line
from modcli.sources.post import RecordKind

#: What Mastodon takes in of one file. The header counts as a row here, to be on the safe side.
MOST_ROWS, MOST_BYTES = 20_000, 20_000_000
LONGEST_COMMENT, LONGEST_TITLE = 1_000, 256
#: Where a filter acts: all of Mastodon's places but `account`, the page of an account, which one opens on purpose.
CONTEXTS = ("home", "notifications", "public", "thread")
#: `blur` hides media alone; 4.4 and later.
FilterAction = Literal["warn", "hide", "blur"]
Severity = Literal["noop", "silence", "suspend"]
ReportCategory = Literal["spam", "legal", "violation", "other"]

_MUTES_HEADER = ("Account address", "Hide notifications")
_DOMAIN_BLOCKS_HEADER = (
    *("#domain", "#severity", "#reject_media", "#reject_reports"),
    *("#public_comment", "#obfuscate"),
)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that is to be written into the folder; `rows` of it are data."""

    name: str
    content: bytes
    rows: int = 0


def blocked_accounts(addresses: Sequence[str]) -> list[NamedFile]:
    """A user's blocks: addresses without a header, as Mastodon exports them."""
    return _csv_files("blocked_accounts", (), [(address,) for address in addresses])


def muted_accounts(addresses: Sequence[str]) -> list[NamedFile]:
    """A user's mutes, notifications hidden as well."""
    return _csv_files("muted_accounts", _MUTES_HEADER, [(address, "true") for address in addresses])


def blocked_domains(domains: Sequence[str]) -> list[NamedFile]:
    """A user's domain blocks, without a header."""
    return _csv_files("blocked_domains", (), [(domain,) for domain in domains])


def domain_blocks(domains: Sequence[str], severity: Severity) -> list[NamedFile]:
    """A server's domain blocks, all six columns: without the second, Mastodon suspends. The comment stays empty, since it
    would be public."""
    rows = [(domain, severity, "false", "false", "", "false") for domain in domains]
    return _csv_files("domain_blocks", _DOMAIN_BLOCKS_HEADER, rows)


def bare_accounts(addresses: Sequence[str]) -> list[NamedFile]:
    """One bare address a line, as Pleroma, Akkoma, Misskey and Sharkey read it: they would take a header for names."""
    content = "".join(f"{address}\n" for address in addresses).encode()
    return [NamedFile("akkoma_accounts.txt", content, len(addresses))]


def custom_filters(
    title: str, matches: Sequence[Matches], *, expires: datetime, action: FilterAction
) -> list[NamedFile]:
    """A filter of these keywords for Mastodon 4.6 and later, which reads each key without a default."""
    record = {
        "custom_filters": [
            {
                "title": title[:LONGEST_TITLE],
                "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
                "context": list(CONTEXTS),
                "action": action,
                "keywords_attributes": [
                    {"keyword": one.keyword.text, "whole_word": one.keyword.whole_word} for one in matches
                ],
                "statuses": [],
            }
        ]
    }
    content = json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n"
    return [NamedFile("custom_filters.json", content, len(matches))]


def filter_calls(
    title: str, matches: Sequence[Matches], *, days: int, action: FilterAction
) -> list[NamedFile]:
    """The same for older servers: what to type in, and the call of the API that does it (4.0 and later)."""
    lines = [
        "The same filter for servers before Mastodon 4.6. Nothing was sent: do one of the two.",
        "",
        "By hand: Settings > Filters > Add new filter (4.0 and later)",
        f"  Title: {title[:LONGEST_TITLE]}",
        f"  Expires after: {days} days, or the nearest that is offered",
        f"  Filter contexts: {', '.join(CONTEXTS)}",
        f"  Filter action: {action}",
        "  Keywords:",
        *(f"    {one.keyword.text}    [{_words(one)}]" for one in matches),
        "",
        "Or by the API: POST /api/v2/filters, with a token that has write:filters, and this form:",
        f"  title={title[:LONGEST_TITLE]}",
        *(f"  context[]={context}" for context in CONTEXTS),
        f"  filter_action={action}",
        f"  expires_in={days * 86_400}",
    ]
    for one in matches:
        lines.append(f"  keywords_attributes[][keyword]={one.keyword.text}")
        lines.append(f"  keywords_attributes[][whole_word]={json.dumps(one.keyword.whole_word)}")
    if action == "blur":
        lines += ["", "Before 4.4 there is no `blur`: take `warn`."]
    return [NamedFile("filters_for_older_servers.txt", _text(lines), len(matches))]


def report_drafts(
    suspects: Sequence[Suspect], profile: str, category: ReportCategory | None
) -> list[NamedFile]:
    """One object an account: what a report of it could say. Without a `category` it is `spam` where all of the items are
    for one of that name, else `other`; the other two need a law or a rule, and so a person."""
    lines = [
        json_line(
            {
                "draft": "not filed",
                "account": one.address,
                "account_url": one.url or None,
                "category": category or _report_category(one),
                "comment": report_comment(one, profile),
                "status_uris": [
                    item.uri for item in one.evidence if item.kind == RecordKind.POST and item.uri
                ],
                "forward": False,
                "items": len(one.evidence),
                "confirmed_by_a_person": one.confirmed,
            }
        )
        for one in suspects
    ]
    return [NamedFile("report_drafts.jsonl", b"".join(lines), len(lines))]


def report_comment(one: Suspect, profile: str) -> str:
    """What the moderators are told, at most 1,000 characters: how much, for what, and how it was found."""
    kinds = Counter(item.kind for item in one.evidence)
    posts, profiles = kinds[RecordKind.POST], kinds[RecordKind.PROFILE]
    what = [f"{posts} post{'s' if posts != 1 else ''}"] if posts else []
    what += ["the profile's own text"] if profiles else []
    found = f"{' and '.join(what)} of this account {'were' if len(one.evidence) > 1 else 'was'} flagged"
    looked = f"{one.confirmed} of {len(one.evidence)} confirmed by the reporter"
    ending = f". Flagged by a program on the reporter's machine (modcli, profile {profile[:100]}); {looked}."
    named = [f"{' '.join(name.split())[:80]} ({count})" for name, count in one.categories.items()]
    while named and len(found) + len(ending) + len(", ".join(named)) + 8 > LONGEST_COMMENT:
        named.pop()
    reasons = f" for {', '.join(named)}" if named else ""
    return f"{found}{reasons}{ending}"[:LONGEST_COMMENT]


def statuses_to_delete(addresses: Iterable[str]) -> list[NamedFile]:
    """The addresses of the owner's own statuses, one a line."""
    lines = list(addresses)
    return [NamedFile("statuses_to_delete.txt", _text(lines), len(lines))]


def _report_category(one: Suspect) -> ReportCategory:
    return "spam" if one.categories and all("spam" in name.lower() for name in one.categories) else "other"


def _words(one: Matches) -> str:
    return "whole word" if one.keyword.whole_word else "not whole word"


def _csv_files(stem: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[NamedFile]:
    """As few files as Mastodon's limits allow, each with the header; numbered where there are several."""
    head = _line(header) if header else b""
    pieces: list[list[bytes]] = []
    size = 0
    for row in rows:
        line = _line(row)
        if not pieces or len(pieces[-1]) + bool(head) >= MOST_ROWS or size + len(line) > MOST_BYTES:
            pieces.append([])
            size = len(head)
        pieces[-1].append(line)
        size += len(line)
    if len(pieces) == 1:
        return [NamedFile(f"{stem}.csv", head + b"".join(pieces[0]), len(pieces[0]))]
    return [
        NamedFile(f"{stem}_{i}.csv", head + b"".join(piece), len(piece))
        for i, piece in enumerate(pieces, start=1)
    ]


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
