"""Edits of categories: block, warn, unblock, extend.

Every edit reads the file, changes what it has to and nothing else, loads the result, and only then replaces
the file. What a profile inherits is never changed: the edit goes into the file at hand, on top of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Profile, Task
from modcli.profiles.find import Shelf
from modcli.profiles.plan import Change, Editable, Plan, prose, run, shot_texts

#: What `unblock` tells the model. One fixed sentence, so that `block` can take it back.
UNBLOCK_NOTE = "This user considers such content fine: it is allowed, and is no reason to warn or to block."


def block(
    target: Editable, shelf: Shelf, name: str, *, definition: str = "", examples: Sequence[str] = ()
) -> Change:
    """Block a category; an unblock is taken back. A new one needs a definition or an example."""
    return run(
        target, shelf, lambda plan: _enforce(plan, name, Action.BLOCK, definition, shot_texts(examples))
    )


def warn(
    target: Editable, shelf: Shelf, name: str, *, definition: str = "", examples: Sequence[str] = ()
) -> Change:
    """Warn of a category; otherwise as `block`."""
    return run(
        target, shelf, lambda plan: _enforce(plan, name, Action.WARN, definition, shot_texts(examples))
    )


def unblock(
    target: Editable,
    shelf: Shelf,
    name: str,
    *,
    definition: str = "",
    examples: Sequence[str] = (),
    exempts: Sequence[str] = (),
) -> Change:
    """Allow a category, in a way that the model is told of. Raises ProfileError.

    One that exists keeps its definition and examples and gets a note. A new one needs a definition or an
    example, and becomes an exception to `exempts`, or else to all that is blocked or warned of now. One that exists
    becomes an exception to `exempts` alone: to undo more than was asked for is worse than to hint at it.
    """
    return run(target, shelf, lambda plan: _allow(plan, name, definition, shot_texts(examples), exempts))


def extend(
    target: Editable,
    shelf: Shelf,
    name: str,
    *,
    definition: str = "",
    examples: Sequence[str] = (),
    note: str = "",
) -> Change:
    """Widen a category to a variation: more examples, one more clause of the definition, one more note."""

    def plan_it(plan: Plan) -> None:
        known = plan.category(name)
        if not (prose(definition) or examples or prose(note)):
            raise ProfileError(
                f"nothing to extend '{name}' with",
                hint='give --example "...", --definition "..." or --note "..."',
            )
        if prose(definition):
            if known.definition and plan.draft.tree.node(("categories", name, "definition")) is None:
                plan.notes.append(f"the inherited definition of '{name}' is copied here, to be extended")
            plan.put(name, "definition", _joined(known.definition, definition, "\n"))
        if prose(note):
            plan.put(name, "note", _joined(known.note, note, " "))
        plan.add(name, "examples", shot_texts(examples))

    return run(target, shelf, plan_it)


def _enforce(plan: Plan, name: str, action: Action, definition: str, examples: Sequence[str]) -> None:
    known = plan.profile.by_name.get(name)
    if known is None:
        _make(plan, name, {"action": action.value}, definition, examples)
        return
    if known.action is not action:
        plan.put(name, "action", action.value)
    if UNBLOCK_NOTE in known.note:
        rest = known.note.replace(UNBLOCK_NOTE, "").strip()
        if rest:
            plan.put(name, "note", rest)
        else:
            plan.clear(name, "note")
    if known.action is Action.ALLOW and known.exempts:
        plan.clear(name, "exempts")
    if prose(definition):
        plan.put(name, "definition", prose(definition))
    plan.add(name, "examples", examples)


def _allow(plan: Plan, name: str, definition: str, examples: Sequence[str], exempts: Sequence[str]) -> None:
    for other in exempts:
        plan.category(other)
    known = plan.profile.by_name.get(name)
    if known is None:
        strict = [one.name for one in plan.profile.categories if one.action is not Action.ALLOW]
        others = list(dict.fromkeys(exempts)) or strict
        _make(plan, name, {"action": "allow"} | ({"exempts": others} if others else {}), definition, examples)
    else:
        if known.action is not Action.ALLOW:
            plan.put(name, "action", "allow")
        if exempts and tuple(dict.fromkeys(exempts)) != known.exempts:
            plan.put(name, "exempts", list(dict.fromkeys(exempts)))
        if prose(definition):
            plan.put(name, "definition", prose(definition))
        if UNBLOCK_NOTE not in known.note:
            plan.put(name, "note", _joined(known.note, UNBLOCK_NOTE, " "))
        plan.add(name, "examples", examples)
        after = plan.reload()
        near = [
            other for other in _overlapping(after, after.by_name[name]) if not after.by_name[name].exempts
        ]
        if near:
            plan.hints.append(
                f"a post of '{name}' can also be one of {', '.join(near)}, which is not allowed; where it is "
                f"rather '{name}', it passes with {' '.join(f'--from {other}' for other in near)}"
            )
    if len(plan.reload().by_name[name].examples) < 2:
        plan.notes.append(f"'{name}' is recognized much better with 2 to 4 examples: add some with --example")


def _overlapping(profile: Profile, category: Category) -> list[str]:
    """The categories blocked or warned of that may act on posts of this one: one of both definitions names the other
    category, or they share an example. Only where several categories can fire at once."""
    if profile.task is not Task.MULTI_LABEL:
        return []
    texts = {shot.text for shot in category.examples}
    return [
        other.name
        for other in profile.categories
        if other.action is not Action.ALLOW
        and (
            _names(category.definition, other)
            or _names(other.definition, category)
            or any(shot.text in texts for shot in other.examples)
        )
    ]


def _names(definition: str, category: Category) -> bool:
    words = {category.word, category.name, category.name.replace("-", " ")}
    return any(re.search(rf"\b{re.escape(word)}\b", definition, re.IGNORECASE) for word in words)


def _make(plan: Plan, name: str, head: dict[str, Any], definition: str, examples: Sequence[str]) -> None:
    """A new category."""
    close = difflib.get_close_matches(
        name.lower(), [known.lower() for known in plan.profile.by_name], cutoff=0.8
    )
    if not prose(definition) and not examples:
        raise ProfileError(
            f"there is no category '{name}' yet; a new one needs a definition or an example",
            hint=(f"did you mean {close[0]}? Otherwise add " if close else "add ")
            + '--example "..." or --definition "..."',
        )
    if close:
        plan.notes.append(f"'{name}' is a new category, beside '{close[0]}'")
    note = {"note": UNBLOCK_NOTE} if head["action"] == "allow" else {}
    told = {"definition": prose(definition)} if prose(definition) else {}
    shots = {"examples": list(dict.fromkeys(examples))} if examples else {}
    plan.draft.put(("categories", name), head | told | note | shots)


def _joined(before: str, more: str, between: str) -> str:
    return f"{before}{between}{prose(more)}" if before else prose(more)
