"""Micro-batches: full where items are plenty, prompt where they are few."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import Location
from modcli.item import Item
from modcli.sources.batches import batches


def item(number: int, length: int = 1) -> Item:
    return Item(str(number), "x" * length, Location("<stdin>", number))


@settings(max_examples=30)
@given(st.integers(0, 50), st.integers(1, 9))
def test_nothing_is_lost_and_order_is_kept(count: int, size: int) -> None:
    found = list(batches(map(item, range(count)), size))
    assert all(1 <= len(batch) <= size for batch in found)
    assert [one.id for batch in found for one in batch] == [str(number) for number in range(count)]


def test_a_fast_source_fills_batches() -> None:
    assert [len(batch) for batch in batches(map(item, range(10)), 4, wait_seconds=5)] == [4, 4, 2]


def test_a_slow_source_is_answered_item_by_item() -> None:
    queue: SimpleQueue[Item | None] = SimpleQueue()
    source = batches(iter(queue.get, None), 100, wait_seconds=0.01)
    for number in range(3):
        queue.put(item(number))
        started = time.monotonic()
        assert [one.id for one in next(source)] == [str(number)]
        assert time.monotonic() - started < 2
    queue.put(None)
    assert list(source) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[Item]:
        yield item(1)
        yield item(2)
        raise ValueError("broken")

    source = batches(failing(), 10, wait_seconds=1)
    assert [one.id for one in next(source)] == ["1", "2"]
    with pytest.raises(ValueError, match="broken"):
        next(source)


def test_reading_ahead_is_bounded_in_number_and_weight() -> None:
    read = []

    def source(length: int) -> Iterator[Item]:
        for number in range(1000):
            read.append(number)
            yield item(number, length)

    for length, most in ((1, 2 * 4 + 4 + 1), (600, 5)):
        read.clear()
        stream = batches(source(length), 4, max_weight=1000)
        next(stream)
        time.sleep(0.05)
        assert len(read) <= most
        stream.close()


def test_closing_ends_the_reader() -> None:
    ended = threading.Event()

    def endless() -> Iterator[Item]:
        try:
            while True:
                yield item(0)
        finally:
            ended.set()

    stream = batches(endless(), 4)
    next(stream)
    stream.close()
    assert ended.wait(5)
