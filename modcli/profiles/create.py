"""New profiles, and texts that were edited by hand."""

from __future__ import annotations

from pathlib import Path

from modcli.errors import ProfileError
from modcli.profiles.document import decoded
from modcli.profiles.find import Found, Origin, Shelf
from modcli.profiles.load import load_bytes
from modcli.profiles.plan import Change, Editable
from modcli.profiles.rewrite import rewrite


def create(path: Path, text: str, shelf: Shelf) -> Change:
    """Write a new profile. Raises ProfileError where the file exists, or the text is not a profile."""

    def change(old: bytes | None) -> bytes:
        if old is not None:
            raise ProfileError(
                f"{path} exists already", hint="choose another name, or `modcli profile edit` it"
            )
        load_bytes(text.encode(), Found(path.stem, path.resolve(), Origin.PATH), shelf)
        return text.encode()

    rewrite(path, change)
    return Change(path, "", text)


def replace_text(target: Editable, shelf: Shelf, old: str, new: str) -> Change:
    """Put a text edited by hand in the place of `old`. Raises ProfileError if the file has changed since."""

    def change(now: bytes | None) -> bytes:
        if (target.seed if now is None else decoded(now, str(target.found.path))) != old:
            raise ProfileError(
                f"{target.found.path} was changed by somebody else meanwhile", hint="edit it again"
            )
        load_bytes(new.encode(), target.found, shelf)
        return new.encode()

    before, _ = rewrite(target.found.path, change)
    return Change(target.found.path, "" if before is None else old, new)


def starter(name: str, extends: str | None) -> str:
    """The text of a new profile, with comments that show what can be written."""
    begin = f"extends: {extends}\n" if extends else "# extends: default\n"
    own = (
        ""
        if extends
        else f"  {name}:\n    action: block\n    definition: Describe here what belongs to it.\n"
    )
    return f"""\
# A profile: what you call harmful, and what happens to it.
# `modcli profile block NAME --example "..."` and the like write here too, and keep your comments.
# `modcli profile schema` describes every key, `modcli profile validate -p {name}` looks for weak spots.

{begin}description: What {name} is for, in one line
categories:
{own}\
  # spoilers:
  #   action: warn              # block, warn or allow
  #   definition: |
  #     Tells how a film, series or book ends, or who dies in it.
  #     Not: that somebody watched it, liked it, or waits for it.
  #   examples:
  #     - "so in the last minute it turns out he was the father"
  #   counterexamples:
  #     - "no spoilers please, I am two episodes behind"
"""
