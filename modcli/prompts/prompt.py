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


@dataclass(frozen=True)
class Prefix:
    """What comes before every item: closed turns, then the opening words of the user's turn that holds the item."""

    messages: tuple[Message, ...]
    opening: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex."""
        return hashlib.sha256(json.dumps(asdict(self), ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """Words that follow the item in the user's turn, and the label words of which the assistant's turn may hold one."""

    text: str
    labels: tuple[str, ...]
