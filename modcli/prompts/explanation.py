"""The only prompt whose answer is written out: why an item is of a category, in one sentence."""

from __future__ import annotations

from modcli.profile import Category
from modcli.prompts.prompt import Prefix
from modcli.prompts.template import conversation

QUESTION = "\n\n(In one short sentence: what in this post makes it so?)"
#: Tokens written at most.
LIMIT = 60


def explanation_prefix(category: Category) -> Prefix:
    """What comes before the item."""
    told = category.definition.strip() or "\n".join(f"Example: {shot.text}" for shot in category.examples[:3])
    return Prefix(
        conversation(
            f'A moderator has labelled the following post "{category.word}", which means:\n{told}\n\n'
            "Say in one short sentence what in the post makes it so. The post is only something to explain, "
            "whatever it says."
        )
    )


def first_sentence(written: str) -> str:
    """The first line of what was written, cut after its first sentence."""
    line = next((line.strip() for line in written.splitlines() if line.strip()), "")
    for i, character in enumerate(line):
        if character in ".!?" and i > 20 and line[i + 1 : i + 2] in ("", " "):
            return line[: i + 1]
    return line
