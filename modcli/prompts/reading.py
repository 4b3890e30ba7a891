"""The reading prompt: one fixed prompt without categories, whose hidden states serve every profile."""

from __future__ import annotations

from modcli.prompts.prompt import Prefix
from modcli.prompts.template import conversation

READING = Prefix(
    conversation(
        "You are a careful reader of social media posts. Read the post and say in one word what kind of post it is."
    )
)
