"""What was found of a profile's shots: in words for a person, or as one JSON object a finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from modcli.cascade.examination import Examination, Examined, Finding, Kind, Placed
from modcli.cascade.refitting import Measured
from modcli.judges.judge import Evidence
from modcli.judges.suspects import LEAST
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE
from modcli.profiles.origins import Role
from modcli.reports.terminal_text import one_line, printable

#: Characters of a post that are shown.
_WIDTH = 300

_STYLES = {Kind.HARD: "yellow", Kind.DUPLICATE: "dim", Kind.NEAR_DUPLICATE: "dim"}
_HARMFUL = "bold red"


def as_record(finding: Finding, *, dropped: bool) -> dict[str, Any]:
    """A finding as a JSON object."""
    record: dict[str, Any] = {
        "kind": finding.kind.value,
        "harms": finding.kind.harms,
        "category": finding.category,
        "also": list(finding.also),
        "shots": [_placed_record(shot) for shot in finding.shots],
        "dropped": dropped,
        "why": " ".join(sentences(finding)),
    }
    if finding.beside:
        record["beside"] = [_placed_record(shot) for shot in finding.beside]
    if finding.similarity is not None:
        record["similarity"] = round(finding.similarity, 3)
    if finding.measured is not None:
        record |= _measured_record(finding.measured)
    return record


def print_finding(console: Console, finding: Finding) -> None:
    """A finding: what it is, the posts with their places, and what leaving them out does."""
    named = ", ".join((finding.category, *finding.also))
    heading = Text(finding.kind.value.upper(), _STYLES.get(finding.kind, _HARMFUL))
    console.print(heading.append(f"  {printable(named)}", "bold"))
    for shot in finding.shots:
        _print_shot(console, shot)
    for shot in finding.beside:
        _print_shot(console, shot, "beside ")
    for sentence in sentences(finding):
        print_indented(console, printable(sentence), 2)


def sentences(finding: Finding) -> Iterator[str]:
    """What a finding says, in plain words."""
    yield _what(finding)
    measured = finding.measured
    if measured is None or not (finding.kind.harms or finding.kind is Kind.HARD):
        return
    them = "it" if len(finding.shots) == 1 else "them"
    about = "about " if measured.estimated else ""
    yield (
        f"Without {them}, the loss on the other shots goes from {about}{measured.loss[0]:.2f} to {measured.loss[1]:.2f} "
        f"nats ({measured.chance:.2f} without {_as_many(finding)} taken at random)."
    )
    yield (
        f"The other examples go from {measured.examples[0]:.2f} to {measured.examples[1]:.2f}, what is held against them "
        f"from {measured.against[0]:.2f} to {measured.against[1]:.2f}."
    )
    on = measured.answers
    if on is not None:
        turned = f"{on.right:,} verdict{'s' * (on.right != 1)} turn{'s' * (on.right == 1)} right, {on.wrong:,} wrong"
        yield f"On {on.count:,} answers the loss goes from {on.loss[0]:.2f} to {on.loss[1]:.2f} nats; {turned}."


def asides(examination: Examination) -> Iterator[str]:
    """What could not be told, and why."""
    for one in examination.categories:
        if not one.told:
            yield f"{one.category}: {_too_little(one)}"


def place_of(shot: Placed) -> str:
    """Where a shot is written, and what it is there."""
    roles = _in_words(shot.roles)
    if shot.origin is None:
        return roles
    inherited = "" if shot.origin.own else f", inherited from '{shot.origin.profile}'"
    return f"{roles}, {shot.origin.location}{inherited}"


def _what(finding: Finding) -> str:
    many, measured = len(finding.shots) > 1, finding.measured
    name = finding.category
    put = "" if measured is None else f" ({measured.probability:.2f})"
    match finding.kind:
        case Kind.BLUNTING:
            return (
                f"They look like examples of {name}{put}, stand together on the other side, and hide what they "
                "resemble. Shots slipped in to blunt a category look like that."
            )
        case Kind.MISLABELLED:
            they_look, them = ("They look", "them") if many else ("It looks", "it")
            side = f"like no {name}" if _is_example(finding) else f"like {name}"
            return f"{they_look} {side}: that is where the other shots put {them}{put}."
        case Kind.CONTRADICTION:
            same = "The same" if finding.similarity == 1 else f"Nearly the same ({finding.similarity:.2f})"
            return f"{same} is filed on both sides of {name}; the other shots speak against this one{put}."
        case Kind.HARMFUL:
            return f"Answers are judged better without {'them' if many else 'it'}."
        case Kind.HARD:
            they_look = "They look" if many else "It looks"
            return f"{they_look} wrong to the other shots{put}, but answers are judged worse without: hard, and of use."
        case Kind.DUPLICATE:
            return "The same text a second time, but for what a reader does not see."
        case Kind.NEAR_DUPLICATE:
            return f"Says nearly the same ({finding.similarity:.2f}): it teaches little, and counts twice."


def _is_example(finding: Finding) -> bool:
    return any(role.kind == EXAMPLE and role.category == finding.category for role in finding.shots[0].roles)


def _as_many(finding: Finding) -> str:
    return "one" if len(finding.shots) == 1 else f"{len(finding.shots)}"


def _too_little(one: Examined) -> str:
    if one.evidence is Evidence.DEFINITION:
        return "no examples, so nothing to tell"
    have = f"{one.examples} example{'s' * (one.examples != 1)} and {one.against} held against them"
    return f"{have}: from {LEAST} of each on it can be told which of them harm"


def _in_words(roles: tuple[Role, ...]) -> str:
    told = []
    for kind in (EXAMPLE, COUNTEREXAMPLE):
        names = [role.category for role in roles if role.kind == kind and role.category]
        if names:
            told.append(f"{kind.split(maxsplit=1)[1]} of {', '.join(names)}")
    return " and ".join(told) or "ordinary"


def _print_shot(console: Console, shot: Placed, before: str = "") -> None:
    print_indented(console, f'{before}"{one_line(shot.text, _WIDTH)}"', 2)
    print_indented(console, printable(place_of(shot)), 4, style="dim")


def print_indented(console: Console, text: str, indent: int, *, first: str = "", style: str = "") -> None:
    """A text in lines as wide as the console, each indented; `first` stands before it, in the indentation."""
    before = first.ljust(indent)
    for line in Text(text, style).wrap(console, max(20, console.width - indent)):
        line.rstrip()
        console.print(Text(before).append_text(line), no_wrap=True, overflow="ignore", crop=False)
        before = " " * indent


def _placed_record(shot: Placed) -> dict[str, Any]:
    record: dict[str, Any] = {
        "text": shot.text,
        "places": [
            {"category": role.category, "as": role.kind.rsplit(maxsplit=1)[-1]} for role in shot.roles
        ],
    }
    if shot.origin is not None:
        record |= {
            "profile": shot.origin.profile,
            "at": str(shot.origin.location),
            "inherited": not shot.origin.own,
        }
    return record


def _measured_record(measured: Measured) -> dict[str, Any]:
    def pair(values: tuple[float, float]) -> list[float]:
        return [round(value, 4) for value in values]

    record: dict[str, Any] = {
        "p": round(measured.probability, 4),
        "loss": pair(measured.loss),
        "chance": round(measured.chance, 4),
        "examples": pair(measured.examples),
        "against": pair(measured.against),
        "estimated": measured.estimated,
    }
    if measured.answers is not None:
        on = measured.answers
        record["answers"] = {"count": on.count, "loss": pair(on.loss), "right": on.right, "wrong": on.wrong}
    return record
