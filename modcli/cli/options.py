"""Options that several commands share: of rows with labels, and of what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from modcli.errors import UsageError

Which = Annotated[
    str | None,
    typer.Option(
        "--profile", "-p", metavar="NAME|PATH", help="The profile; without it, the one of your settings."
    ),
]
Form = Annotated[
    Literal["table", "jsonl"] | None, typer.Option("--format", help="table on a terminal, jsonl on a pipe.")
]
TextField = Annotated[
    str, typer.Option("--text-field", metavar="FIELD", help="Field or dotted path of the text.")
]
#: Of posts that may have labels.
Labels = Annotated[
    str, typer.Option("--label-field", metavar="FIELD", help="Field of the labels, where the data has some.")
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="THEIRS=OURS", help="A label of the data is this category; THEIRS= for none of them."
    ),
]
#: Of what runs the model.
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend", metavar="llama-cpp|transformers|vllm|openai|scripted", help="What runs the model."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|PATH",
        help="See `modcli models list`; for transformers also a folder, or ORG/NAME on the hub.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="auto|cpu|cuda|cuda:N|mps", help="Of transformers. Default: a GPU."),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Of --backend openai, such as http://localhost:8000/v1."),
]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let posts leave this machine, to the --base-url.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what runs the model, and why.")]


def parse_mapping(written: Sequence[str]) -> dict[str, str]:
    """From a label of the data to one of ours, "" for none. Raises UsageError."""
    mapping: dict[str, str] = {}
    for pair in written:
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not theirs:
            raise UsageError(
                f"--map {pair}: write it as theirs=ours", hint="for example --map toxic=toxicity"
            )
        if mapping.setdefault(theirs, ours) != ours:
            raise UsageError(f"--map {pair}: {theirs} is mapped to {mapping[theirs]} already")
    return mapping


def only(wishes: Sequence[str]) -> str:
    """The one profile. Raises UsageError for several."""
    if len(wishes) != 1:
        raise UsageError(
            f"one profile is needed, and {len(wishes)} are named", hint="choose one with -p NAME"
        )
    return wishes[0]
