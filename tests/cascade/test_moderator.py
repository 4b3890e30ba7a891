"""The moderator, with a scripted backend: every way to an answer, and none that allows in silence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modcli.backends.base import Readout
from modcli.backends.scripted import Scripted
from modcli.cascade.auditing import Auditor
from modcli.cascade.cache import VerdictCache
from modcli.cascade.early import LEAST_BATCH, Early, EarlyStages
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.preparation import Preparation
from modcli.cascade.tuned import EMBEDDING, NGRAMS
from modcli.errors import BackendError, Location, ModcliError, PrefixTooLong, ProfileError, UsageError
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.prompts.reading import READING
from modcli.states.reader import Reader
from modcli.states.store import StateStore
from tests.cascade.taught import Numbers, by_hand

COINS = ("buy this coin now", "coin to the moon", "cheap coin, buy buy")
TEA = ("tea with a friend", "the museum opens at ten", "my cat sleeps all day")


def shots(*texts: str) -> tuple[Shot, ...]:
    return tuple(Shot(text) for text in texts)


SPAM = Category("spam", Action.BLOCK, "Sells things.", examples=shots(*COINS), counterexamples=shots(*TEA))


def item(text: str, id: str = "1", **more: Any) -> Item:
    return Item(id, text, Location("test", 1), **more)


class Making:
    """Makes moderators over one folder of caches, as successive starts of the program would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = Scripted({"spam": ["coin", "buy"], "toxic": ["fool"]})
        self.told: list[str] = []

    def __call__(
        self,
        profile: Profile,
        *,
        stage: Stage = Stage.AUTO,
        cache: bool = False,
        on_error: Action = Action.WARN,
        backend: Any = None,
        early: Early | None = None,
        auditor: Auditor | None = None,
    ) -> Moderator:
        backend = backend or self.backend
        facts = backend.facts
        store = StateStore(
            self.folder / "states", model=facts.digest, prompt=READING.digest, width=facts.width
        )
        reader = Reader(lambda: backend, store, tell=self.told.append)
        judged = as_judged(profile)
        return Moderator(
            judged,
            backend,
            reader,
            Preparation(judged, backend, reader, folder=self.folder / "judges", tell=self.told.append),
            digest=profile.digest,
            model=facts.digest,
            cache=VerdictCache(self.folder / "verdicts.db", profile.digest + stage) if cache else None,
            stage=stage,
            on_error=on_error,
            early=early,
            auditor=auditor,
            tell=self.told.append,
        )


@pytest.fixture
def make(tmp_path: Path) -> Making:
    return Making(tmp_path)


def actions(moderator: Moderator, *texts: str) -> list[Action]:
    return [
        verdict.action for verdict in moderator.judge([item(text, str(i)) for i, text in enumerate(texts)])
    ]


