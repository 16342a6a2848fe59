"""Missing stretches: numbers against plain loops and pandas."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktsvq._gaps import interpolate, spread, touched_tokens


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_interpolate_as_pandas_does(share, dtype):
    rng = np.random.RandomState(0)
    series = rng.normal(size=(40, 25)).astype(dtype)
    missing = rng.uniform(size=series.shape) < share
    missing[np.arange(40), rng.randint(25, size=40)] = False
    series[missing] = np.nan
    filled = interpolate(series.reshape(20, 2, 25))
    expected = pd.DataFrame(series).interpolate(axis=1, limit_direction="both")
    assert filled.dtype == dtype
    assert_allclose(filled.reshape(40, 25), expected, rtol=1e-5, atol=1e-6)
    assert_array_equal(filled.reshape(40, 25)[~missing], series[~missing])


SPANS = np.array([[0, 3], [3, 6], [6, 7], [0, 7]])


def test_touched_tokens():
    missing = np.random.RandomState(0).uniform(size=(30, 7)) < 0.2
    expected = [[row[start:stop].any() for start, stop in SPANS] for row in missing]
    assert_array_equal(touched_tokens(missing, SPANS), expected)


def test_spread_keeps_the_sum():
    values = np.array([[3.0, 6.0, 5.0, 7.0], [0.0, 0.0, 0.0, 0.0]])
    assert_allclose(spread(values, SPANS, 7), [[2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 6.0], [0.0] * 7])
