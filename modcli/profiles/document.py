"""The written form of a profile: what YAML may say, its JSON Schema, and errors that name the place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from modcli.errors import Location, ProfileError
from modcli.profile import DETECTORS, Action, Task
from modcli.profiles import marked
from modcli.profiles.form import Form, Prose, Text, as_list
from modcli.profiles.picture_forms import DetectorForm, Detectors, ImageForm, ImagesForm

MAX_BYTES = 1_000_000
CATEGORY_NAME = re.compile(r"[^\W_][\w .&'+-]{0,63}")


def _category_name(value: str) -> str:
    if not CATEGORY_NAME.fullmatch(value) or value != value.strip():
        raise PydanticCustomError(
            "category_name",
            "is no name for a category: letters, digits, spaces and -_.&'+, 64 at most, no sign first",
        )
    return value


def _as_shot(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) or value is None else value


def _as_examples(value: Any) -> Any:
    if isinstance(value, list):
        return {"shots": value}
    if not isinstance(value, dict) or "shots" in value:
        raise PydanticCustomError("list_type", "has to be a list")
    return value


CategoryName = Annotated[str, AfterValidator(_category_name)]


class ShotForm(Form):
    """An example with the reason why it is labelled so."""

    text: Text = Field(description="The example, as it would be posted.")
    reason: Prose = Field(default="", description="Why it is labelled so, in one sentence.")


Example = Annotated[ShotForm, BeforeValidator(_as_shot, json_schema_input_type=str | ShotForm)]


_TEXT, _IMAGE = "(a text)", "(a picture)"


def _kind(value: Any) -> str:
    shown = "image" in value if isinstance(value, dict) else isinstance(value, ImageForm)
    return _IMAGE if shown else _TEXT


TextOrImage = Annotated[
    Annotated[ShotForm, Tag(_TEXT)] | Annotated[ImageForm, Tag(_IMAGE)],
    Discriminator(_kind),
    BeforeValidator(_as_shot, json_schema_input_type=str | ShotForm | ImageForm),
]


class ReplacementForm(Form):
    """A list that takes the place of the inherited one."""

    replace: list[TextOrImage] = Field(description="These examples only; the inherited ones are dropped.")


class ExamplesForm(Form):
    """Examples that are added to the inherited ones (`shots`), or that replace them (`replace`)."""

    shots: list[TextOrImage] = Field(default=[])
    replace: list[TextOrImage] | None = None


Examples = Annotated[
    ExamplesForm, BeforeValidator(_as_examples, json_schema_input_type=list[TextOrImage] | ReplacementForm)
]


class LabelledForm(Form):
    """A post and every category it belongs to, as far as that is known."""

    text: Text = Field(description="The post.")
    labels: list[str] = Field(
        description="The categories it belongs to; it is a counterexample of all others. []: none."
    )
    unknown: Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = Field(
        default=[],
        description='Categories of which nobody knows whether it belongs to them: no counterexample of these. "*": '
        "of all but its labels. An inherited example of such a category is left out.",
    )
    reason: Prose = Field(default="", description="Why it is labelled so, in one sentence.")


class TestForm(Form):
    """A post and what has to become of it; with `but`, a minimal pair."""

    __test__ = False

    text: Text = Field(description="The post.")
    action: Action = Field(description="What has to become of it.")
    category: str | None = Field(
        default=None,
        description="The category that has to bring it about. For an allowed post: the one it is a test of.",
    )
    but: Text | None = Field(
        default=None,
        description="A post that differs from it in little, and has to be allowed (the near miss of a block or a "
        "warning).",
    )
    reason: Prose = Field(default="", description="Why, in one sentence.")


class CategoryForm(Form):
    """One kind of content. In a profile that extends another, what is not written here is inherited."""

    action: Action | None = Field(
        default=None, description="What happens to such content (block if not written)."
    )
    label: Text | None = Field(
        default=None, description="The word the model chooses for it, if not the name."
    )
    definition: Prose | None = Field(
        default=None,
        description="What belongs to it and what does not, in 5 to 20 clauses. A threshold sets strictness.",
    )
    note: Prose | None = Field(default=None, description="Told to the model together with the definition.")
    examples: Examples | None = Field(default=None, description="Posts that belong to it.")
    counterexamples: Examples | None = Field(
        default=None, description="Posts that look as if they belonged to it, and do not."
    )
    threshold: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, description="The probability from which on it fires."
    )
    detectors: Detectors = Field(default=None, description="Detectors of pictures that count for it.")
    exempts: list[str] | None = Field(
        default=None, description="For an allowed category: the categories that it is an exception to."
    )


class ProfileForm(Form):
    """What one person calls harmful, and what happens to it."""

    extends: Annotated[list[Text], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = Field(
        default=[],
        description="A profile to start from, by name or path (seen from this file); several are stacked.",
    )
    description: Prose | None = Field(default=None, description="One line about this profile.")
    task: Task | None = Field(
        default=None,
        description="How categories relate: one yes or no, exactly one of them, any number (the default).",
    )
    ordinary: list[Example] = Field(default=[], description="Posts that belong to no category.")
    shots: list[LabelledForm] = Field(default=[], description="Posts with all of their categories.")
    categories: dict[CategoryName, CategoryForm | None] = Field(
        default={},
        description="The categories by name. A name without anything removes an inherited category.",
    )
    images: ImagesForm | None = Field(default=None, description="Pictures that are known.")
    tests: list[TestForm] = Field(
        default=[], description="Posts with what has to become of them; `modcli profile test` runs them."
    )


#: Where a form stands in a profile: the path with every name of a category and every index as `*`.
_FORMS: dict[tuple[str, ...], type[Form]] = {
    (): ProfileForm,
    ("categories", "*"): CategoryForm,
    ("categories", "*", "examples"): ReplacementForm,
    ("categories", "*", "counterexamples"): ReplacementForm,
    ("shots", "*"): LabelledForm,
    ("tests", "*"): TestForm,
    ("images",): ImagesForm,
    ("categories", "*", "detectors", "*"): DetectorForm,
}


@dataclass(frozen=True)
class Document:
    """A profile as it is written: its form, and the text with the place of every part."""

    form: ProfileForm
    tree: marked.Tree


def schema() -> dict[str, Any]:
    """The JSON Schema of a profile, for editors."""
    written = ProfileForm.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **written, "title": "modcli profile"}


def read(data: bytes, name: str) -> Document:
    """The document in the bytes of a file called `name`. Raises ProfileError, and nothing else."""
    if len(data) > MAX_BYTES:
        raise ProfileError(
            f"a profile of more than {MAX_BYTES:,} bytes",
            location=Location(name),
            hint="a few dozen examples for each category do; keep a data set elsewhere",
        )
    tree = marked.parse(decoded(data, name), name)
    if not isinstance(tree.root, marked.Mapping):
        raise ProfileError(
            "the file is empty" if tree.data is None else "a profile is a mapping of keys to values",
            location=tree.location(()),
            hint="begin with `extends: default` or `categories:`; or let `modcli profile init NAME` begin",
        )
    try:
        return Document(ProfileForm.model_validate(tree.data), tree)
    except ValidationError as error:
        raise _explained(error, tree) from error


def decoded(data: bytes, name: str) -> str:
    """The text of a file. Raises ProfileError, with the place of the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise ProfileError(
            f"the byte 0x{data[error.start]:02X} is not UTF-8",
            location=marked.place(before, len(before), name),
            hint="save the file as UTF-8",
        ) from error