def test_blocks_what_is_like_the_examples(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    assert actions(moderator, "buy the coin", "tea at the museum") == [Action.BLOCK, Action.ALLOW]


def test_verdicts_keep_order_and_ids_and_equal_items_share_the_work(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    moderator.judge([item("warm up")])
    before = make.backend.read_count
    verdicts = moderator.judge([item("buy the coin", "a"), item("tea, tea", "b"), item("buy the coin", "c")])
    assert [verdict.id for verdict in verdicts] == ["a", "b", "c"]
    assert replace(verdicts[0], id="") == replace(verdicts[2], id="")
    # Two texts, each read once and at most asked about once.
    assert make.backend.read_count - before <= 4


def test_definition_alone_is_judged_by_label_words(make: Making) -> None:
    moderator = make(Profile("p", (Category("spam", Action.BLOCK, "Sells coins."),)))
    verdicts = moderator.judge([item("buy the coin coin coin", "1"), item("tea and cake", "2")])
    assert [verdict.action for verdict in verdicts] == [Action.BLOCK, Action.ALLOW]
    assert {verdict.stage for verdict in verdicts} == {"prompt"}


def test_one_example_alone_blocks(make: Making) -> None:
    moderator = make(
        Profile("p", (Category("shilling", Action.BLOCK, examples=shots("zorb coin to the moon")),))
    )
    assert actions(moderator, "zorb coin to the moon soon", "tea and cake") == [Action.BLOCK, Action.ALLOW]


def test_unblocked_category_is_judged_but_allowed(make: Making) -> None:
    moderator = make(Profile("p", (replace(SPAM, action=Action.ALLOW),)))
    (verdict,) = moderator.judge([item("buy the coin")])
    assert verdict.action is Action.ALLOW
    assert verdict.categories["spam"].fired


def test_exception_takes_an_item_out_of_its_category_alone(make: Making) -> None:
    fair = Category(
        "fair",
        Action.ALLOW,
        "A fair.",
        examples=shots("coin fair in town", "collectors coin fair"),
        exempts=("spam",),
    )
    toxic = Category(
        "rude", Action.BLOCK, "Rude.", label="toxic", examples=shots("you fool", "fool, go away")
    )
    moderator = make(Profile("p", (SPAM, fair, toxic)))
    exempted, rude = moderator.judge(
        [item("collectors coin fair in town", "1"), item("you fool, coin fair", "2")]
    )
    assert exempted.action is Action.ALLOW
    assert rude.categories["rude"].action is Action.BLOCK


def test_binary_task_gives_one_answer(make: Making) -> None:
    rude = Category("rude", Action.WARN, "Rude.", label="toxic", examples=shots("you fool", "fool, go away"))
    moderator = make(Profile("p", (SPAM, rude), task=Task.BINARY))
    (verdict,) = moderator.judge([item("buy this coin now")])
    assert list(verdict.categories) == ["harmful"]
    assert verdict.action is Action.BLOCK


def test_multi_class_task_lets_one_category_fire_at_most(make: Making) -> None:
    rude = Category("rude", Action.WARN, "Rude.", label="toxic", examples=shots("you fool", "fool, go away"))
    moderator = make(Profile("p", (SPAM, rude), task=Task.MULTI_CLASS), stage=Stage.MODEL)
    for verdict in moderator.judge([item("buy this coin, fool", "1"), item("tea and cake", "2")]):
        assert sum(found.action is not Action.ALLOW for found in verdict.categories.values()) <= 1
        assert sum(found.probability for found in verdict.categories.values()) <= 1 + 1e-9


def test_stage_model_asks_about_every_item_and_reading_about_none(make: Making) -> None:
    profile = Profile("p", (SPAM,))
    texts = [item("buy the coin", "1"), item("tea and cake", "2"), item("who knows", "3")]
    assert {v.stage for v in make(profile, stage=Stage.MODEL).judge(texts)} == {"prompt"}
    assert {v.stage for v in make(profile, stage=Stage.READING).judge(texts)} == {"reading"}


@pytest.mark.parametrize("action", [Action.WARN, Action.BLOCK])
def test_unreadable_item_is_never_allowed_in_silence(make: Making, action: Action) -> None:
    moderator = make(Profile("p", (SPAM,)), on_error=action)
    good, bad = moderator.judge([item("tea and cake", "1"), item("", "2", error="not UTF-8")])
    assert (good.action, good.error) == (Action.ALLOW, None)
    assert (bad.action, bad.error) == (action, "not UTF-8")


def test_empty_item_is_allowed_without_the_model(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    verdicts = moderator.judge([item("", "1"), item(" \u200b\n ", "2")])
    assert [verdict.stage for verdict in verdicts] == ["empty", "empty"]
    assert make.backend.read_count == 0


def test_long_item_is_what_its_worst_window_is(make: Making) -> None:
    words = " ".join(f"word{i % 97} tea" for i in range(1500))
    moderator = make(Profile("p", (SPAM,)), stage=Stage.READING)
    hidden = f"{words} buy this coin now, cheap coin to the moon, buy buy {words}"
    assert len(hidden) > 10_000
    (harmless,) = moderator.judge([item(words)])
    (harmful,) = moderator.judge([item(hidden)])
    assert harmful.read == 1.0
    assert harmful.categories["spam"].probability > harmless.categories["spam"].probability


def test_what_is_too_long_to_be_read_is_not_allowed(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    (verdict,) = moderator.judge([item(" ".join(f"tea{i}" for i in range(40_000)))])
    assert verdict.read < 1
    assert verdict.error is not None
    assert "was read" in verdict.error
    assert verdict.action is Action.WARN


def test_cut_item_and_whole_one_do_not_share_a_verdict(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), cache=True)
    (whole,) = moderator.judge([item("tea and cake")])
    (cut,) = moderator.judge([item("tea and cake", metadata={"truncated_bytes": 10_000})])
    assert whole.error is None
    assert cut.read < 0.01
    assert cut.error is not None


def test_second_start_needs_no_model(make: Making) -> None:
    profile, texts = Profile("p", (SPAM,)), [item("buy the coin", "1"), item("tea and cake", "2")]
    first = make(profile, cache=True).judge(texts)
    before = make.backend.read_count
    second = make(profile, cache=True).judge(texts)
    assert make.backend.read_count == before
    assert [replace(verdict, cached=False) for verdict in second] == first
    assert all(verdict.cached for verdict in second)


def test_item_read_once_is_judged_under_an_edited_profile_without_the_model(make: Making) -> None:
    texts = [item("buy the coin", "1"), item("tea and cake", "2")]
    make(Profile("p", (SPAM,)), stage=Stage.READING).judge(texts)
    edited = replace(SPAM, counterexamples=shots(*TEA, "coin"), threshold=0.4)
    make(Profile("q", (edited,)), stage=Stage.READING).judge([])
    before = make.backend.read_count
    verdicts = make(Profile("q", (edited,)), stage=Stage.READING).judge(texts)
    # The one new shot is read, no item is.
    assert make.backend.read_count - before == 1
    assert verdicts[0].categories["spam"].threshold == 0.4


class Failing(Scripted):
    """Fails at texts with the word "trap"."""

    def read(self, prefix: Any, texts: Sequence[str], **more: Any) -> list[Readout]:
        if any("trap" in text for text in texts):
            raise BackendError("llama.cpp could not compute a batch (status 1)")
        return super().read(prefix, texts, **more)


def test_where_the_runtime_fails_only_those_items_are_lost(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), backend=Failing())
    verdicts = moderator.judge([item("tea", "1"), item("a trap", "2"), item("cake", "3")])
    assert [verdict.error is None for verdict in verdicts] == [True, False, True]
    assert verdicts[1].action is Action.WARN


def test_profile_that_does_not_fit_says_by_how_much(make: Making) -> None:
    huge = Category("spam", Action.BLOCK, "Sells things. " * 10_000)
    with pytest.raises(PrefixTooLong, match="tokens"):
        make(Profile("p", (huge,))).judge([item("tea")])


def test_label_words_that_begin_alike_are_refused(make: Making) -> None:
    alike = Category("ordinary-spam", Action.BLOCK, "Sells things.")
    with pytest.raises(ProfileError, match="apart"):
        make(Profile("p", (alike,))).judge([item("tea")])


def broken_put(*_: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("what", ["states", "verdicts"])
def test_full_disk_costs_time_and_nothing_else(
    make: Making, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    target: Callable[..., Any] = {"states": StateStore, "verdicts": VerdictCache}[what]
    monkeypatch.setattr(target, "put", broken_put)
    moderator = make(Profile("p", (SPAM,)), cache=True)
    assert actions(moderator, "buy the coin", "tea at the museum") == [Action.BLOCK, Action.ALLOW]
    assert actions(moderator, "buy a coin", "tea, a museum") == [Action.BLOCK, Action.ALLOW]
    assert sum(what in line and "No space left" in line for line in make.told) == 1


def test_explains_with_the_shots_and_a_sentence(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    texts = [item("buy this coin now"), item("tea")]
    blocked, allowed = moderator.judge(texts)
    assert blocked.categories["spam"].shots[0] == COINS[0]
    assert moderator.explain(texts[0], blocked).rationale
    assert moderator.explain(texts[1], allowed).rationale is None


def test_profile_without_categories_allows_everything_and_says_so(make: Making) -> None:
    (verdict,) = make(Profile("p", ())).judge([item("buy the coin")])
    assert (verdict.action, verdict.reason) == (Action.ALLOW, "no category to judge")


def test_statistics_count_stages(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), cache=True, stage=Stage.READING)
    moderator.judge([item("tea", "1"), item("", "2"), item("x", "3", error="broken")])
    moderator.judge([item("tea", "1")])
    assert moderator.statistics.stages == {"reading": 1, "empty": 1, "none": 1, "cache": 1}


def test_blank_beginning_of_a_cut_item_is_not_allowed_as_empty(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)))
    (verdict,) = moderator.judge([item(" \u200b" * 1_000, metadata={"truncated_bytes": 10})])
    assert verdict.action is Action.WARN
    assert verdict.error is not None
    assert "0.0%" in verdict.error


def test_exception_in_one_window_calls_nothing_off_in_another(make: Making) -> None:
    fair = Category(
        "fair",
        Action.ALLOW,
        "A fair.",
        examples=shots("coin fair in town", "collectors coin fair"),
        exempts=("spam",),
    )
    moderator = make(Profile("p", (SPAM, fair)), stage=Stage.READING)
    spam = "buy this coin now, cheap coin to the moon. "
    neutral = " ".join(f"tea{i} museum" for i in range(140))
    (alone,) = moderator.judge([item(spam)])
    (padded,) = moderator.judge([item(f"{spam * 30} {neutral} " + "collectors coin fair in town " * 60)])
    assert alone.action is Action.BLOCK
    assert padded.action is Action.BLOCK


def test_most_probable_class_needs_no_majority(make: Making) -> None:
    twin = replace(SPAM, name="adverts", label="adverts", counterexamples=shots(*TEA))
    moderator = make(Profile("p", (SPAM, twin), task=Task.MULTI_CLASS), stage=Stage.READING)
    (verdict,) = moderator.judge([item("buy this coin now, cheap coin to the moon")])
    probabilities = [found.probability for found in verdict.categories.values()]
    assert max(probabilities) < 0.55
    assert verdict.action is Action.BLOCK


def test_definition_alone_needs_no_store(make: Making) -> None:
    profile = Profile("p", (Category("spam", Action.BLOCK, "Sells coins."),))
    backend = make.backend
    reader = Reader(lambda: backend, None)
    moderator = Moderator(
        profile, backend, reader, Preparation(profile, backend, reader), digest="d", model="m", cache=None
    )
    assert actions(moderator, "buy the coin coin", "tea and cake") == [Action.BLOCK, Action.ALLOW]


def test_damaged_verdict_cache_costs_time_and_nothing_else(
    make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(VerdictCache, "get", broken)
    moderator = make(Profile("p", (SPAM,)), cache=True)
    assert actions(moderator, "buy the coin", "tea at the museum") == [Action.BLOCK, Action.ALLOW]
    assert sum("malformed" in line for line in make.told) == 1


class Unprepared(Scripted):
    """Cannot take the profile prompt at all."""

    def read(self, prefix: Any, texts: Sequence[str], **more: Any) -> list[Readout]:
        if more.get("questions"):
            raise BackendError("llama.cpp cannot make a context")
        return super().read(prefix, texts, **more)


def test_what_fails_for_all_items_ends_the_run(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), backend=Unprepared(), stage=Stage.MODEL)
    with pytest.raises(ModcliError, match="cannot be prepared") as caught:
        moderator.judge([item("buy the coin", "1"), item("tea", "2")])
    assert not isinstance(caught.value, BackendError)


class Speechless(Scripted):
    """Cannot write."""

    def write(self, *_: Any, **__: Any) -> str:
        raise BackendError("llama.cpp could not compute a batch (status 1)")


class Repeating(Scripted):
    """Writes what it was given."""

    def write(self, prefix: Any, text: str, **_: Any) -> str:
        return text.rpartition("Post:\n")[2]


def test_explanation_that_fails_leaves_the_verdict(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), backend=Speechless())
    one = item("buy this coin now")
    (verdict,) = moderator.judge([one])
    assert moderator.explain(one, verdict) == verdict
    assert any("no explanation" in line for line in make.told)


@pytest.mark.parametrize("examples", [COINS, ()])
def test_explains_the_window_that_fired(make: Making, examples: tuple[str, ...]) -> None:
    spam = replace(SPAM, examples=shots(*examples), counterexamples=shots(*TEA) if examples else ())
    backend = Repeating({"spam": ["coin", "buy"]})
    moderator = make(Profile("p", (spam,)), backend=backend)
    harmless = " ".join(f"tea{i} museum cat" for i in range(160))
    one = item(f"{harmless} {'buy this coin now coin ' * 8} {harmless}")
    (verdict,) = moderator.judge([one])
    rationale = moderator.explain(one, verdict).rationale
    assert rationale is not None
    assert "buy this coin now" in rationale


class Chosen(Auditor):
    """Audits the contents of these texts."""

    def __init__(self, early: EarlyStages, file: Path, *texts: str) -> None:
        super().__init__(early, file)
        self.digests = {item(text).digest for text in texts}
        self.taken: dict[str, bool] = {}

    def chooses(self, content: str) -> bool:
        return content in self.digests

    def take(self, disagreements: Mapping[str, bool]) -> None:
        self.taken |= disagreements
        super().take(disagreements)


def stages(numbers: Numbers | None = None, *, price: float = 0.05, decides_all: bool = False) -> EarlyStages:
    """Those that say the sum of the last two words."""
    made = numbers or Numbers()
    return EarlyStages(
        by_hand(), {NGRAMS: lambda: made, EMBEDDING: lambda: made}, price=price, decides_all=decides_all
    )


UNCLEAR = ("buy the coin 0.1 0", "tea at the museum 0.1 0")
SURE = ("tea at noon 4 4", "a cheap coin -4 -4")


def test_what_an_early_stage_is_sure_of_needs_no_model(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), early=stages())
    verdicts = moderator.judge([item(text, str(i)) for i, text in enumerate(SURE)])
    assert [(v.id, v.action, v.stage) for v in verdicts] == [
        ("0", Action.BLOCK, NGRAMS),
        ("1", Action.ALLOW, NGRAMS),
    ]
    assert [v.reason for v in verdicts] == [
        "spam 1.00 (from 0.50)",
        "below every threshold; nearest: spam 0.00 (from 0.50)",
    ]
    assert all(v.categories["spam"].fired == (v.action is Action.BLOCK) for v in verdicts)
    assert make.backend.read_count == 0
    assert moderator.statistics.stages == {NGRAMS: 2}
    assert list(moderator.statistics.early) == [NGRAMS]
    assert moderator.statistics.seconds["early"] > 0


