"""What two profiles say differently."""

from __future__ import annotations

from dataclasses import replace

from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.compare import Difference, differences

TOXIC = Category("toxicity", Action.BLOCK, "Insults.", examples=(Shot("a"), Shot("b")), exempts=("x", "y"))
ONE = Profile("one", (TOXIC, Category("spam", Action.WARN)), "d", ordinary=(Shot("o"),))


def test_the_same_meaning_is_no_difference() -> None:
    reordered = replace(TOXIC, examples=(Shot("b", "why"), Shot("a")), exempts=("y", "x"))
    assert differences(ONE, replace(ONE, name="other", categories=(ONE.categories[1], reordered))) == []


def test_every_part_is_compared() -> None:
    changed = replace(
        TOXIC, action=Action.WARN, label="l", threshold=0.5, exempts=(), definition="D.", note="n",
        examples=(Shot("a"), Shot("c")), counterexamples=(Shot("z"),),
    )  # fmt: skip
    other = Profile("two", (changed, Category("new", Action.ALLOW)), "e", Task.BINARY)
    assert differences(ONE, other) == [
        Difference("", "description", "d", "e"),
        Difference("", "task", Task.MULTI_LABEL, Task.BINARY),
        Difference("", "ordinary", "o", None),
        Difference("toxicity", "action", Action.BLOCK, Action.WARN),
        Difference("toxicity", "label", "", "l"),
        Difference("toxicity", "threshold", None, 0.5),
        Difference("toxicity", "exempts", ("x", "y"), ()),
        Difference("toxicity", "definition", "Insults.", "D."),
        Difference("toxicity", "note", "", "n"),
        Difference("toxicity", "example", "b", None),
        Difference("toxicity", "example", None, "c"),
        Difference("toxicity", "counterexample", None, "z"),
        Difference("spam", "category", "warn", None),
        Difference("new", "category", None, "allow"),
    ]
