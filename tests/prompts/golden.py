"""What the golden prompts in tests/data/prompts are made of. `python -m tests.prompts.golden` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.prompts.profile_prompt import ProfilePrompt, assemble
from modcli.prompts.prompt import Prefix
from modcli.prompts.template import Frame, conversation, frame

DATA = Path(__file__).parents[1] / "data"
#: How each family spells the tokens that begin and end a text.
FAMILIES = {
    "smollm2": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "qwen2.5": {"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>"},
    "llama-3": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "mistral": {"bos_token": "<s>", "eos_token": "</s>"},
    "mistral-late-system": {"bos_token": "<s>", "eos_token": "</s>"},
    "gemma": {"bos_token": "<bos>", "eos_token": "<eos>"},
}
CHAT = Prefix(conversation("Label posts.", [("buy now", "spam"), ("good morning", "ordinary")]), "Post: ")

RUDE = Category(
    "rude",
    Action.BLOCK,
    definition="Insults aimed at a person.\nNot: swearing at things.",
    note="Banter between friends is fine.",
    examples=tuple(Shot(f"you are an idiot {i}") for i in range(4)),
    counterexamples=tuple(Shot(f"what a stupid printer {i}") for i in range(4)),
)
SPAM = Category(
    "crypto-shilling", Action.WARN, definition="", label="crypto", examples=(Shot("to the moon \u200bnow"),)
)
SPORT = Category(
    "sport", Action.ALLOW, definition="About matches and players.", examples=(Shot("what a goal"),)
)
PROFANE = Category(
    "profanity",
    Action.ALLOW,
    definition="Swear words.\nNot: soft stand-ins.",
    note="Such content is fine.",
    label="profane",
    examples=tuple(Shot(f"bloody hell {i}") for i in range(4)),
)
BANTER = Category(
    "banter",
    Action.ALLOW,
    note="Such content is fine.",
    examples=(Shot("you\nmuppet"), Shot("you are an idiot 3")),
)


def template(family: str) -> str:
    return (DATA / "templates" / f"{family}.jinja").read_text("utf-8")


def shown(framed: Frame) -> str:
    """A frame for the eye: contents in brackets, markers bare."""
    halves = [
        "".join(s.text if s.marker else f"⟦{s.text}⟧" for s in half) for half in (framed.before, framed.after)
    ]
    return "⟦⟦item and question⟧⟧".join(halves)


def told(prompt: ProfilePrompt) -> str:
    """A profile prompt for the eye."""
    turns = [f"--- {message.role.value}\n{message.content}" for message in prompt.prefix.messages]
    questions = [
        f"--- question about {', '.join(prompt.asked) if len(prompt.questions) < len(prompt.asked) else name}"
        f"\n{question.text!r} {question.labels}"
        for question, name in zip(prompt.questions, prompt.asked, strict=False)
    ]
    return "\n".join([*turns, *questions]) + "\n"


def _profile(*categories: Category, task: Task = Task.MULTI_LABEL) -> Profile:
    return Profile("golden", categories, task=task)


CASES: dict[str, Callable[[], str]] = {
    **{
        f"template-{family}": lambda family=family: shown(frame(template(family), CHAT, FAMILIES[family]))
        for family in FAMILIES
    },
    "template-qwen2.5-without-system": lambda: shown(
        frame(template("qwen2.5"), Prefix((), "Post: "), FAMILIES["qwen2.5"])
    ),
    "profile-one-category": lambda: told(assemble(_profile(RUDE), [RUDE], shots=4)),
    "profile-one-category-no-shots": lambda: told(assemble(_profile(RUDE), [RUDE])),
    "profile-multi-label": lambda: told(assemble(_profile(RUDE, SPAM, SPORT), [RUDE, SPAM, SPORT], shots=3)),
    "profile-multi-class": lambda: told(
        assemble(_profile(RUDE, SPAM, SPORT, task=Task.MULTI_CLASS), [RUDE, SPAM, SPORT], shots=8)
    ),
    "profile-one-category-one-allowed": lambda: told(assemble(_profile(RUDE, PROFANE), [RUDE], shots=2)),
    "profile-multi-label-two-allowed": lambda: told(
        assemble(_profile(RUDE, SPAM, PROFANE, BANTER), [RUDE, SPAM], shots=2)
    ),
}

if __name__ == "__main__":
    for case, make in CASES.items():
        (DATA / "prompts" / f"{case}.txt").write_text(make(), "utf-8")
