"""Adding one shot, and removing one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profile import Shot
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.plan import editable
from modcli.profiles.shots import add_picture, add_shot, remove_shot, seen_from

from .conftest import Write

MINE = """\
extends: default   # the shipped one
categories:
  # mine
  crypto:
    examples: ["to the moon"]
    counterexamples:
      - I bought a coin for the trolley   # a real coin
"""


def test_a_shot_with_labels(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    add_shot(
        editable("mine", shelf), shelf, "free coins, fool", labels=["crypto", "toxicity"], reason="Both."
    )
    profile = load("mine", shelf)
    for name in ("crypto", "toxicity"):
        assert Shot("free coins, fool", "Both.") in profile.by_name[name].examples
    assert Shot("free coins, fool", "Both.") in profile.by_name["spam"].counterexamples


def test_a_counterexample_and_an_ordinary_post(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    add_shot(target, shelf, "coin collectors' fair", counter=["crypto", "spam"], reason="A hobby.")
    add_shot(target, shelf, "good morning", ordinary=True)
    profile = load("mine", shelf)
    for name in ("crypto", "spam"):
        assert profile.by_name[name].counterexamples[-1] == Shot("coin collectors' fair", "A hobby.")
    assert profile.ordinary[-1] == Shot("good morning")


@pytest.mark.parametrize(
    "how",
    [{}, {"labels": ["spam"], "ordinary": True}, {"labels": ["spam"], "counter": ["crypto"]}],
)
def test_a_shot_shows_one_thing(shelf: Shelf, how: dict[str, object]) -> None:
    with pytest.raises(ProfileError, match="in one way"):
        add_shot(editable("default", shelf), shelf, "a", **how)  # type: ignore[arg-type]


def test_an_unknown_label_is_refused_with_close_ones(shelf: Shelf) -> None:
    for how in ({"labels": ["spma"]}, {"counter": ["spma"]}):
        with pytest.raises(ProfileError, match="there is no category 'spma'") as caught:
            add_shot(editable("default", shelf), shelf, "a", **how)  # type: ignore[arg-type]
        assert "did you mean spam?" in (caught.value.hint or "")


@pytest.mark.parametrize("how", [{"labels": ["spam"]}, {"counter": ["spam"]}, {"ordinary": True}])
def test_the_same_shot_twice_changes_nothing_and_says_so(shelf: Shelf, how: dict[str, object]) -> None:
    target = editable("default", shelf)
    add_shot(target, shelf, "a", **how)  # type: ignore[arg-type]
    change = add_shot(target, shelf, "a", **how)  # type: ignore[arg-type]
    assert change.old == change.new
    assert "already" in change.notes[0]


def test_other_labels_for_the_same_text_are_refused(shelf: Shelf) -> None:
    target = editable("default", shelf)
    add_shot(target, shelf, "a", labels=["spam"])
    with pytest.raises(ProfileError, match="labelled spam"):
        add_shot(target, shelf, "a", labels=["toxicity"])
    with pytest.raises(ProfileError, match="both"):
        add_shot(target, shelf, "a", counter=["spam"])
    with pytest.raises(ProfileError, match="both"):
        add_shot(target, shelf, "a", ordinary=True)


def test_a_shot_is_removed_by_its_text_or_a_part(shelf: Shelf, write: Write) -> None:
    path = write("mine", MINE)
    target = editable("mine", shelf)
    remove_shot(target, shelf, "TROLLEY")
    assert path.read_text() == MINE[: MINE.index("    counterexamples")]
    remove_shot(target, shelf, "to the moon")
    assert path.read_text().endswith("    examples: []\n")


def test_an_exact_text_comes_before_a_part(shelf: Shelf, write: Write) -> None:
    write("mine", "categories: {t: {examples: [ab, a, abc], counterexamples: [x]}}")
    target = editable("mine", shelf)
    with pytest.raises(ProfileError, match=r"2 shots contain 'B': 'ab'; 'abc'"):
        remove_shot(target, shelf, "B")
    remove_shot(target, shelf, "a")
    assert [shot.text for shot in load("mine", shelf).by_name["t"].examples] == ["ab", "abc"]


def test_what_is_not_there_or_inherited_is_told(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    with pytest.raises(ProfileError, match="no shot contains 'xyz'"):
        remove_shot(target, shelf, "xyz")
    with pytest.raises(ProfileError, match="inherited"):
        remove_shot(target, shelf, "you fool")


def test_a_shot_is_removed_from_everywhere_in_the_file(shelf: Shelf, write: Write) -> None:
    text = (
        "extends: default\ncategories:\n  spam:\n    examples:\n      - a\n      - b\n  t: {examples: [a]}\n"
    )
    write("mine", text)
    change = remove_shot(editable("mine", shelf), shelf, "a")
    assert change.new == text.replace("      - a\n", "").replace("[a]", "[]")


def test_the_last_shot_of_a_replacement_needs_a_person(shelf: Shelf, write: Write) -> None:
    write("mine", "extends: default\ncategories: {spam: {examples: {replace: [a]}}}")
    with pytest.raises(ProfileError, match="the last shot of a list that replaces"):
        remove_shot(editable("mine", shelf), shelf, "a")


def test_a_category_of_nothing_else_goes_with_its_last_shot(shelf: Shelf, write: Write) -> None:
    write("mine", "extends: default\ncategories:\n  t:\n    examples:\n      - a\n")
    change = remove_shot(editable("mine", shelf), shelf, "a")
    assert change.notes == ("nothing is left of 't', and it is gone",)
    assert change.new == "extends: default\n"


HOW = st.sampled_from(
    [{"labels": ["crypto"]}, {"labels": ["spam", "crypto"]}, {"counter": ["spam"]}, {"ordinary": True}]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=20), how=HOW, reason=st.sampled_from(["", "why: not"]))
def test_adding_and_removing_restores_the_file(
    shelf: Shelf, write: Write, text: str, how: dict[str, object], reason: str
) -> None:
    path = write("mine", MINE)
    target = editable("mine", shelf)
    try:
        add_shot(target, shelf, text, reason=reason, **how)  # type: ignore[arg-type]
    except ProfileError:
        assert path.read_text() == MINE
        return
    assert path.read_text() != MINE
    remove_shot(target, shelf, text)
    assert path.read_text() == MINE


def picture(folder: Path, name: str, content: bytes) -> tuple[Path, bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name, content


def test_a_picture_is_written_as_seen_from_the_profile(shelf: Shelf, write: Write, tmp_path: Path) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    inside = picture(shelf.user / "shots", "coin.png", b"coin")
    outside = picture(tmp_path / "my pictures", "trolley: 1.png", b"trolley")
    change = add_picture(target, shelf, *inside, labels=["crypto", "spam"], reason="Both.")
    assert change.new.count('image: "shots/coin.png"') == 2
    change = add_picture(target, shelf, *outside, counter=["crypto"])
    assert "../../my pictures/trolley: 1.png" in change.new
    profile = load("mine", shelf)
    for name in ("crypto", "spam"):
        assert [(shot.path, shot.reason) for shot in profile.by_name[name].images] == [
            (str(inside[0]), "Both.")
        ]
    (other,) = profile.by_name["crypto"].counterimages
    assert Path(other.path).resolve() == outside[0]
    assert Shot("to the moon") in profile.by_name["crypto"].examples
    # All that was in the file before is still there, comments too.
    assert "# a real coin" in change.new


def test_the_same_picture_twice_changes_nothing_and_says_so(shelf: Shelf, write: Write) -> None:
    write("mine", MINE)
    target = editable("mine", shelf)
    add_picture(target, shelf, *picture(shelf.user, "a.png", b"coin"), labels=["crypto"])
    change = add_picture(target, shelf, *picture(shelf.user, "copy.png", b"coin"), labels=["crypto"])
    assert change.old == change.new
    assert "already among the examples of 'crypto'" in change.notes[0]
    with pytest.raises(ProfileError, match="both an example and a counterexample"):
        add_picture(target, shelf, *picture(shelf.user, "copy.png", b"coin"), counter=["crypto"])


def test_a_picture_joins_a_list_that_replaces_the_inherited_one(shelf: Shelf, write: Write) -> None:
    write("mine", "extends: default\ncategories:\n  spam:\n    examples: {replace: [sale]}\n")
    add_picture(editable("mine", shelf), shelf, *picture(shelf.user, "a.png", b"coin"), labels=["spam"])
    spam = load("mine", shelf).by_name["spam"]
    assert [shot.text for shot in spam.examples] == ["sale"]
    assert len(spam.images) == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "in one way"),
        ({"labels": ["spam"], "counter": ["crypto"]}, "in one way"),
        ({"labels": ["spma"]}, "there is no category 'spma'"),
    ],
)
def test_a_picture_shows_one_thing_that_there_is(
    shelf: Shelf, how: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ProfileError, match=message):
        add_picture(editable("default", shelf), shelf, *picture(shelf.user, "a.png", b"a"), **how)  # type: ignore[arg-type]
    assert not (shelf.user / "default.yaml").exists()


def test_paths_seen_from_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "far" / "profiles").mkdir(parents=True)
    (tmp_path / "near").symlink_to(tmp_path / "far" / "profiles")
    file, _ = picture(tmp_path / "shots", "a.png", b"a")
    seen = seen_from(tmp_path / "near", file)
    assert seen == "../../shots/a.png"
    assert (tmp_path / "near" / seen).read_bytes() == b"a"
    (tmp_path / "far" / "b.png").symlink_to(file)
    assert seen_from(tmp_path / "near", tmp_path / "far" / "b.png") == "../b.png"