def test_the_rest_is_judged_as_without_and_in_order(make: Making) -> None:
    texts = [UNCLEAR[0], SURE[0], UNCLEAR[1], SURE[1], SURE[0], " "]
    items = [item(text, str(i)) for i, text in enumerate(texts)] + [item("", "e", error="broken")]
    profile = Profile("p", (SPAM,))
    plain, tuned = make(profile).judge(items), make(profile, early=stages()).judge(items)
    assert [verdict.id for verdict in tuned] == [verdict.id for verdict in plain]
    assert [verdict.stage for verdict in tuned[1::2]] == [NGRAMS, NGRAMS, "empty"]
    for i in (0, 2, 5, 6):
        assert tuned[i] == plain[i]


def test_nothing_is_early_at_a_price_of_nothing(make: Making) -> None:
    profile, items = Profile("p", (SPAM,)), [item(text) for text in (*SURE, *UNCLEAR)]
    assert make(profile, early=stages(price=0.0)).judge(items) == make(profile).judge(items)


def test_cut_items_are_never_decided_early(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), early=stages(price=1e9))
    long = " ".join(["tea and a walk -4 -4"] * 12_000)
    verdicts = moderator.judge(
        [item("tea -4 -4", "1", metadata={"truncated_bytes": 5}), item("tea -4 -4", "2"), item(long, "3")]
    )
    assert [verdict.stage == NGRAMS for verdict in verdicts] == [False, True, False]
    assert verdicts[0].action is Action.WARN
    assert verdicts[2].read < 1


