"""Missing stretches and ends of series as pure functions: which tokens they touch, what is filled in, how it fits."""

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
    time = np.arange(series.shape[-1])
    before, after = known_beside(~np.isnan(series))
    start, stop = (np.take_along_axis(series, index, axis=-1) for index in (before, after))
    return start + (stop - start) * ((time - before) / np.maximum(after - before, 1)).astype(series.dtype)


def known_beside(known):
    """Positions of the nearest known values before and after each point; beyond the last or first both are that one."""
    n_timepoints = known.shape[-1]
    time = np.arange(n_timepoints)
    before = np.maximum.accumulate(np.where(known, time, -1), axis=-1)
    after = np.minimum.accumulate(np.where(known, time, n_timepoints)[..., ::-1], axis=-1)[..., ::-1]
    return np.where(before < 0, after, before), np.where(after == n_timepoints, before, after)


def lengths_of(series):
    """The number of time points up to the last with a known value, of each series of a 3-D array."""
    known = ~np.isnan(series).all(axis=1)  # (n_cases, n_timepoints)
    return series.shape[2] - known[:, ::-1].argmax(axis=1)


def beyond_ends(series):
    """Where the time points of a padded 3-D array lie behind the end of a series: bool (n_cases, 1, n_timepoints)."""
    return np.arange(series.shape[2]) >= lengths_of(series)[:, np.newaxis, np.newaxis]


def interpolate_to_end(series):
    """A padded 3-D array with its gaps filled by `interpolate`, and NaN behind the end of each series."""
    return np.where(beyond_ends(series), np.nan, interpolate(series))


def pad_cases(cases, n_timepoints=None):
    """Arrays of any one number of channels and of any lengths as one array, with NaN behind the end of each."""
    n_timepoints = max(case.shape[-1] for case in cases) if n_timepoints is None else n_timepoints
    dtype = np.result_type(*{case.dtype for case in cases}, np.float16)
    padded = np.full((len(cases), *cases[0].shape[:-1], n_timepoints), np.nan, dtype=dtype)
    for row, case in zip(padded, cases, strict=True):
        row[..., : case.shape[-1]] = case
    return padded


def stretch(series, n_timepoints):
    """Series of unequal length, stretched to one by straight lines between their time points; one more channel.

    The channel behind the others holds the number of time points that a series had.

    Parameters
    ----------
    series : float array of shape (n_cases, n_channels, n_timepoints_in)
        With NaN behind the end of each series, and nowhere else.
    n_timepoints : int
        The length of all of them then; series of this length stay as they are.

    Returns
    -------
    stretched : ndarray of shape (n_cases, n_channels + 1, n_timepoints)
    """
    lengths = lengths_of(series)
    last = lengths[:, np.newaxis] - 1  # (b, 1)
    time = np.arange(n_timepoints) * (last / max(n_timepoints - 1, 1))  # (b, t)
    before = np.minimum(time.astype(int), last)
    after = np.minimum(before + 1, last)
    start, stop = (np.take_along_axis(series, index[:, np.newaxis], axis=2) for index in (before, after))
    share = (time - before)[:, np.newaxis].astype(series.dtype)
    own_length = np.broadcast_to(lengths[:, np.newaxis, np.newaxis], (len(series), 1, n_timepoints))
    return np.concatenate([start + share * (stop - start), own_length.astype(series.dtype)], axis=1)


def long_gaps(missing, length):
    """The missing points of stretches of at least `length` time points, or that reach the start or the end.

    Parameters
    ----------
    missing : bool array of shape (..., n_timepoints)
    length : float

    Returns
    -------
    long : bool ndarray of the same shape
    """
    time, n_timepoints = np.arange(missing.shape[-1]), missing.shape[-1]
    before = np.maximum.accumulate(np.where(missing, -1, time), axis=-1)
    after = np.minimum.accumulate(np.where(missing, n_timepoints, time)[..., ::-1], axis=-1)[..., ::-1]
    at_rim = (before < 0) | (after == n_timepoints)
    return missing & (at_rim | (after - before > length))


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
