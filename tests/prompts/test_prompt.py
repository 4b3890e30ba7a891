from __future__ import annotations

import pytest

from modcli.prompts.prompt import Message, Prefix, Role
from modcli.prompts.reading import READING

BASE = Prefix((Message(Role.SYSTEM, "a"), Message(Role.USER, "b")), "c")


@pytest.mark.parametrize(
    "other",
    [
        Prefix((Message(Role.SYSTEM, "a"), Message(Role.USER, "b")), ""),
        Prefix((Message(Role.SYSTEM, "a"), Message(Role.ASSISTANT, "b")), "c"),
        Prefix((Message(Role.SYSTEM, "ab"), Message(Role.USER, "")), "c"),
        Prefix((Message(Role.SYSTEM, "a"),), "bc"),
    ],
)
def test_digest_tells_prefixes_apart(other: Prefix) -> None:
    assert other.digest != BASE.digest


def test_digest_is_that_of_the_content() -> None:
    assert Prefix(BASE.messages, "c").digest == BASE.digest
    assert len(BASE.digest) == 64


def test_reading_prompt_is_the_one_that_kept_states_were_read_with() -> None:
    """Whoever changes its words makes every state store worthless: that is to be meant."""
    assert READING.digest == "286284b4cf40d9b8c79a23a039948d3714f238e41d21dca349a5f86e3e506a47"
