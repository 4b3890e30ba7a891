from __future__ import annotations

from dataclasses import replace

import pytest

from modcli.errors import ProfileError
from modcli.evaluation.protocols.editing import edited
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles import edit
from modcli.profiles.edit import UNBLOCK_NOTE

SPAM = Category(
    "spam",
    Action.BLOCK,
    "Sells things.\n\nNot: news.",
    label="spam",
    examples=(Shot("buy: now #1"), Shot("line\nbreak 'quoted' \"twice\" \u200b"), Shot("null")),
    counterexamples=(Shot("1.0", "a number"), Shot("# no comment"), Shot(" leading blank")),
)
PROFILE = Profile("several", (SPAM,), task=Task.MULTI_LABEL, ordinary=(Shot("tea"),))


def test_what_is_not_edited_is_as_it_was() -> None:
    after = edited(PROFILE, lambda target, shelf: edit.block(target, shelf, "rude", examples=["you fool"]))
    assert after.by_name["spam"] == SPAM
    assert after.by_name["rude"].examples == (Shot("you fool"),)
    assert after.by_name["rude"].action is Action.BLOCK
    assert after.ordinary == PROFILE.ordinary


def test_unblock_and_extend() -> None:
    allowed = edited(PROFILE, lambda target, shelf: edit.unblock(target, shelf, "spam"))
    assert allowed.by_name["spam"] == replace(SPAM, action=Action.ALLOW, note=UNBLOCK_NOTE)
    wider = edited(PROFILE, lambda target, shelf: edit.extend(target, shelf, "spam", examples=["b1y n0w"]))
    assert wider.by_name["spam"] == replace(SPAM, examples=(*SPAM.examples, Shot("b1y n0w")))


def test_an_edit_that_fails() -> None:
    with pytest.raises(ProfileError, match="there is no category 'toxic'"):
        edited(PROFILE, lambda target, shelf: edit.extend(target, shelf, "toxic", examples=["x"]))
