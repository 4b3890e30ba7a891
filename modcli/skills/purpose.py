"""What a skill is for, by the user's profile: by its card, and by its passages where the card does not settle it."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from modcli.errors import Location
from modcli.item import Item
from modcli.judges.decision import decide
from modcli.profile import Action, Profile
from modcli.skills.card import CARD, MOST_PASSAGES, Card, Passage, card_of, passages
from modcli.skills.skill import Skill
from modcli.verdict import CategoryVerdict, Verdict

#: From this share of a category's threshold on, the card supports a passage.
SUPPORT = 0.5
#: The share of a skill's passages by which it is judged: those that speak loudest.
LOUDEST = 0.25
#: A passage is believed no more than this: one of a hundred is misjudged, however sure the judge is.
_SUREST = 0.99
#: Below this share of a category's threshold, a card rules it out.
RULED_OUT = 0.5
#: An allowed category whose name begins so states an authorization: what it calls off is dual-use, and told as that.
AUTHORIZED = "authorized-"
#: Pieces named for each category that counts.
_NAMED = 3


class Answer(StrEnum):
    """What a skill is for, seen from a profile."""

    FINE = "fine"
    DUAL_USE = "dual-use"
    PERSON = "needs-a-person"
    NOT = "not-for-this-profile"

    @property
    def told(self) -> str:
        """In words, for a person."""
        return "dual-use, states authorization" if self is Answer.DUAL_USE else self.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Witness:
    """A piece that speaks for a category: the lines of a file, and how probable the category is there. `what` is `card`
    or `passage`."""

    what: str
    path: str
    line: int
    last_line: int
    probability: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one category: that of the skill as a whole, the pieces that speak for it (the one that speaks
    loudest first), and, where it did not count because nothing else spoke for it, what that one said alone (None)."""

    verdict: CategoryVerdict
    witnesses: tuple[Witness, ...] = ()
    alone: float | None = None


@dataclass(frozen=True)
class Purpose:
    """What a skill is for.

    `says_purpose` is false where its description says nothing of that. `stage` is `card` or `passages`; `read` the share
    of its text that was judged, of a skill settled by its card that of the card (0: only the card). `model` and `profile`
    are digests. `error` says what could not be judged.
    """

    answer: Answer
    action: Action
    reason: str
    categories: Mapping[str, Found] = field(default_factory=dict)
    says_purpose: bool = True
    stage: str = CARD
    read: float = 0.0
    pieces: int = 1
    model: str = ""
    profile: str = ""
    error: str | None = None

    @property
    def decided_by(self) -> list[str]:
        """The categories that brought the answer about, the most probable first."""
        counted = [
            (one.verdict.probability, name)
            for name, one in self.categories.items()
            if one.verdict.exempted_by or (one.verdict.action is self.action and one.verdict.action.severity)
        ]
        return [name for _, name in sorted(counted, reverse=True)]


