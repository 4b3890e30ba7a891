from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modcli.backends.lazy import LazyBackend
from modcli.backends.scripted import Scripted
from modcli.prompts.prompt import Prefix, Question

DIGEST = Scripted().facts.digest


class Maker:
    """Counts how often a backend was made."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Scripted:
        self.made += 1
        return Scripted()


def lazy(make: Maker, file: Path | None, digest: str = DIGEST) -> LazyBackend:
    return LazyBackend(make, digest=digest, facts_file=file)


def test_made_when_it_is_first_needed_and_once(tmp_path: Path) -> None:
    make = Maker()
    backend = lazy(make, tmp_path / "deep" / "facts.json")
    assert make.made == 0
    readout = backend.read(Prefix(()), ["spam"], taps=[1], questions=[Question("", ("spam", "not"))])[0]
    assert readout.states[1].shape == (backend.facts.width,)
    assert backend.first_tokens(["a"]) == Scripted().first_tokens(["a"])
    assert backend.write(Prefix(()), "a", limit=1) == "Scripted:"
    assert make.made == 1
    backend.close()
    backend.close()


def test_facts_are_kept_for_the_next_start(tmp_path: Path) -> None:
    make, file = Maker(), tmp_path / "deep" / "facts.json"
    first = lazy(make, file).facts
    assert lazy(make, file).facts == first == Scripted().facts
    assert make.made == 1


@pytest.mark.parametrize("content", ["", "[1]", '"text"', "{}", '{"name": 1}', "\0", None])
def test_facts_of_no_use_are_found_anew(tmp_path: Path, content: str | None) -> None:
    make, file = Maker(), tmp_path / "facts.json"
    if content is None:
        file.mkdir()
    else:
        file.write_text(content)
    assert lazy(make, file).facts == Scripted().facts
    assert make.made == 1


def test_facts_of_other_weights_do_not_count(tmp_path: Path) -> None:
    make, file = Maker(), tmp_path / "facts.json"
    LazyBackend(make, digest=DIGEST, facts_file=file).facts  # noqa: B018 -- writes the file
    other = replace(Scripted().facts, digest="other")
    backend = LazyBackend(make, digest="other", facts_file=file)
    assert backend.facts != other
    assert make.made == 2


def test_facts_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert lazy(Maker(), tmp_path / "file" / "facts.json").facts == Scripted().facts
    assert lazy(Maker(), None).facts == Scripted().facts
