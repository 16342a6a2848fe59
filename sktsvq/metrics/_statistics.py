"""Differences of simple statistics of two collections of series: marginals, autocorrelation, skewness, kurtosis."""

import numpy as np
from scipy import stats

from sktsvq._scaling import is_constant
from sktsvq._validation import AT_LEAST_ONE, validate_params
from sktsvq.metrics._layout import check_collections, flatten, stretched
from sktsvq.metrics._registry import register_score
from sktsvq.metrics._uneven import UnevenSeries

__all__ = [
    "autocorrelation_difference",
    "kurtosis_difference",
    "marginal_distribution_difference",
    "skewness_difference",
]


@register_score(
    "marginal_distribution_difference",
    needs="series",
    direction="lower",
    ideal=0,
    question="Do values agree, time by time?",
    value_range="[0, 1]",
    best="0",
    bias="upwards",
)
@validate_params({"n_bins": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
def marginal_distribution_difference(X_real, X_generated, *, n_bins=20):
    r"""Mean difference of the distributions of values, time point by time point.

    .. math:: \frac{1}{CT} \sum_{c,t} \frac12 \sum_b \bigl| p_{ctb} - q_{ctb} \bigr|

    with p and q the shares of real and generated values of channel c at time point t that lie in bin b: `n_bins` equal
    bins over the real range, and one more on either side. Each term is a total variation distance. It sees no
    dependence between time points. Gaps are bridged by straight lines; series of unequal length are stretched to the
    longest real one, and their length is one more channel.

    It is biased upwards by few series: two samples of 100 of a normal distribution have about 0.23.

    Parameters
    ----------
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        Real series.
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        Generated series.
    n_bins : int, default=20
        At least 1.

    Returns
    -------
    difference : float
        In [0, 1]; 0 is best.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, or
        `n_bins` is below 1.

    References
    ----------
    After the "MDD" of Ang et al., "TSGBench: time series generation benchmark", arXiv 2309.03755, which averages the
    absolute difference over the bins instead.

    Examples
    --------
    >>> from sktsvq.metrics import marginal_distribution_difference
    >>> marginal_distribution_difference([[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 5.0]])
    0.25
    """
    real, generated = check_collections(X_real=X_real, X_generated=X_generated)
    real, generated = flatten(stretched(real)), flatten(stretched(generated))
    low, high = real.min(axis=0), real.max(axis=0)
    width = np.where(high > low, high - low, 1) / n_bins

    def shares(values):
        bins = np.clip(np.floor((values - low) / width), -1, n_bins).astype(int)
        bins[(bins == n_bins) & (values == high)] = n_bins - 1  # the last bin holds its upper edge
        columns = np.arange(values.shape[1]) * (n_bins + 2)
        counts = np.bincount((columns + bins + 1).ravel(), minlength=values.shape[1] * (n_bins + 2))
        return counts / len(values)

    return float(np.abs(shares(real) - shares(generated)).sum() / 2 / real.shape[1])


@register_score(
    "autocorrelation_difference",
    needs="series",
    direction="lower",
    ideal=0,
    question="Do dynamics agree?",
    value_range="[0, 2]",
    best="0",
    bias="upwards, slightly",
)
@validate_params({"max_lag": [AT_LEAST_ONE, None]}, prefer_skip_nested_validation=True)
def autocorrelation_difference(X_real, X_generated, *, max_lag=None):
    r"""Mean difference of the autocorrelations of real and generated series.

    .. math:: \frac{1}{CL} \sum_{c} \sum_{l=1}^{L} \Bigl| \frac1m \sum_i r_{cl}(x_i) - \frac1n \sum_j r_{cl}(y_j) \Bigr|

    with r_cl(x) the autocorrelation of channel c of series x at lag l, centred by the series' own mean and divided by T
    and by its variance. A constant channel has 0. It sees smoothness, noise and periods, not shapes or levels. Gaps are
    bridged by straight lines; of series of unequal length, those that are longer than a lag count.

    It is biased upwards by few series, by the standard error of a mean autocorrelation.

    Parameters
    ----------
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        Real series, at least two time points.
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        Generated series.
    max_lag : int, default=None
        The largest lag L, in [1, n_timepoints - 1]. None is half of the time points, of the median length where they
        differ.

    Returns
    -------
    difference : float
        In [0, 2]; 0 is best.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, or have
        fewer than two; or `max_lag` is
        out of its range.

    References
    ----------
    After the "ACD" of Ang et al., "TSGBench: time series generation benchmark", arXiv 2309.03755.

    Examples
    --------
    >>> from sktsvq.metrics import autocorrelation_difference
    >>> autocorrelation_difference([[0.0, 1.0, 0.0, 1.0]], [[0.0, 0.0, 1.0, 1.0]], max_lag=1)
    1.0
    """
    real, generated = check_collections(X_real=X_real, X_generated=X_generated)
    n_timepoints = real.shape[2]
    if n_timepoints < 2:
        raise ValueError("autocorrelation_difference needs series of at least 2 time points. Got 1 instead.")
    if max_lag is None:
        max_lag = max(1, int(np.median(getattr(real, "lengths", n_timepoints))) // 2)
    if max_lag >= n_timepoints:
        raise ValueError(
            "The 'max_lag' parameter of autocorrelation_difference must be an int in the range [1, n_timepoints - 1], "
            f"here [1, {n_timepoints - 1}]. Got {max_lag!r} instead."
        )
    return float(np.abs(_autocorrelation(real, max_lag) - _autocorrelation(generated, max_lag)).mean())


def _autocorrelation(X, max_lag):
    """Mean autocorrelation over the series that are longer than the lag, 0 where none is: (n_channels, max_lag)."""
    lengths, X = (X.lengths, X.padded) if isinstance(X, UnevenSeries) else (np.full(len(X), X.shape[2]), X)
    constant = is_constant(X, axis=2)
    centred = X - np.nanmean(X, axis=2, keepdims=True)
    # What is behind an end adds nothing to a sum, what is left of a constant series is rounding.
    centred = np.where(np.isnan(centred) | constant, 0, centred)
    centred /= np.where(constant, 1, np.abs(centred).max(axis=2, keepdims=True))  # so that squares are in range
    # Twice the length, so that the end does not wrap around to the start.
    n_points = 2 * max(X.shape[2], max_lag + 1)
    power = np.abs(np.fft.rfft(centred, n=n_points, axis=2)) ** 2
    covariance = np.fft.irfft(power, axis=2)[:, :, : max_lag + 1]  # (b, c, lags)
    longer = lengths[:, np.newaxis] > np.arange(1, max_lag + 1)
    correlation = covariance[:, :, 1:] / np.where(constant, 1, covariance[:, :, :1])
    correlation = np.where(longer[:, np.newaxis], correlation, 0)
    return correlation.sum(axis=0) / np.maximum(longer.sum(axis=0), 1)


@register_score(
    "skewness_difference",
    needs="series",
    direction="lower",
    ideal=0,
    question="Do extremes agree?",
    value_range="[0, inf)",
    best="0",
    bias="upwards",
)
def skewness_difference(X_real, X_generated):
    r"""Mean absolute difference of the skewness of real and generated values.

    .. math:: \frac1C \sum_c \bigl| \gamma_c - \gamma'_c \bigr|, \qquad \gamma = E[(x - E x)^3] / \mathrm{Var}(x)^{3/2}

    over all values of a channel c, whatever their time point and the length of their series. A constant channel has 0.
    Gaps are bridged by straight lines.

    Parameters
    ----------
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        Real series.
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        Generated series.

    Returns
    -------
    difference : float
        In [0, inf); 0 is best. It is biased upwards by few series, and outliers dominate it.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, or series differ in channels or, as arrays, in time points.

    References
    ----------
    The "SD" of Ang et al., "TSGBench: time series generation benchmark", arXiv 2309.03755.

    Examples
    --------
    >>> from sktsvq.metrics import skewness_difference
    >>> round(skewness_difference([[0.0, 0.0, 1.0]], [[0.0, 1.0, 1.0]]), 4)
    1.4142
    """
    return _moment_difference(stats.skew, X_real, X_generated)


@register_score(
    "kurtosis_difference",
    needs="series",
    direction="lower",
    ideal=0,
    question="... and how heavy are tails?",
    value_range="[0, inf)",
    best="0",
    bias="upwards",
)
def kurtosis_difference(X_real, X_generated):
    r"""Mean absolute difference of the kurtosis of real and generated values.

    .. math:: \frac1C \sum_c \bigl| \kappa_c - \kappa'_c \bigr|, \qquad \kappa = E[(x - E x)^4] / \mathrm{Var}(x)^2 - 3

    over all values of a channel c, whatever their time point and the length of their series. A constant channel has 0.
    Gaps are bridged by straight lines.

    Parameters
    ----------
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        Real series.
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        Generated series.

    Returns
    -------
    difference : float
        In [0, inf); 0 is best. It is biased upwards by few series, and outliers dominate it.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, or series differ in channels or, as arrays, in time points.

    References
    ----------
    The "KD" of Ang et al., "TSGBench: time series generation benchmark", arXiv 2309.03755.

    Examples
    --------
    >>> from sktsvq.metrics import kurtosis_difference
    >>> round(kurtosis_difference([[0.0, 1.0, 0.0, 1.0]], [[0.0, 0.0, 0.0, 1.0]]), 4)
    1.3333
    """
    return _moment_difference(stats.kurtosis, X_real, X_generated)


def _moment_difference(moment, X_real, X_generated):
    real, generated = check_collections(X_real=X_real, X_generated=X_generated)
    return float(np.abs(_of_channels(moment, real) - _of_channels(moment, generated)).mean())


def _of_channels(moment, X):
    if isinstance(X, UnevenSeries):
        values = np.concatenate(X.to_list(), axis=1)  # (c, all time points)
    else:
        values = X.swapaxes(0, 1).reshape(X.shape[1], -1)  # (c, b * t)
    constant = is_constant(values, axis=1)  # (c, 1)
    varying = np.where(constant, np.arange(values.shape[1]), values - values.mean(axis=1, keepdims=True))
    varying /= np.abs(varying).max(axis=1, keepdims=True, initial=np.finfo(float).tiny)  # so that powers are in range
    return np.where(constant[:, 0], 0, moment(varying, axis=1))
