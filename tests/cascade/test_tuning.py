from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.tuning import (
    Tuning,
    drawn,
    drawn_apart,
    forget_tuning,
    load_tuning,
    outdated,
    save_tuning,
)


def test_is_kept_by_what_the_profile_says(tmp_path: Path) -> None:
    tuning = Tuning("mine", "d1", ("a swim", "ein Bad 🏊"))
    save_tuning(tmp_path / "new", tuning)
    assert load_tuning(tmp_path / "new", "d1") == tuning
    assert load_tuning(tmp_path / "new", "d2") is None
    assert outdated(tmp_path / "new", "mine", "d2") == tuning
    assert outdated(tmp_path / "new", "mine", "d1") is None
    assert outdated(tmp_path / "new", "theirs", "d2") is None


def test_keeps_what_was_learned(tmp_path: Path) -> None:
    tuning = Tuning("mine", "d1", ("a swim",), ({"category": "spam", "share": 0.2},), "weights")
    save_tuning(tmp_path, tuning)
    assert load_tuning(tmp_path, "d1") == tuning
    # As an earlier version kept it.
    (tmp_path / "d1.json").write_text('{"version": 1, "profile": "p", "digest": "d1", "sample": ["a"]}')
    assert load_tuning(tmp_path, "d1") == Tuning("p", "d1", ("a",))


def test_leaves_others_and_earlier_forms_alone(tmp_path: Path) -> None:
    for tuning in (
        Tuning("mine", "d1", ("a",)),
        Tuning("theirs", "d2", ("b",)),
        Tuning("mine", "d3", ("c",)),
    ):
        save_tuning(tmp_path, tuning)
    assert all(load_tuning(tmp_path, digest) for digest in ("d1", "d2", "d3"))


def test_forgets(tmp_path: Path) -> None:
    save_tuning(tmp_path, Tuning("mine", "d1", ("a",)))
    assert not forget_tuning(tmp_path, "d2")
    assert forget_tuning(tmp_path, "d1")
    assert not forget_tuning(tmp_path, "d1")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    for text in (
        "",
        "[]",
        '{"version": 9}',
        '{"version": 1, "profile": "p"}',
        '{"version": 1, "profile": "p", "digest": "d1", "sample": [], "learned": 3}',
    ):
        (tmp_path / "d1.json").write_text(text, "utf-8")
        assert load_tuning(tmp_path, "d1") is None
        assert outdated(tmp_path, "p", "d2") is None
    assert load_tuning(tmp_path / "nowhere", "d1") is None


@given(st.lists(st.text(max_size=3)), st.integers(1, 20))
def test_draws_different_texts(texts: list[str], count: int) -> None:
    found = drawn(texts, count)
    distinct = {text.strip() for text in texts if text.strip()}
    assert len(found) == min(count, len(distinct))
    assert len({text.strip() for text in found}) == len(found)
    assert found == drawn(iter(texts), count)


def test_every_text_has_the_same_chance() -> None:
    counts = Counter(text for seed in range(600) for text in drawn(map(str, range(12)), 4, seed))
    assert all(140 < counts[str(i)] < 260 for i in range(12))


@given(st.lists(st.text(max_size=3)), st.integers(1, 8), st.integers(0, 8))
def test_two_samples_have_nothing_in_common(texts: list[str], count: int, more: int) -> None:
    sample, rest = drawn_apart(texts, count, more)
    distinct = {text.strip() for text in texts if text.strip()}
    assert len(sample) == min(count, len(distinct))
    assert len(rest) == min(more, max(0, len(distinct) - count))
    assert len({text.strip() for text in (*sample, *rest)}) == len(sample) + len(rest)
    if not more:
        assert sample == drawn(texts, count)


def test_every_text_has_the_same_chance_in_both_samples() -> None:
    sampled, rested = Counter[str](), Counter[str]()
    for seed in range(600):
        sample, rest = drawn_apart(map(str, range(12)), 4, 4, seed)
        sampled.update(sample)
        rested.update(rest)
    assert all(140 < counts[str(i)] < 260 for i in range(12) for counts in (sampled, rested))
