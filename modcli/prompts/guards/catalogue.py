"""Which guard a model is, by its name; and those that cannot be used, with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modcli.errors import ProfileError
from modcli.profile import Category
from modcli.prompts.guards.base import Guard
from modcli.prompts.guards.fixed import FIXED_GUARDS
from modcli.prompts.guards.forms import POLICY_GUARDS
from modcli.prompts.profile_prompt import ProfilePrompt
from modcli.prompts.prompt import Prefix

GUARDS = (*POLICY_GUARDS, *FIXED_GUARDS)

#: Models that are no use here, and why.
_REFUSED = (
    (
        re.compile(r"policylm"),
        "PolicyLM gives its scores through an encoder of its own code, which modcli does not run",
    ),
    (
        re.compile(r"(?<![a-z])cope-b-"),
        "the prompt form of CoPE-B is not known to modcli, and asked in another it would answer something else",
    ),
    (re.compile(r"qwen3-?guard-?stream"), "Qwen3Guard-Stream has a head for tokens, and no answer to read"),
    (re.compile(r"shieldgemma-2-"), "ShieldGemma 2 judges images only"),
    (
        re.compile(r"granite-?guardian-?[123]"),
        "Granite Guardian before version 4 has another prompt form, which modcli does not know",
    ),
    (
        re.compile(r"llama-?guard(?!-?[34])"),
        "Llama Guard before version 3 has another prompt form, which modcli does not know",
    ),
)


def find_guard(model: str) -> Guard | None:
    """The guard that a model's name tells of; None for any other model. Raises ProfileError for one that is no use."""
    name = re.sub(r"[\s_]+", "-", model.lower())
    for pattern, reason in _REFUSED:
        if pattern.search(name):
            raise ProfileError(f"{model} cannot judge: {reason}", hint="Use another model.")
    return next((guard for guard in GUARDS if guard.pattern.search(name)), None)


def guard_prompt(guard: Guard, categories: Sequence[Category]) -> ProfilePrompt:
    """What a guard is asked, a question for each category. Raises ProfileError for one that it does not know."""
    questions = tuple(guard.question(category) for category in categories)
    return ProfilePrompt(Prefix(()), questions, tuple(category.name for category in categories))
