"""The pictures and lists of hashes that a profile names: found beside its file, each with the digest of its bytes."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath

from modcli.errors import Location, ProfileError
from modcli.profile import Category, Detector, HashFile, ImageShot
from modcli.profiles.document import Document, ExamplesForm
from modcli.profiles.marked import Path
from modcli.profiles.picture_forms import ImageForm, NamedDetector

#: Larger files are refused: a profile loads in an instant.
MAX_BYTES = 64 << 20


def with_pictures(category: Category, written: Document) -> Category:
    """The category with what the file says of pictures laid over the inherited ones. Raises ProfileError, with the place,
    for a file that is not there or no picture can be in, and for one that is both example and counterexample."""
    form = written.form.categories.get(category.name)
    if form is None:
        return category
    shown, counter = [
        list(_shots(getattr(form, key), written, ("categories", category.name, key)))
        for key in ("examples", "counterexamples")
    ]
    both = {shot.digest for shot, _ in shown}
    for shot, path in counter:
        if shot.digest in both:
            raise ProfileError(
                f"one picture is both an example and a counterexample of '{category.name}'",
                location=written.tree.location(path),
                hint="keep one of the two",
            )
    own, others = [shot for shot, _ in shown], [shot for shot, _ in counter]
    inherited = () if form.examples and form.examples.replace is not None else category.images
    against = (
        () if form.counterexamples and form.counterexamples.replace is not None else category.counterimages
    )
    return replace(
        category,
        images=_merged(inherited, own, others),
        counterimages=_merged(against, others, own),
        detectors=category.detectors if form.detectors is None else detectors_of(form.detectors),
    )


def detectors_of(forms: Iterable[NamedDetector]) -> tuple[Detector, ...]:
    """The detectors that are written, each once, as it is written last."""
    return tuple({form.name: Detector(form.name, form.threshold) for form in forms}.values())


def hash_files(written: Document, key: str, inherited: tuple[HashFile, ...]) -> tuple[HashFile, ...]:
    """The lists of hashes under `blocked_hashes` or `allowed_hashes`. Raises ProfileError, with the place."""
    files = getattr(written.form.images, key) if written.form.images else None
    if files is None:
        return inherited
    found: dict[str, HashFile] = {}
    for index, form in enumerate(files):
        path: Path = ("images", key, index)
        place = path if written.tree.node(path) is not None else path[:-1]
        file, digest = _file(form.file, form.sha256, written, written.tree.location(place))
        found.setdefault(digest, HashFile(file, digest))
    return tuple(found.values())


def _shots(examples: ExamplesForm | None, written: Document, path: Path) -> Iterator[tuple[ImageShot, Path]]:
    if examples is None:
        return
    if examples.replace is not None:
        path = (*path, "replace")
    for index, form in enumerate(examples.shots if examples.replace is None else examples.replace):
        if not isinstance(form, ImageForm):
            continue
        where = written.tree.location((*path, index, "image"))
        file, digest = _file(form.image, form.sha256, written, where)
        yield ImageShot(file, digest, form.reason), (*path, index)


def _merged(
    inherited: Iterable[ImageShot], own: Iterable[ImageShot], others: Iterable[ImageShot]
) -> tuple[ImageShot, ...]:
    """Each picture once, those that the file files elsewhere left out."""
    gone = {shot.digest for shot in others}
    found = {shot.digest: shot for shot in inherited if shot.digest not in gone}
    return tuple((found | {shot.digest: shot for shot in own}).values())


def _file(name: str, sha256: str | None, written: Document, where: Location) -> tuple[str, str]:
    """The path, seen from the profile's file, and the digest of what is there. Raises ProfileError."""
    path, digest = _read(name, written, where)
    if sha256 not in (None, digest):
        raise ProfileError(
            f"{name} has another SHA-256 than the profile says",
            location=where,
            hint=f"it is {digest}: correct `sha256`, or bring the old file back",
        )
    return path, digest


def _read(name: str, written: Document, where: Location) -> tuple[str, str]:
    path = FilePath(written.tree.name).parent / name
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ProfileError(f"{name} is no file", location=where, hint="name a file")
        if not 0 < found.st_size <= MAX_BYTES:
            size = f"has {found.st_size:,} bytes" if found.st_size else "is empty"
            raise ProfileError(f"{name} {size}", location=where, hint=f"at most {MAX_BYTES:,} bytes are read")
        with path.open("rb") as file:
            return str(path.absolute()), hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProfileError(
            f"{name} cannot be read: {reason}",
            location=where,
            hint=f"paths start from the profile's folder, {FilePath(written.tree.name).parent}",
        ) from error
