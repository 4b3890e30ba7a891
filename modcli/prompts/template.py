"""The model's own chat template, applied so that no content can imitate its markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from modcli.prompts.prompt import Message, Prefix, Role

_ITEM, _QUESTION, _OPENING = "item", "question", "opening"
_SLOT = re.compile("\ue000([a-z0-9]+)\ue001")


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text. In a `marker` the special tokens of the model are recognised; elsewhere they are plain characters."""

    text: str
    marker: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before the item, and what stands after the question that follows it."""

    before: tuple[Segment, ...]
    after: tuple[Segment, ...]


def frame(template: str, prefix: Prefix, special: Mapping[str, str]) -> Frame:
    """The prefix in the model's form. `special` holds `bos_token` and `eos_token` as the template spells them.

    The template (which comes from a file and is not trusted: it runs in a sandbox) is rendered over placeholders,
    and the contents are put in afterwards, so a content that spells a marker stays a content.

    Raises ValueError where the template cannot be applied.
    """
    contents = {str(i): message.content for i, message in enumerate(prefix.messages)} | {
        _OPENING: prefix.opening
    }
    turns = [{"role": m.role.value, "content": _slot(str(i))} for i, m in enumerate(prefix.messages)]
    turns.append({"role": Role.USER.value, "content": _slot(_OPENING) + _slot(_ITEM) + _slot(_QUESTION)})
    rendered = _render(template, turns, special)
    parts = _SLOT.split(rendered)  # text, slot name, text, slot name, ..., text
    segments = [
        Segment(contents[part], marker=False)
        if i % 2 and part in contents
        else Segment(part, marker=not i % 2)
        for i, part in enumerate(parts)
    ]
    names = [segment.text for segment in segments if not segment.marker]
    if names[-2:] != [_ITEM, _QUESTION] or len(names) != len(contents) + 2:
        raise ValueError("the chat template drops or reorders turns")
    item = (
        len(segments)
        - 1
        - next(i for i, s in enumerate(reversed(segments)) if s == Segment(_ITEM, marker=False))
    )
    return Frame(_filled(segments[:item]), _filled(segments[item + 3 :]))


def _slot(name: str) -> str:
    return f"\ue000{name}\ue001"


def _filled(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if segment.text)


def _render(template: str, turns: list[dict[str, str]], special: Mapping[str, str]) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    try:
        compiled = environment.from_string(template)
        try:
            return compiled.render(messages=turns, add_generation_prompt=True, **special)
        except (TemplateError, ValueError):
            # Some templates know no system turn: its words then open the first user turn.
            return compiled.render(messages=_without_system(turns), add_generation_prompt=True, **special)
    except (TemplateError, TypeError, ValueError) as error:
        raise ValueError(f"the chat template cannot be applied: {error}") from error


def _refuse(message: str) -> None:
    raise ValueError(message)


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    if len(turns) < 2 or turns[0]["role"] != Role.SYSTEM.value:
        return turns
    first = {"role": turns[1]["role"], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]


def conversation(system: str, shots: Sequence[tuple[str, str]] = ()) -> tuple[Message, ...]:
    """A system turn, then a user's and an assistant's turn per shot."""
    turns = [Message(Role.SYSTEM, system)]
    for text, answer in shots:
        turns += [Message(Role.USER, text), Message(Role.ASSISTANT, answer)]
    return tuple(turns)