class Judging(Protocol):
    """The part of a moderator that is used."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


@dataclass
class Shares:
    """How many skills each stage settled, and what it took: seconds, and pieces that were judged."""

    skills: Counter[str] = field(default_factory=Counter)
    pieces: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class PurposeJudge:
    """Answers what skills are for.

    `profile` is the one whose categories are judged (`judges.tasks.as_judged`). The judge is given the card and the
    passages, one by one, as any other content, and nothing of what rules have found. With `everything`, no skill is
    settled by its card. At most `most` passages of a skill are read.
    """

    def __init__(
        self, judging: Judging, profile: Profile, *, everything: bool = False, most: int = MOST_PASSAGES
    ) -> None:
        self._judging = judging
        self._profile = profile
        self._everything = everything
        self._most = most
        self.shares = Shares()

    def judge(self, skills: Sequence[Skill], in_full: Sequence[bool] = ()) -> list[Purpose]:
        """One answer per skill, in order. Those of `in_full` are judged by their passages too, whatever their card says:
        how much is read may depend on what rules have found, what is made of it does not. Raises what the moderator
        raises of what concerns all items."""
        cards = [card_of(skill) for skill in skills]
        pieces = [[Passage(s.main.path, c.line, c.line, c.text)] for s, c in zip(skills, cards, strict=True)]
        verdicts = self._judged(pieces, CARD)
        answers: dict[int, Purpose] = {}
        for i, card in enumerate(cards):
            full = self._everything or (bool(in_full) and in_full[i])
            if not full and self._is_settled(card, verdicts[i][0]):
                answers[i] = self._answer(card, pieces[i], verdicts[i], CARD, 0.0)
        rest = [i for i in range(len(skills)) if i not in answers]
        texts = [passages(skills[i], self._most) for i in rest]
        more = self._judged([list(text.pieces) for text in texts], "passages")
        for i, text, further in zip(rest, texts, more, strict=True):
            all_pieces, all_verdicts = [*pieces[i], *text.pieces], [*verdicts[i], *further]
            answers[i] = self._answer(cards[i], all_pieces, all_verdicts, "passages", text.read)
        self.shares.skills.update(answer.stage for answer in answers.values())
        return [answers[i] for i in range(len(skills))]

    def _judged(self, pieces: Sequence[Sequence[Passage]], stage: str) -> list[list[Verdict]]:
        """The verdicts of the pieces of each skill; those of all skills are judged together."""
        items = [
            Item(f"{one.path}:{one.line}", one.text, Location(one.path, one.line))
            for own in pieces
            for one in own
        ]
        start = time.perf_counter()
        verdicts = iter(self._judging.judge(items) if items else [])
        self.shares.seconds[stage] += time.perf_counter() - start
        self.shares.pieces[stage] += len(items)
        return [[next(verdicts) for _ in own] for own in pieces]

    def _is_settled(self, card: Card, verdict: Verdict) -> bool:
        """Whether the card says what the skill is for, and rules out every category that acts; or whether nothing in the
        passages could change the answer."""
        if verdict.error is not None:
            return False
        if self._is_condemned(verdict):
            return True
        if card.brief or not (card.says_purpose and card.whole):
            return False
        by_name = self._profile.by_name
        return all(
            found.probability < RULED_OUT * found.threshold
            for name, found in verdict.categories.items()
            if name in by_name and by_name[name].action is not Action.ALLOW
        )

    def _is_condemned(self, verdict: Verdict) -> bool:
        """Whether a category acts as strictly as any could, which no exception calls off."""
        categories = self._profile.categories
        excepted = {name for c in categories if c.action is Action.ALLOW for name in c.exempts}
        final = {c.name for c in categories if c.action is Action.BLOCK} - excepted
        return any(found.fired and name in final for name, found in verdict.categories.items())

    def _answer(
        self, card: Card, pieces: Sequence[Passage], verdicts: Sequence[Verdict], stage: str, read: float
    ) -> Purpose:
        action, found, reason = combine(self._profile, pieces, verdicts)
        error = next((verdict.error for verdict in verdicts if verdict.error is not None), None)
        answer = _answered(action, found)
        if not card.says_purpose:
            reason = f"it never says what it is for; {reason}"
            # Nothing on the card, and nothing in it: there is nothing by which to call it fine.
            if answer is Answer.FINE and len(pieces) == 1:
                answer, action = Answer.PERSON, Action.WARN
        if error is not None and answer is Answer.FINE:
            answer, action = Answer.PERSON, Action.WARN
        return Purpose(
            answer,
            action,
            reason,
            found,
            card.says_purpose,
            stage,
            read,
            len(pieces),
            verdicts[0].model,
            verdicts[0].profile,
            error,
        )


def combine(
    profile: Profile, pieces: Sequence[Passage], verdicts: Sequence[Verdict]
) -> tuple[Action, dict[str, Found], str]:
    """What the pieces of a skill (its card first) come to: the action, what was found of each category, and why.

    The card is what a skill says of itself, and counts as it is. Passages count by the mean of the odds of the LOUDEST
    quarter of them (none taken for surer than 99%), or by the loudest where the card supports it with SUPPORT of the
    threshold: what a skill is for is said more than once, and one of four passages is enough. The reason is noise: if one
    passage in a hundred is misjudged, so is a skill of thirty by their maximum with probability 1 - .99**30 = .26.
    (Pooling by the top instances of a bag: Li and Vasconcelos, Multiple instance learning for soft bags via top
    instances, CVPR 2015.) An allowed category calls off, and states itself once: its loudest piece counts. Then `decide`
    has its say.
    """
    probabilities: dict[str, float] = {}
    thresholds: dict[str, float] = {}
    witnesses: dict[str, tuple[Witness, ...]] = {}
    alone: dict[str, float] = {}
    judged = [(i, verdict) for i, verdict in enumerate(verdicts) if verdict.categories]
    for category in profile.categories:
        said = [(v.categories[category.name], i) for i, v in judged if category.name in v.categories]
        if not said:
            continue
        by_card = next((found.probability for found, i in said if i == 0), 0.0)
        said.sort(key=lambda one: (-one[0].probability, one[1]))
        best, threshold = said[0][0].probability, said[0][0].threshold
        if category.action is not Action.ALLOW and by_card < SUPPORT * threshold:
            by_passages = _one_of([found.probability for found, i in said if i])
            probabilities[category.name] = max(by_card, by_passages)
        else:
            probabilities[category.name] = best
        thresholds[category.name] = threshold
        witnesses[category.name] = tuple(
            _witness(pieces[i], i, verdict.probability)
            for verdict, i in said[:_NAMED]
            if verdict.probability >= SUPPORT * threshold
        )
        if probabilities[category.name] < threshold <= best:
            alone[category.name] = best
    action, found, reason = decide(profile, probabilities, thresholds, {})
    if alone and action is Action.ALLOW:
        told = ", ".join(f"{name} {p:.2f}" for name, p in alone.items())
        reason = f"{reason}; a passage speaks of {told}, and the others do not"
    return (
        action,
        {name: Found(verdict, witnesses[name], alone.get(name)) for name, verdict in found.items()},
        reason,
    )


def _one_of(passages: Sequence[float]) -> float:
    """How probable it is that a skill is of a category, from what its passages say."""
    if not passages:
        return 0.0
    loudest = sorted(passages, reverse=True)[: math.ceil(len(passages) * LOUDEST)]
    odds = sum(min(p, _SUREST) / (1 - min(p, _SUREST)) for p in loudest) / len(loudest)
    return odds / (1 + odds)


def _answered(action: Action, found: Mapping[str, Found]) -> Answer:
    if action is Action.BLOCK:
        return Answer.NOT
    if action is Action.WARN:
        return Answer.PERSON
    called_off = {one.verdict.exempted_by for one in found.values()} - {None}
    return Answer.DUAL_USE if any(str(name).startswith(AUTHORIZED) for name in called_off) else Answer.FINE


def _witness(piece: Passage, index: int, probability: float) -> Witness:
    return Witness(CARD if index == 0 else "passage", piece.path, piece.line, piece.last_line, probability)
