"""Run as a program: fetch one file from the hub. Its parent watches the file grow.

A program of its own since a transfer can then be ended at once, wherever it waits.
Arguments: repository, revision, file, its size, where to put it, seconds to wait for a first answer.
"""

from __future__ import annotations

import sys
from pathlib import Path

REACHED = "reached"


def main(repository: str, revision: str, file: str, size: str, target: str, patience: str) -> int:
    """Exit status 0 when the file is there; else the reason is the last line."""
    # Imported here: the parent reads this module too, for REACHED, and has no use for the library.
    import huggingface_hub.errors
    from huggingface_hub.file_download import http_get

    path = Path(target)
    try:
        # Public files only: nobody's token is sent. One short question first, as the library's own way of
        # asking tries again for half a minute where there is no network.
        url = huggingface_hub.hf_hub_url(repository, file, revision=revision)
        facts = huggingface_hub.get_hf_file_metadata(url, timeout=float(patience), token=False)
        print(REACHED, flush=True)
        if facts.size != int(size):
            print(f"it has {facts.size} bytes there, {size} were expected", flush=True)
            return 1
        # Not hf_hub_download: since version 2 it begins again after an interruption.
        with path.open("ab") as stream:
            if stream.tell() > facts.size:
                stream.truncate(0)
            http_get(facts.location, stream, resume_size=stream.tell(), expected_size=facts.size)
    except Exception as error:
        if isinstance(error, huggingface_hub.errors.HfHubHTTPError):
            print(REACHED, flush=True)
        # The library's errors come from whichever client it was built on: there is no narrower common class.
        lines = str(error).strip().splitlines() or [""]
        print(f"{type(error).__name__}: {lines[0][:300]}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
