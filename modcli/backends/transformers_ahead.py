"""Tokens of texts, part by part: while the model computes one part, a thread tokenizes the next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

#: Texts of the first part, for which the model has to wait, and of those after it. Fixed, so that the same texts are
#: always read in the same company.
FIRST, LATER = 32, 256

Part = tuple[list[int], list[list[int]]]


def in_parts(tokenize: Callable[[str], list[int]], texts: Sequence[str]) -> Generator[Part, None, None]:
    """Indices of texts and the tokens of each, those of few characters first, so that a part is of like lengths.

    What `tokenize` raises is raised where the part is reached that holds the text; the parts before it are whole. The
    generator has to be closed (`contextlib.closing`): then nothing more is tokenized, and the thread has ended.
    """
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    ends = [*range(FIRST, len(order), LATER), len(order)]
    parts = [order[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]

    def tokenized(part: list[int]) -> list[list[int]]:
        return [tokenize(texts[i]) for i in part]

    if len(parts) < 2:
        yield from ((part, tokenized(part)) for part in parts)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="tokens") as thread:
        waiting = thread.submit(tokenized, parts[0])
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            bodies = waiting.result()
            if following is not None:
                waiting = thread.submit(tokenized, following)
            yield part, bodies
