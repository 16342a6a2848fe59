"""What decoded tokens leave of a series: a residual that goes on into gaps as an AR(1) process.

Shapes: b series, c channels, t time points.
"""

from typing import NamedTuple

import numpy as np

from sktsvq._gaps import interpolate, known_beside

_HIDDEN_SHARE = 0.1
# As many values as this count for what is assumed before any value is seen.
_PRIOR_VALUES = 10
_MOST_CORRELATION = 0.999


class ResidualModel(NamedTuple):
    """How the residuals of each series behave.

    Parameters
    ----------
    mean : array of shape (b, c, 1)
        Of the residuals: where a series lies beside what its tokens can say.
    correlation : array of shape (b, c, 1)
        Of neighbouring residuals, in [0, 1).
    scale : array of shape (b, c, 1)
        Their standard deviation.
    line_share : array of shape (b, c, 1)
        The share of the straight line in what is filled in beside a known value.
    """

    mean: np.ndarray
    correlation: np.ndarray
    scale: np.ndarray
    line_share: np.ndarray


def hide(series, rng):
    """Choose about a tenth of the known values, but not the first of a channel: bool array of the shape of `series`."""
    known = ~np.isnan(series)
    hidden = known & (rng.uniform(size=series.shape) < _HIDDEN_SHARE)
    np.put_along_axis(hidden, known.argmax(axis=-1, keepdims=True), False, axis=-1)
    return hidden


def fit_residuals(decoded, series, hidden, *, length):
    """Estimate from the known values of each series how far to trust its tokens.

    Parameters
    ----------
    decoded : array of shape (b, c, t)
        What is decoded from tokens of `series` without the `hidden` values.
    series : array of shape (b, c, t)
        With NaN where nothing is known.
    hidden : bool array of shape (b, c, t)
        Known values at which tokens and straight lines are compared.
    length : float
        Time points of a token.

    Returns
    -------
    model : ResidualModel
    """
    shown = np.where(hidden, np.nan, series)
    known = ~np.isnan(shown)
    mean = np.where(known, shown - decoded, 0).sum(axis=2, keepdims=True) / (
        known.sum(axis=2, keepdims=True) + _PRIOR_VALUES
    )
    decoded = decoded + mean
    residual = shown - decoded
    correlation, scale = _fit_process(residual, length)
    unit = np.where(scale > 0, scale, 1)
    by_tokens, by_line = (
        np.where(hidden, (guess - series) / unit, 0)
        for guess in (decoded + expected_residual(residual, known, correlation), interpolate(shown))
    )
    towards_line = _nearness(known, length) * (by_line - by_tokens)
    line_share = _fit_share(towards_line, -by_tokens, hidden)
    error = by_tokens + line_share * towards_line
    expected_power = np.where(hidden, _remaining_variance(known, correlation), 0)
    growth = (_sum(error**2) + _PRIOR_VALUES) / (_sum(expected_power) + _PRIOR_VALUES)
    return ResidualModel(mean, correlation, scale * np.sqrt(growth), line_share)


def fill_gaps(decoded, series, model, *, length, rng=None):
    """The known values of `series`, and elsewhere `decoded` plus what the residual is expected to be.

    Parameters
    ----------
    decoded : array of shape (n_draws, b, c, t)
        Decoded tokens of `series`.
    series : array of shape (b, c, t)
        With NaN where nothing is known.
    model : ResidualModel
        Of `series`.
    length : float
        Time points of a token. The share of the straight line falls by a factor of e with each such length away from
        known values.
    rng : RandomState, optional
        Draw the residual given its known values, in place of its mean.

    Returns
    -------
    filled : ndarray of shape (n_draws, b, c, t)
    """
    known = ~np.isnan(series)
    decoded = decoded + model.mean
    filled = decoded + expected_residual(series - decoded, known, model.correlation)
    filled += model.line_share * _nearness(known, length) * (interpolate(series) - filled)
    if rng is not None:
        noise = model.scale * _draw_process(decoded.shape, model.correlation, rng)
        filled += noise - expected_residual(noise, known, model.correlation)
    return np.where(known, series, filled).astype(series.dtype, copy=False)


