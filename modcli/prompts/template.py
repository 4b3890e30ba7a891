"""The model's own chat template, applied so that no content can imitate its markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from modcli.prompts.prompt import Frame as Frame
from modcli.prompts.prompt import Message, Prefix, Role
from modcli.prompts.prompt import Segment as Segment

_ITEM, _QUESTION, _OPENING = "item", "question", "opening"
_SLOT = re.compile("\ue000([a-z0-9]+)\ue001")


def frame(template: str, prefix: Prefix, special: Mapping[str, str], *, pictured: bool = False) -> Frame:
    """The prefix in the model's form: its own where it has one, else that of the template. `special` holds `bos_token`
    and `eos_token` as the template spells them. With `pictured` the turn of the item begins with a picture, and a marker
    of `before` holds what stands for it.

    The template (which comes from a file and is not trusted: it runs in a sandbox) is rendered over placeholders,
    and the contents are put in afterwards, so a content that spells a marker stays a content.

    Raises ValueError where the template cannot be applied.
    """
    answer = Segment(prefix.answer, marker=True)
    if prefix.framed is not None:
        return Frame(_filled(prefix.framed.before), _filled((*prefix.framed.after, answer)))
    contents = {str(i): message.content for i, message in enumerate(prefix.messages)}
    turns = [{"role": m.role.value, "content": _slot(str(i))} for i, m in enumerate(prefix.messages)]
    turns.append({"role": Role.USER.value, "content": _slot(_OPENING) + _slot(_ITEM) + _slot(_QUESTION)})
    parts = _rendered(template, turns, special, pictured=pictured)
    contents |= {_OPENING: prefix.opening, _ITEM: "", _QUESTION: ""}
    segments = [
        Segment(contents[part], marker=False) if i % 2 else Segment(part, marker=True)
        for i, part in enumerate(parts)
    ]
    # ..., opening, "", item, "", question, what closes the turn
    return Frame(_filled(segments[:-4]), _filled((*segments[-1:], answer)))


def _rendered(
    template: str, turns: list[dict[str, str]], special: Mapping[str, str], *, pictured: bool
) -> list[str]:
    """Text, name of a slot, text, name of a slot, ..., text. Raises ValueError.

    Some templates know no system turn, and refuse or drop it: its words then open the first user turn.
    """
    try:
        return _parts(template, turns, special, pictured=pictured)
    except ValueError:
        merged = _without_system(turns)
        if merged == turns:
            raise
        return _parts(template, merged, special, pictured=pictured)


def _parts(
    template: str, turns: list[dict[str, str]], special: Mapping[str, str], *, pictured: bool
) -> list[str]:
    parts = _SLOT.split(_render(template, _in_pieces(turns) if pictured else turns, special))
    wanted = [name for turn in turns for name in _SLOT.findall(turn["content"])]
    # Some templates move the first turn, which is the system's, to the last of the user's.
    if sorted(parts[1::2]) != sorted(wanted) or _later(parts[1::2]) != _later(wanted):
        raise ValueError("the chat template drops, repeats or reorders turns")
    if parts[-3] or parts[-5]:
        raise ValueError("the chat template takes a user's turn apart")
    if not parts[-1]:
        raise ValueError("the chat template does not close the user's turn")
    return parts


def _in_pieces(turns: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    """Turns in the form of models that see: each a list of pieces, the last beginning with a picture."""
    pieces: list[dict[str, object]] = [
        {"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]} for turn in turns
    ]
    shown: list[object] = [{"type": "image"}, {"type": "text", "text": turns[-1]["content"]}]
    return [*pieces[:-1], {"role": turns[-1]["role"], "content": shown}]


def _later(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "0"]


def _slot(name: str) -> str:
    return f"\ue000{name}\ue001"


def _filled(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if segment.text)


def _render(template: str, turns: Sequence[Mapping[str, object]], special: Mapping[str, str]) -> str:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.globals["raise_exception"] = _refuse
    try:
        return environment.from_string(template).render(messages=turns, add_generation_prompt=True, **special)
    except Exception as error:  # the template is somebody's program: it may fail in any way
        raise ValueError(f"the chat template cannot be applied: {error}") from error


def _refuse(message: str) -> None:
    raise ValueError(message)


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    if len(turns) < 2 or turns[0]["role"] != Role.SYSTEM.value:
        return turns
    first = {**turns[1], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]


def conversation(system: str, shots: Sequence[tuple[str, str]] = ()) -> tuple[Message, ...]:
    """A system turn, then a user's and an assistant's turn per shot."""
    turns = [Message(Role.SYSTEM, system)]
    for text, answer in shots:
        turns += [Message(Role.USER, text), Message(Role.ASSISTANT, answer)]
    return tuple(turns)
