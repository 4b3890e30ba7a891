"""Guards with categories of their own: a profile's are mapped to them by name, or refused."""

from __future__ import annotations

import re

from modcli.errors import ProfileError
from modcli.profile import Category
from modcli.prompts.guards.base import Ask, Guard
from modcli.prompts.prompt import Prefix

#: Qwen3Guard's categories (https://github.com/QwenLM/Qwen3Guard), and words that name them in a profile.
QWEN3GUARD = {
    "Violent": {"violent", "violence", "threat", "threats", "weapons", "terrorism", "gore"},
    "Non-violent Illegal Acts": {"illegal", "crime", "crimes", "fraud", "scam", "scams", "drugs", "hacking"},
    "Sexual Content or Sexual Acts": {"sexual", "sex", "nsfw", "porn", "pornography", "nudity", "adult"},
    "PII": {"pii", "doxxing", "doxing", "privacy"},
    "Suicide & Self-Harm": {"suicide", "selfharm"},
    "Unethical Acts": {"unethical", "hate", "hateful", "harassment", "insults", "bullying", "discrimination"},
    "Politically Sensitive Topics": {"political", "politics", "propaganda"},
    "Copyright Violation": {"copyright", "piracy"},
    "Jailbreak": {"jailbreak", "jailbreaks", "injection"},
}


def theirs(category: Category) -> str | None:
    """The guard's category that one of a profile is called like; None where it is none, or more than one."""
    words = set(
        re.findall(r"[a-z0-9]+", f"{category.name} {category.word}".lower().replace("self-harm", "selfharm"))
    )
    found = [name for name, called in QWEN3GUARD.items() if words & called]
    return found[0] if len(found) == 1 else None


def _qwen3guard(category: Category) -> tuple[Ask, ...]:
    """How unsafe it is, then of which kind: its own chat template holds the task."""
    name = theirs(category)
    if name is None:
        raise ProfileError(
            f"{category.name}: Qwen3Guard judges by categories of its own ({', '.join(QWEN3GUARD)}), and by its name this"
            " is not one of them",
            hint="Use a guard that reads a policy, such as Shieldstral, or a chat model.",
        )
    names = list(QWEN3GUARD)
    return (
        Ask(Prefix((), answer="Safety:"), (" Unsafe", " Controversial", " Safe"), (0, 1)),
        Ask(
            Prefix((), answer="Safety: Unsafe\nCategories:"),
            tuple(f" {own}" for own in names),
            (names.index(name),),
        ),
    )


FIXED_GUARDS = (
    Guard(
        "Qwen3Guard",
        re.compile(r"qwen3-?guard-?gen"),
        "Qwen3Guard judges by categories of its own: yours are matched to them by name, and your definitions and "
        "examples are not read.",
        _qwen3guard,
    ),
)
