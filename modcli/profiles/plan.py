"""An edit under way: which file it goes to, what is changed, and the check before the file is replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modcli.errors import ProfileError
from modcli.profile import Category, Profile
from modcli.profiles.document import closest, decoded, shortened
from modcli.profiles.find import Found, Origin, Shelf, valid_name
from modcli.profiles.load import load_bytes, read_bytes
from modcli.profiles.marked import Path as TreePath
from modcli.profiles.rewrite import rewrite
from modcli.profiles.splice import Draft
from modcli.settings import is_path

#: The order in which the keys of a category are written.
KEYS = (
    "action",
    "label",
    "threshold",
    "detectors",
    "exempts",
    "definition",
    "note",
    "examples",
    "counterexamples",
)


@dataclass(frozen=True, slots=True)
class Editable:
    """A file to edit. `seed` is what it begins with where it does not exist yet."""

    found: Found
    seed: str = ""

    @property
    def is_new(self) -> bool:
        """Whether the edit will make the file."""
        return not self.found.path.exists()


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did: the text before (empty for a new file) and after, what there is to say of it, and what else
    could be done."""

    path: Path
    old: str
    new: str
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass
class Plan:
    """An edit under way: the text, and the profile as it was before, with all that it inherits."""

    draft: Draft
    profile: Profile
    reload: Callable[[], Profile]
    notes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def category(self, name: str) -> Category:
        """The category. Raises ProfileError, naming close ones, where there is none."""
        known = self.profile.by_name.get(name)
        if known is None:
            raise ProfileError(f"there is no category '{name}'", hint=closest(name, self.profile.by_name))
        return known

    def put(self, name: str, key: str, value: str | list[str]) -> None:
        """Write one key of a category."""
        self.draft.put(("categories", name, key), value, after=KEYS[: KEYS.index(key)])

    def clear(self, name: str, key: str) -> None:
        """Take one key out of a category; where it is inherited, write it empty."""
        path = ("categories", name, key)
        if self.draft.tree.node(path) is not None:
            self.draft.drop(path)
        if getattr(self.reload().by_name[name], key):
            self.put(name, key, "" if key == "note" else [])

    def add(self, name: str, key: str, texts: Sequence[str]) -> None:
        """Add texts to a category's examples or counterexamples; one that is there already is told of."""
        known = self.profile.by_name.get(name)
        there = {shot.text for shot in getattr(known, key)} if known else set()
        path: TreePath = ("categories", name, key)
        if self.draft.tree.node((*path, "replace")) is not None:
            path = (*path, "replace")
        for text in dict.fromkeys(texts):
            if text in there:
                self.notes.append(f"already among the {key} of '{name}': {shortened(text)}")
            else:
                self.draft.append(path, text, after=KEYS[: KEYS.index(key)])


def editable(wish: str, shelf: Shelf) -> Editable:
    """The file that an edit of this profile goes to. Raises ProfileError where there is no such profile.

    A profile that ships is not touched: the edit goes to a new profile of the same name in the user's folder,
    which extends it and from then on takes its place.
    """
    found = shelf.find(wish)
    if found.origin is not Origin.SHIPPED or is_path(wish):
        return Editable(found)
    name = valid_name(found.name)
    seed = f"# My changes to the profile '{name}' that ships with modcli.\nextends: {name}\n"
    return Editable(Found(name, (shelf.user / f"{name}.yaml").resolve(), Origin.USER), seed)


def run(
    target: Editable, shelf: Shelf, plan_it: Callable[[Plan], None], *, rehearsal: bool = False
) -> Change:
    """Run an edit under the file's lock, and load the result before it is written; in a `rehearsal` it is not."""
    path, plans = target.found.path, list[Plan]()

    def change(old: bytes | None) -> bytes:
        text = target.seed if old is None else decoded(old, str(path))
        profile = load_bytes(text.encode(), target.found, shelf)
        draft = Draft(text, str(path))
        plan = Plan(draft, profile, lambda: load_bytes(draft.text.encode(), target.found, shelf))
        plan_it(plan)
        plans.append(plan)
        _checked(plan)
        return old if old is not None and draft.text == text else draft.text.encode()

    if rehearsal:
        old = read_bytes(target.found) if path.exists() else None
        new = change(old)
    else:
        old, new = rewrite(path, change)
    plan = plans[-1]
    return Change(
        path, "" if old is None else old.decode(), new.decode(), tuple(plan.notes), tuple(plan.hints)
    )


def _checked(plan: Plan) -> None:
    try:
        plan.reload()
    except ProfileError as error:
        # Its place is in a text that is not written, so it is not told.
        raise ProfileError(
            f"after this edit the profile would be invalid: {error.message}", hint=error.hint
        ) from error


def shot_texts(texts: Sequence[str]) -> list[str]:
    """The texts of shots as they will be read back. Raises ProfileError for an empty or broken one."""
    for text in texts:
        if not prose(text):
            raise ProfileError("an example is empty", hint="quote the text, so that the shell passes it on")
    return [text.strip("\n") for text in texts]


def prose(text: str) -> str:
    """A definition, note or reason without the space around it. Raises ProfileError if it is not Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProfileError("the text is not UTF-8", hint="check the encoding of your terminal") from error
    return text.strip()
