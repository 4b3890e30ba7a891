"""What goes into the folder for each kind of action: its file or files, the one that undoes them, and the reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from modcli.audit.filter_words import Matches
from modcli.audit.handback import Evidence, FlaggedDomain, Suspect
from modcli.reports import mastodon_files as files
from modcli.reports import mastodon_reasons as reasons
from modcli.reports import mastodon_undo as undo
from modcli.reports.mastodon_files import FilterAction, NamedFile, ReportCategory, Severity


class Kind(StrEnum):
    """What can be done with an audit."""

    BLOCKS = "blocks"
    MUTES = "mutes"
    DOMAINS = "domains"
    ADMIN_DOMAINS = "admin-domains"
    FILTERS = "filters"
    AKKOMA = "akkoma"
    REPORTS = "reports"
    DELETIONS = "deletions"

    @property
    def file_stem(self) -> str:
        """How the names of its side files end."""
        return self.value.replace("-", "_")


#: The kinds that list accounts.
OF_ACCOUNTS = (Kind.BLOCKS, Kind.MUTES, Kind.AKKOMA, Kind.REPORTS)
OF_DOMAINS = (Kind.DOMAINS, Kind.ADMIN_DOMAINS)
#: What others see, and where what was meant for some people only does not count unless it is asked for.
FOR_OTHERS = (Kind.ADMIN_DOMAINS, Kind.REPORTS)
_MAIN = {
    Kind.BLOCKS: r"blocked_accounts(_\d+)?\.csv",
    Kind.MUTES: r"muted_accounts(_\d+)?\.csv",
    Kind.DOMAINS: r"blocked_domains(_\d+)?\.csv",
    Kind.ADMIN_DOMAINS: r"domain_blocks(_\d+)?\.csv",
    Kind.FILTERS: r"custom_filters\.json|filters_for_older_servers\.txt",
    Kind.AKKOMA: r"akkoma_accounts\.txt",
    Kind.REPORTS: r"report_drafts\.jsonl",
    Kind.DELETIONS: r"statuses_to_delete\.txt",
}


@dataclass(frozen=True, slots=True)
class Package:
    """The files of one kind. `listed` are in its main files, which there are none of where nothing is; `left_out` are
    in the reasons alone."""

    kind: Kind
    listed: int
    left_out: int
    main: tuple[NamedFile, ...] = ()
    undo: NamedFile | None = None
    reasons: NamedFile | None = None

    @property
    def files(self) -> tuple[NamedFile, ...]:
        """In the order in which they are written: a list is never there without its undo."""
        return (*filter(None, (self.reasons, self.undo)), *self.main)

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "kind": self.kind.value,
            "files": [one.name for one in self.main],
            "listed": self.listed,
            "left_out": self.left_out,
            "undo": self.undo.name if self.undo else None,
            "reasons": self.reasons.name if self.reasons else None,
            "sent": False,
        }


def names_of(kinds: Iterable[Kind]) -> re.Pattern[str]:
    """The names that files of these kinds have."""
    return re.compile(
        "|".join(rf"{_MAIN[kind]}|undo_{kind.file_stem}\.txt|reasons_{kind.file_stem}\.csv" for kind in kinds)
    )


def account_package(
    kind: Kind, found: Sequence[Suspect], *, private: bool, profile: str, category: ReportCategory | None
) -> Package:
    """Of accounts: those that are in, and the reasons of all. `private`: with texts and links of what was meant for some
    people only."""
    listed = [one for one in found if not one.why_not]
    addresses = [one.address for one in listed]
    if kind is Kind.BLOCKS:
        main, undone = files.blocked_accounts(addresses), undo.undo_blocks(addresses)
    elif kind is Kind.MUTES:
        main, undone = files.muted_accounts(addresses), undo.undo_mutes(addresses)
    elif kind is Kind.AKKOMA:
        main, undone = files.bare_accounts(addresses), undo.undo_akkoma(addresses)
    else:
        main, undone = files.report_drafts(listed, profile, category), undo.undo_reports(addresses)
    why = reasons.account_reasons(f"reasons_{kind.file_stem}.csv", found, private=private)
    return _package(kind, len(listed), len(found) - len(listed), main, undone, why)


def domain_package(
    kind: Kind, found: Sequence[FlaggedDomain], listed: Sequence[str], severity: Severity
) -> Package:
    """Of domains: the `listed` of those that were found, and the reasons of all."""
    if kind is Kind.DOMAINS:
        main, undone = files.blocked_domains(listed), undo.undo_domains(listed)
    else:
        main = files.domain_blocks(listed, severity)
        undone = undo.undo_admin_domains(listed, severity)
    why = reasons.domain_reasons(f"reasons_{kind.file_stem}.csv", found, listed)
    return _package(kind, len(listed), len(found) - len(listed), main, undone, why)


def filter_package(
    title: str, matches: Sequence[Matches], *, now: datetime, days: int, action: FilterAction
) -> Package:
    """A filter of these keywords that ends in so many days, for new servers and for older ones."""
    main = files.custom_filters(title, matches, expires=now + timedelta(days=days), action=action)
    main += files.filter_calls(title, matches, days=days, action=action)
    undone = undo.undo_filters(title, [one.keyword.text for one in matches])
    why = reasons.keyword_reasons("reasons_filters.csv", matches)
    return _package(Kind.FILTERS, len(matches), 0, main, undone, why)


def deletion_package(own: Sequence[Evidence], *, private: bool) -> Package:
    """Of the owner's own posts that were flagged: with `private`, those for some people only as well."""
    links = list(dict.fromkeys(one.link for one in own if one.link and (private or not one.private)))
    why = reasons.own_reasons("reasons_deletions.csv", own, private=private)
    main, undone = files.statuses_to_delete(links), undo.undo_deletions(links)
    return _package(Kind.DELETIONS, len(links), len(own) - len(links), main, undone, why)


def _package(
    kind: Kind, listed: int, left_out: int, main: Sequence[NamedFile], undone: NamedFile, why: NamedFile
) -> Package:
    # A list of nobody is not written: imported with Overwrite, it would remove all that there is.
    return Package(
        kind,
        listed,
        left_out,
        main=tuple(main) if listed else (),
        undo=undone if listed else None,
        reasons=why if why.rows else None,
    )
