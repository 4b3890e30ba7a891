"""`modcli hashes`: lists of perceptual hashes, made of pictures and of other lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modcli.cli.stream import tell
from modcli.errors import SourceError, UsageError
from modcli.images.decoding import open_picture
from modcli.images.formats import HEAD, is_picture
from modcli.images.hashes import hashes_of
from modcli.images.hashes_lists import FORMATS, Hash, HashList, joined
from modcli.reports.output import standard_output
from modcli.reports.output_file import check_output_file, write_output_file

app = typer.Typer(add_completion=False, rich_markup_mode=None)

#: Exit status where some could not be read; the list holds the others.
SOME_FAILED = 3

Sources = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Pictures, and lists of hashes: CSV, JSON or one a line."),
]
Out = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="The list. Default: standard output.")
]
Form = Annotated[
    Literal["csv", "json", "txt"] | None,
    typer.Option(
        "--format", help="Default: as the name of the list ends, else CSV. JSON is as HMA takes it."
    ),
]
Note = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="What the list says of each picture. Default: its name.")
]


@app.command()
def hashes(files: Sources, output: Out = None, form: Form = None, note: Note = "") -> None:
    """Write a list of perceptual hashes, for `blocked_hashes` and `allowed_hashes` of a profile, or for others.

    Of pictures the hashes are made (phash; PDQ too, where pdqhash is installed); lists are joined.

    Exit status: 0 done, 2 wrong usage or a failure, 3 some files, or lines of a list, could not be read.
    """
    if output is not None:
        check_output_file(output)
        ending = output.suffix.lstrip(".").lower()
        form = form or next((known for known in ("csv", "json", "txt") if known == ending), None)
    lists: list[HashList] = []
    failed = 0
    for file in files:
        try:
            lists.append(_hashed(file, note))
        except SourceError as error:
            tell(f"error: {error}" + (f"; {error.hint}" if error.hint else ""))
            failed += 1
    whole = joined(lists, "hashes")
    if not whole.hashes:
        raise UsageError("no hash was made", hint="name pictures that show something, or lists of hashes")
    for line in (line for each in lists for line in each.skipped):
        tell(f"error: {line}")
    failed += sum(each.unread for each in lists)
    text = whole.dump(form or FORMATS[0])
    if output is None:
        standard_output().write(text.encode())
    else:
        write_output_file(output, text.encode())
    tell(f"{len(whole.hashes):,} hashes{f'; {failed:,} files or lines could not be read' if failed else ''}")
    if failed:
        raise typer.Exit(SOME_FAILED)


def _hashed(file: Path, note: str) -> HashList:
    """The hashes of a picture, or those of a list."""
    if not _is_picture(file):
        return HashList.load(file)
    found = hashes_of(open_picture(file).pixels)
    if not found:
        raise SourceError(
            f"{file}: too plain for a hash", hint="a hash of it would be like that of any plain picture"
        )
    return HashList(file.stem, tuple(Hash(one.algorithm, one.value, note or file.name) for one in found))


def _is_picture(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return bool(is_picture(stream.read(HEAD)))
    except OSError:
        return False  # what is wrong with it is said when it is read as a list
