"""Missing stretches of series as pure functions: which tokens they touch, what is filled in, how it joins the rest."""

import numpy as np


def interpolate(series):
    """Fill NaN linearly between the nearest known values of each row, and constantly beyond the first and the last.

    Parameters
    ----------
    series : array of shape (..., n_timepoints)
        With a known value in each row.

    Returns
    -------
    filled : ndarray of the same shape
    """
    known, time = ~np.isnan(series), np.arange(series.shape[-1])
    before = np.maximum.accumulate(np.where(known, time, -1), axis=-1)
    after = np.minimum.accumulate(np.where(known, time, len(time))[..., ::-1], axis=-1)[..., ::-1]
    before, after = np.where(before < 0, after, before), np.where(after == len(time), before, after)
    start, stop = (np.take_along_axis(series, index, axis=-1) for index in (before, after))
    return start + (stop - start) * ((time - before) / np.maximum(after - before, 1)).astype(series.dtype)


def touched_tokens(missing, spans):
    """The tokens that stand for at least one missing time point.

    Parameters
    ----------
    missing : bool array of shape (n_cases, n_timepoints)
    spans : int array of shape (n_tokens, 2)
        First and one-past-last time point of each token.

    Returns
    -------
    touched : bool ndarray of shape (n_cases, n_tokens)
    """
    count = np.pad(missing.cumsum(axis=1), ((0, 0), (1, 0)))
    return count[:, spans[:, 1]] > count[:, spans[:, 0]]


def spread(values, spans, n_timepoints):
    """Divide the value of each token evenly over the time points that it stands for, so that rows keep their sums.

    Parameters
    ----------
    values : array of shape (n_cases, n_tokens)
    spans : int array of shape (n_tokens, 2)
    n_timepoints : int

    Returns
    -------
    over_time : ndarray of shape (n_cases, n_timepoints)
    """
    time = np.arange(n_timepoints)
    covered = (spans[:, :1] <= time) & (time < spans[:, 1:])  # (n_tokens, n_timepoints)
    return values @ (covered / covered.sum(axis=1, keepdims=True))
