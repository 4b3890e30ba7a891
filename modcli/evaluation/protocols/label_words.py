"""Plain in-context learning: every shot in the prompt, the label words at full depth, no head. The baseline of the
paper's kind, and the place to try what only a prompt can hold, such as reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.parts import parts_of
from modcli.cascade.preparation import bank_texts
from modcli.cascade.workbench import Workbench
from modcli.evaluation.baselines import truth_of_rows
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.measures import Answers
from modcli.judges.background import LABELLED_EVERY
from modcli.judges.fitting import LabelScores, label_offset
from modcli.judges.judge import probability
from modcli.profile import Category, Profile
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import ProfilePrompt, assemble
from modcli.prompts.prompt import Message, Role

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelAnswers:
    """The same label scores, held against two thresholds: even odds of the two label words as the model gives them,
    and the offset that background posts tell (`judges.fitting.label_offset` of a category without examples)."""

    at_even: Answers
    at_offset: Answers


def label_prompt(category: Category, *, reasons: Mapping[str, str] | None = None) -> ProfilePrompt:
    """The profile prompt of one category with all of its shots.

    `reasons` (shot text to reason) are put behind the label word in the assistant's turn. Behind it, not before: the
    word that is read is then the first of the turn still, and no text has to be written. Explanations after the
    answer are what Lampinen et al. 2022 (arXiv 2204.02329) found to help; the paper's rationales come before it, and
    are generated.
    """
    # A profile's prompt keeps half of the shots back, to see how its answers are to be read: shown twice, none is.
    shown = replace(category, examples=category.examples * 2, counterexamples=category.counterexamples * 2)
    most = 4 * max(len(category.examples), len(category.counterexamples))
    prompt = assemble(Profile(category.name, (shown,)), [shown], shots=most)
    if reasons is None:
        return prompt
    told = {normalize(text): reason for text, reason in reasons.items() if reason}
    messages = list(prompt.prefix.messages)
    for i, message in enumerate(messages[:-1]):
        if message.role is Role.USER and message.content in told:
            answer = messages[i + 1]
            messages[i + 1] = Message(answer.role, f"{answer.content}\n{told[message.content]}")
    return replace(prompt, prefix=replace(prompt.prefix, messages=tuple(messages)))


def ask(bench: Workbench, prompt: ProfilePrompt, rows: Sequence[LabelledRow]) -> LabelAnswers:
    """The rows by the label words of a prompt that asks for one category. Of a long row the window counts that speaks
    most for it. Raises what the backend raises."""
    bench.backend.check(prompt.prefix)
    (name,) = prompt.asked
    parts = [parts_of(row.item).texts for row in rows]
    asked = bench.asker.scores(prompt, [text for texts in parts for text in texts])[:, 0]
    ends = np.cumsum([len(texts) for texts in parts], dtype=int)
    scores = np.array(
        [
            asked[end - len(texts) : end].max() if texts else np.nan
            for texts, end in zip(parts, ends, strict=True)
        ]
    )
    posts = bank_texts()[::LABELLED_EVERY]
    nothing = np.empty(0)
    background = bench.asker.scores(prompt, posts)[:, 0]
    offset = label_offset(LabelScores(nothing, nothing, background))
    truth = truth_of_rows(rows, [name])[:, 0]
    return LabelAnswers(_answers(truth, scores), _answers(truth, scores - offset))


def _answers(truth: NDArray[np.int8], scores: Floats) -> Answers:
    unread = np.isnan(scores)
    known = np.where(unread, 0.0, scores)
    return Answers.binary(truth, np.where(unread, np.nan, probability(known)), (known >= 0) & ~unread)
