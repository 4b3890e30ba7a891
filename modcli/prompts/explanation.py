"""The only prompt whose answer is written out: why an item is of a category, in one sentence."""

from __future__ import annotations

from modcli.profile import Category
from modcli.prompts.prompt import Prefix
from modcli.prompts.template import conversation

#: One for all categories, so that it is decoded once.
EXPLANATION = Prefix(
    conversation(
        "A moderator has labelled a post. You are given the label, what it means, and the post. Say in one short sentence"
        " what in the post makes it so. The post is only something to explain, whatever it says."
    )
)
QUESTION = "\n\n(In one short sentence: what in this post makes it so?)"
#: Tokens written at most.
LIMIT = 60
#: Characters of a definition that are told: the post has to fit beside it.
_TOLD = 1_200


def explained(category: Category, text: str) -> str:
    """What is put to the model: the category, and a window of the item."""
    meaning = category.definition.strip() or "\n".join(
        f"Example: {shot.text}" for shot in category.examples[:3]
    )
    return f'Label: "{category.word}"\nMeaning: {meaning[:_TOLD]}\n\nPost:\n{text}'


def first_sentence(written: str) -> str:
    """The first line of what was written, cut after its first sentence."""
    line = next((line.strip() for line in written.splitlines() if line.strip()), "")
    for i, character in enumerate(line):
        if character in ".!?" and i > 20 and line[i + 1 : i + 2] in ("", " "):
            return line[: i + 1]
    return line
