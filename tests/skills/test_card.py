"""The card of a skill, whether it says what it is for, and the passages of its text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.prompts.normalization import normalize
from modcli.prompts.windows import SIZE
from modcli.skills.card import MOST_DESCRIPTION, MOST_HEADINGS, card_of, cut, headings, passages, says_purpose
from modcli.skills.skill import Front, Role, Skill
from tests.skills.made import file, skill


def test_a_card_is_name_description_and_headings() -> None:
    card = card_of(skill(body="# One\ntext\n## Two ##\n"))
    described = "Adds a table of contents to long Markdown files, with links to each heading."
    assert card.text == f"toc: {described}\nHeadings: One; Two"
    assert (card.line, card.says_purpose, card.whole) == (3, True, True)


def test_headings_in_fenced_code_are_none() -> None:
    lines = ["# A", "```sh", "# not", "~~~", "```", "####### seven", "#no", "~~~~", "# nor", "~~~~", "### B"]
    assert list(headings(lines)) == ["A", "B"]


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ("", False),
        ("A helpful skill.", False),
        ("Helps you with all the things that you want.", False),
        ("TODO: add a description here", False),
        ("Use this skill when the user asks for it.", False),
        ("Weather for a city", True),
        ("Fills in PDF forms", True),
        ("把会议录音整理成纪要", True),
        ("助手", False),
        ("Rechnungen einlesen", True),
    ],
)
def test_a_description_says_what_something_is_for_or_not(description: str, says: bool) -> None:
    assert says_purpose(description) is says


def test_the_rest_of_a_long_description_is_a_passage() -> None:
    long = "word " * 400 + "payload at the end"
    one = skill(long)
    card = card_of(one)
    assert not card.whole
    assert len(card.text.encode()) < MOST_DESCRIPTION + 50
    assert "payload" not in card.text
    found = passages(one).pieces
    assert "payload at the end" in found[-1].text
    assert {piece.line for piece in found} == {3}


def test_a_long_name_pushes_nothing_off_the_card() -> None:
    one = skill(name="n " * 10_000 + "payload")
    card = card_of(one)
    assert "table of contents" in card.text
    assert not card.whole
    assert "payload" in passages(one).pieces[-1].text


def test_more_headings_than_fit_are_said() -> None:
    assert not card_of(skill(body="# h\n" * (MOST_HEADINGS + 1))).whole


def test_the_front_matter_is_no_passage_and_lines_are_those_of_the_file() -> None:
    one = skill("Says hidden things.", "first\n\nsecond\n")
    assert [(p.path, p.line, p.last_line, p.text) for p in passages(one).pieces] == [
        ("SKILL.md", 5, 7, "first\nsecond")
    ]


def test_of_scripts_comments_and_strings_are_read_and_of_other_files_all() -> None:
    one = skill(
        body="body",
        others={"b.py": "import os  # note\nx = 'said'\ny = 1\n", "a.md": "doc\n", "c.bin": None},
    )
    assert [(p.path, p.text) for p in passages(one).pieces] == [
        ("SKILL.md", "body"),
        ("a.md", "doc"),
        ("b.py", "# note\n'said'"),
    ]


def test_blank_lines_and_runs_do_not_push_anything_out_of_sight() -> None:
    found = passages(skill(body="start\n" + "\n" * 100_000 + "a" * 100_000 + "\npayload\n"))
    assert [piece.text for piece in found.pieces] == ["start\naaaaaaaa\npayload"]
    assert found.read == 1
    assert found.pieces[0].last_line == 100_007


def test_the_same_words_twice_are_one_passage() -> None:
    found = passages(skill(body="body", others={"a.md": "same\n", "b.md": "same\n"}))
    assert [piece.path for piece in found.pieces] == ["SKILL.md", "a.md"]


def test_many_passages_are_spread_over_all_of_them_and_the_share_is_told() -> None:
    body = "".join(f"line {i} {'word ' * 150}\n" for i in range(500))
    found = passages(skill(body=body), most=10)
    assert len(found.pieces) == 10
    assert found.pieces[0].line == 5
    assert found.pieces[-1].text.startswith("line 499")
    assert 0 < found.read < 0.1


def test_a_skill_without_front_matter_and_text_has_a_card_all_the_same() -> None:
    main = file("SKILL.md", None, Role.SKILL)
    one = Skill("x/thing", main, Front(), (main,))
    assert card_of(one).text == "thing:"
    assert passages(one).pieces == ()
    assert passages(one).read == 1


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), max_size=40))
def test_passages_fit_overlap_nowhere_and_keep_their_order(lines: list[str]) -> None:
    found = list(cut("f", enumerate(lines, 1)))
    for piece in found:
        assert 0 < len(piece.text.encode()) <= SIZE
        assert 1 <= piece.line <= piece.last_line <= len(lines)
    assert all(a.last_line <= b.line for a, b in pairwise(found))


@given(st.text(st.characters(codec="utf-8"), max_size=5000))
def test_nothing_of_one_long_line_is_lost(line: str) -> None:
    found = list(cut("f", [(1, line)]))
    # Unless normalizing changed it, each character that is no white space is there, once and in order.
    joined = "".join("".join(piece.text.split()) for piece in found)
    assert joined == "".join(normalize(line).split())
