"""What a profile's task means for its categories."""

from __future__ import annotations

from dataclasses import replace

from modcli.profile import Action, Category, Profile, Shot, Task, strictest

#: The one category of a binary task that has several.
HARMFUL = "harmful"


def as_judged(profile: Profile) -> Profile:
    """The profile whose categories are judged: the same, but that a binary task with several categories has one.

    That one is everything with an action, against everything allowed.
    """
    harmful = [category for category in profile.categories if category.action is not Action.ALLOW]
    if profile.task is not Task.BINARY or (len(harmful) == 1 and len(profile.categories) == 1):
        return profile
    allowed = [category for category in profile.categories if category.action is Action.ALLOW]
    thresholds = [category.threshold for category in harmful if category.threshold is not None]
    examples = _all(*(category.examples for category in harmful))
    against = _all(
        *(category.counterexamples for category in harmful), *(category.examples for category in allowed)
    )
    texts = {shot.text for shot in examples}
    return replace(
        profile,
        categories=(
            Category(
                name=HARMFUL,
                action=strictest(*(category.action for category in harmful)),
                definition="\n".join(_told(category) for category in harmful),
                note="\n".join(
                    f"Not {HARMFUL}: {_told(category)}" for category in allowed if category.definition
                ),
                examples=examples,
                # What is not of one category may well be of another that is harmful too.
                counterexamples=tuple(shot for shot in against if shot.text not in texts),
                threshold=min(thresholds, default=None),
            ),
        )
        if harmful
        else (),
    )


def contrast(profile: Profile, category: Category) -> tuple[Shot, ...]:
    """What is known not to be of a category: its counterexamples; where one is an exception to the other, the
    other's examples; and in a multi-class task the examples of every other category."""
    others = [
        other.examples
        for other in profile.categories
        if other.name != category.name
        and (
            profile.task is Task.MULTI_CLASS
            or other.name in category.exempts
            or category.name in other.exempts
        )
    ]
    own = {shot.text for shot in category.examples}
    return tuple(shot for shot in _all(category.counterexamples, *others) if shot.text not in own)


def ordinary(profile: Profile, category: Category) -> tuple[Shot, ...]:
    """The profile's ordinary posts, seen from a category: a post of no category is a counterexample as well, and counts
    as that alone. Left out as a shot, it must not stay in as an ordinary one."""
    known = {shot.text for shot in (*category.examples, *contrast(profile, category))}
    return tuple(shot for shot in profile.ordinary if shot.text not in known)


def elsewhere(profile: Profile, category: Category) -> tuple[Shot, ...]:
    """The examples of all other categories that are not known to be, or not to be, of this one."""
    known = {shot.text for shot in (*category.examples, *contrast(profile, category))}
    others = (other.examples for other in profile.categories if other.name != category.name)
    return tuple(shot for shot in _all(*others) if shot.text not in known)


def is_asked(profile: Profile, category: Category) -> bool:
    """Whether it is worth a question: an allowed category decides nothing unless it is an exception or a class."""
    return category.action is not Action.ALLOW or bool(category.exempts) or profile.task is Task.MULTI_CLASS


def _told(category: Category) -> str:
    return " ".join(part for part in (category.definition.strip(), category.note.strip()) if part)


def _all(*groups: tuple[Shot, ...]) -> tuple[Shot, ...]:
    """Every shot once, in order."""
    return tuple({shot.text: shot for group in groups for shot in group}.values())
