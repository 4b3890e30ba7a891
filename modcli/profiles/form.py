"""What every written form is made of: texts, lists, and mappings with known keys only."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


def _text(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("empty", "is empty")
    return value.strip("\n")


def as_list(value: Any) -> Any:
    """A text alone as a list of it."""
    return [value] if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_text)]
Prose = Annotated[str, AfterValidator(str.strip)]


class Form(BaseModel):
    """A mapping with known keys only. A key without a value counts as not written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
