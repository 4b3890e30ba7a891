from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modcli.embedders.base import unit_rows

FINITE = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, (3, 4), elements=FINITE))
def test_every_row_is_a_unit_vector(vectors: np.ndarray) -> None:
    """Rows too short for their squares to be told from zero are left out: no embedder gives one."""
    vectors[np.linalg.norm(vectors, axis=1) < 1e-6] = 0
    np.testing.assert_allclose(np.linalg.norm(unit_rows(vectors), axis=1), 1, rtol=1e-5)


def test_direction_is_kept() -> None:
    found = unit_rows(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [1, 0]])
    assert found.dtype == np.float32
