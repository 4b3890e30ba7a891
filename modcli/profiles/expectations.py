"""What a profile says of posts that it must get right: its own tests, and those that it inherits.

Tests are no part of a Profile: they change no verdict, and so neither its digest nor what is cached under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from modcli.errors import Location
from modcli.profile import Action, Profile
from modcli.profiles import document
from modcli.profiles.find import Found, Shelf
from modcli.profiles.load import load_bytes, read_bytes


@dataclass(frozen=True, slots=True)
class Expectation:
    """One post and the action that has to come of it.

    `category` is the one that has to bring it about; for an allowed post, the one that it is a test of (empty: none was
    named). `near` is the post that this one differs from in little (empty: it is no near miss). `name` says which test
    of the file at `location` it is, as in `tests[3].but`.
    """

    text: str
    action: Action
    name: str
    location: Location
    category: str = ""
    reason: str = ""
    near: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An inherited test that no longer applies, and why."""

    expectation: Expectation
    why: str


@dataclass(frozen=True)
class ProfileTests:
    """A profile with its tests, inherited ones first. `left_out` are inherited ones about what it has changed on
    purpose."""

    profile: Profile
    expectations: tuple[Expectation, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def rehearsed(self) -> list[Expectation]:
        """The tests whose post is also an example of the profile: they show nothing."""
        shots = {shot.text for shot in self.profile.ordinary}
        for category in self.profile.categories:
            shots |= {shot.text for shot in (*category.examples, *category.counterexamples)}
        return [one for one in self.expectations if one.text in shots]


def load_tests(wish: str, shelf: Shelf) -> ProfileTests:
    """The profile of that name or at that path, and its tests. Raises ProfileError."""
    return tests_of(shelf.find(wish), shelf)


def tests_of(found: Found, shelf: Shelf) -> ProfileTests:
    """The profile in a file that was found, and its tests. Raises ProfileError.

    An inherited test applies as long as the profile does with its category what the inherited one did. One that is to
    be blocked or warned of, and names no category, applies as long as that is so for all of them. A test of the file
    itself takes the place of an inherited one of the same post.
    """
    data = read_bytes(found)
    profile = load_bytes(data, found, shelf)
    # It has been loaded, so it is valid, and its chain has an end.
    written = document.read(data, str(found.path))
    own = tuple(_own(written))
    replaced = {one.text for one in own}
    inherited: list[Expectation] = []
    left_out: list[LeftOut] = []
    for index, wish in enumerate(written.form.extends):
        parent = tests_of(shelf.find(wish, near=found), shelf)
        left_out += parent.left_out
        for one in parent.expectations:
            if one.text in replaced:
                continue
            renamed = _named_here(one, parent.profile, profile, stacked=index > 0)
            if why := _changed(renamed, one, parent.profile, profile):
                left_out.append(LeftOut(one, why))
            else:
                inherited.append(renamed)
    return ProfileTests(profile, (*_once(inherited), *own), tuple(left_out))


def _own(written: document.Document) -> Iterable[Expectation]:
    for index, form in enumerate(written.form.tests):
        where = written.tree.location(("tests", index))
        name = f"tests[{index + 1}]"
        one = Expectation(form.text, form.action, name, where, form.category or "", form.reason)
        yield one
        if form.but is not None:
            where = written.tree.location(("tests", index, "but"))
            yield replace(
                one,
                text=form.but,
                action=Action.ALLOW,
                name=f"{name}.but",
                location=where,
                near=form.text,
            )


def _named_here(one: Expectation, parent: Profile, child: Profile, *, stacked: bool) -> Expectation:
    """The test by the name that its category has in the child: a stacked one may be `name@profile`."""
    other = f"{one.category}@{parent.name}"
    return replace(one, category=other) if stacked and other in child.by_name else one


def _changed(one: Expectation, before: Expectation, parent: Profile, child: Profile) -> str:
    """Why an inherited test does not apply; empty where it does. `before` is the test as the parent has it."""
    if one.category:
        known = child.by_name.get(one.category)
        if known is None:
            return f"'{one.category}' was removed"
        inherited = parent.by_name[before.category].action
        return "" if known.action is inherited else f"'{one.category}' was {inherited}, and is {known.action}"
    if one.action is Action.ALLOW:
        return ""
    acting = [category for category in parent.categories if category.action is not Action.ALLOW]
    for category in acting:
        known = child.by_name.get(category.name)
        if known is None or known.action is not category.action:
            return f"it names no category, and '{category.name}' was changed"
    return ""


def _once(expectations: Iterable[Expectation]) -> list[Expectation]:
    """Each post once for a category, as the last profile named has it."""
    return list({(one.text, one.category): one for one in expectations}.values())
