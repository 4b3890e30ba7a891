"""What an audit came to, on a terminal, or as JSON for a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modcli.audit.ingest import inputs_of
from modcli.audit.outcomes import Medium, Outcome
from modcli.audit.run import Done
from modcli.audit.store import AuditStore, Judgement, action_of
from modcli.audit.totals import Totals, months_of, speed_of, totals_of
from modcli.cascade.certificate import Certificate, Prevalence
from modcli.cascade.near_duplicates import Spread
from modcli.images.quoting import without_words
from modcli.profile import Action
from modcli.reports.summary import spoken
from modcli.reports.terminal_text import one_line, printable

STYLES = {Action.BLOCK: "bold red", Action.WARN: "yellow", Action.ALLOW: ""}
#: Texts a second that the default model judges on two cores (docs/benchmarks.md), where nothing is known yet.
USUAL_SPEED = 5.0
_SHOWN = 60
#: Columns of a table that may be cut: an address is long, and the text is what one looks for.
_WIDEST = {"CATEGORY": 14, "PART": 15, "AUTHOR": 18}


def print_run(store: AuditStore, judgement: Judgement, done: Done, spread: Spread, *, terminal: bool) -> None:
    """What a run came to, and what the whole audit is now."""
    totals = totals_of(store, judgement)
    record: dict[str, Any] = {"audit": str(store.file), "judgement": judgement.id, "run": done.figures()}
    record |= totals.as_record()
    if spread.spread:
        record["spread"] = {"spread": spread.spread, "checked": spread.checked, "differing": spread.differing}
    if not terminal:
        print(json.dumps(record))
        return
    console = Console(highlight=False)
    _say(console, f"{store.file}: {done.judged:,} texts judged now")
    _totals(console, totals)
    if spread.spread:
        _say(console, spread.words())
    _say(
        console, f"look at it: modcli audit show {store.file}; modcli audit query {store.file} --action block"
    )


def print_plan(store: AuditStore, texts: int, kinds: Sequence[str], *, terminal: bool) -> None:
    """What is in an export, and how long judging it takes at about."""
    totals, speed = totals_of(store, None), speed_of(store) or USUAL_SPEED
    months = months_of(store, kinds)
    visibilities = dict(
        store.connection.execute(
            "SELECT visibility, count(*) FROM items GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
    )
    authors = store.connection.execute("SELECT count(DISTINCT author) FROM items").fetchone()[0]
    if not terminal:
        record = {"audit": str(store.file), "source": store.fact("source"), "kind": store.fact("kind")}
        record |= {
            "to_judge": texts,
            "seconds": round(texts / speed, 1),
            "months": dict(months),
            "authors": authors,
        }
        print(json.dumps(record | {"visibility": visibilities} | totals.as_record()))
        return
    console = Console(highlight=False)
    _say(console, f"{store.fact('source')}: {store.fact('kind')}")
    for name, kind, records, complete in inputs_of(store):
        _say(console, f"  {name}: {records:,} records ({kind}){'' if complete else ', not read to its end'}")
    _say(console, f"kinds: {_listed(totals.kinds)}; {totals.nothing:,} have nothing to judge")
    _say(console, f"for whom: {_listed(visibilities)}; {authors:,} authors")
    if months:
        _say(console, f"published from {months[0][0]} to {months[-1][0]}")
    _say(
        console,
        f"{totals.texts:,} distinct texts, {totals.alike:,} of them near-duplicates; {texts:,} to judge",
    )
    if totals.media.listed:
        _say(
            console,
            f"{totals.media.listed:,} pictures, videos and recordings are named in it, judged after the texts",
        )
    usual = f"at {USUAL_SPEED:g} a second, as the default model on two cores"
    known = "as fast as the last run" if speed_of(store) else usual
    _say(console, f"that takes {spoken(texts / speed)} {known}; a tuned profile is faster (`modcli tune`)")


def print_show(store: AuditStore, judgement: Judgement | None, *, terminal: bool) -> None:
    """What an audit is, and what it came to."""
    totals = totals_of(store, judgement)
    runs = store.connection.execute(
        "SELECT id, judgement, started, ended, outcome, judged, version,"
        " COALESCE(json_extract(options, '$.media'), 0) FROM runs ORDER BY id"
    ).fetchall()
    certificates = [
        {"id": row[0], "made": row[1]} | json.loads(row[2])
        for row in store.connection.execute("SELECT id, made, record FROM certificates ORDER BY id")
    ]
    judgements = store.judgements()
    if not terminal:
        record: dict[str, Any] = {
            "audit": str(store.file),
            "source": store.fact("source"),
            "kind": store.fact("kind"),
        }
        record |= {"owner": store.fact("owner"), "notes": store.fact("notes")}
        record["judgement"] = judgement.id if judgement else None
        record["judgements"] = [
            {
                "id": one.id,
                "profile": one.name,
                "digest": one.profile_digest,
                "model": one.model,
                "depth": one.depth,
            }
            for one in judgements
        ]
        names = ("id", "judgement", "started", "ended", "outcome", "judged", "version")
        record["runs"] = [dict(zip(names, run[:7], strict=True)) for run in runs]
        record["certificates"] = certificates
        print(json.dumps(record | totals.as_record()))
        return
    console = Console(highlight=False)
    owner = (store.fact("owner") or {}).get("handle")
    _say(
        console,
        f"{store.file}: {store.fact('kind')}{f' of {owner}' if owner else ''}, from {store.fact('source')}",
    )
    for one in judgements:
        here = " (this one)" if judgement is not None and one.id == judgement.id else ""
        _say(
            console,
            f"judgement {one.id}{here}: profile {one.name} {one.profile_digest[:8]}, {one.depth}, {one.made}",
        )
    for run in runs[-5:]:
        what = "pictures and videos" if run[7] else "texts"
        _say(console, f"run {run[0]}: {run[2]} to {run[3] or '?'}, {run[4]}, {run[5]:,} {what} judged")
    _totals(console, totals)
    for certificate in certificates:
        _say(
            console,
            f"certificate {certificate['id']} of judgement {certificate['judgement']}, {certificate['made']}:",
        )
        for line in certificate_lines(certificate):
            _say(console, f"  {line}")


def print_certificate(
    store: AuditStore, record: dict[str, Any] | None, share: Prevalence, *, terminal: bool
) -> None:
    """What a sample has proved; without a record there was nothing to prove, and the share acted on is known."""
    if not terminal:
        print(json.dumps({"audit": str(store.file), "certificate": record, "prevalence": share.as_record()}))
        return
    console = Console(highlight=False)
    nothing = ["nothing to certify: all that was let pass was judged in full", _share(share)]
    for line in nothing if record is None else certificate_lines(record):
        _say(console, line)


def certificate_lines(record: Mapping[str, Any]) -> list[str]:
    """A certificate (`audit.certifying.certify`) in words."""
    items = record["items"]
    lines = [
        Certificate.from_record(record).words(),
        f"Counted are distinct texts: those dismissed stand in {items['dismissed']:,} items, those found in "
        f"{items['found']:,}, which are acted on now.",
    ]
    if record["failed"]:
        lines.append(f"{record['failed']:,} of those found could not be judged, and count as found.")
    if record["guessed"]:
        lines.append(
            f"{record['guessed']:,} other texts are acted on without the full judge; those it agrees to raise the recall"
            " (`--acted` judges them)."
        )
    return [*lines, _share(Prevalence.from_record(record["prevalence"]))]


def _share(share: Prevalence) -> str:
    return share.words().replace(" items ", " texts ", 1)


def print_outcomes(found: Sequence[Outcome]) -> None:
    """Items as a table."""
    table = Table(box=None, pad_edge=False, expand=True)
    for name in ("ID", "ACTION", "P", "CATEGORY", "PART", "AUTHOR", "DATE", "TEXT"):
        ratio, most = (1 if name == "TEXT" else None), _WIDEST.get(name)
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=ratio, max_width=most)
    for one in found:
        action = one.settled
        judged = Text(action.value if action else "-", STYLES[action] if action else "dim")
        p = "" if one.p is None else f"{one.p:.2f}"
        piece = next((piece.text for piece in one.pieces if piece.text_id == one.text_id), one.text)
        shown = next((shown for shown in one.pictures if shown.told == one.part), None)
        text = (" ".join(shown.words) or shown.path) if shown is not None else piece or one.target
        part = one.part.partition(": ")[0] if one.by_picture else one.part
        cells = (one.category, part, one.author, (one.published or "")[:10], text[:400])
        table.add_row(str(one.id), judged, p, *(Text(one_line(cell, 300)) for cell in cells))
    Console(highlight=False).print(table)


def record_of(one: Outcome, *, text: bool = True) -> dict[str, Any]:
    """An item as a JSON object."""
    record: dict[str, Any] = {
        "id": one.id,
        "key": one.key,
        "kind": one.kind,
        "action": one.settled.value if one.settled else None,
        "category": one.category or None,
        "p": one.p,
        "scores": dict(one.scores),
        "part": (one.part if text else without_words(one.part)) or None,
        "stage": one.stage or None,
        "reason": (one.reason if text else without_words(one.reason)) or None,
        "near_duplicate": one.spread,
        "error": one.error,
        "author": one.handle or None,
        "author_url": one.author_url or None,
        "published": one.published,
        "visibility": one.visibility,
        "url": one.url or None,
        "uri": one.uri or None,
        "in_reply_to": one.in_reply_to or None,
        "conversation": one.conversation or None,
        "target": one.target or None,
        "language": one.language or None,
        "sensitive": one.sensitive,
        "media": one.media,
        "disguised_links": one.details.get("disguised", []),
        "decision": one.decision.answer if one.decision else None,
        "place": one.place,
    }
    if one.pictures:
        record["pictures"] = [_picture(shown, text=text) for shown in one.pictures]
    if text:
        record["parts"] = [{"part": piece.name, "text": piece.text} for piece in one.own]
    return record


def _picture(shown: Medium, *, text: bool) -> dict[str, Any]:
    """A picture or video as a JSON object; without `text`, without what was read in it."""
    action = None if shown.severity is None else action_of(shown.severity).value
    told: dict[str, Any] = {"name": shown.name, "path": shown.path, "action": action}
    if action is not None:
        told |= {"category": shown.category or None, "p": shown.p, "near_duplicate": shown.alike}
        told |= {"error": shown.error, "part": shown.part if text else without_words(shown.part)}
        told["found"] = {name: value for name, value in shown.details.items() if text or name != "text"}
    return told


def print_errors(store: AuditStore, judgement: Judgement | None, *, terminal: bool) -> int:
    """What could not be read or judged; how much."""
    count = 0
    for place, message, hint in store.connection.execute(
        "SELECT place, message, hint FROM errors ORDER BY id"
    ):
        count += 1
        _error({"place": place, "error": message, "hint": hint or None}, terminal)
    number = judgement.id if judgement else -1
    for text, message in store.connection.execute(
        "SELECT text, error FROM verdicts WHERE judgement = ? AND error IS NOT NULL ORDER BY text", (number,)
    ):
        count += 1
        _error(
            {"place": f"text {text}", "error": message, "hint": "--retry-errors judges it again"}, terminal
        )
    for name, path, message in store.connection.execute(
        "SELECT m.name, m.path, v.error FROM media_verdicts v JOIN media m ON m.id = v.media"
        " WHERE v.judgement = ? AND v.error IS NOT NULL ORDER BY m.id",
        (number,),
    ):
        count += 1
        _error(
            {"place": f"{path} ({name})", "error": message, "hint": "--retry-errors judges it again"},
            terminal,
        )
    return count


def _error(record: dict[str, Any], terminal: bool) -> None:
    if terminal:
        hint = f" (hint: {record['hint']})" if record["hint"] else ""
        print(printable(f"{record['place']}: {record['error']}{hint}"))
    else:
        print(json.dumps(record))
    sys.stdout.flush()


def _totals(console: Console, totals: Totals) -> None:
    judged = ", ".join(f"{count:,} {_DONE[action]}" for action, count in totals.actions.items())
    _say(console, f"{totals.items:,} items ({_listed(totals.kinds)}): {judged}")
    rest = [f"{totals.nothing:,} with nothing to judge"] if totals.nothing else []
    rest += [f"{totals.waiting:,} not judged yet"] if totals.waiting else []
    rest += [f"{totals.failed:,} texts that could not be judged"] if totals.failed else []
    rest += [f"{totals.unread:,} places that could not be read"] if totals.unread else []
    if rest:
        _say(console, f"not judged: {', '.join(rest)}")
    if totals.media.listed:
        _say(console, _media(totals))
    if totals.private:
        _say(console, f"{totals.private:,} items are for followers or single people only")
    if totals.categories:
        _say(console, f"texts by category: {_listed(totals.categories)}")
    if totals.stages:
        _say(console, f"decided by: {_listed(totals.stages)}")


def _media(totals: Totals) -> str:
    media = totals.media
    told = f"pictures and videos: {media.judged:,} of {media.listed:,} judged"
    told += f", {media.acted:,} of them acted on" if media.acted else ""
    told += f", {media.failed:,} that could not be judged" if media.failed else ""
    return told + (f", {media.sound:,} of sound alone" if media.sound else "")


_DONE = {Action.ALLOW: "allowed", Action.WARN: "warned of", Action.BLOCK: "blocked"}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def _say(console: Console, line: str) -> None:
    console.print(Text(printable(line)), soft_wrap=True)