def expected_residual(residual, known, correlation):
    """The mean of an AR(1) process, given its known values.

    With r and s, the nearest known values, a and b time points away, and the correlation c, it is
    (c^a (1 - c^2b) r + c^b (1 - c^2a) s) / (1 - c^(2a + 2b)), and c^a r before the first and behind the last known
    value. A correlation near 1 gives straight lines, one of 0 gives zeros.

    Parameters
    ----------
    residual : array of shape (..., b, c, t)
        Only its known values are used.
    known : bool array of shape (b, c, t)
        True at least once in each row.
    correlation : array of shape (b, c, 1)
        In [0, 1).

    Returns
    -------
    expected : ndarray of the shape of `residual`
    """
    return sum(weight * _at(residual, index) for weight, _, index in _beside(known, correlation))


def _remaining_variance(known, correlation):
    """The variance at each time point of an AR(1) process of variance 1, given its known values."""
    return 1 - sum(weight * own for weight, own, _ in _beside(known, correlation))


def _beside(known, correlation):
    """For the known values before and behind: weight in the mean, correlation with the time point, position."""
    positions = known_beside(known)
    before, after = (correlation**distance for distance in _distances(positions))
    one_sided = np.equal(*positions)
    rest = np.where(one_sided, 1, 1 - (before * after) ** 2)
    weights = (
        np.where(one_sided, before, before * (1 - after**2) / rest),
        np.where(one_sided, 0, after * (1 - before**2) / rest),
    )
    return tuple(zip(weights, (before, after), positions, strict=True))


def _nearness(known, length):
    """1 beside a known value, less by a factor of e with each `length` away from the nearest, (b, c, t)."""
    distance = np.minimum(*_distances(known_beside(known)))
    return np.exp(-(distance - 1) / length)


def _distances(positions):
    """Time points to each of the positions."""
    return tuple(np.abs(np.arange(index.shape[-1]) - index) for index in positions)


def _at(values, index):
    """`values` of shape (..., b, c, t) at positions of shape (b, c, t)."""
    return np.take_along_axis(values, index.reshape((1,) * (values.ndim - index.ndim) + index.shape), axis=-1)


def _fit_share(step, goal, hidden):
    """The share of `step` that comes nearest to `goal` at the `hidden` values, (b, c, 1), by least squares.

    A series starts at one half, each of its channels at the share of the series.
    """
    share = np.full((len(goal), 1, 1), 0.5)
    for axes in ((1, 2), 2):
        power, n_values = ((values.sum(axis=axes, keepdims=True)) for values in (step**2, hidden))
        assumed = _PRIOR_VALUES * power / np.maximum(n_values, 1)
        start = np.broadcast_to(share, power.shape)
        fitted = (goal * step).sum(axis=axes, keepdims=True) + start * assumed
        share = np.divide(fitted, power + assumed, out=start.copy(), where=power > 0).clip(0, 1)
    return share


def _fit_process(residual, length):
    """Correlation of neighbours and standard deviation, each (b, c, 1), from the values that are not NaN.

    The correlation starts at e^(-1 / length).
    """
    known = ~np.isnan(residual)
    values = np.where(known, residual, 0)
    variance = (values**2).sum(axis=-1, keepdims=True) / known.sum(axis=-1, keepdims=True)
    first, second = values[..., :-1], values[..., 1:]
    pairs = known[..., :-1] & known[..., 1:]
    assumed = _PRIOR_VALUES * variance
    power = ((first**2 + second**2) * pairs).sum(axis=-1, keepdims=True) / 2 + assumed
    covariance = (first * second).sum(axis=-1, keepdims=True) + assumed * np.exp(-1 / length)
    correlation = np.divide(covariance, power, out=np.zeros_like(power), where=power > 0)
    return correlation.clip(0, _MOST_CORRELATION), np.sqrt(variance)


def _draw_process(shape, correlation, rng):
    """Paths of AR(1) processes of variance 1."""
    paths = rng.standard_normal(shape)
    fresh = np.sqrt(1 - correlation[..., 0] ** 2)
    for t in range(1, shape[-1]):
        paths[..., t] = correlation[..., 0] * paths[..., t - 1] + fresh * paths[..., t]
    return paths


def _sum(values):
    """Over the channels and time points of each series, (b, 1, 1)."""
    return values.sum(axis=(1, 2), keepdims=True)
