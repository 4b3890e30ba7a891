from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.prompts.windows import MOST, OVERLAP, SIZE, windows

#: Letters of one to four bytes, and every kind of blank.
TEXTS = st.text(alphabet=st.sampled_from("ab \n\té€漢😀\u00a0\u0301"), max_size=400)
SIZES = st.integers(16, 80).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size // 2)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=TEXTS, sizes=SIZES)
def test_windows_cover_the_text(text: str, sizes: tuple[int, int]) -> None:
    """In order, in whole characters, each within its size, each beginning within what the last one read."""
    size, overlap = sizes
    found = windows(text, size=size, overlap=overlap, most=10_000)
    assert found.read == 1.0
    assert "".join(found.texts)[: len(found.texts[0])] == text[: len(found.texts[0])]
    end = 0
    for window in found.texts:
        assert len(window.encode()) <= size
        # Some start from which the window is a part of the text, no later than the end of what was read.
        starts = [i for i in range(end + 1) if text.startswith(window, i) and i + len(window) >= end]
        assert starts
        end = max(i + len(window) for i in starts)
    assert text.endswith(found.texts[-1])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=TEXTS, most=st.integers(2, 6))
def test_no_more_windows_than_asked_for(text: str, most: int) -> None:
    """Where there are too many, the first and the last are among those read."""
    whole = windows(text, size=24, overlap=6, most=10_000)
    found = windows(text, size=24, overlap=6, most=most)
    assert len(found.texts) == min(most, len(whole.texts))
    assert (found.texts[0], found.texts[-1]) == (whole.texts[0], whole.texts[-1])
    assert 0 < found.read <= 1
    assert (found.read == 1.0) == (len(whole.texts) <= most) or len(set(whole.texts)) < len(whole.texts)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * SIZE, 1),
        ("a" * (SIZE + 1), 2),
        (" " * (SIZE + 1), 2),
        ("😀" * (SIZE // 4), 1),
        ("😀" * (SIZE // 4 + 1), 2),
        ("\n" * 3 * SIZE, 4),
    ],
)
def test_edges(text: str, count: int) -> None:
    found = windows(text)
    assert len(found.texts) == count
    assert found.read == 1.0
    assert all(set(window) <= set(text) for window in found.texts)


def test_cuts_between_words_where_it_can() -> None:
    text = "word " * 400
    assert all(window.endswith("word") for window in windows(text).texts[:-1])


def test_neighbours_share_what_may_be_cut_apart() -> None:
    text = "".join(f"{i:04} " for i in range(400))
    first, second = windows(text).texts[:2]
    shared = next(n for n in range(len(second), 0, -1) if first.endswith(second[:n]))
    assert OVERLAP - 8 <= shared <= OVERLAP + 8


def test_share_that_was_read() -> None:
    """Twice as long as what the windows hold without a gap: about half is seen, and the end is."""
    text = "padding " * (2 * MOST * SIZE // 8) + "payload"
    found = windows(text)
    assert len(found.texts) == MOST
    assert 0.45 < found.read < 0.55
    assert found.texts[-1].endswith("payload")


def test_lone_surrogates_are_read_as_question_marks() -> None:
    assert "?" in windows("\ud800" * (SIZE + 1)).texts[0]


@pytest.mark.parametrize(
    "sizes", [{"size": 3, "overlap": 0}, {"overlap": -1}, {"size": 100, "overlap": 51}, {"most": 1}]
)
def test_sizes_that_would_never_end_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="windows of"):
        windows("a" * 1000, **sizes)
