"""Guards are known by their names, on the hub, as files, and in servers."""

from __future__ import annotations

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action, Category
from modcli.prompts.guards.base import GuardQuestion
from modcli.prompts.guards.catalogue import GUARDS, find_guard, guard_prompt
from modcli.weights.registry import GuardRow, load_registry


@pytest.mark.parametrize(
    ("model", "guard"),
    [
        ("google/shieldgemma-2b", "ShieldGemma"),
        ("shieldgemma-9b.Q4_K_M.gguf", "ShieldGemma"),
        ("meta-llama/Llama-Guard-3-8B", "Llama Guard 3"),
        ("Llama_Guard_3_1B.gguf", "Llama Guard 3"),
        ("meta-llama/Llama-Guard-4-12B", "Llama Guard 4"),
        ("ibm-granite/granite-guardian-4.1-8b", "Granite Guardian"),
        ("mistralai/Shieldstral-1.0-3B", "Shieldstral"),
        ("zentropi-ai/cope-a-9b", "CoPE"),
        ("openai/gpt-oss-safeguard-20b", "gpt-oss-safeguard"),
        ("Qwen/Qwen3Guard-Gen-0.6B", "Qwen3Guard"),
        ("qwen2.5-coder-1.5b", None),
        ("Qwen/Qwen3-4B-Instruct-2507", None),
        ("scripted", None),
        ("smollm2-135m", None),
        ("openai/gpt-oss-20b", None),
        ("microscope-a-lot", None),
    ],
)
def test_found_by_name(model: str, guard: str | None) -> None:
    found = find_guard(model)
    assert (found.name if found else None) == guard


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("musubilabs/policylm-1.7b", "encoder of its own code"),
        ("zentropi-ai/cope-b-a4b", "prompt form of CoPE-B is not known"),
        ("Qwen/Qwen3Guard-Stream-0.6B", "no answer to read"),
        ("google/shieldgemma-2-4b-it", "images only"),
        ("ibm-granite/granite-guardian-3.2-5b", "before version 4"),
        ("meta-llama/LlamaGuard-7b", "before version 3"),
        ("meta-llama/Meta-Llama-Guard-2-8B", "before version 3"),
    ],
)
def test_those_that_are_no_use_are_refused_with_a_reason(model: str, reason: str) -> None:
    with pytest.raises(ProfileError, match=reason):
        find_guard(model)


def test_a_question_for_each_category() -> None:
    guard = find_guard("shieldstral")
    assert guard is not None
    categories = [Category(name, Action.BLOCK, definition=f"{name}.") for name in ("spam", "rude")]
    prompt = guard_prompt(guard, categories)
    assert prompt.asked == ("spam", "rude")
    assert all(isinstance(question, GuardQuestion) and question.asks for question in prompt.questions)


@pytest.mark.parametrize("row", load_registry().guards, ids=lambda row: row.repository)
def test_the_registry_names_guards_that_can_be_asked_and_were_not_run(row: GuardRow) -> None:
    assert find_guard(row.repository) is not None
    assert row.gigabytes > 0
    assert row.licence
    assert not row.tested


def test_the_registry_names_a_model_of_each_guard() -> None:
    named = {guard.name for row in load_registry().guards if (guard := find_guard(row.repository))}
    assert named == {guard.name for guard in GUARDS}
