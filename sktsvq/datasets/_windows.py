"""Windows of one long series."""

import numpy as np
from sklearn.utils import check_array

from sktsvq._validation import AT_LEAST_ONE, validate_params


@validate_params(
    {"series": ["array-like"], "length": [AT_LEAST_ONE], "stride": [AT_LEAST_ONE]},
    prefer_skip_nested_validation=True,
)
def make_windows(series, length, stride=1):
    """Cut one long series into windows of equal length.

    Parameters
    ----------
    series : array-like of shape (n_channels, n_timepoints) or (n_timepoints,), or data frame
        The series. One dimension is one channel. A data frame has a row for each time point and a column for each
        channel. Missing values may be NaN.

    length : int
        Number of time points of each window.

    stride : int, default=1
        Number of time points between the starts of two neighbouring windows. ``stride=length`` gives windows that do
        not overlap.

    Returns
    -------
    X : ndarray of shape (n_windows, n_channels, length)
        The windows in the order of time, in the dtype of `series`. There are
        ``(n_timepoints - length) // stride + 1`` of them; time points at the end that fill no window are left out.
        X is a copy: writing to it does not change `series`, and it takes about ``length / stride`` times its memory.

    Raises
    ------
    ValueError
        If `length` or `stride` is not an int of at least 1, `series` is shorter than `length`, is not numeric, or has
        neither one nor two dimensions.

    Notes
    -----
    Windows that overlap share values. Split a series in time first and cut each part into windows, or the test set
    holds values of the train set.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.datasets import make_windows
    >>> make_windows(np.arange(7), length=3, stride=2)
    array([[[0, 1, 2]],
    <BLANKLINE>
           [[2, 3, 4]],
    <BLANKLINE>
           [[4, 5, 6]]])
    >>> make_windows(np.zeros((5, 1000)), length=24).shape
    (977, 5, 24)
    """
    values = check_array(
        series, ensure_2d=False, allow_nd=True, ensure_all_finite=False, ensure_min_samples=0, input_name="series"
    )
    if hasattr(series, "columns"):
        values = values.T
    if values.ndim not in (1, 2):
        raise ValueError(
            "The 'series' parameter of make_windows must have the shape (n_channels, n_timepoints) or "
            f"(n_timepoints,). Got {values.ndim} dimensions instead."
        )
    values = np.atleast_2d(values)
    n_channels, n_timepoints = values.shape
    if length > n_timepoints:
        raise ValueError(
            f"The 'length' parameter of make_windows must be at most {n_timepoints}, the number of time points of "
            f"'series' (its last axis). Got {length} instead."
        )
    starts = range(0, n_timepoints - length + 1, stride)
    windows = np.empty((len(starts), n_channels, length), dtype=values.dtype)
    for window, start in zip(windows, starts, strict=True):
        window[:] = values[:, start : start + length]
    return windows
