"""An item of an audit as a person is asked about it: what was written, by whom, and why it was judged so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from modcli.audit.ingest import WHOLE
from modcli.audit.outcomes import Outcome
from modcli.profile import Action
from modcli.reports.terminal_text import one_line, printable

#: Characters of one part that are shown.
MOST = 20_000
_STYLES = {Action.BLOCK: "bold red", Action.WARN: "bold yellow", Action.ALLOW: "bold green"}
_DONE = {Action.BLOCK: "blocked", Action.WARN: "warned of", Action.ALLOW: "allowed"}


def question_text(
    one: Outcome,
    thresholds: Mapping[str, float],
    actions: Mapping[str, Action],
    *,
    alike: int = 0,
    similar: Sequence[tuple[str, str]] = (),
) -> Text:
    """Everything about the item, to be shown in any width. Nothing in it acts on a terminal or is read as markup.
    `actions` are those of the categories, `alike` other items have nearly the same text, `similar` are shots and what
    each is."""
    told = Text()
    _head(told, one)
    for piece in one.own:
        _part(told, piece.name, piece.text, decided=piece.text_id == one.text_id)
    for shown in one.pictures:
        said = shown.error or shown.reason or "not judged"
        _part(told, shown.told, f"{shown.path}: {said}", decided=shown.told == one.part)
    if one.part == WHOLE:
        told.append("\nNo part alone: all that was written decided together.\n", "italic")
    told.append("\n")
    _reasons(told, one, thresholds, actions)
    for kind, shot in similar:
        _line(told, f"shares words with {kind}: {one_line(shot, 120)}", "dim")
    if alike:
        others = "1 other item has" if alike == 1 else f"{alike:,} other items have"
        told.append(f"{others} this text or nearly the same. An answer is for this item alone.\n", "italic")
    if one.spread:
        told.append("Judged as the near-duplicate of another text.\n", "italic")
    return told


def _head(told: Text, one: Outcome) -> None:
    action = one.action
    told.append(_DONE[action].upper() if action else "NOT JUDGED", _STYLES[action] if action else "dim")
    told.append(f"  {printable(one.kind)} {one.id}\n")
    author = " ".join(
        filter(None, (one.handle and f"@{one.handle}", one.author_name and f"({one.author_name})"))
    )
    _line(told, author or one.author_url or "author not known", "bold")
    when = (one.published or "date not known").replace("T", " ").replace("Z", " UTC")
    marks = [when, f"for: {one.visibility}"]
    marks += ["edited"] if one.edited else []
    marks += ["marked sensitive"] if one.sensitive else []
    marks += [f"{one.media} attachment{'s' * (one.media != 1)}"] if one.media else []
    _line(told, ", ".join(marks), "dim")
    if one.url or one.uri:
        _line(told, one.url or one.uri, "dim")
    if one.in_reply_to:
        _line(told, f"in reply to {one.in_reply_to}", "dim")
    for shown, target in one.details.get("disguised", ()):
        _line(told, f"a link that looks like {shown} leads to {target}", "yellow")


def _part(told: Text, name: str, text: str, *, decided: bool) -> None:
    told.append("\n")
    told.append(printable(name), "reverse" if decided else "dim")
    told.append("  <- this decided\n" if decided else "\n", "bold" if decided else "")
    told.append(printable(text[:MOST]), "bold" if decided else "")
    if len(text) > MOST:
        told.append(f"\n(and {len(text) - MOST:,} characters more)", "italic")
    told.append("\n")


def _reasons(
    told: Text, one: Outcome, thresholds: Mapping[str, float], actions: Mapping[str, Action]
) -> None:
    if one.error:
        _line(told, f"could not be judged: {one.error}", "red")
    if one.reason:
        stage = f" (by {one.stage})" if one.stage else ""
        _line(told, f"why: {one.reason}{stage}", "")
    if one.read < 1:
        _line(told, f"only {one.read:.0%} of it was read", "yellow")
    width = max((len(name) for name in one.scores), default=0)
    for name, p in sorted(one.scores.items(), key=lambda entry: -entry[1]):
        threshold = thresholds.get(name)
        fired = threshold is not None and p >= threshold
        limit = "" if threshold is None else f" from {threshold:.2f}"
        does = actions[name].value if name in actions else ""
        _line(told, f"{name:<{width}} {does:<5} {p:.2f}{limit}", "bold" if fired else "dim")
    if one.decision is not None:
        labels = f" ({', '.join(one.decision.labels)})" if one.decision.labels else ""
        why = f": {one.decision.why}" if one.decision.why else ""
        _line(told, f"said before: {one.decision.answer}{labels}{why}", "yellow")


def _line(told: Text, line: str, style: str) -> None:
    told.append(printable(line.replace("\n", " ").replace("\t", " ")), style)
    told.append("\n")