def closest(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is not known: what it resembles, or else all that there is."""
    names = list(known)
    close = difflib.get_close_matches(word.lower(), names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there is {', '.join(names)}" if names else "there is none"


def shortened(text: str, width: int = 60) -> str:
    """The text in quotes, on one line, cut to the width."""
    line = " ".join(text.split())
    return repr(line if len(line) <= width else line[: width - 1] + "…")


def _explained(error: ValidationError, tree: marked.Tree) -> ProfileError:
    """The first problem, by its place in the text, and how many more there are."""
    found: list[tuple[tuple[int, int], str, str, Location]] = []
    for problem in error.errors(include_url=False):
        path = _path(tree, problem["loc"])
        of_key = problem["type"] in ("extra_forbidden", "category_name")
        where = tree.location(path, key=of_key)
        message, hint = _told(problem, path)
        found.append(((where.line or 0, where.column or 0), message, hint, where))
    found.sort(key=lambda one: one[0])
    _, message, hint, where = found[0]
    if len(found) > 1:
        message += f" (and {len(found) - 1} more problem{'s' * (len(found) > 2)})"
    return ProfileError(message, location=where, hint=hint)


def _path(tree: marked.Tree, loc: tuple[str | int, ...]) -> marked.Path:
    """The validator's location as a path in the text, without the steps that the validator adds."""
    path: marked.Path = ()
    for step in loc:
        if tree.node((*path, step)) is not None:
            path = (*path, step)
    return path


def _told(problem: Mapping[str, Any], path: marked.Path) -> tuple[str, str]:
    """Message and hint for one problem."""
    name = _called(path)
    last = str(problem["loc"][-1]) if problem["loc"] else ""
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key '{last}'", closest(last, _allowed(path[:-1], problem["loc"]))
        case "missing":
            return f"{name or 'it'} needs the key '{last}'", f"add `{last}:`"
        case "enum":
            kinds = [kind.value for kind in (Task if last == "task" else Action)]
            return f"{name} is {problem['input']!r}, not one of {', '.join(kinds)}", closest(
                str(problem["input"]), kinds
            )
        case "string_type" | "string_sub_type":
            return f"{name} has to be a text", "write it on one line, or indented under `|`"
        case "list_type":
            return f"{name} has to be a list", "write each entry on its own line, after `- `"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{name} has to be a mapping of keys to values", "write `key: value` lines, indented"
        case "float_parsing" | "float_type" | "finite_number" | "greater_than_equal" | "less_than_equal":
            return f"{name} has to be a number from 0 to 1", "0.5 is a start; a lower threshold is stricter"
        case "category_name":
            return (
                f"'{last if last != '[key]' else path[-1]}' {problem['msg']}",
                "rename it; `label` may say anything",
            )
        case "detector":
            return f"{name}: there is no detector {problem['input']!r}", closest(
                str(problem["input"]), DETECTORS
            )
        case "string_pattern_mismatch":
            return (
                f"{name} is no SHA-256: 64 of 0-9 and a-f",
                "leave it out, or write what `sha256sum` prints",
            )
        case "empty":
            return f"{name} is empty", "write a text, or remove the line"
        case _:
            return f"{name}: {problem['msg']}", "`modcli profile schema` describes every key"


def _called(path: marked.Path) -> str:
    """A path as people write it: categories.toxicity.examples[2]."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _allowed(path: marked.Path, loc: tuple[str | int, ...]) -> list[str]:
    """The keys that the mapping at the path may have, which the validator knows by another location."""
    if _IMAGE in loc:
        return list(ImageForm.model_fields)
    pattern = tuple(
        "*" if isinstance(step, int) or (index == 1 and path[0] == "categories") else step
        for index, step in enumerate(path)
    )
    return list(_FORMS.get(pattern, ShotForm).model_fields)