def test_early_verdicts_are_kept_for_their_price_and_full_ones_for_any(make: Making) -> None:
    profile, numbers = Profile("p", (SPAM,)), Numbers()
    items = [item(text) for text in (*SURE, *UNCLEAR)]
    first = make(profile, early=stages(numbers), cache=True).judge(items)
    calls = numbers.calls
    again = make(profile, early=stages(numbers), cache=True).judge(items)
    assert [replace(verdict, cached=False) for verdict in again] == first
    assert all(verdict.cached for verdict in again)
    assert numbers.calls == calls
    # At another price, and without early stages, only what was judged in full is known.
    for early in (stages(price=0.04), None):
        other = make(profile, early=early, cache=True).judge(items[2:])
        assert all(verdict.cached for verdict in other)
    careful = make(profile, early=stages(price=1e-9), cache=True).judge(items)
    assert [verdict.cached for verdict in careful] == [False, False, True, True]
    assert {verdict.stage for verdict in careful[:2]} <= {"reading", "prompt"}
    # What was judged in full since is the better answer.
    assert make(profile, early=stages(), cache=True).judge(items)[0].stage == careful[0].stage


def test_what_is_audited_gets_the_full_judges_verdict(make: Making, tmp_path: Path) -> None:
    early = stages()
    auditor = Chosen(early, tmp_path / "d.json", *SURE)
    moderator = make(Profile("p", (SPAM,)), early=early, auditor=auditor, cache=True)
    verdicts = moderator.judge([item(SURE[0], "1"), item("tea again -4 -4", "2"), item(SURE[1], "3")])
    assert [verdict.stage == NGRAMS for verdict in verdicts] == [False, True, False]
    assert [verdict.action for verdict in verdicts] == [Action.ALLOW, Action.ALLOW, Action.BLOCK]
    assert list(auditor.taken.values()) == [True, True]
    moderator.judge([item(SURE[0], "4")])
    moderator.close()
    assert auditor.watch.audited == 2
    assert (tmp_path / "d.json").exists()


