"""Batches of a stream: full ones where items come fast, small ones without delay where they come slowly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterable

from modcli.item import Item

#: Characters and bytes that may wait between reader and judge: bounds the memory of long items.
MAX_WEIGHT = 8 << 20


def batches(
    items: Iterable[Item], size: int, wait_seconds: float = 0.05, max_weight: int = MAX_WEIGHT
) -> Generator[list[Item], None, None]:
    """Hand items on in lists of 1 to `size`, in order.

    A list is handed on when it is full, when it holds `max_weight` characters and bytes, when `wait_seconds`
    have passed since its first item came, or when the items end. A thread reads ahead, about two lists at
    most; an error of the items is raised here after all items before it. The thread is a daemon: one that
    waits for a terminal or a pipe does not hold up the end of the program.
    """
    queue = _Queue(size, max_weight)
    threading.Thread(target=_fill, args=(items, queue), name="modcli-reader", daemon=True).start()
    try:
        while batch := queue.take(wait_seconds):
            yield batch
    finally:
        queue.close()


def _fill(items: Iterable[Item], queue: _Queue) -> None:
    try:
        for item in items:
            if not queue.put(item):
                return
    except BaseException as error:  # handed to the consumer, which raises it
        queue.end(error)
    else:
        queue.end(None)


def _weight(item: Item) -> int:
    return len(item.text) + len(item.raw)


class _Queue:
    """Items between two threads, bounded in number and in weight."""

    def __init__(self, size: int, max_weight: int) -> None:
        self._changed = threading.Condition()
        self._items: deque[tuple[float, Item]] = deque()
        self._weight = 0
        self._size = size
        self._max_weight = max_weight
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> bool:
        """Add an item when there is room; false when nobody takes items any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._full())
            if self._closed:
                return False
            self._items.append((time.monotonic(), item))
            self._weight += _weight(item)
            # Waking the consumer for each item would cost more than reading it.
            if len(self._items) == 1 or len(self._items) >= self._size or self._full():
                self._changed.notify_all()
            return True

    def end(self, error: BaseException | None) -> None:
        """No more items come, because of the error where there is one."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """No more items are taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, wait_seconds: float) -> list[Item]:
        """The next items, at least one; none at the end. Raises the error that ended them."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            if not self._items:
                if self._error is not None:
                    raise self._error
                return []
            patience = self._items[0][0] + wait_seconds - time.monotonic()
            self._changed.wait_for(
                lambda: self._ended or self._full() or len(self._items) >= self._size, patience
            )
            taken = [self._items.popleft()[1] for _ in range(min(self._size, len(self._items)))]
            self._weight -= sum(map(_weight, taken))
            self._changed.notify_all()
            return taken

    def _full(self) -> bool:
        return len(self._items) >= 2 * self._size or self._weight >= self._max_weight
