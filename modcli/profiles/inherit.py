"""A written profile on top of the one it extends.

Within a category, what is written replaces what is inherited; examples are added to the inherited ones,
unless they are written as `examples: {replace: [...]}`. A text that the child files elsewhere (as a
counterexample, as ordinary, as unknown) leaves its inherited place. `name:` without anything removes a category.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from modcli.errors import ProfileError
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.document import CategoryForm, Document, ExamplesForm, ShotForm, closest, shortened
from modcli.profiles.marked import Path
from modcli.profiles.pictures import hash_files, with_pictures

EXAMPLE, COUNTEREXAMPLE, ORDINARY = "an example", "a counterexample", "ordinary"
#: Nobody knows, or somebody wants it to have no say: what is inherited for it does not count, and nothing comes instead.
UNKNOWN = "unknown"
#: In place of the names of all categories that are not among a shot's labels.
ALL_OTHERS = "*"


class Claim(NamedTuple):
    """What the file itself says of one text: its place in a category, or that it is ordinary (None), and where."""

    category: str | None
    kind: str
    shot: Shot
    path: Path


def derive(written: Document, parent: Profile | None, name: str) -> Profile:
    """The profile that a document means, given the profile it extends. Raises ProfileError with the place."""
    form = written.form
    categories = _overlaid(written, parent)
    if not categories:
        raise ProfileError(
            "the profile has no category",
            location=written.tree.location(("categories",), key=True),
            hint="add one under `categories:`, or start from `extends: default`",
        )
    claims = _Claims(written, categories)
    exempting = _checked_exempts(written, categories)
    _check_tests(written, categories)
    inherited = parent.ordinary if parent else ()
    return Profile(
        name=name,
        categories=tuple(with_pictures(claims.applied(category), written) for category in exempting.values()),
        description=form.description
        if form.description is not None
        else (parent.description if parent else ""),
        task=form.task or (parent.task if parent else Task.MULTI_LABEL),
        ordinary=claims.ordinary(inherited),
        blocked_hashes=hash_files(written, "blocked_hashes", parent.blocked_hashes if parent else ()),
        allowed_hashes=hash_files(written, "allowed_hashes", parent.allowed_hashes if parent else ()),
    )


def _overlaid(written: Document, parent: Profile | None) -> dict[str, Category]:
    """The categories with everything but their examples resolved; inherited examples are in place."""
    categories = dict(parent.by_name) if parent else {}
    for name, form in written.form.categories.items():
        if form is not None:
            categories[name] = _overlay(categories.get(name) or Category(name, Action.BLOCK), form)
        elif categories.pop(name, None) is None:
            raise ProfileError(
                f"the category '{name}' is empty, and there is no inherited one to remove",
                location=written.tree.location(("categories", name), key=True),
                hint="write `definition:` or `examples:` under it; " + closest(name, categories),
            )
    return categories


def _overlay(category: Category, form: CategoryForm) -> Category:
    """The category with what the form says in place of what it inherits; replaced lists are emptied."""
    return replace(
        category,
        action=form.action or category.action,
        label=category.label if form.label is None else form.label,
        definition=category.definition if form.definition is None else form.definition,
        note=category.note if form.note is None else form.note,
        threshold=category.threshold if form.threshold is None else form.threshold,
        exempts=category.exempts if form.exempts is None else tuple(dict.fromkeys(form.exempts)),
        examples=() if _replaces(form.examples) else category.examples,
        counterexamples=() if _replaces(form.counterexamples) else category.counterexamples,
    )


def _replaces(examples: ExamplesForm | None) -> bool:
    return examples is not None and examples.replace is not None


def as_shot(form: ShotForm) -> Shot:
    """The value of a written example."""
    return Shot(form.text, form.reason)


class _Claims:
    """All that a file says of texts, checked for contradictions, and laid over what is inherited."""

    def __init__(self, written: Document, categories: dict[str, Category]) -> None:
        self.all = claims_of(written, categories)
        self.check(written)

    def check(self, written: Document) -> None:
        kinds: dict[tuple[str | None, str], str] = {}
        positive: dict[str, str] = {}
        ordinary = {claim.shot.text for claim in self.all if claim.kind == ORDINARY}
        for claim in self.all:
            if claim.kind == UNKNOWN:
                continue  # it says nothing that another claim could contradict
            text = claim.shot.text
            before = kinds.setdefault((claim.category, text), claim.kind)
            if claim.kind == EXAMPLE:
                positive.setdefault(text, claim.category or "")
            clash = f"{before} and {claim.kind} of '{claim.category}'" if before != claim.kind else ""
            if not clash and claim.kind == EXAMPLE and text in ordinary:
                clash = f"an example of '{claim.category}' and ordinary"
            if clash:
                raise ProfileError(
                    f"one text is both {clash}: {shortened(text)}",
                    location=written.tree.location(claim.path),
                    hint="keep one of the two; `modcli profile remove-shot` removes a text from a file",
                )

    def applied(self, category: Category) -> Category:
        """The category with the claims laid over its inherited examples."""
        mine = [claim for claim in self.all if claim.category == category.name]
        examples = [claim.shot for claim in mine if claim.kind == EXAMPLE]
        counter = [claim.shot for claim in mine if claim.kind == COUNTEREXAMPLE]
        unknown = [claim.shot for claim in mine if claim.kind == UNKNOWN]
        ordinary = [claim.shot for claim in self.all if claim.kind == ORDINARY]
        return replace(
            category,
            examples=merged(without(category.examples, (*counter, *ordinary, *unknown)), examples),
            counterexamples=merged(without(category.counterexamples, (*examples, *unknown)), counter),
        )

    def ordinary(self, inherited: Iterable[Shot]) -> tuple[Shot, ...]:
        """The ordinary texts: the inherited ones but for those that are, or may be, of a category here, and the file's
        own."""
        other = [claim.shot for claim in self.all if claim.kind in (EXAMPLE, UNKNOWN)]
        return merged(without(inherited, other), [claim.shot for claim in self.all if claim.kind == ORDINARY])


def claims_of(written: Document, categories: Iterable[str]) -> list[Claim]:
    """All that a file itself says of texts, given the names of its categories, inherited ones included. Raises
    ProfileError for a name that is none of them."""
    names = list(categories)
    ordinary = [
        Claim(None, ORDINARY, as_shot(form), ("ordinary", index))
        for index, form in enumerate(written.form.ordinary)
    ]
    return [*_of_categories(written), *_of_shots(written, names), *ordinary]


def _of_categories(written: Document) -> Iterable[Claim]:
    for name, form in written.form.categories.items():
        for key, kind in (("examples", EXAMPLE), ("counterexamples", COUNTEREXAMPLE)):
            examples: ExamplesForm | None = getattr(form, key) if form else None
            if examples is not None:
                inner = ("replace",) if examples.replace is not None else ()
                for index, shot in enumerate(
                    examples.shots if examples.replace is None else examples.replace
                ):
                    if isinstance(shot, ShotForm):
                        yield Claim(name, kind, as_shot(shot), ("categories", name, key, *inner, index))


def _of_shots(written: Document, categories: Sequence[str]) -> Iterable[Claim]:
    for index, form in enumerate(written.form.shots):
        shot = Shot(form.text, form.reason)
        path: Path = ("shots", index)
        for place, label in enumerate(form.labels):
            _known(label, categories, written, (*path, "labels", place))
        for place, name in enumerate(form.unknown):
            if name != ALL_OTHERS:
                _known(name, categories, written, (*path, "unknown", place))
            if name in form.labels:
                raise ProfileError(
                    f"'{name}' is both a label of the shot and unknown: {shortened(form.text)}",
                    location=written.tree.location((*path, "unknown", place)),
                    hint="keep one of the two",
                )
        for name in categories:
            unknown = name in form.unknown or ALL_OTHERS in form.unknown
            kind = EXAMPLE if name in form.labels else UNKNOWN if unknown else COUNTEREXAMPLE
            yield Claim(name, kind, shot, path)
        if not form.labels and not form.unknown:
            yield Claim(None, ORDINARY, shot, path)


def _checked_exempts(written: Document, categories: dict[str, Category]) -> dict[str, Category]:
    """The categories, their written exempts checked, inherited ones that are gone left out."""
    for name, form in written.form.categories.items():
        for index, other in enumerate((form.exempts or ()) if form else ()):
            path = ("categories", name, "exempts", index)
            _known(other, categories, written, path)
            if other == name:
                raise ProfileError(
                    f"'{name}' cannot be an exception to itself",
                    location=written.tree.location(path),
                    hint="name the categories that it is an exception to",
                )
    return {
        name: replace(category, exempts=tuple(other for other in category.exempts if other in categories))
        for name, category in categories.items()
    }


def _check_tests(written: Document, categories: dict[str, Category]) -> None:
    """Raise ProfileError for a test that cannot be meant: of no category, or in contradiction to itself or another."""
    expected: dict[str, Action] = {}
    for index, test in enumerate(written.form.tests):
        path: Path = ("tests", index)
        if test.category is not None:
            _known(test.category, categories, written, (*path, "category"))
        if test.but is not None and test.action is Action.ALLOW:
            raise ProfileError(
                f"tests[{index + 1}]: a `but` is allowed, and so is the post that it differs from",
                location=written.tree.location((*path, "but"), key=True),
                hint="begin with the post that is blocked or warned of, and write the allowed one after `but`",
            )
        near = [(test.but, Action.ALLOW, (*path, "but"))] if test.but is not None else []
        for text, action, place in ((test.text, test.action, (*path, "text")), *near):
            if expected.setdefault(text, action) is not action:
                raise ProfileError(
                    f"one post is to be both {_past(expected[text])} and {_past(action)}: {shortened(text)}",
                    location=written.tree.location(place),
                    hint="keep one of the two tests",
                )


def _past(action: Action) -> str:
    return {Action.ALLOW: "allowed", Action.WARN: "warned of", Action.BLOCK: "blocked"}[action]


def _known(name: str, categories: Collection[str], written: Document, path: Path) -> None:
    if name not in categories:
        raise ProfileError(
            f"there is no category '{name}'",
            location=written.tree.location(path),
            hint=closest(name, categories),
        )


def without(shots: Iterable[Shot], others: Iterable[Shot]) -> tuple[Shot, ...]:
    """The shots whose text is not among the others'."""
    texts = {other.text for other in others}
    return tuple(shot for shot in shots if shot.text not in texts)


def merged(first: Iterable[Shot], then: Iterable[Shot]) -> tuple[Shot, ...]:
    """Both lists, each text once: at its first place, with its last reason."""
    texts: dict[str, Shot] = {}
    for shot in (*first, *then):
        known = texts.get(shot.text)
        texts[shot.text] = shot if shot.reason or known is None else known
    return tuple(texts.values())
