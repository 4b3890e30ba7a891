"""Ridge regression from inner products: closed form, with every row's left-out prediction for free."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ridge(NamedTuple):
    """The prediction for an item is its inner products with the rows times `coefficients` (rows,), plus `bias`.
    `left_out` (rows,) is each row's prediction by a fit without it."""

    coefficients: Floats
    bias: float
    left_out: Floats


def fit_ridge(gram: Floats, targets: Floats, importance: Floats, penalty: float) -> Ridge:
    """Minimizes the sum of importance times squared error plus the penalty times the squared weights; the bias is free.

    `gram` (rows, rows) holds inner products of rows, `importance` is positive. Left-out predictions: the residual of
    row i without itself is its coefficient over the i-th diagonal entry of the inverse (Rasmussen, Williams: Gaussian
    Processes for Machine Learning, 2006, section 5.4.2).
    """
    # A constant feature that is as good as unpenalized stands for the bias.
    constant = 1e3 * max(float(gram.diagonal().mean()), 1e-9)
    inverse = np.linalg.inv(gram + constant + np.diag(penalty / importance))
    coefficients = inverse @ targets
    left_out = targets - coefficients / inverse.diagonal()
    return Ridge(coefficients, constant * float(coefficients.sum()), left_out)
