"""Decisions become shots of a profile, after what that changes in the audit was measured and shown."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer

from modcli.audit.decisions import Entry, kept_apart, learned, note_learned, standing, text_of
from modcli.audit.rejudging import Reread, in_common
from modcli.audit.review import unknown_of
from modcli.audit.store import AuditStore, Judgement
from modcli.cli import profile_view as view
from modcli.cli.assemble import build_workbench, reader_beside
from modcli.cli.audit_rejudge import check_model, recorded, reread_by
from modcli.cli.profile_learn import tell_learned
from modcli.cli.stream import tell
from modcli.errors import Location, ModcliError, UsageError
from modcli.profile import Action, Profile
from modcli.profiles.answers import Answer, Learned, learn
from modcli.profiles.find import Shelf
from modcli.profiles.load import load, load_bytes
from modcli.profiles.plan import editable
from modcli.reports.summary import counted
from modcli.settings import Settings

#: So many new shots are shown as they are written.
_SHOWN = 12


@dataclass(frozen=True)
class Lessons:
    """What there is to learn: answers, each with the number of its decision. `apart` decisions are on items of which
    something was drawn for a certificate, `vague` ones do not say which category of the profile is meant, `known` ones
    were learned before."""

    answers: tuple[Answer, ...]
    numbers: tuple[int, ...]
    apart: int = 0
    vague: int = 0
    known: int = 0


@dataclass(frozen=True)
class Effect:
    """How many of the `texts` of an audit are judged otherwise, by what was read of them: `moves` counts them by the
    actions before and after. `own` of these are the answered ones. `unread` could not be told."""

    old: str
    new: str
    texts: int
    moves: dict[str, int]
    own: int
    unread: int
    blind: tuple[str, ...]

    @property
    def changed(self) -> int:
        """How many are judged otherwise."""
        return sum(self.moves.values())

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        told: dict[str, Any] = {"what": "effect", "unit": "text", "stage": "reading", "old": self.old}
        told |= {"new": self.new, "texts": self.texts, "changed": self.changed, "moves": self.moves}
        return told | {"answered": self.own, "unread": self.unread, "left_out": list(self.blind)}

    def words(self) -> str:
        """One line for a person."""
        moves = ", ".join(f"{count:,} {move}" for move, count in self.moves.items())
        line = f"against {self.old}, {self.changed:,} of {self.texts:,} verdicts of this audit would change"
        line += f" ({moves}); {self.own:,} of them on texts that were answered" if moves else ""
        line += f"; {self.unread:,} texts were not read, and are left out" if self.unread else ""
        return line + (f"; {', '.join(self.blind)}: no examples, left out" if self.blind else "")


@dataclass(frozen=True)
class Manner:
    """How to learn: `overrule` shots that contradict an answer; `measured`: show what changes first; `rehearsal`: write
    nothing; `agree` is asked before anything is written."""

    overrule: bool = False
    measured: bool = True
    rehearsal: bool = False
    agree: Callable[[str], bool] = lambda _question: True


def lessons_of(
    store: AuditStore, made: Profile, target: Profile, place: str, only: Sequence[int] = ()
) -> Lessons:
    """What is to be learned of the decisions that hold (of `only` these), but for what the profile whose file is at
    `place` has learned already. `made` is the profile that was decided about."""
    entries = [entry for entry in standing(store) if not only or entry.number in only]
    before = learned(store, place)
    fresh = [entry for entry in entries if entry.number not in before]
    apart = kept_apart(store, [entry.item for entry in fresh])
    answers, numbers, vague = [], [], 0
    for entry in fresh:
        if entry.item in apart:
            continue
        answer = _answer(store, entry, made, target)
        if answer is None:
            vague += 1
        else:
            answers.append(answer)
            numbers.append(entry.number)
    return Lessons(
        tuple(answers),
        tuple(numbers),
        sum(entry.item in apart for entry in fresh),
        vague,
        len(entries) - len(fresh),
    )


def _answer(store: AuditStore, entry: Entry, made: Profile, target: Profile) -> Answer | None:
    unknown = unknown_of(entry.answer, entry.labels, entry.after, made)
    text = text_of(store, entry)
    if unknown is None or not text.strip() or not set(entry.labels) <= target.by_name.keys():
        return None
    # Of what the other profile did not know nobody said anything.
    unsaid = (unknown & target.by_name.keys()) | (target.by_name.keys() - made.by_name.keys())
    place = Location(f"{store.file.name} decision {entry.number}")
    return Answer(text, frozenset(entry.labels), frozenset(unsaid) - set(entry.labels), place)


def learn_decisions(
    store: AuditStore,
    judgement: Judgement,
    settings: Settings,
    wish: str,
    manner: Manner,
    only: Sequence[int] = (),
) -> int:
    """Make shots of what was decided; how many decisions were left out for a contradiction. Says what it does. Raises
    ModcliError, and changes nothing, where that cannot be done."""
    shelf = Shelf(settings.config_dir / "profiles")
    target, current = editable(wish, shelf), load(wish, shelf)
    place = str(target.found.path)
    made = recorded(judgement)
    lessons = lessons_of(store, made, current, place, only)
    _tell_left_out(lessons)
    if not lessons.answers:
        tell("there is nothing to learn" + (" any more" if lessons.known else ""))
        return 0
    view.tell_new_file(target)
    planned = learn(target, shelf, lessons.answers, overrule=manner.overrule, rehearsal=True)
    terminal = sys.stdout.isatty()
    if planned.new and terminal and planned.new <= _SHOWN:
        view.print_change(planned.change)
    if planned.new and manner.measured:
        edited = load_bytes(planned.change.new.encode(), target.found, shelf)
        for effect in _effects(store, settings, judgement, (made, current, edited), lessons):
            if terminal:
                tell(effect.words())
            else:
                print(json.dumps(effect.as_record()))
    question = f"Write {counted(planned.new, 'shot')} to {place}?"
    if planned.new and not manner.rehearsal and not manner.agree(question):
        tell("nothing was written; the decisions are kept")
        return 0
    done = planned
    if not manner.rehearsal:
        done = learn(target, shelf, lessons.answers, overrule=manner.overrule)
        note_learned(store, place, _taken(lessons, done))
    left_out = tell_learned(done, dry_run=manner.rehearsal)
    if not terminal:
        told = {"what": "learned", "profile": place, "new": done.new, "known": done.known}
        told |= {"contradicting": left_out, "kept_apart": lessons.apart, "unclear": lessons.vague}
        print(json.dumps(told | {"written": not manner.rehearsal}))
    return left_out


def _taken(lessons: Lessons, done: Learned) -> list[int]:
    """The decisions that are shots now, or were before."""
    open_places = {
        place for one in done.conflicts if not one.settled for place in (str(one.here), str(one.there))
    }
    return [
        number
        for answer, number in zip(lessons.answers, lessons.numbers, strict=True)
        if str(answer.location) not in open_places
    ]


def _tell_left_out(lessons: Lessons) -> None:
    if lessons.apart:
        are = "is" if lessons.apart == 1 else "are"
        tell(
            f"{counted(lessons.apart, 'decision')} {are} on what was drawn for a certificate: never made a shot"
        )
    if lessons.vague:
        tell(
            f"left out: {counted(lessons.vague, 'decision')} without a word on which category of this profile is meant; "
            "the answer `other` says it"
        )


def _effects(
    store: AuditStore,
    settings: Settings,
    judgement: Judgement,
    profiles: tuple[Profile, Profile, Profile],
    lessons: Lessons,
) -> list[Effect]:
    """What changes against the profile that the audit was made with and, where it was edited since, against it as it is.
    Raises UsageError where that cannot be measured."""
    made, current, edited = profiles
    try:
        bench = build_workbench(settings, tell=tell)
        try:
            check_model(judgement, bench)
            bench = replace(bench, reader=reader_beside(bench, store.states_folder))
            olds = [("the profile of the audit", made)]
            if current.digest != made.digest:
                olds.append(("the profile as it is", current))
            own = _own_texts(store, lessons)
            after, *before = reread_by(store, bench, edited, *(old for _, old in olds))
            return [
                _effect(name, edited.name, found, after, own)
                for (name, _), found in zip(olds, before, strict=True)
            ]
        finally:
            bench.close()
    except ModcliError as error:
        raise UsageError(
            f"what the answers change cannot be measured: {error}",
            hint=f"{error.hint}; or --unmeasured" if error.hint else "--unmeasured learns without",
        ) from error


def _own_texts(store: AuditStore, lessons: Lessons) -> set[int]:
    """The texts that are learned, as their groups."""
    found = set()
    for number in lessons.numbers:
        row = store.connection.execute(
            "SELECT COALESCE(t.representative, t.id) FROM decisions d JOIN texts t ON t.id = d.text"
            " WHERE d.id = ?",
            (number,),
        ).fetchone()
        if row:
            found.add(row[0])
    return found


def _effect(old: str, new: str, before: Reread, after: Reread, own: set[int]) -> Effect:
    one, other = in_common(before, after)
    names = [action.value for action in Action]
    changed = one.severity != other.severity
    pairs = zip(one.severity[changed].tolist(), other.severity[changed].tolist(), strict=True)
    moves = Counter(f"{names[left]} to {names[right]}" for left, right in pairs)
    blind = tuple(dict.fromkeys((*before.blind, *after.blind)))
    return Effect(
        old,
        new,
        len(one.texts),
        dict(moves.most_common()),
        len(own & set(one.texts[changed].tolist())),
        max(before.unread, after.unread),
        blind,
    )


def wish_of(store: AuditStore, judgement: Judgement, named: str | None) -> str:
    """The profile to teach: the one that was named, else the one that the audit was made with. Raises UsageError where
    that is not one."""
    if named:
        return named
    row = store.connection.execute(
        "SELECT options FROM runs WHERE judgement = ? ORDER BY id DESC", (judgement.id,)
    ).fetchone()
    names = json.loads(row[0]).get("profile", []) if row else []
    if len(names) != 1:
        raise UsageError("which profile is to learn it?", hint="-p PROFILE")
    return str(names[0])


def confirmed(question: str) -> bool:
    """Ask the person, where there is one; on a pipe the command itself says yes."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    return typer.confirm(question, err=True)
