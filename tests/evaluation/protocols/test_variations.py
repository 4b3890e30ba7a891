from __future__ import annotations

import random
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.evaluation.protocols.sets import public_sets
from modcli.evaluation.protocols.variations import (
    LANGUAGES,
    attacks,
    code_word,
    coded,
    emoji,
    extensions,
    foreign,
    leetspeak,
    lookalike,
    requests,
    strewn,
    with_deletions,
    with_insertions,
    with_swaps,
    with_synonyms,
    word_edit,
)
from modcli.prompts.normalization import normalize

ALL = [*extensions(), *attacks()]
WORDS = st.lists(st.text("abcdefghij", min_size=1, max_size=6), min_size=2, max_size=20)
SAMPLE = "you stupid fool, claim the cash prize of this boring film now please"
CATEGORIES = [
    category.name for name in ("sms_spam", "paradetox", "sst2") for category in public_sets()[name].categories
]


@given(st.text(), st.sampled_from(ALL), st.sampled_from(CATEGORIES), st.integers(0, 5))
def test_any_text_can_be_varied_and_always_in_the_same_way(
    text: str, variation: object, category: str, seed: int
) -> None:
    assert callable(variation)
    varied = variation(text, category, seed)
    assert isinstance(varied, str)
    assert variation(text, category, seed) == varied


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("variation", ALL, ids=lambda one: one.name)
def test_every_variation_changes_what_it_applies_to(variation: object, category: str) -> None:
    assert callable(variation)
    assert variation(SAMPLE, category, 1) != SAMPLE


def test_names_are_distinct() -> None:
    assert len({one.name for one in ALL}) == len(ALL)
    assert len(requests()) == len(set(requests())) == 20


def test_leetspeak_keeps_the_length_and_can_be_read_back() -> None:
    varied = leetspeak(SAMPLE)
    assert len(varied) == len(SAMPLE)
    assert 0.1 < sum(a != b for a, b in zip(varied, SAMPLE, strict=True)) / len(SAMPLE) < 0.6
    assert leetspeak(SAMPLE, 1) != leetspeak(SAMPLE, 2)


def test_emoji_for_words_and_letters() -> None:
    assert emoji("shit") == "💩"
    assert "💰" in emoji("Send MONEY now")
    assert emoji("xyz") == "xyz"


def test_a_code_word_is_always_the_same_and_its_category_only() -> None:
    first, second = coded("You IDIOT", "toxicity"), coded("what an idiot!", "toxicity")
    assert code_word("idiot") in first
    assert code_word("idiot") in second
    assert first.startswith("You ")
    assert coded("You idiot", "spam") == "You idiot"
    assert coded("You idiot", "a category of one's own") == "You idiot"


def test_code_words_are_no_words_that_they_stand_for() -> None:
    known = {"shit", "fuck", "prize", "dull", "boring", "winner", "idiot", "cash"}
    invented = {code_word(word) for word in known}
    assert len(invented) == len(known)
    assert not invented & known


@given(WORDS, st.integers(1, 10), st.integers(0, 100))
def test_edits_do_what_their_names_say(words: list[str], count: int, seed: int) -> None:
    generator = random.Random(seed)
    fewer = with_deletions(words, count, generator)
    assert len(fewer) == max(1, len(words) - count)
    assert not Counter(fewer) - Counter(words)
    assert Counter(with_swaps(words, count, generator)) == Counter(words)
    more = with_insertions(words, count, generator)
    assert len(more) == len(words) + count
    assert not Counter(words) - Counter(more)
    assert len(with_synonyms(words, count, generator)) == len(words)


def test_a_higher_rate_changes_more() -> None:
    text = "good stupid film great money phone " * 4

    def gone(rate: float) -> int:
        changed = (Counter(text.split()) - Counter(word_edit(text, rate, seed).split()) for seed in range(40))
        return sum(one.total() for one in changed)

    assert gone(0.5) > 2 * gone(0.1) > 0
    assert word_edit("alone", 0.5) == "alone"


@given(st.text("abcdefgh ijk.", max_size=60), st.integers(0, 3))
def test_what_nobody_sees_is_undone_by_normalization(text: str, seed: int) -> None:
    for mark in ("\u200b", "\u200c", "\u2060", "\u00ad"):
        varied = strewn(text, mark, seed)
        assert varied.replace(mark, "") == text
        assert normalize(varied) == normalize(text)


@given(st.text("abcxyzABC ,", min_size=1, max_size=40))
def test_compatibility_letters_are_undone_by_normalization(text: str) -> None:
    for alphabet in ("fullwidth", "mathematical", "circled"):
        assert normalize(lookalike(text, alphabet, 1.0)) == normalize(text)


@pytest.mark.parametrize("alphabet", ["Cyrillic", "Greek", "Armenian", "small capital", "accented"])
def test_letters_of_other_alphabets_are_letters(alphabet: str) -> None:
    varied = lookalike("abcdefghijklmnopqrstuvwxyz", alphabet, 1.0)
    changed = [c for c in varied if not c.isascii()]
    assert len(changed) >= 6
    assert all(unicodedata.category(c) in ("Ll", "Lo") for c in changed)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", CATEGORIES)
def test_other_languages_have_enough(language: str, category: str) -> None:
    known = foreign(language, category)
    assert (len(known.shots), len(known.of)) == (4, 8)
    assert len(known.beside) >= 6
    texts = [*known.shots, *known.of, *known.beside]
    assert len(set(texts)) == len(texts)
