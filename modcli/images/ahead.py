"""Files are opened ahead of the models, by a thread, within a limit of memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Wanted = TypeVar("Wanted")
Opened = TypeVar("Opened")

#: Bytes of pixels that may wait.
MAX_BYTES = 96 << 20


def ahead(
    wanted: Iterable[Wanted],
    open_: Callable[[Wanted], Opened],
    weight: Callable[[Opened], int],
    most: int = MAX_BYTES,
) -> Generator[Opened, None, None]:
    """What `open_` makes of each, in order. A thread opens the next ones while the last is worked on: as many as together
    weigh `most`, and one more. What it raises is raised here after all that came before. The thread ends with the
    generator, after what it is opening."""
    waiting: deque[tuple[Opened, int]] = deque()
    changed = threading.Condition()
    held, closed, ended = 0, False, False
    failure: BaseException | None = None

    def room() -> bool:
        return closed or held < most

    def fill() -> None:
        nonlocal held, ended, failure
        try:
            for one in wanted:
                with changed:
                    changed.wait_for(room)
                    if closed:
                        return
                opened = open_(one)
                with changed:
                    held += weight(opened)
                    waiting.append((opened, weight(opened)))
                    changed.notify_all()
        except BaseException as error:  # handed to who takes them, which raises it
            failure = error
        with changed:
            ended = True
            changed.notify_all()

    thread = threading.Thread(target=fill, name="modcli-opener", daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: waiting or ended)
                if not waiting:
                    break
                opened, heavy = waiting.popleft()
                held -= heavy
                changed.notify_all()
            yield opened
            del opened
        if failure is not None:
            raise failure
    finally:
        with changed:
            closed = True
            changed.notify_all()
