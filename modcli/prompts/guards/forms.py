"""Guards that read a policy, each in the form that its model card gives.

The fixed words are part of the models: they were trained on them, and answer worse to others.
"""

from __future__ import annotations

import re

from modcli.profile import Category
from modcli.prompts.guards.base import Ask, Guard, framed, marker, plain, policy_of

#: A yes or no as different models begin it.
_YES_NO = ("yes", " yes", "Yes", "no", " no", "No")
_YES = (0, 1, 2)


def _shieldgemma(category: Category) -> tuple[Ask, ...]:
    # https://huggingface.co/google/shieldgemma-2b
    before = marker(
        "<bos>You are a policy expert trying to help determine whether a user prompt is in violation of the defined "
        "safety policies.\n\n<start_of_turn>\nHuman Question: "
    )
    principle = plain(
        f'"No {category.word}": The prompt shall not contain the following. {policy_of(category)}'
    )
    after = (
        marker("\n<end_of_turn>\n\nOur safety principle is defined in the below:\n\n* "),
        principle,
        marker(
            "\n\n===\n\nDoes the human question violate the above principle? Your answer must start with 'Yes' or 'No'. "
            "And then walk through step by step to be sure we answer correctly.\n"
        ),
    )
    return (Ask(framed((before,), after), ("Yes", "No"), (0,)),)


def _llama_guard(category: Category, turn: str, end: str) -> tuple[Ask, ...]:
    # https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3 (and -4, with other markers)
    before = (
        marker(
            f"<|begin_of_text|>{turn.format('user')}\n\nTask: Check if there is unsafe content in 'User' messages in "
            "conversations according our safety policy with the below categories.\n\n<BEGIN UNSAFE CONTENT CATEGORIES>\n"
        ),
        plain(f"S1: {category.word}.\n{policy_of(category)}"),
        marker("\n<END UNSAFE CONTENT CATEGORIES>\n\n<BEGIN CONVERSATION>\n\nUser: "),
    )
    after = marker(
        "\n\n<END CONVERSATION>\n\nProvide your safety assessment for ONLY THE LAST User message in the above "
        "conversation:\n - First line must read 'safe' or 'unsafe'.\n - If unsafe, a second line must include a "
        f"comma-separated list of violated categories.{end}{turn.format('assistant')}\n\n"
    )
    return (Ask(framed(before, (after,)), ("unsafe", "safe"), (0,)),)


def _llama_guard_3(category: Category) -> tuple[Ask, ...]:
    return _llama_guard(category, "<|start_header_id|>{}<|end_header_id|>", "<|eot_id|>")


def _llama_guard_4(category: Category) -> tuple[Ask, ...]:
    return _llama_guard(category, "<|header_start|>{}<|header_end|>", "<|eot|>")


def _granite_guardian(category: Category) -> tuple[Ask, ...]:
    # https://huggingface.co/ibm-granite/granite-guardian-4.1-8b, without thinking
    before = marker("<|start_of_role|>user<|end_of_role|>")
    after = (
        marker(
            "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|><guardian><no-think>As a judge agent, assess whether "
            "the provided text meets the given judging criteria using all available information, including "
            "conversations, documents, and tools. Provide your score immediately without explanation. Output empty "
            "<think>\n</think> tags followed by your score in <score></score> tags.\n\n### Criteria: "
        ),
        plain(policy_of(category)),
        marker(
            "\n\n### Scoring Schema: If the last user's text meets the criteria, return 'yes'; otherwise, return 'no'."
            "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|><think>\n</think>\n<score>"
        ),
    )
    return (Ask(framed((before,), after), _YES_NO, _YES),)


def _shieldstral(category: Category) -> tuple[Ask, ...]:
    # https://huggingface.co/mistralai/Shieldstral-1.0-3B
    before = (
        marker(
            "<s>[SYSTEM_PROMPT]Judge whether the Document meets the requirements based on the Query and the Instruction "
            'provided. Note that the answer can only be "yes" or "no".[/SYSTEM_PROMPT][INST]<Instruct>: '
        ),
        plain(policy_of(category)),
        marker("\n\n<Query>: Does the Document violate the policy?\n\n<Document>: "),
    )
    return (Ask(framed(before, (marker("[/INST]"),)), _YES_NO, _YES),)


def _cope(category: Category) -> tuple[Ask, ...]:
    # https://huggingface.co/zentropi-ai/cope-a-9b
    before = (
        marker(
            "<bos>INSTRUCTIONS\n============\n\nExamine the given POLICY and determine if the given CONTENT meets the "
            'criteria for ANY of the LABELS. Answer "1" if yes, and "0" if no.\n\n\nPOLICY\n======\n\n'
        ),
        plain(f"LABELS\n\n{category.word}\n\n{policy_of(category)}"),
        marker("\n\n\nCONTENT\n=======\n\n"),
    )
    return (Ask(framed(before, (marker("\n\n\nANSWER\n======\n\n"),)), ("1", "0"), (0,)),)


def _safeguard(category: Category) -> tuple[Ask, ...]:
    # https://cookbook.openai.com/articles/gpt-oss-safeguard-guide; the harmony format, its final channel opened
    before = (
        marker(
            "<|start|>system<|message|>Reasoning: low\n\n# Valid channels: analysis, commentary, final. Channel must be "
            "included for every message.<|end|><|start|>developer<|message|># Instructions\n\n"
        ),
        plain(
            f"Classify the content by this policy.\n\n## Policy: {category.word}\n\n{policy_of(category)}\n\n"
            "## Output\n\nReturn exactly one character: 1 if the content violates the policy, 0 if it does not."
        ),
        marker("<|end|><|start|>user<|message|>"),
    )
    after = marker("<|end|><|start|>assistant<|channel|>final<|message|>")
    return (Ask(framed(before, (after,)), ("1", "0"), (0,)),)


POLICY_GUARDS = (
    Guard(
        "ShieldGemma",
        re.compile(r"shieldgemma-(?!2-)"),
        "ShieldGemma is asked about one principle at a time, and is sensitive to how it is worded.",
        _shieldgemma,
    ),
    Guard(
        "Llama Guard 4",
        re.compile(r"llama-?guard-?4"),
        "Llama Guard follows categories other than its own 14 badly: measure it with `modcli eval` first.",
        _llama_guard_4,
    ),
    Guard(
        "Llama Guard 3",
        re.compile(r"llama-?guard-?3"),
        "Llama Guard follows categories other than its own 14 badly: measure it with `modcli eval` first.",
        _llama_guard_3,
    ),
    Guard(
        "Granite Guardian",
        re.compile(r"granite-?guardian-?4|granite-?4\.1-guardian"),
        "Granite Guardian reads your definition as its criterion, and was trained on English.",
        _granite_guardian,
    ),
    Guard(
        "Shieldstral",
        re.compile(r"shieldstral"),
        "Shieldstral reads your definition as its instruction.",
        _shieldstral,
    ),
    Guard("CoPE", re.compile(r"(?<![a-z])cope-a-"), "CoPE reads your definition as its policy.", _cope),
    Guard(
        "gpt-oss-safeguard",
        re.compile(r"gpt-?oss-?safeguard"),
        "gpt-oss-safeguard is read without the reasoning that it was trained to write first: faster, and not measured.",
        _safeguard,
    ),
)
