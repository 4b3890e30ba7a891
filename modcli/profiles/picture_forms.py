"""The written form of what a profile says of pictures."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from modcli.profile import DETECTORS
from modcli.profiles.form import Form, Prose, Text, as_list


def _detector_name(value: str) -> str:
    if value not in DETECTORS:
        raise PydanticCustomError("detector", "is no detector")
    return value


def _as_detector(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) or value is None else value


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DetectorName = Annotated[str, AfterValidator(_detector_name)]


class ImageForm(Form):
    """A picture as an example. Pictures are judged by it, texts are not."""

    image: Text = Field(description="The picture's file, seen from the profile's.")
    sha256: Sha256 | None = Field(default=None, description="The SHA-256 that the file has to have, if any.")
    reason: Prose = Field(default="", description="Why it is labelled so, in one sentence.")


class DetectorForm(Form):
    """A detector of pictures, and from which probability on it counts."""

    name: DetectorName = Field(description="The detector.", json_schema_extra={"enum": list(DETECTORS)})
    threshold: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, description="From which probability on it counts."
    )


NamedDetector = Annotated[
    DetectorForm, BeforeValidator(_as_detector, json_schema_input_type=str | DetectorForm)
]
Detectors = Annotated[
    list[NamedDetector] | None,
    BeforeValidator(as_list, json_schema_input_type=str | list[NamedDetector]),
]


class HashFileForm(Form):
    """A list of hashes of pictures."""

    file: Text = Field(description="Its file, seen from the profile's.")
    sha256: Sha256 | None = Field(default=None, description="The SHA-256 that the file has to have, if any.")


def _as_hash_file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) or value is None else value


NamedHashFile = Annotated[
    HashFileForm, BeforeValidator(_as_hash_file, json_schema_input_type=str | HashFileForm)
]
HashFiles = Annotated[
    list[NamedHashFile] | None,
    BeforeValidator(as_list, json_schema_input_type=str | list[NamedHashFile]),
]


class ImagesForm(Form):
    """Pictures that are known: files of hashes, seen from the profile's. A list that is written replaces the inherited
    one."""

    blocked_hashes: HashFiles = Field(default=None, description="Pictures in these lists are blocked.")
    allowed_hashes: HashFiles = Field(default=None, description="Pictures in these lists are allowed.")