def test_an_alarm_leaves_the_next_items_to_the_full_judge(make: Making, tmp_path: Path) -> None:
    # What is decided early is wrong throughout.
    texts = [f"tea number{i} 5 4" for i in range(60)]
    early = stages(price=0.01)
    told: list[str] = []
    auditor = Chosen(early, tmp_path / "d.json", *texts)
    auditor._tell = told.append
    moderator = make(Profile("p", (SPAM,)), early=early, auditor=auditor)
    assert moderator.judge([item("tea before 2.5 2.5")])[0].stage == NGRAMS
    moderator.judge([item(text) for text in texts])
    assert auditor.alarms >= 1
    assert told[0].startswith("warning: ")
    assert early.price < 0.01 / 3
    assert moderator.judge([item("tea after 2.5 2.5")])[0].stage != NGRAMS


def test_an_audit_that_fails_is_none(make: Making, tmp_path: Path) -> None:
    class Failing(Scripted):
        def read(self, prefix: Any, texts: Sequence[str], **more: Any) -> list[Readout]:
            if any("at noon 4 4" in text for text in texts):
                raise BackendError("out of memory")
            return super().read(prefix, texts, **more)

    early = stages()
    auditor = Chosen(early, tmp_path / "d.json", SURE[0])
    moderator = make(Profile("p", (SPAM,)), early=early, auditor=auditor, backend=Failing())
    (verdict,) = moderator.judge([item(SURE[0])])
    assert (verdict.stage, verdict.error) == (NGRAMS, None)
    assert auditor.taken == {}


