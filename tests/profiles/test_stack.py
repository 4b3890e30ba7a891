"""Several profiles as one."""

from __future__ import annotations

from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.stack import stack

TOXIC = Category("toxicity", Action.BLOCK, "Insults.", examples=(Shot("fool"),))
MILD = Category("toxicity", Action.WARN, "Insults.", examples=(Shot("fool"),))
OTHER = Category("toxicity", Action.BLOCK, "Hatred.")
BANTER = Category("banter", Action.ALLOW, "Friends.", exempts=("toxicity",))


def profile(
    name: str, *categories: Category, ordinary: tuple[str, ...] = (), task: Task = Task.MULTI_LABEL
) -> Profile:
    return Profile(name, categories, name, task, tuple(map(Shot, ordinary)))


def test_one_profile_is_itself() -> None:
    alone = profile("a", TOXIC)
    assert stack([alone]) is alone


def test_the_union_has_every_category_once() -> None:
    spam = Category("spam", Action.WARN)
    stacked = stack([profile("a", TOXIC), profile("b", TOXIC, spam)])
    assert stacked.categories == (TOXIC, spam)
    assert stacked.name == "a+b"


def test_the_same_content_gets_the_stricter_action_in_either_order() -> None:
    for pair in ([TOXIC, MILD], [MILD, TOXIC]):
        assert stack([profile("a", pair[0]), profile("b", pair[1])]).categories == (TOXIC,)


def test_other_content_under_the_same_name_is_kept_beside_it() -> None:
    stacked = stack(
        [
            profile("a", TOXIC),
            profile("b", OTHER, BANTER),
            profile("b", Category("toxicity", Action.WARN, "x")),
        ]
    )
    assert list(stacked.by_name) == ["toxicity", "toxicity@b", "banter", "toxicity@b-2"]
    assert stacked.by_name["toxicity@b"].word == "toxicity"
    assert stacked.by_name["banter"].exempts == ("toxicity@b",)


def test_an_exception_does_not_reach_the_other_profile() -> None:
    stacked = stack([profile("a", TOXIC), profile("b", TOXIC, BANTER)])
    assert stacked.by_name["toxicity"] == TOXIC
    assert stacked.by_name["banter"].exempts == ("toxicity@b",)
    assert stacked.by_name["toxicity@b"].action is Action.BLOCK


def test_an_exception_that_both_make_stays_one() -> None:
    stacked = stack([profile("a", TOXIC, BANTER), profile("b", MILD, BANTER)])
    assert stacked.categories == (TOXIC, BANTER)


def test_an_unblock_in_one_profile_does_not_open_the_other() -> None:
    unblocked = Category("toxicity", Action.ALLOW, "Insults.", note="fine", examples=(Shot("fool"),))
    for pair in ([TOXIC, unblocked], [unblocked, TOXIC]):
        assert (
            stack([profile("a", pair[0]), profile("b", pair[1])]).by_name["toxicity"].action is Action.BLOCK
        )


def test_ordinary_posts_are_joined_but_for_those_that_the_other_calls_an_example() -> None:
    stacked = stack([profile("a", TOXIC, ordinary=("x",)), profile("b", TOXIC, ordinary=("fool", "y", "x"))])
    assert [shot.text for shot in stacked.ordinary] == ["x", "y"]


def test_a_task_survives_only_where_the_categories_do() -> None:
    one = profile("a", TOXIC, task=Task.BINARY)
    assert stack([one, profile("b", MILD, task=Task.BINARY)]).task is Task.BINARY
    assert stack([one, profile("b", OTHER, task=Task.BINARY)]).task is Task.MULTI_LABEL
