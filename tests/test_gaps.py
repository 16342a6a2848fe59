"""Missing stretches: numbers against plain loops and pandas."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktsvq._gaps import interpolate, match_at_rims, spread, touched_tokens


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


def test_join():
    series = np.array([[1.0, np.nan, np.nan, np.nan, 5.0, np.nan, 2.0, np.nan]])
    filled = np.array([[[0.0, 0, 0, 0, 6, 6, 6, 6]], [[1.0, 2, 3, 4, 5, 6, 2, 9]]])
    # By 1, 0.5, 0, -0.5, -1, -2.5, -4, -4: no fading beside known points.
    shifted = [1.0, 0.5, 0.0, -0.5, 5.0, 6 - 2.5, 2.0, 6 - 4.0]
    joined = match_at_rims(filled, series, length=2.5)
    assert_allclose(joined[0, 0], shifted)
    assert_allclose(joined[1], filled[1])  # known values are met already
    far = match_at_rims(np.zeros((1, 1, 4)), np.array([[8.0, np.nan, np.nan, np.nan]]), length=2.0)
    assert_allclose(far[0, 0], [8.0, 8.0, 8 * np.exp(-0.5), 8 * np.exp(-1.0)])


SPANS = np.array([[0, 3], [3, 6], [6, 7], [0, 7]])


def test_touched_tokens():
    missing = np.random.RandomState(0).uniform(size=(30, 7)) < 0.2
    expected = [[row[start:stop].any() for start, stop in SPANS] for row in missing]
    assert_array_equal(touched_tokens(missing, SPANS), expected)


def test_spread_keeps_the_sum():
    values = np.array([[3.0, 6.0, 5.0, 7.0], [0.0, 0.0, 0.0, 0.0]])
    assert_allclose(spread(values, SPANS, 7), [[2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 6.0], [0.0] * 7])
