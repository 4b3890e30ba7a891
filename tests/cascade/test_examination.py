"""Profiles of made-up words, in which something was filed wrongly: found, named with its place, and measured."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.examination import Examination, Finding, Kind, examine
from modcli.cascade.workbench import Workbench
from modcli.errors import Location
from modcli.judges.judge import Evidence
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.answers import Answer
from modcli.profiles.find import Shelf
from modcli.profiles.inherit import COUNTEREXAMPLE, EXAMPLE, ORDINARY
from modcli.profiles.load import load
from modcli.profiles.origins import Role, origins_of
from modcli.states.asker import Asker
from modcli.states.reader import Reader

#: Words of one kind of post and of the other, and such as stand in both.
SELLS = ("coin", "moon", "profit", "wallet", "token", "sure", "double", "invest")
TALKS = ("lake", "bread", "train", "garden", "cat", "window", "soup", "bicycle")
BOTH = ("the", "a", "my", "and", "to", "of", "it", "on", "is", "for", "today", "new")


@pytest.fixture
def bench() -> Workbench:
    backend = Scripted()
    return Workbench(
        backend, Reader(lambda: backend, None), Asker(lambda: backend, None), store=None, model="m"
    )


class Posts:
    """Posts drawn at random, none twice."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: set[str] = set()

    def of(self, words: Sequence[str]) -> str:
        chosen = self.random.sample(words, 5) + self.random.sample(BOTH, 2)
        self.random.shuffle(chosen)
        text = " ".join(chosen)
        if text in self.seen:
            return self.of(words)
        self.seen.add(text)
        return text

    def many(self, words: Sequence[str], count: int) -> list[str]:
        return [self.of(words) for _ in range(count)]


def shots(texts: Sequence[str]) -> tuple[Shot, ...]:
    return tuple(Shot(text) for text in texts)


def profile(examples: Sequence[str], against: Sequence[str], ordinary: Sequence[str] = ()) -> Profile:
    category = Category(
        "ads", Action.BLOCK, "Sells.", examples=shots(examples), counterexamples=shots(against)
    )
    return Profile("p", (category,), ordinary=shots(ordinary))


