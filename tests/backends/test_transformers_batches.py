from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modcli.backends.transformers_batches import Budget, Cost

COST = Cost(token=10, prefix=2, pair=1)


def test_cost_counts_activations_prefix_and_mask() -> None:
    assert COST.of(2, 3, 5) == 2 * (3 * 10 + 5 * 2 + 3 * 8 * 1)


@given(st.lists(st.integers(1, 300), min_size=1).map(sorted), st.integers(0, 500), st.integers(0, 10**6))
def test_a_group_fits_or_is_one_text(lengths: list[int], prefix: int, limit: int) -> None:
    budget = Budget(COST, most_bytes=limit, most_tokens=1000)
    count = budget.group(lengths, prefix)
    assert 1 <= count <= len(lengths)
    if count > 1:
        assert COST.of(count, lengths[count - 1], prefix) <= limit
        assert count * lengths[count - 1] <= 1000
    if count < len(lengths):
        more, longest = count + 1, lengths[count]
        assert COST.of(more, longest, prefix) > limit or more * longest > 1000


def test_halved_after_a_failure_and_grown_again() -> None:
    budget = Budget(COST, most_bytes=100_000, most_tokens=10**6)
    lengths = [10] * 1000
    first = budget.group(lengths, 0)
    budget.failed(first, 10, 0)
    halved = budget.group(lengths, 0)
    assert halved == first // 2
    for _ in range(200):
        budget.went_well()
    assert budget.limit == 100_000
    assert budget.group(lengths, 0) == first


@given(st.integers(2, 10**4))
def test_failures_lead_to_a_single_text(count: int) -> None:
    budget = Budget(COST, most_bytes=10**9, most_tokens=10**9)
    tries = 0
    while count > 1:
        budget.failed(count, 5, 7)
        smaller = budget.group([5] * count, 7)
        assert smaller < count
        count, tries = smaller, tries + 1
    assert tries <= 16
