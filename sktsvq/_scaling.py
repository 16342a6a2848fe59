"""The scale of values, where some of them are constant."""

import numpy as np

__all__ = ["is_constant", "mean_and_scale"]

# A range below this many units in the last place of the largest value is rounding, also of some arithmetic before.
_N_UNITS = 32


def is_constant(values, axis):
    """Whether values are equal along axes up to rounding, NaN left out; the axes are kept.

    Parameters
    ----------
    values : float array
    axis : int or tuple of int

    Returns
    -------
    constant : bool ndarray
    """
    extent, rounding = _extent_and_rounding(values, axis)
    return extent <= rounding


def _extent_and_rounding(values, axis):
    """Greatest minus least value, and the difference that may be rounding."""
    low, high = (extreme.reduce(values, axis=axis, keepdims=True) for extreme in (np.fmin, np.fmax))
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore"):
        return high - low, _N_UNITS * np.finfo(values.dtype).eps * size


def mean_and_scale(values, axis):
    """Mean and standard deviation along axes, in float64.

    Where values are constant up to rounding, the scale is 1, or what may be rounding if that is more.

    Parameters
    ----------
    values : float array
        NaN is left out.
    axis : int or tuple of int

    Returns
    -------
    mean, scale : float64 ndarrays, with the axes kept
    """
    mean = values.mean(axis=axis, dtype=np.float64, keepdims=True)
    scale = values.std(axis=axis, dtype=np.float64, keepdims=True)
    if np.isnan(mean).any():
        mean = np.nanmean(values, axis=axis, dtype=np.float64, keepdims=True)
        scale = np.nanstd(values, axis=axis, dtype=np.float64, keepdims=True)
    extent, rounding = _extent_and_rounding(values, axis)
    return mean, np.where((extent <= rounding) | (scale == 0), np.maximum(1.0, rounding), scale)