def test_without_a_judge_behind_them_early_stages_decide_all(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), stage=Stage.PREFILTER, early=stages(price=0.0, decides_all=True))
    texts = ("tea 0.1 0", "tea -0.1 0", "tea nan 0", " ")
    verdicts = moderator.judge(
        [item(text, str(i)) for i, text in enumerate(texts)]
        + [item("tea -1 0", "4", metadata={"truncated_bytes": 9})]
    )
    assert [verdict.action for verdict in verdicts] == [
        *(Action.BLOCK, Action.ALLOW, Action.WARN, Action.ALLOW, Action.WARN)
    ]
    assert [verdict.error for verdict in verdicts[:4]] == [None, None, "no early stage could decide", None]
    assert verdicts[4].error is not None
    assert make.backend.read_count == 0
    with pytest.raises(UsageError, match="prefilter"):
        make(Profile("p", (SPAM,)), stage=Stage.PREFILTER)


def test_it_says_how_many_items_it_wants(make: Making) -> None:
    assert make(Profile("p", (SPAM,))).batch == LEAST_BATCH
    assert make(Profile("p", (SPAM,)), early=stages(price=1e9)).batch > LEAST_BATCH


class Asking:
    """Suspects the given texts."""

    def __init__(self, judge: Any, texts: Sequence[str], reader: Reader) -> None:
        states = reader.states(texts, judge.taps)
        self._known = {judge.features(states[i : i + 1]).tobytes() for i in range(len(texts))}

    def suspects(self, features: Any) -> Any:
        return np.array([row[None].tobytes() in self._known for row in features], bool)


