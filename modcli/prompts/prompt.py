"""The values that a backend understands: a fixed prefix, a text, and questions about it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property


class Role(StrEnum):
    """Who speaks in a turn of the chat."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One closed turn of the chat. Its content never yields a special token, whoever wrote it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text. In a `marker` the model's special tokens are recognised; elsewhere they are plain characters."""

    text: str
    marker: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before the item, and what stands after the question that follows it."""

    before: tuple[Segment, ...]
    after: tuple[Segment, ...]


@dataclass(frozen=True)
class Prefix:
    """What comes before every item: closed turns, then the opening words of the user's turn that holds the item.

    A model that has a prompt form of its own, and not a chat's, is given it as `framed`, with no messages. The model's
    turn begins with the words of `answer`, as if it had written them.
    """

    messages: tuple[Message, ...]
    opening: str = ""
    framed: Frame | None = None
    answer: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex."""
        told = asdict(self)
        for name in (
            "framed",
            "answer",
        ):  # what is not there leaves what was kept before it was known as it is
            if not told[name]:
                del told[name]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """Words that follow the item in the user's turn, and the label words of which the assistant's turn may hold one."""

    text: str
    labels: tuple[str, ...]
