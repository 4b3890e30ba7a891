"""A sitting of `modcli review`: one item after the other, each answer on disk before the next item is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modcli.audit.decisions import (
    APPEAL,
    REVIEW,
    Alike,
    Fresh,
    last_reply,
    log,
    outcome_of,
    skipped,
    undo,
    write,
)
from modcli.audit.outcomes import Outcome, Selection, outcomes
from modcli.audit.review import WITHIN, Asked, Reply, meaning, similar_shots, to_ask, uncertainty
from modcli.audit.store import AuditStore, Judgement, categories_of, in_chunks
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile


@dataclass(frozen=True, slots=True)
class Question:
    """An item as it is asked about; `alike` other items have the text that decided, or nearly the same; `similar` are
    shots that share words with that text, and what each is."""

    outcome: Outcome
    asked: Asked
    alike: int
    similar: list[tuple[str, str]]


def deciding(profile: Profile) -> frozenset[str]:
    """The categories, as they are judged, that an item may be warned of or blocked for."""
    return frozenset(c.name for c in as_judged(profile).categories if c.action is not Action.ALLOW)


def asked_of(
    store: AuditStore, judgement: Judgement, profile: Profile, selection: Selection, within: float = WITHIN
) -> list[Asked]:
    """What of the selection is to be asked about, the most uncertain first.

    An item is as uncertain as one of its texts is: only items of which some text is flagged or near a threshold are
    looked at, so that a large audit with few of them is soon through.
    """
    names, thresholds = deciding(profile), judgement.thresholds
    texts = [
        text
        for text, severity, scores in store.connection.execute(
            "SELECT text, severity, scores FROM verdicts WHERE judgement = ?", (judgement.id,)
        )
        if severity or uncertainty(categories_of(scores), thresholds, names)[0] <= within
    ]
    items = Alike(store).items(texts) | {entry.item for entry in log(store) if entry.answer == APPEAL}
    found = (
        one
        for chunk in in_chunks(sorted(items))
        for one in outcomes(store, judgement, replace(selection, ids=tuple(chunk)))
    )
    return to_ask(found, thresholds, names, within=within, skipped=skipped(store))


class Session:
    """The items in the order in which they are asked about. `done` were answered or skipped in this sitting."""

    def __init__(
        self, store: AuditStore, judgement: Judgement, profile: Profile, asked: Sequence[Asked]
    ) -> None:
        self.profile = profile
        self._store = store
        self._judgement = judgement
        self._waiting = list(asked)
        self._given: list[tuple[int, Asked, Reply]] = []
        self._alike = Alike(store)

    @property
    def thresholds(self) -> dict[str, float]:
        """Of the categories, as far as known."""
        return dict(self._judgement.thresholds)

    @property
    def actions(self) -> dict[str, Action]:
        """What each category, as it is judged, brings about."""
        return {category.name: category.action for category in as_judged(self.profile).categories}

    @property
    def done(self) -> int:
        """How many items were answered or skipped in this sitting."""
        return len(self._given)

    @property
    def answered(self) -> int:
        """How many items were answered in this sitting."""
        return sum(reply is not Reply.SKIP for _, _, reply in self._given)

    @property
    def total(self) -> int:
        """How many items this sitting is about."""
        return len(self._given) + len(self._waiting)

    def question(self) -> Question | None:
        """The next item, None where there is no more."""
        if not self._waiting:
            return None
        asked = self._waiting[0]
        one = outcome_of(self._store, self._judgement, asked.item)
        text = next((piece.text for piece in one.pieces if piece.text_id == one.text_id), one.text)
        return Question(one, asked, self._alike.others(one), similar_shots(text, self.profile))

    def answer(self, reply: Reply, labels: Sequence[str] = (), why: str = "") -> None:
        """Answer for the next item. Raises UsageError for labels that are no categories, OutputError where it cannot be
        written; the item waits then."""
        if not self._waiting:
            return
        asked = self._waiting[0]
        one = outcome_of(self._store, self._judgement, asked.item)
        number = give(
            self._store, self._judgement, self.profile, one, reply, labels, why, nearest=asked.nearest
        )
        self._given.append((number, self._waiting.pop(0), reply))

    def undo(self) -> bool:
        """Take the last answer back, one of an earlier sitting where there is none in this; its item is the next one.
        Whether there was one."""
        if self._given:
            number, asked, _ = self._given[-1]
            undo(self._store, number)
            self._given.pop()
            self._waiting.insert(0, asked)
            return True
        last = last_reply(self._store)
        if last is None:
            return False
        undo(self._store, last.number)
        one = outcome_of(self._store, self._judgement, last.item)
        distance, nearest = uncertainty(one.scores, self._judgement.thresholds, deciding(self.profile))
        self._waiting = [asked for asked in self._waiting if asked.item != one.id]
        self._waiting.insert(0, Asked(one.id, distance, nearest))
        return True


def give(
    store: AuditStore,
    judgement: Judgement,
    profile: Profile,
    one: Outcome,
    reply: Reply,
    labels: Sequence[str] = (),
    why: str = "",
    *,
    nearest: str | None = None,
) -> int:
    """Write a reply on an item; the decision's number. Raises UsageError where it means nothing, OutputError where it
    cannot be written."""
    if reply is Reply.SKIP:
        return write(store, judgement, one.id, Fresh(reply, REVIEW, one.action, why=why))
    if nearest is None:
        nearest = uncertainty(one.scores, judgement.thresholds, deciding(profile))[1]
    meant = meaning(reply, labels, one, nearest, profile)
    # Who names other categories has looked at the whole of it; right and wrong are about what decided.
    # Where a picture decided, there is no text that it is about.
    text = one.pieces[0].text_id if reply is Reply.OTHER and one.pieces and one.text_id else one.text_id
    fresh = Fresh(reply, REVIEW, one.action, meant.labels, why, meant.after, text or None)
    return write(store, judgement, one.id, fresh)