def answers(posts: Posts, count: int) -> list[Answer]:
    said = [("ads", SELLS), ("", TALKS)] * (count // 2)
    where = Location("answers.jsonl", 1)
    return [Answer(posts.of(words), frozenset({label} - {""}), frozenset(), where) for label, words in said]


def texts(finding: Finding) -> set[str]:
    return {shot.text for shot in finding.shots}


def harmful(found: Examination) -> list[Finding]:
    return [finding for finding in found.findings if finding.kind.harms]


def test_a_clean_profile_is_left_in_peace_in_most_draws(bench: Workbench) -> None:
    wrongly = 0
    for seed in range(8):
        posts = Posts(seed)
        given = profile(posts.many(SELLS, 10), posts.many(TALKS, 10), posts.many(TALKS, 4))
        wrongly += bool(examine(bench, given).findings)
    assert wrongly <= 1


def test_a_mislabelled_shot_is_found_and_measured(bench: Workbench) -> None:
    hits = 0
    for seed in range(8):
        posts = Posts(seed)
        wrong = posts.of(SELLS)
        given = profile(posts.many(SELLS, 10), [*posts.many(TALKS, 9), wrong])
        found = harmful(examine(bench, given))
        for finding in found:
            assert texts(finding) == {wrong}
            assert finding.kind is Kind.MISLABELLED
            assert finding.roles == (Role("ads", COUNTEREXAMPLE, wrong),)
            measured = finding.measured
            assert measured is not None
            assert measured.probability > 0.6
            assert measured.loss[1] < min(measured.loss[0], measured.chance)
            assert measured.examples[1] > measured.examples[0]
            assert (measured.answers, measured.estimated) == (None, False)
        hits += bool(found)
    assert hits >= 6


def test_poison_that_hides_behind_its_likes_is_found_as_one(bench: Workbench) -> None:
    hits = 0
    for seed in range(8):
        posts = Posts(seed)
        poison = [posts.of(SELLS)]
        poison += [f"{poison[0]} indeed", f"{poison[0]} really"]
        given = profile(posts.many(SELLS, 10), [*posts.many(TALKS, 10), *poison])
        found = harmful(examine(bench, given))
        if found:
            hits += texts(found[0]) == set(poison)
            if texts(found[0]) == set(poison):
                assert found[0].kind is Kind.BLUNTING
                assert len(found[0].roles) == 3
    assert hits >= 6


def test_answers_tell_what_is_of_use_from_what_does_harm(bench: Workbench) -> None:
    posts = Posts(3)
    wrong = posts.of(SELLS)
    given = profile(posts.many(SELLS, 10), [*posts.many(TALKS, 9), wrong])
    (finding,) = harmful(examine(bench, given, answers=answers(posts, 80)))
    on = finding.measured.answers if finding.measured else None
    assert on is not None
    assert on.count == 80
    assert on.loss[1] < on.loss[0]
    assert on.right >= on.wrong
    # The same shot among people who do not mind such posts: what looked wrong is of use.
    where = Location("answers.jsonl", 1)
    fine = [Answer(f"{wrong} {number}", frozenset(), frozenset(), where) for number in range(30)]
    others = [one for one in answers(posts, 60) if not one.labels]
    bad = [Answer(posts.of(SELLS[6:] + BOTH), frozenset({"ads"}), frozenset(), where) for _ in range(30)]
    found = examine(bench, given, answers=[*fine, *others, *bad])
    assert [(one.kind, texts(one)) for one in found.findings] == [(Kind.HARD, {wrong})]
    assert not harmful(found)


def test_answers_of_which_nothing_is_known_are_left_out(bench: Workbench) -> None:
    posts = Posts(3)
    wrong = posts.of(SELLS)
    given = profile(posts.many(SELLS, 10), [*posts.many(TALKS, 9), wrong])
    known = answers(posts, 40)
    unknown = [Answer(posts.of(SELLS), frozenset(), frozenset({"ads"}), Location("x")) for _ in range(10)]
    (finding,) = harmful(examine(bench, given, answers=[*known, *unknown]))
    assert finding.measured is not None
    assert finding.measured.answers is not None
    assert finding.measured.answers.count == 40


def test_what_is_said_twice_and_what_is_said_on_both_sides(bench: Workbench) -> None:
    posts = Posts(5)
    examples, against = posts.many(SELLS, 8), posts.many(TALKS, 8)
    near = " ".join(reversed(examples[2].split()))
    given = profile([*examples, examples[0].upper(), near], [*against, f"  {examples[1].replace(' ', '  ')}"])
    found = examine(bench, given).findings
    kinds = {finding.kind: finding for finding in found}
    assert len(found) == 3
    contradiction = kinds[Kind.CONTRADICTION]
    assert contradiction.roles == (Role("ads", COUNTEREXAMPLE, given.categories[0].counterexamples[-1].text),)
    assert [shot.text for shot in contradiction.beside] == [examples[1]]
    assert contradiction.similarity == 1.0
    assert texts(kinds[Kind.DUPLICATE]) == {examples[0].upper()}
    assert texts(kinds[Kind.NEAR_DUPLICATE]) == {near}
    assert found[0].kind is Kind.CONTRADICTION
    assert not kinds[Kind.DUPLICATE].kind.harms


def test_the_places_of_shots_are_named_and_own_duplicates_go_first(bench: Workbench, tmp_path: Path) -> None:
    posts = Posts(6)
    shelf = Shelf(tmp_path, tmp_path / "shipped")
    examples, against = posts.many(SELLS, 9), posts.many(TALKS, 8)
    lines = ["categories:", "  ads:", "    examples:", *(f'      - "{text}"' for text in examples)]
    lines += [
        "    counterexamples:",
        *(f'      - "{text}"' for text in against),
        f'      - "{posts.of(SELLS)}"',
    ]
    (tmp_path / "base.yaml").write_text("\n".join(lines))
    (tmp_path / "mine.yaml").write_text(
        f"extends: base\nshots:\n  - {{text: {examples[3].upper()}, labels: [ads]}}\n"
    )
    mine = load("mine", shelf)
    found = examine(bench, mine, origins=origins_of(shelf.find("mine"), shelf)).findings
    wrong, twice = found
    assert wrong.kind is Kind.MISLABELLED
    assert wrong.shots[0].origin is not None
    assert (wrong.shots[0].origin.profile, wrong.shots[0].origin.own) == ("base", False)
    assert wrong.shots[0].origin.location.line == len(lines)
    assert texts(twice) == {examples[3].upper()}
    assert twice.shots[0].origin is not None
    assert twice.shots[0].origin.own


def test_a_class_among_several_is_wrong_in_two_places_and_told_once(bench: Workbench) -> None:
    posts = Posts(2)
    wrong = posts.of(SELLS)
    both = (
        Category("ads", Action.BLOCK, examples=shots(posts.many(SELLS, 10))),
        Category("talk", Action.WARN, examples=shots([*posts.many(TALKS, 10), wrong])),
    )
    found = harmful(examine(bench, Profile("p", both, task=Task.MULTI_CLASS)))
    assert [texts(finding) for finding in found] == [{wrong}]
    assert found[0].roles == (Role("talk", EXAMPLE, wrong),)
    assert {found[0].category, *found[0].also} == {"ads", "talk"}


def test_a_binary_task_is_judged_as_one_and_told_by_its_own_categories(bench: Workbench) -> None:
    posts = Posts(2)
    wrong = posts.of(TALKS)
    categories = (
        Category("coins", Action.BLOCK, examples=shots([*posts.many(SELLS, 6), wrong])),
        Category("gems", Action.BLOCK, examples=shots(posts.many(SELLS, 6))),
        Category("talk", Action.ALLOW, examples=shots(posts.many(TALKS, 12))),
    )
    (finding,) = harmful(examine(bench, Profile("p", categories, task=Task.BINARY)))
    assert finding.roles == (Role("coins", EXAMPLE, wrong),)


def test_an_ordinary_post_that_is_none(bench: Workbench) -> None:
    posts = Posts(4)
    given = profile(posts.many(SELLS, 10), posts.many(TALKS, 10), [f"same {posts.of(TALKS)}"])
    same = given.categories[0].examples[0].text
    given = Profile("p", given.categories, ordinary=(*given.ordinary, Shot(same.upper())))
    (finding,) = harmful(examine(bench, given))
    assert finding.kind is Kind.CONTRADICTION
    assert finding.roles in ((Role(None, ORDINARY, same.upper()),), (Role("ads", EXAMPLE, same),))


def test_what_cannot_be_told_is_said(bench: Workbench) -> None:
    categories = (
        Category("few", Action.BLOCK, examples=shots(["a b", "c d"]), counterexamples=shots(["e f"])),
        Category("alone", Action.BLOCK, examples=shots(["g h", "G  h"])),
        Category("said", Action.BLOCK, "A definition."),
    )
    told: list[str] = []
    found = examine(bench, Profile("p", categories), progress=told.append)
    assert told == ["few", "alone", "said"]
    assert [(one.evidence, one.told) for one in found.categories] == [
        (Evidence.HEAD, False),
        (Evidence.PROTOTYPE, False),
        (Evidence.DEFINITION, False),
    ]
    assert [(finding.kind, texts(finding)) for finding in found.findings] == [(Kind.DUPLICATE, {"G  h"})]


def test_of_many_shots_effects_are_estimated(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = Posts(0)
    wrong = posts.of(SELLS)
    given = profile(posts.many(SELLS, 10), [*posts.many(TALKS, 9), wrong])
    (fitted,) = harmful(examine(bench, given, answers=answers(posts, 40)))
    monkeypatch.setattr("modcli.cascade.refitting.MOST_REFITTED", 10)
    (guessed,) = harmful(examine(bench, given, answers=answers(posts, 40)))
    assert fitted.measured is not None
    assert guessed.measured is not None
    assert guessed.measured.estimated
    assert guessed.measured.loss[1] < guessed.measured.loss[0]
    assert guessed.measured.probability == pytest.approx(fitted.measured.probability, abs=0.25)
