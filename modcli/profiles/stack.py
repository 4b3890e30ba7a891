"""Several profiles as one that is as strict as the strictest of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

from modcli.profile import Category, HashFile, Profile, Task
from modcli.profiles.inherit import merged, without


def stack(profiles: Sequence[Profile]) -> Profile:
    """The union of the categories of all profiles (at least one), the first profile's first.

    A category that two profiles hold with the same content is taken once, with the stricter action. With
    different content both are kept, the later one as `name@profile`, and its own profile's exempts follow it
    there. An exception never reaches beyond the profile it was written in.
    """
    return reduce(_joined, profiles)


def _joined(first: Profile, second: Profile) -> Profile:
    names = _names(first, second)
    categories = dict(first.by_name)
    for category in second.categories:
        name = names[category.name]
        if name in categories:
            categories[name] = _stricter(categories[name], category)
            continue
        categories[name] = replace(
            category,
            name=name,
            label=category.label if name == category.name else category.word,
            exempts=tuple(names[other] for other in category.exempts),
        )
    same = first.task == second.task and set(categories) == set(first.by_name)
    examples = [shot for category in categories.values() for shot in category.examples]
    return Profile(
        name=f"{first.name}+{second.name}",
        categories=tuple(categories.values()),
        description="; ".join(
            dict.fromkeys(text for text in (first.description, second.description) if text)
        ),
        task=first.task if same else Task.MULTI_LABEL,
        ordinary=without(merged(first.ordinary, second.ordinary), examples),
        blocked_hashes=_each_once((*first.blocked_hashes, *second.blocked_hashes)),
        # What one of them alone knows to be fine, the other may judge.
        allowed_hashes=_each_once(
            file for file in first.allowed_hashes if file.digest in {f.digest for f in second.allowed_hashes}
        ),
    )


def _names(first: Profile, second: Profile) -> dict[str, str]:
    """The name that each category of the second profile has in the stack."""
    names: dict[str, str] = {}
    taken = set(first.by_name) | set(second.by_name)
    for category in second.categories:
        name = category.name
        known = first.by_name.get(name)
        if known is not None and _content(first, known) != _content(second, category):
            name = f"{category.name}@{second.name}"
            number = 2
            while name in taken:
                name = f"{category.name}@{second.name}-{number}"
                number += 1
        taken.add(name)
        names[category.name] = name
    return names


def _content(profile: Profile, category: Category) -> tuple[object, ...]:
    """What has to be equal for two categories to be one: what the model is told, and what is excepted."""
    exceptions = sorted(other.name for other in profile.categories if category.name in other.exempts)
    return (*_told(category), *(_told(profile.by_name[name]) for name in exceptions))


def _told(category: Category) -> tuple[object, ...]:
    shots = (category.examples, category.counterexamples)
    return (
        category.definition,
        category.word,
        category.threshold,
        *(frozenset(s.text for s in each) for each in shots),
        *(frozenset(s.digest for s in each) for each in (category.images, category.counterimages)),
        frozenset(category.detectors),
    )


def _each_once(files: Iterable[HashFile]) -> tuple[HashFile, ...]:
    return tuple({file.digest: file for file in files}.values())


def _stricter(first: Category, second: Category) -> Category:
    return second if second.action.severity > first.action.severity else first
