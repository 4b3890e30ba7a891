"""`modcli report AUDIT`: an audit as one page that people read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from modcli.audit.outcomes import Outcome, Selection, outcomes
from modcli.audit.run import JUDGED, spread_of
from modcli.audit.store import AuditStore, Judgement
from modcli.audit.summary import Summary, summarize
from modcli.audit.totals import totals_of
from modcli.cascade.certificate import Certificate, Prevalence
from modcli.cli.audit_options import Audit, Authors, Number, Private, Since, Until, selection
from modcli.cli.audit_rejudge import recorded
from modcli.cli.stream import tell
from modcli.errors import UsageError
from modcli.images.thumbnails import thumbnail_of
from modcli.judges.tasks import as_judged
from modcli.reports.audit_html import ERRORS, AuditReport, audit_page
from modcli.reports.audit_thumbnails import thumbnails_of
from modcli.reports.output_file import check_output_file, write_output_file
from modcli.sources.media import media_of

app = typer.Typer(add_completion=False, rich_markup_mode=None)

#: Items that the page's table holds at most, unless asked for more: as many as open at once.
MOST_ITEMS = 100_000
Out = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE.html", help="The page. Default: FILE.db with .html instead."
    ),
]
Title = Annotated[str, typer.Option("--title", help="What stands on top.")]
Items = Annotated[
    int,
    typer.Option(
        "--items", min=0, help="So many items in the table, the strictest first; the figures are of all."
    ),
]
NoText = Annotated[bool, typer.Option("--no-text", help="Leave out what people wrote.")]
Media = Annotated[
    bool,
    typer.Option(
        "--media",
        help="Show small pictures, read from the export; what is not allowed is blurred until clicked.",
    ),
]
Form = Annotated[
    Literal["html", "json"],
    typer.Option("--format", help="A page, or its figures as JSON on standard output."),
]


@app.command()
def report(
    file: Audit,
    output: Out = None,
    title: Title = "",
    items: Items = MOST_ITEMS,
    no_text: NoText = False,
    media: Media = False,
    include_private: Private = False,
    since: Since = "",
    until: Until = "",
    author: Authors = None,
    judgement: Number = None,
    form: Form = "html",
) -> None:
    """Write an audit as one page: totals, risk, authors, threads, and a table of its items. It opens offline.

    What was meant for followers or single people is left out unless asked for.
    """
    wanted = selection(since=since, until=until, authors=author, private=include_private)
    if form == "json" and output is not None:
        raise UsageError("JSON goes to standard output", hint="> FILE.json")
    place = output or file.with_name(f"{file.name.removesuffix('.db')}.html")
    if form == "html":
        check_output_file(place)
    with AuditStore(file) as store:
        made = _report(store, store.chosen(judgement), wanted, title, items if form == "html" else 0)
        if form == "json":
            typer.echo(json.dumps(_record(made)))
            return
        made = replace(made, with_texts=not no_text)
        if media:
            files = media_of(Path(str(store.fact("source_path"))))
            made = replace(made, thumbnails=thumbnails_of(made.items, files, thumbnail_of, texts=not no_text))
            tell(
                f"{len(made.thumbnails.shown):,} of {made.thumbnails.listed:,} pictures and videos are shown"
            )
        page = audit_page(made).encode("utf-8")
    write_output_file(place, page)
    tell(f"{place}: {len(made.items):,} items, {len(page) / 1e6:.1f} MB")
    if not include_private and made.totals.private:
        tell(f"{made.totals.private:,} items for followers or single people were left out")


def _report(store: AuditStore, made: Judgement, wanted: Selection, title: str, items: int) -> AuditReport:
    profile = as_judged(recorded(made))
    actions = {one.name: one.action for one in profile.categories if one.name in made.thresholds}
    summary = summarize(outcomes(store, made, wanted), actions, made.thresholds)
    owner = str((store.fact("owner") or {}).get("handle") or "")
    spread = spread_of(store, made)
    return AuditReport(
        title=title or f"Audit of {owner or store.fact('source')}",
        source=str(store.fact("source")),
        kind=str(store.fact("kind")),
        owner=owner,
        made=made.made[:10],
        profile=profile,
        profile_name=made.name,
        profile_digest=made.profile_digest,
        model=made.model_name,
        model_digest=made.model,
        depth=made.depth,
        thresholds=made.thresholds,
        summary=summary,
        totals=totals_of(store, made),
        items=_ranked(store, made, wanted, summary, items),
        with_private=wanted.private,
        selected=_selected(wanted),
        errors=_errors(store, made),
        certificates=_certificates(store, made),
        spread=spread.words() if spread.spread else "",
        notes=[str(note) for note in store.fact("notes") or []],
    )


def _ranked(
    store: AuditStore, made: Judgement, wanted: Selection, summary: Summary, most: int
) -> list[Outcome]:
    """The first of the ranking, in its order."""
    place = {number: i for i, number in enumerate(summary.ranked[:most].tolist())}
    if not place:
        return []
    chosen = replace(wanted, kinds=JUDGED)
    found = [one for one in outcomes(store, made, chosen) if one.id in place]
    return sorted(found, key=lambda one: place[one.id])


def _errors(store: AuditStore, made: Judgement) -> list[tuple[str, str]]:
    unread = store.connection.execute("SELECT place, message FROM errors ORDER BY id LIMIT ?", (ERRORS,))
    failed = store.connection.execute(
        "SELECT 'text ' || text, error FROM verdicts WHERE judgement = ? AND error IS NOT NULL ORDER BY text LIMIT ?",
        (made.id, ERRORS),
    )
    media = store.connection.execute(
        "SELECT m.path || ' (' || m.name || ')', v.error FROM media_verdicts v JOIN media m ON m.id = v.media"
        " WHERE v.judgement = ? AND v.error IS NOT NULL ORDER BY m.id LIMIT ?",
        (made.id, ERRORS),
    )
    return [*unread, *failed, *media][:ERRORS]


def _certificates(store: AuditStore, made: Judgement) -> list[str]:
    """In sentences, the last first."""
    found = []
    for when, record in store.connection.execute(
        "SELECT made, record FROM certificates WHERE judgement = ? ORDER BY id DESC", (made.id,)
    ):
        found.append(f"{_words(json.loads(record))} ({when[:10]})")
    return found


def _words(record: dict[str, Any]) -> str:
    told = [Certificate.from_record(record).words()]
    if isinstance(record.get("prevalence"), dict):
        told.append(Prevalence.from_record(record["prevalence"]).words())
    return " ".join(told)


def _selected(wanted: Selection) -> str:
    parts = [f"by {' or '.join(wanted.authors)}"] if wanted.authors else []
    parts += [f"since {wanted.since}"] if wanted.since else []
    parts += [f"before {wanted.until}"] if wanted.until else []
    return " ".join(parts)


def _record(made: AuditReport) -> dict[str, Any]:
    record: dict[str, Any] = {"title": made.title, "source": made.source, "kind": made.kind}
    record |= {"profile": made.profile_name, "profile_digest": made.profile_digest, "model": made.model}
    record |= {"actions": {action.value: count for action, count in made.totals.actions.items()}}
    record |= {"not_judged": made.totals.as_record()["not_judged"], "stages": made.totals.stages}
    return record | made.summary.as_record() | {"certificates": list(made.certificates)}