@pytest.mark.parametrize(
    ("suspected", "action"), [(True, Action.BLOCK), (False, Action.ALLOW)], ids=["suspected", "not"]
)
def test_what_asks_to_be_let_through_is_judged_without_that(
    make: Making, suspected: bool, action: Action
) -> None:
    moderator = make(Profile("p", (SPAM,)), stage=Stage.READING)
    text = f"buy coin. {'tea museum cat sleeps all day with a friend and opens at ten ' * 3}"
    preparation = moderator._preparation
    head = Asking(preparation.judge, [text.strip()] if suspected else [], moderator._reader)
    preparation.__dict__["pleas"] = head
    (verdict,) = moderator.judge([item(text)])
    assert verdict.action is action
    assert ("asks to be let through" in verdict.reason) is suspected


@pytest.mark.parametrize(
    ("text", "action"), [("búý thé cóíñ", Action.BLOCK), ("teá ánd thé cát", Action.ALLOW)]
)
def test_what_is_strewn_with_accents_is_judged_without_them(make: Making, text: str, action: Action) -> None:
    (verdict,) = make(Profile("p", (SPAM,)), stage=Stage.READING).judge([item(text)])
    assert verdict.action is action
    assert ("strewn with accents" in verdict.reason) is (action is Action.BLOCK)


def test_what_is_suspected_without_need_is_judged_as_it_is(make: Making) -> None:
    moderator = make(Profile("p", (SPAM,)), stage=Stage.READING)
    texts = ["tea with a friend. The museum opens.", "tea"]
    moderator._preparation.__dict__["pleas"] = Asking(moderator._preparation.judge, texts, moderator._reader)
    verdicts = moderator.judge([item(text, text) for text in texts])
    assert [verdict.action for verdict in verdicts] == [Action.ALLOW, Action.ALLOW]
    assert not any("asks" in verdict.reason for verdict in verdicts)
