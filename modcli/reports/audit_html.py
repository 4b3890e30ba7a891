"""An audit as one page of HTML: nothing is fetched, its one script is named by its digest, and all that people wrote is
escaped by the template engine or packed as data that the script shows as text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment

from modcli import __version__
from modcli.audit.outcomes import Outcome
from modcli.audit.risk import TAIL, union
from modcli.audit.summary import Group, Summary
from modcli.audit.totals import Totals
from modcli.images.quoting import part_kind
from modcli.profile import Profile, Task
from modcli.reports.audit_charts import category_risks, risk_timeline, timeline
from modcli.reports.audit_items import Packed, excerpt, pack, web_address
from modcli.reports.audit_thumbnails import Thumbnails
from modcli.reports.page import environment
from modcli.reports.terminal_text import printable

#: The page is to stay below this, and this is what its other parts may take.
MOST_BYTES, _OTHER_PARTS = 24_000_000, 600_000
#: Rows of the tables, and of the items that are shown without the script.
AUTHORS, THREADS, ERRORS, LISTED = 50, 20, 100, 40
_STAGES = {
    "reading": "by what was read (heads on hidden states)",
    "prompt": "by the profile prompt",
    "cache": "answered from the cache",
    "empty": "nothing to read",
    "none": "not judged",
    "group": "as a near-duplicate",
}


@dataclass(frozen=True)
class AuditReport:
    """What a report shows. `items` are the outcomes that its table holds, the most important first; of `private` ones,
    for some people only, none unless `with_private`. `profile` is as it is judged, `thresholds` where each category acts.
    `certificates`, `spread` and `notes` are sentences; `thumbnails` small pictures, none unless somebody asked."""

    title: str
    source: str
    kind: str
    owner: str
    made: str
    profile: Profile
    profile_name: str
    profile_digest: str
    model: str
    model_digest: str
    depth: str
    thresholds: Mapping[str, float]
    summary: Summary
    totals: Totals
    items: Sequence[Outcome]
    with_private: bool
    with_texts: bool = True
    selected: str = ""
    errors: Sequence[tuple[str, str]] = ()
    certificates: Sequence[str] = ()
    spread: str = ""
    notes: Sequence[str] = field(default_factory=tuple)
    thumbnails: Thumbnails = field(default_factory=Thumbnails)


def audit_page(report: AuditReport, *, most_bytes: int = MOST_BYTES) -> str:
    """The whole page, of at most about `most_bytes`: where that does not do, the least important texts are left out."""
    categories = [category.name for category in report.summary.categories]
    room = most_bytes - _OTHER_PARTS - report.thumbnails.size
    packed = pack(report.items, categories, most_bytes=room, texts=report.with_texts)
    script = _script()
    return (
        _environment()
        .get_template("audit.html.j2")
        .render(
            report=report,
            summary=report.summary,
            totals=report.totals,
            version=__version__,
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            charts={
                "timeline": timeline(report.summary.months),
                "risk": risk_timeline(report.summary.months),
                "categories": category_risks(report.summary.categories),
            },
            packed=packed,
            rules=_rules(report, packed),
            listed=[one for one in report.items[:LISTED] if one.action is not None and one.severity],
            authors=_flagged(report.summary.authors, AUTHORS),
            threads=_flagged(report.summary.threads, THREADS),
            stage_words=_STAGES,
            tail=round(100 * TAIL),
            error_limit=ERRORS,
        )
    )


def _rules(report: AuditReport, packed: Packed) -> dict[str, Any]:
    """What the script needs to judge anew: how categories act."""
    by_name = report.profile.by_name
    return {
        "multiClass": report.profile.task is Task.MULTI_CLASS,
        "withText": packed.with_text,
        "categories": [
            {
                "name": one.name,
                "action": one.action.value,
                "threshold": round(one.threshold, 4),
                "exempts": list(by_name[one.name].exempts) if one.name in by_name else [],
            }
            for one in report.summary.categories
        ],
    }


def _flagged(groups: Sequence[Group], most: int) -> list[Group]:
    return [group for group in groups if group.blocked or group.warned][:most]


@cache
def _script() -> str:
    return resources.files("modcli.reports").joinpath("templates/audit.js").read_text("utf-8")


@cache
def _environment() -> Environment:
    return environment(_FILTERS)


def _thousands(count: int) -> str:
    return f"{count:,}"


def _share(part: int, whole: int) -> str:
    """A share in per cent; what is there is never nothing."""
    if not whole or not part:
        return "0%"
    value = 100 * part / whole
    return "<0.1%" if value < 0.1 else f"{value:.1f}%" if value < 10 else f"{value:.0f}%"


_FILTERS: Mapping[str, Any] = {
    "thousands": _thousands,
    "share": _share,
    "excerpt": excerpt,
    "part_kind": part_kind,
    "web_address": web_address,
    "union": lambda risk: float(union(risk)),
    "decimals": lambda value: f"{value:.3f}",
    "printable": printable,
}
