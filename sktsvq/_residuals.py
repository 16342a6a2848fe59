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
# Time points that the nearer and the farther share of the straight line reach, in lengths of a token.
_REACHES = (1, 16)
# Where the two shares of a series start, the variances of how far they lie from there, and of how far the near share
# of a channel lies from that of its series.
_START, _VARIANCES, _CHANNEL_VARIANCE = (0.5, 0), (1 / 12, 2), 1 / 48


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
    near_share : array of shape (b, c, 1)
        The share of the straight line in what is filled in beside a known value.
    far_share : array of shape (b, 1, 1)
        How much of it stays further away.
    """

    mean: np.ndarray
    correlation: np.ndarray
    scale: np.ndarray
    near_share: np.ndarray
    far_share: np.ndarray


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
    step, goal = by_line - by_tokens, -by_tokens
    reaches = _reaches(known, length)
    shares = _fit_shares(step, goal, hidden, reaches)
    error = by_tokens + _line_weight(reaches, shares) * step
    expected_power = np.where(hidden, _remaining_variance(known, correlation), 0)
    growth = (_sum(error**2) + _PRIOR_VALUES) / (_sum(expected_power) + _PRIOR_VALUES)
    return ResidualModel(mean, correlation, scale * np.sqrt(growth), *shares)


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
        Time points of a token.
    rng : RandomState, optional
        Draw the residual given its known values, in place of its mean.

    Returns
    -------
    filled : ndarray of shape (n_draws, b, c, t)
    """
    known = ~np.isnan(series)
    decoded = decoded + model.mean
    filled = decoded + expected_residual(series - decoded, known, model.correlation)
    weight = _line_weight(_reaches(known, length), (model.near_share, model.far_share))
    filled += weight * (interpolate(series) - filled)
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


def _line_weight(reaches, shares):
    """The share of the straight line at each time point, (b, c, t)."""
    return sum(share * reach for share, reach in zip(shares, reaches, strict=True))


def _reaches(known, length):
    """What the near and the far share count for at each time point, each (b, c, t).

    Beside a known value 1 and 0. The first falls by a factor of e with each `length` away from it, the sum of both with
    each 16 times `length`.
    """
    distance = np.minimum(*_distances(known_beside(known))) - 1
    near, both = (np.exp(-distance / (reach * length)) for reach in _REACHES)
    return near, both - near


def _distances(positions):
    """Time points to each of the positions."""
    return tuple(np.abs(np.arange(index.shape[-1]) - index) for index in positions)


def _at(values, index):
    """`values` of shape (..., b, c, t) at positions of shape (b, c, t)."""
    return np.take_along_axis(values, index.reshape((1,) * (values.ndim - index.ndim) + index.shape), axis=-1)


def _fit_shares(step, goal, hidden, reaches):
    """The shares of `step` that come nearest to `goal` at the `hidden` values, (b, c, 1) and (b, 1, 1).

    Least squares, each drawn to where it starts as far as the errors that are left say little: the near share of a
    series to one half, those of its channels to that of the series, the far share to 0.
    """
    steps = np.stack([reach * step for reach in reaches])
    left = goal - (_fit_both(steps, goal, 0) * steps).sum(axis=0)
    noise = _sum(left**2) / np.maximum(_sum(hidden), 1)
    near_share, far_share = _fit_both(steps, goal, noise)
    near, rest = steps[0], goal - far_share * steps[1]
    assumed = noise / _CHANNEL_VARIANCE
    power, covariance = (values.sum(axis=2, keepdims=True) for values in (near**2, near * rest))
    power, covariance = power + assumed, covariance + assumed * near_share
    by_channel = np.divide(covariance, power, out=np.zeros_like(power) + near_share, where=power > 0)
    return by_channel.clip(0, 1), far_share


def _fit_both(steps, goal, noise):
    """The shares of two `steps`, of shape (2, b, 1, 1), by least squares with the `noise` of each value of `goal`."""
    start, assumed = np.array(_START), np.eye(2) * noise / _VARIANCES
    missed = goal - (start.reshape(2, 1, 1, 1) * steps).sum(axis=0)
    power, covariance = np.einsum("ibct,jbct->bij", steps, steps), np.einsum("ibct,bct->bi", steps, missed)
    shares = start + np.einsum("bij,bj->bi", np.linalg.pinv(power + assumed, hermitian=True), covariance)
    return shares.clip(0, 1).T[..., np.newaxis, np.newaxis]


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
