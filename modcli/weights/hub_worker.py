"""Run as a program: fetch one file from the hub into a folder. Its parent watches the folder grow.

A program of its own since a transfer can then be ended at once, whatever threads the hub's library started.
Arguments: repository, revision, file, folder, seconds to wait for a first answer.
"""

from __future__ import annotations

import sys

REACHED = "reached"


def main(repository: str, revision: str, file: str, folder: str, patience: str) -> int:
    """Exit status 0 when the file is there; else the reason is the last line."""
    # Imported here: the parent reads this module too, for REACHED, and has no use for the library.
    import huggingface_hub

    try:
        # Public files only: nobody's token is sent. One short question first, as the library's own way of
        # asking tries again for half a minute where there is no network.
        url = huggingface_hub.hf_hub_url(repository, file, revision=revision)
        huggingface_hub.get_hf_file_metadata(url, timeout=float(patience), token=False)
        print(REACHED, flush=True)
        huggingface_hub.hf_hub_download(repository, file, revision=revision, local_dir=folder, token=False)
    except Exception as error:
        # The library's errors come from whichever client it was built on: there is no narrower common class.
        lines = str(error).strip().splitlines() or [""]
        print(f"{type(error).__name__}: {lines[0][:300]}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
