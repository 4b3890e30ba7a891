"""`modcli audit act`: what an audit gives reason to do, as files that servers import. Nothing is sent."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from modcli.audit.addresses import address_of, domain_of
from modcli.audit.filter_words import MOST_PROPOSED, Keyword, Matches, measure, propose
from modcli.audit.handback import FlaggedDomain, Gathered, Rules, candidates, domains, gather, is_for
from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.store import AuditStore, Judgement
from modcli.cli.audit_options import Audit, Category, Number, Private
from modcli.cli.options import Form
from modcli.cli.stream import tell
from modcli.errors import Location, SourceError, UsageError
from modcli.profile import Action
from modcli.reports.jsonl import json_line
from modcli.reports.mastodon_files import LONGEST_TITLE, FilterAction, ReportCategory, Severity
from modcli.reports.mastodon_packages import (
    FOR_OTHERS,
    OF_ACCOUNTS,
    OF_DOMAINS,
    Kind,
    Package,
    account_package,
    deletion_package,
    domain_package,
    filter_package,
    names_of,
)
from modcli.reports.mastodon_reasons import share
from modcli.reports.mastodon_terminal import print_packages, print_proposals
from modcli.reports.mastodon_undo import how_to
from modcli.reports.output import standard_output
from modcli.reports.output_folder import write_output_folder
from modcli.sources.post import Account

Kinds = Annotated[
    list[Kind],
    typer.Argument(metavar="KIND...", help=f"{', '.join(Kind)}."),
]
Folder = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FOLDER", help="Where the files go; made where there is none."),
]
Strictness = Annotated[
    Literal["block", "warn"],
    typer.Option("--action", help="Count what is blocked, or what is warned of as well."),
]
AtLeast = Annotated[
    int,
    typer.Option(
        "--at-least", min=1, metavar="N", help="Accounts with N items that count: one verdict may be wrong."
    ),
]
Never = Annotated[
    list[str] | None,
    typer.Option("--never", metavar="NAME", help="Leave this user@domain, or all of this domain, alone."),
]
Present = Annotated[
    list[Path] | None,
    typer.Option(
        "--already",
        metavar="FILE",
        help="Leave out who is in this list, as your server exports it; undo is exact then.",
    ),
]
AtLeastAccounts = Annotated[
    int,
    typer.Option("--at-least-accounts", min=2, metavar="N", help="Domains with N accounts that are listed."),
]
Domains = Annotated[
    list[str] | None,
    typer.Option("--domain", metavar="DOMAIN", help="This domain, with fewer accounts too; you confirm it."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm each --domain.")]
Severities = Annotated[Severity, typer.Option("--severity", help="Of admin-domains.")]
Keywords = Annotated[
    list[str] | None,
    typer.Option("--keyword", metavar="WORDS", help="Of the filter. Without any, some are proposed only."),
]
Acting = Annotated[
    FilterAction, typer.Option("--filter-action", help="Of the filter; blur is for 4.4 and later.")
]
Days = Annotated[int, typer.Option("--filter-days", min=1, max=3650, help="The filter ends in so many days.")]
Title = Annotated[
    str, typer.Option("--filter-title", metavar="TITLE", help="Default: the profile and the date.")
]
Reporting = Annotated[
    ReportCategory | None,
    typer.Option("--report-category", help="Default: spam where all is spam, else other."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files of an earlier time.")]


@dataclass
class _Request:
    """What was asked for, and what was answered."""

    store: AuditStore
    judgement: Judgement
    owner: Account
    rules: Rules
    private: bool
    at_least_accounts: int
    named: tuple[str, ...]
    yes: bool
    answers: dict[str, bool] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Forms:
    """What the files are to say."""

    severity: Severity
    report_category: ReportCategory | None
    keywords: tuple[Keyword, ...]
    filter_action: FilterAction
    filter_days: int
    filter_title: str


def run_act(
    file: Audit,
    kinds: Kinds,
    output: Folder,
    action: Strictness = "block",
    at_least: AtLeast = 2,
    category: Category = "",
    never: Never = None,
    already: Present = None,
    at_least_accounts: AtLeastAccounts = 3,
    domain: Domains = None,
    yes: Yes = False,
    severity: Severities = "silence",
    keyword: Keywords = None,
    filter_action: Acting = "warn",
    filter_days: Days = 90,
    filter_title: Title = "",
    report_category: Reporting = None,
    include_private: Private = False,
    judgement: Number = None,
    force: Force = False,
    form: Form = None,
) -> None:
    """Write what you can act on: lists to import, filters, drafts of reports, statuses to delete. Nothing is sent.

    Beside each file are one that says how to undo it and one with the reasons. What a person said in `modcli review`
    counts before the judgement. The owner of the archive is never listed, nor is an account whose address is not certain.
    """
    wanted = [kind for kind in Kind if kind in kinds]
    if domain and not set(wanted) & set(OF_DOMAINS):
        raise UsageError("--domain is for domains and admin-domains", hint="name one of them as KIND")
    present = frozenset(name for one in already or () for name in _listed(one))
    rules = Rules(Action(action), at_least, category, frozenset(_name(one) for one in never or ()), present)
    named = tuple(dict.fromkeys(_domain(one) for one in domain or ()))
    keywords = tuple(dict.fromkeys(_keyword(one) for one in keyword or ()))
    if len(keywords) > MOST_PROPOSED:
        tell(f"{len(keywords)} keywords are many: a filter of few, seldom ones hides less by mistake")
    forms = _Forms(severity, report_category, keywords, filter_action, filter_days, filter_title)
    with AuditStore(file) as store:
        owner, chosen = Account(**(store.fact("owner") or {})), store.chosen(judgement)
        asked = _Request(store, chosen, owner, rules, include_private, at_least_accounts, named, yes)
        gathered = gather(outcomes(store, chosen), owner, rules)
        _tell_gathered(gathered, wanted, private=include_private)
        packages = list(_packages(asked, gathered, wanted, forms))
        proposals = _proposals(asked) if Kind.FILTERS in wanted and not keywords else None
    _write(output, packages, force=force)
    _print(output, packages, proposals, form)


def _packages(asked: _Request, gathered: Gathered, kinds: Sequence[Kind], forms: _Forms) -> Iterator[Package]:
    for kind in kinds:
        if kind in OF_ACCOUNTS:
            yield _accounts(asked, gathered, kind, forms.report_category)
        elif kind in OF_DOMAINS:
            yield _domains(asked, gathered, kind, forms.severity)
        elif kind is Kind.DELETIONS:
            yield deletion_package(gathered.own, private=asked.private)
        elif forms.keywords:
            yield _filter(asked, forms)


def _filter(asked: _Request, forms: _Forms) -> Package:
    now = datetime.now(UTC)
    title = " ".join(forms.filter_title.split()) or f"{asked.judgement.name}, {now:%Y-%m-%d}"
    return filter_package(
        title[:LONGEST_TITLE],
        measure(forms.keywords, _texts(asked)),
        now=now,
        days=forms.filter_days,
        action=forms.filter_action,
    )


def _accounts(asked: _Request, gathered: Gathered, kind: Kind, category: ReportCategory | None) -> Package:
    found = candidates(gathered, asked.rules, private=asked.private or kind not in FOR_OTHERS)
    return account_package(
        kind, found, private=asked.private, profile=asked.judgement.name, category=category
    )


def _domains(asked: _Request, gathered: Gathered, kind: Kind, severity: Severity) -> Package:
    suspects = candidates(gathered, asked.rules, private=asked.private or kind not in FOR_OTHERS)
    found = domains(
        suspects,
        gathered,
        asked.rules,
        at_least=asked.at_least_accounts,
        named=asked.named,
        subdomains=kind is Kind.ADMIN_DOMAINS,
    )
    listed = [one.domain for one in found if not one.why_not and (not one.asked or _confirmed(asked, one))]
    for one in found:
        if one.domain in listed or one.domain in asked.named:
            line = (
                f"{one.domain}: accounts that count: {share(one)}{f'; {one.why_not}' if one.why_not else ''}"
            )
            if line not in asked.told:
                tell(line)
            asked.told.add(line)
    return domain_package(kind, found, listed, severity)


def _confirmed(asked: _Request, one: FlaggedDomain) -> bool:
    """Whether the user says that a named domain is meant. Raises UsageError where nobody can be asked."""
    if asked.yes:
        return True
    if one.domain not in asked.answers:
        if not _at_a_terminal():
            raise UsageError(
                f"{one.domain}: {len(one.suspects)} of its accounts count, and --at-least-accounts is"
                f" {asked.at_least_accounts}",
                hint="--yes says that the whole domain is meant",
            )
        asked.answers[one.domain] = typer.confirm(
            f"{one.domain}: accounts that count: {share(one)}. List the whole domain all the same?", err=True
        )
    return asked.answers[one.domain]


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _texts(asked: _Request) -> Iterator[tuple[str, bool]]:
    """Whole texts, each with whether its item counts, or is allowed; the others say nothing of words."""
    rules = asked.rules
    for one in outcomes(asked.store, asked.judgement, Selection(private=asked.private)):
        severe = one.settled is not None and one.settled.severity >= rules.action.severity
        counts = severe and is_for(one, rules.category)
        if one.text and one.error is None and (counts or one.settled is Action.ALLOW):
            if counts and one.by_picture:
                continue  # the words beside it did nothing
            yield one.text, counts


def _proposals(asked: _Request) -> list[Matches]:
    flagged = (text for text, counts in _texts(asked) if counts)
    return propose(flagged, (text for text, counts in _texts(asked) if not counts))


def _write(output: Path, packages: Sequence[Package], *, force: bool) -> None:
    if not any(package.files for package in packages):
        return
    page = how_to()
    files = {page.name: page.content}
    files |= {one.name: one.content for package in packages for one in package.files}
    replaces = names_of(package.kind for package in packages)
    for name in write_output_folder(output, files, replaces=replaces, force=force):
        tell(f"{output / name}: of an earlier time, removed")


def _print(
    output: Path, packages: Sequence[Package], proposals: Sequence[Matches] | None, form: str | None
) -> None:
    if form == "table" or (form is None and sys.stdout.isatty()):
        print_packages(packages)
        if proposals is not None:
            print_proposals(proposals)
    else:
        stream = standard_output()
        for package in packages:
            stream.write(json_line(package.as_record()))
        if proposals is not None:
            stream.write(
                json_line({"kind": Kind.FILTERS.value, "proposed": [_record(one) for one in proposals]})
            )
    if any(package.files for package in packages):
        tell(f"nothing was sent; read {output / how_to().name} and the reasons before you import anything")
    if proposals is not None:
        tell("no filter was written; name the keywords that you want: --keyword WORDS")


def _record(one: Matches) -> dict[str, Any]:
    found: dict[str, Any] = {"keyword": one.keyword.text, "whole_word": one.keyword.whole_word}
    found |= {"flagged": one.flagged, "of_flagged": one.all_flagged}
    return found | {"allowed": one.allowed, "of_allowed": one.all_allowed}


def _tell_gathered(gathered: Gathered, wanted: Sequence[Kind], *, private: bool) -> None:
    owner = gathered.owner
    if not owner.handle and not owner.url:
        if Kind.DELETIONS in wanted:
            raise UsageError(
                "the export does not say whose it is, so that no status is known to be yours",
                hint="deletions are for archives of one account",
            )
        tell("the export does not say whose it is; --never you@your.server keeps you off each list")
    elif not gathered.judged and not gathered.suspects and {*OF_ACCOUNTS, *OF_DOMAINS} & set(wanted):
        tell("nothing of others is in this audit: an account's archive holds its owner's own posts")
    if gathered.waiting:
        tell(f"{gathered.waiting:,} items are not judged yet and do not count")
    if gathered.failed:
        tell(f"{gathered.failed:,} items could not be judged whole and do not count")
    if gathered.others:
        tell(f"{gathered.others:,} items do not count: only what they quote or link to was flagged")
    of_others = [item for one in gathered.suspects for item in one.evidence]
    for_others, own = bool({*FOR_OTHERS} & set(wanted)), Kind.DELETIONS in wanted
    hidden = sum(
        item.private for item in (*(of_others if for_others else ()), *(gathered.own if own else ()))
    )
    if hidden and not private:
        named = ", ".join(kind for kind in (*FOR_OTHERS, Kind.DELETIONS) if kind in wanted)
        tell(
            f"{hidden:,} items for followers or single people are left out of {named}; see --include-private"
        )


def _name(written: str) -> str:
    """An address or a domain of --never. Raises UsageError."""
    try:
        return address_of(written) if "@" in written else domain_of(written)
    except ValueError as error:
        raise UsageError(f"--never {written}: {error}", hint="write user@domain, or a domain") from error


def _listed(file: Path) -> Iterator[str]:
    """The addresses and domains of a list; other lines, its header among them, are passed over. Raises SourceError where
    it cannot be read."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            for row in csv.reader(line.replace("\0", "") for line in stream):
                with suppress(ValueError):
                    yield address_of(row[0]) if row and "@" in row[0] else domain_of(row[0] if row else "")
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise SourceError(f"cannot be read: {reason or error}", location=Location(str(file))) from error


def _domain(written: str) -> str:
    try:
        return domain_of(written)
    except ValueError as error:
        raise UsageError(f"--domain {written}: {error}", hint="write it as bad.example") from error


def _keyword(written: str) -> Keyword:
    try:
        found = Keyword.of(written)
    except ValueError as error:
        raise UsageError(f"--keyword {written[:40]}: {error}", hint="write a word or a few") from error
    return found
