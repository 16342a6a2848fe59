"""What decoded tokens leave of a series: a residual that is continued into gaps as an AR(1) process."""

from typing import NamedTuple

import numpy as np

from sktsvq._gaps import interpolate, known_beside

# How many values at which nothing is known beforehand the starting values of the estimates count as.
_PRIOR_VALUES = 10
_HIDDEN_SHARE = 0.1
_MOST_CORRELATION = 0.999


class ResidualModel(NamedTuple):
    """What is estimated for each series.

    correlation : of neighbouring residuals, (n_cases, n_channels, 1)
    scale : standard deviation of the residuals, (n_cases, n_channels, 1)
    line_share : share of the straight line in the estimate beside a known value, (n_cases, 1, 1)
    """

    correlation: np.ndarray
    scale: np.ndarray
    line_share: np.ndarray


def hide(series, rng):
    """Known values to hide: about a tenth of them, but not the first of a channel."""
    known = ~np.isnan(series)
    hidden = known & (rng.random_sample(series.shape) < _HIDDEN_SHARE)
    np.put_along_axis(hidden, known.argmax(axis=-1, keepdims=True), False, axis=-1)
    return hidden


def fit_residuals(decoded, series, hidden, *, length):
    """Estimate how the residuals of each series behave, from its known values.

    Parameters
    ----------
    decoded : array of shape (n_cases, n_channels, n_timepoints)
        What is decoded of `series` without the `hidden` values.
    series : array of the same shape
        With NaN where nothing is known.
    hidden : bool array of the same shape
        Known values that `decoded` has not seen.
    length : float
        Time points of a token. The correlation starts at e ** (-1 / `length`), which counts as ten pairs of values.

    Returns
    -------
    model : ResidualModel
    """
    shown = np.where(hidden, np.nan, series)
    model = ResidualModel(*_fit_process(shown - decoded, length), np.zeros((len(series), 1, 1)))
    line, guess = interpolate(shown), decoded + expected_residual(shown - decoded, model.correlation)
    unit = np.where(model.scale > 0, model.scale, 1)
    of_line, of_guess = (np.where(hidden, (series - filled) / unit, 0) for filled in (line, guess))
    # Least squares of the residuals on the difference of the two guesses; half and half before any value is seen.
    axes = {"axis": (1, 2), "keepdims": True}
    difference = of_guess - of_line
    power = (difference**2).sum(**axes)
    start = _PRIOR_VALUES * power / np.maximum(hidden.sum(**axes), 1)
    share = np.divide((of_guess * difference).sum(**axes) + start / 2, power + start, out=np.full(power.shape, 0.5), where=power > 0)
    share = np.clip(share, 0, 1)
    error = of_guess - share * difference
    noise_var = ((1-model.correlation**2)/(1+model.correlation**2)) * hidden
    n = _PRIOR_VALUES
    ratio = np.sqrt(((error**2).sum(**axes) + n) / (noise_var.sum(**axes) + n))
    return ResidualModel(model.correlation, model.scale * ratio, share)


def fill_gaps(decoded, series, model, *, length, rng=None):
    """Known values of `series`, and where it is NaN those of `decoded` plus the expected residual.

    decoded : (n_draws, n_cases, n_channels, n_timepoints)
    """
    filled = decoded + expected_residual(series - decoded, model.correlation)
    before, after = known_beside(series)
    time = np.arange(series.shape[-1])
    distance = np.minimum(np.abs(time - before), np.abs(after - time))
    share = model.line_share * np.exp(-(distance - 1) / length)
    filled += share * (interpolate(series) - filled)
    if rng is not None:
        noise = _draw_process(decoded.shape, model.correlation, rng)
        filled += model.scale * (noise + expected_residual(np.where(np.isnan(series), np.nan, -noise), model.correlation))
    return np.where(np.isnan(series), filled, series).astype(series.dtype, copy=False)


def expected_residual(residual, correlation):
    """The mean of an AR(1) process given the values that are not NaN.

    With r and s, the nearest known values, a and b time points away, and the correlation c, it is
    (c^a (1 - c^2b) r + c^b (1 - c^2a) s) / (1 - c^(2a + 2b)), and c^a r before the first and behind the last known
    value. A correlation near 1 gives straight lines, one of 0 gives zeros.

    Parameters
    ----------
    residual : array of shape (..., n_timepoints)
    correlation : array that broadcasts to (..., 1)
        In [0, 1).

    Returns
    -------
    expected : ndarray of the shape of `residual`
    """
    time = np.arange(residual.shape[-1])
    before, after = known_beside(residual)
    start, stop = (np.take_along_axis(residual, index, axis=-1) for index in (before, after))
    from_start, from_stop = correlation ** np.abs(time - before), correlation ** np.abs(after - time)
    at_rim = before == after
    rest = np.where(at_rim, 1, 1 - (from_start * from_stop) ** 2)
    inside = (from_start * (1 - from_stop**2) * start + from_stop * (1 - from_start**2) * stop) / rest
    return np.where(at_rim, from_start * start, inside)


def _fit_process(residual, length):
    """Correlation of neighbours and standard deviation, each (..., 1), from the values that are not NaN."""
    known = ~np.isnan(residual)
    values = np.where(known, residual, 0)
    variance = (values**2).sum(axis=-1) / known.sum(axis=-1)
    first, second = values[..., :-1], values[..., 1:]
    pairs = known[..., :-1] & known[..., 1:]
    power = ((first**2 + second**2) * pairs).sum(axis=-1) / 2 + _PRIOR_VALUES * variance
    covariance = (first * second).sum(axis=-1) + _PRIOR_VALUES * variance * np.exp(-1 / length)
    correlation = np.divide(covariance, power, out=np.zeros_like(power), where=power > 0)
    return np.clip(correlation, 0, _MOST_CORRELATION)[..., np.newaxis], np.sqrt(variance)[..., np.newaxis]


def _draw_process(shape, correlation, rng):
    """Paths of AR(1) processes of variance 1."""
    paths = rng.standard_normal(shape)
    fresh = np.sqrt(1 - correlation[..., 0] ** 2)
    for t in range(1, shape[-1]):
        paths[..., t] = correlation[..., 0] * paths[..., t - 1] + fresh * paths[..., t]
    return paths
