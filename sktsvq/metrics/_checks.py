"""Checks shared by the scores of two sets of rows."""

import numpy as np
from sklearn.utils import check_array

__all__ = ["check_finite", "check_pair", "check_same_columns"]


def check_pair(caller, *, min_rows=1, **sets):
    """The named sets as 2-D float64 arrays with as many columns each; ValueErrors name `caller` and the set."""
    checked = {
        name: check_array(rows, dtype=np.float64, ensure_min_samples=min_rows, input_name=name, estimator=caller)
        for name, rows in sets.items()
    }
    check_same_columns(checked)
    return list(checked.values())


def check_same_columns(sets):
    """Raise a ValueError unless the named 2-D arrays have as many columns as the first."""
    (first, rows), *others = sets.items()
    for name, other in others:
        if other.shape[1] != rows.shape[1]:
            raise ValueError(
                f"{name} must have as many features as {first}, {rows.shape[1]}. Got {other.shape[1]} instead."
            )


def check_finite(caller, value, *rows):
    """`value`, or a ValueError if it left the range of numbers on the way."""
    if not np.isfinite(value):
        largest = max(float(np.abs(one).max()) for one in rows)
        raise ValueError(f"{caller} overflows: features must be smaller. Got values up to {largest:.3g}.")
    return value
