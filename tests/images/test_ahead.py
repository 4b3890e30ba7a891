"""Files are opened ahead of who works on them."""

from __future__ import annotations

import threading
import time

import pytest

from modcli.images.ahead import ahead


def test_in_order_and_all() -> None:
    assert list(ahead(range(50), lambda n: n * n, lambda _: 1, most=3)) == [n * n for n in range(50)]
    assert list(ahead([], lambda n: n, lambda _: 1)) == []


def test_the_next_is_opened_while_one_is_worked_on() -> None:
    opened = threading.Event()

    def open_(number: int) -> int:
        if number == 1:
            opened.set()
        return number

    found = ahead(range(2), open_, lambda _: 1)
    assert next(found) == 0
    assert opened.wait(5), "nothing was asked for, and it is open"
    assert list(found) == [1]


def test_no_more_waits_than_may() -> None:
    count = 0

    def open_(number: int) -> int:
        nonlocal count
        count += 1
        return number

    found = ahead(range(100), open_, lambda _: 10, most=30)
    assert next(found) == 0
    time.sleep(0.2)
    assert count <= 5, "one is out, three may wait, and one is begun with room for it"
    found.close()
    time.sleep(0.1)
    assert count <= 6, "who has left is not waited for"


def test_an_error_comes_after_what_was_before() -> None:
    def open_(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    found = ahead(range(5), open_, lambda _: 1)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(found)
