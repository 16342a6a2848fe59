"""Series of unequal length in the form that scores compute with, and gaps that samples share with real series."""

import numpy as np
from sklearn.pipeline import Pipeline

from sktsvq._gaps import beyond_ends, lengths_of, stretch
from sktsvq._series import stack

__all__ = ["UnevenSeries", "draws_uneven", "gaps_of", "is_uneven", "with_gaps"]


class UnevenSeries:
    """A collection of series of unequal length, indexed by case as an array is.

    Parameters
    ----------
    padded : float array of shape (n_cases, n_channels, n_longest)
        With NaN behind the end of each series, and nowhere else.
    n_timepoints : int, default=None
        The length that series are stretched to where one is needed. None is that of the longest.

    Attributes
    ----------
    lengths : int ndarray of shape (n_cases,)
        Number of time points of each series.
    """

    ndim = 3

    def __init__(self, padded, n_timepoints=None):
        self.padded = padded
        self.n_timepoints = padded.shape[2] if n_timepoints is None else n_timepoints
        self.lengths = lengths_of(padded)

    @property
    def shape(self):
        return (*self.padded.shape[:2], self.n_timepoints)

    def __len__(self):
        return len(self.padded)

    def __getitem__(self, cases):
        return type(self)(self.padded[cases], self.n_timepoints)

    def astype(self, dtype, copy=True):
        return type(self)(self.padded.astype(dtype, copy=copy), self.n_timepoints)

    def copy(self):
        return type(self)(self.padded.copy(), self.n_timepoints)

    def to_list(self):
        """Each series as an array (n_channels, n_timepoints_i) of its own."""
        return [case[:, :length].copy() for case, length in zip(self.padded, self.lengths, strict=True)]

    def stretched(self):
        """The series with `n_timepoints` time points each, and their lengths as one more channel."""
        return stretch(self.padded, self.n_timepoints)


def is_uneven(X):
    """Whether a collection is of unequal length."""
    return isinstance(X, UnevenSeries) or stack(X)[1]


def draws_uneven(estimator):
    """Whether an estimator, or a step of a Pipeline, was fitted on series of unequal length, so that it draws such."""
    parts = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
    return any(getattr(part, "unequal_length_in_", False) for part in parts)


def gaps_of(X, *, uneven=False):
    """Where values of a collection are missing: bool (n_cases, n_channels, n_timepoints), or None where none is.

    With `uneven` NaN behind the last known value of a series in an array is its end, no gap.
    """
    X, is_list = stack(X)
    X = np.asarray(X)
    if X.dtype.kind != "f" or not np.isnan(X).any():
        return None
    X = X[:, np.newaxis] if X.ndim == 2 else X
    gaps = np.isnan(X)
    if uneven or is_list:
        gaps &= ~beyond_ends(X)
    return gaps if gaps.any() else None


def with_gaps(X, gaps):
    """Series of one or of unequal length, with NaN where other series have gaps; each channel keeps a known value."""
    padded, is_list = stack(X)
    padded = np.array(padded, dtype=np.result_type(np.asarray(padded).dtype, np.float32))
    series = padded[:, np.newaxis] if padded.ndim == 2 else padded  # a view
    ends = lengths_of(series)
    missing = np.zeros(series.shape, dtype=bool)
    n_common = min(series.shape[2], gaps.shape[2])
    missing[..., :n_common] = gaps[..., :n_common]
    missing[(missing | np.isnan(series)).all(axis=2)] = False
    series[missing] = np.nan
    return [case[..., :end] for case, end in zip(padded, ends, strict=True)] if is_list else padded
