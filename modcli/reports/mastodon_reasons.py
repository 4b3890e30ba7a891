"""The side files of what an audit gives reason to do: who or what is in or out, and why, as CSV for people.

A cell that a spreadsheet would take for a formula begins with an apostrophe: these files are to be read, not imported.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from modcli.audit.addresses import shown_domain
from modcli.audit.filter_words import Matches
from modcli.audit.handback import Evidence, FlaggedDomain, Suspect
from modcli.reports.csv import inert
from modcli.reports.mastodon_files import NamedFile

_ITEM = ("action", "category", "p", "part", "published", "visibility", "decided by", "link", "text")
_WITHHELD = "for some people only: --include-private shows it"


def account_reasons(name: str, suspects: Iterable[Suspect], *, private: bool) -> NamedFile:
    """A row for each item of each account. Without `private`, link and text of what was meant for some people only are
    left out."""
    rows = (
        (*_account(one), *_item(item, private=private))
        for one in suspects
        for item in (one.evidence or (None,))
    )
    return _table(name, ("account", "page", "listed", "why not", "items", "categories", *_ITEM), rows)


def domain_reasons(name: str, found: Iterable[FlaggedDomain], listed: Iterable[str]) -> NamedFile:
    """A row for each account of each domain, with the share of its accounts that are in."""
    wanted = set(listed)
    rows = (
        (
            shown_domain(domain.domain),
            "yes" if domain.domain in wanted else "no",
            domain.why_not or ("" if domain.domain in wanted else "not confirmed"),
            len(domain.suspects),
            domain.judged,
            share(domain),
            *((one.address, len(one.evidence), _listed(one.categories)) if one else ("", "", "")),
        )
        for domain in found
        for one in (domain.suspects or (None,))
    )
    columns = ("domain", "listed", "why not", "accounts that count", "accounts judged", "share")
    return _table(name, (*columns, "account", "items", "categories"), rows)


def keyword_reasons(name: str, matches: Iterable[Matches]) -> NamedFile:
    """A row for each keyword: what of this audit it matches."""
    rows = (
        (
            one.keyword.text,
            "yes" if one.keyword.whole_word else "no",
            one.flagged,
            one.all_flagged,
            one.allowed,
            one.all_allowed,
        )
        for one in matches
    )
    columns = (
        "keyword",
        "whole word",
        "flagged texts that it matches",
        "of",
        "allowed texts that it matches",
    )
    return _table(name, (*columns, "of"), rows)


def own_reasons(name: str, evidence: Iterable[Evidence], *, private: bool) -> NamedFile:
    """A row for each of the owner's posts."""
    rows = (
        ("yes" if one.link and (private or not one.private) else "no", *_item(one, private=private))
        for one in evidence
    )
    return _table(name, ("listed", *_ITEM), rows)


def share(domain: FlaggedDomain) -> str:
    """How many of the accounts that the audit knows there are in, in words."""
    if not domain.judged:
        return "no account of it in the audit"
    part = len(domain.suspects) / domain.judged
    return f"{len(domain.suspects)} of {domain.judged} ({part:.0%})"


def _account(one: Suspect) -> tuple[str | int, ...]:
    return (
        one.name,
        one.url,
        "no" if one.why_not else "yes",
        one.why_not,
        len(one.evidence),
        _listed(one.categories),
    )


def _item(one: Evidence | None, *, private: bool) -> tuple[str | float, ...]:
    if one is None:
        return ("",) * len(_ITEM)
    shown = private or not one.private
    decided = "a person" if one.confirmed else "a near-duplicate's verdict" if one.spread else "the judgement"
    return (
        one.action.value,
        one.category,
        "" if one.p is None else one.p,
        one.part,
        one.published,
        "some people only" if one.private else "",
        decided,
        one.link if shown else "",
        one.text if shown else _WITHHELD,
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _table(name: str, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> NamedFile:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 -- it is what is returned
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
    return NamedFile(name, buffer.getvalue().encode("utf-8", "replace"), count)
