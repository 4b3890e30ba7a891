"""What is fitted once, and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.preparation import Preparation, taps_of, without_examples
from modcli.errors import PrefixTooLong, ProfileError
from modcli.profile import Action, Category, Profile, Shot
from modcli.states.reader import Reader

SPAM = Category(
    "spam",
    Action.BLOCK,
    "Sells things.",
    examples=(Shot("buy this coin"), Shot("coin to the moon")),
    counterexamples=(Shot("tea with a friend"), Shot("a cat sleeps")),
)
PROFILE = Profile("p", (SPAM,))


def preparation(folder: Path | None, backend: Scripted, told: list[str] | None = None) -> Preparation:
    reader = Reader(lambda: backend, None)
    return Preparation(
        PROFILE, backend, reader, folder=folder, tell=(told if told is not None else []).append
    )


@pytest.mark.parametrize(
    ("layers", "taps"), [(28, (6, 16, 20)), (24, (5, 14, 17)), (30, (6, 17, 21)), (2, (0, 1)), (1, (0,))]
)
def test_taps_are_a_quarter_four_sevenths_and_five_sevenths_deep(layers: int, taps: tuple[int, ...]) -> None:
    assert taps_of(layers) == taps


def test_what_was_fitted_is_kept_for_the_next_start(tmp_path: Path) -> None:
    first = preparation(tmp_path, Scripted())
    judge, labels = first.judge, first.labels
    backend = Scripted()
    second = preparation(tmp_path, backend)
    assert second.labels == labels
    assert [c.name for c in second.judge.categories] == [c.name for c in judge.categories]
    np.testing.assert_array_equal(second.judge.categories[0].weights, judge.categories[0].weights)
    assert backend.read_count == 0


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut short"])
def test_damaged_file_is_fitted_anew(tmp_path: Path, content: bytes) -> None:
    first = preparation(tmp_path, Scripted())
    bias = first.judge.categories[0].bias
    assert first.labels
    for file in tmp_path.iterdir():
        file.write_bytes(content)
    second = preparation(tmp_path, Scripted())
    assert second.judge.categories[0].bias == bias
    assert second.labels == first.labels


def test_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert preparation(blocked, Scripted()).judge.categories


def test_prompt_is_prepared_when_it_is_needed_and_said_so(tmp_path: Path) -> None:
    told: list[str] = []
    prepared = preparation(tmp_path, Scripted(), told)
    assert prepared.judge.categories
    assert not any("prompt" in line for line in told)
    assert set(prepared.labels) == {"spam"}
    assert any("prompt" in line for line in told)


@pytest.mark.parametrize(
    ("category", "error", "says"),
    [
        (Category("ordinary-spam", Action.BLOCK, "Sells.", examples=SPAM.examples), ProfileError, "apart"),
        (
            Category("spam", Action.BLOCK, "Sells things. " * 9_000, examples=SPAM.examples),
            PrefixTooLong,
            "tokens",
        ),
    ],
)
def test_what_is_wrong_with_the_prompt_is_known_before_an_item_is_judged(
    category: Category, error: type[Exception], says: str
) -> None:
    backend = Scripted()
    prepared = Preparation(Profile("p", (category,)), backend, Reader(lambda: backend, None))
    with pytest.raises(error, match=says):
        prepared.judge  # noqa: B018 -- raises
    assert backend.read_count == 0


def test_shots_without_room_in_the_prompt_are_halved(tmp_path: Path) -> None:
    backend, told = Scripted(), list[str]()
    many = tuple(
        Category(
            f"{word} posts",
            Action.BLOCK,
            "Bad.",
            examples=tuple(Shot(f"{word} {i} {'coin ' * 80}") for i in range(16)),
            counterexamples=tuple(Shot(f"{word} {i} {'tea ' * 100}") for i in range(16)),
        )
        for word in (
            "able",
            "busy",
            "calm",
            "dear",
            "easy",
            "fond",
            "gray",
            "huge",
            "icy",
            "jolly",
            "keen",
            "lazy",
        )
    )
    profile = Profile("p", many)
    for _ in range(2):
        prepared = Preparation(
            profile, backend, Reader(lambda: backend, None), folder=tmp_path, tell=told.append
        )
        assert prepared.prompt is not None
        backend.check(prepared.prompt.prefix)
        assert sum("coin" in message.content for message in prepared.prompt.prefix.messages) == 24
    # What was found is kept: it takes the model's vocabulary to know.
    assert [line for line in told if "no room" in line] == [
        "4 examples of a category stand in the profile prompt: there is no room for 8"
    ]


def test_names_what_only_the_prompt_can_judge() -> None:
    rude = Category("rude", Action.BLOCK, "Rude.")
    allowed = Category("fine", Action.ALLOW, "Fine.")
    assert without_examples(Profile("p", (SPAM, rude, allowed))) == ["rude"]


def test_a_counterexample_is_not_also_ordinary() -> None:
    """Or leaving it out would leave its twin in, and left-out scores would flatter."""
    backend = Scripted()
    shots = tuple(Shot(f"plain post {i}") for i in range(3))
    spam = Category(
        "spam",
        Action.BLOCK,
        "Adverts.",
        examples=tuple(Shot(f"offer {i}") for i in range(3)),
        counterexamples=shots,
    )
    with_twins, without = (
        Preparation(Profile("p", (spam,), ordinary=ordinary), backend, Reader(lambda: backend, None)).judge
        for ordinary in (shots, ())
    )
    np.testing.assert_allclose(with_twins.categories[0].left_out, without.categories[0].left_out)
