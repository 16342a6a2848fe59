"""Data frames of series: with a row for each time point and a column for each channel."""

import numpy as np
from sklearn.utils import check_array

from sktsvq._validation import validate_params


def from_frame(frame):
    """The series of a data frame, for `fit` and all other methods that take series.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row for each time point, a column for each channel. The index has two levels: the series, and the time
        point in it, such as aeon's ``pd-multiindex``; both are known. Rows are in the order of time. Missing values
        of the columns are NaN.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints), or list of ndarray
        The series in the order in which they begin, in the common float dtype of the columns. Where they are of
        unequal length, a list of arrays of shape (n_channels, n_timepoints).

    Raises
    ------
    ValueError
        If `frame` is no data frame, its index has other than two levels or missing values, or a column is not numeric.

    See Also
    --------
    to_frame : Back again, with the columns and the index of a data frame.
    make_windows : Takes a data frame of one long series.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsvq.datasets import from_frame, to_frame
    >>> index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2026-01-01", periods=3)])
    >>> frame = pd.DataFrame({"load": [1.0, 2, 3, 4, 5, 6], "wind": [0.0, 0, 1, 1, 0, 0]}, index=index)
    >>> X = from_frame(frame)
    >>> X.shape
    (2, 2, 3)
    >>> to_frame(X, like=frame).equals(frame)
    True
    """
    values = check_array(frame, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", input_name="frame")
    cases = [values[rows].T for rows in _rows_of_cases("from_frame", "frame", frame)]
    return np.stack(cases) if len({case.shape for case in cases}) == 1 else cases


@validate_params(
    {"X": ["array-like"], "like": "no_validation", "columns": ["array-like", None]}, prefer_skip_nested_validation=True
)
def to_frame(X, *, like=None, columns=None):
    """Series as a data frame with a row for each time point and a column for each channel.

    Parameters
    ----------
    X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
        Series, as from `sample`, `impute` or `inverse_transform`.
    like : pandas.DataFrame, optional
        A data frame as `from_frame` takes it, of the same number of series, time points and channels: the result has
        its index and columns.
    columns : array-like of shape (n_channels,), optional
        Names of the channels in place of 0 to n_channels - 1, without `like`.

    Returns
    -------
    frame : pandas.DataFrame
        Without `like` the levels of the index are called case and time, and count from 0.

    Raises
    ------
    ValueError
        If there are no series, if they have other numbers of channels than each other or than `columns`, if `like`
        has other series, time points or channels than `X`, or if both `columns` and `like` are given.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.datasets import to_frame
    >>> to_frame(np.arange(8.0).reshape(2, 2, 2), columns=["load", "wind"])  # doctest: +NORMALIZE_WHITESPACE
               load  wind
    case time
    0    0      0.0   2.0
         1      1.0   3.0
    1    0      4.0   6.0
         1      5.0   7.0
    """
    import pandas as pd

    cases = [np.atleast_2d(case) for case in X]  # (n_channels, n_timepoints_i)
    if not cases:
        raise ValueError("The 'X' parameter of to_frame must hold at least one series. Got none instead.")
    n_channels = len(cases[0]) if columns is None else len(columns)
    for i, case in enumerate(cases):
        if case.ndim > 2 or len(case) != n_channels:
            raise ValueError(
                f"The 'X' parameter of to_frame must hold series (n_channels, n_timepoints) of {n_channels} channels "
                f"each, as many as 'columns' or the first series. Got the shape {case.shape} of series {i} instead."
            )
    values = np.concatenate([case.T for case in cases])
    lengths = [case.shape[1] for case in cases]
    if like is None:
        index = pd.MultiIndex.from_arrays(
            [np.repeat(np.arange(len(cases)), lengths), np.concatenate([np.arange(length) for length in lengths])],
            names=["case", "time"],
        )
        return pd.DataFrame(values, index=index, columns=columns)
    if columns is not None:
        raise ValueError("The 'like' and 'columns' parameters of to_frame must not both be given: like has columns.")
    rows = _rows_of_cases("to_frame", "like", like)
    _check_sizes([(len(like.columns), len(of_case)) for of_case in rows], [case.shape for case in cases])
    placed = np.empty_like(values)
    placed[np.concatenate(rows)] = values
    return pd.DataFrame(placed, index=like.index, columns=like.columns)


def _rows_of_cases(function, name, frame):
    """Positions of the rows of each series, in the order in which series begin."""
    n_levels = frame.index.nlevels if hasattr(frame, "columns") else None
    if n_levels != 2:
        got = type(frame).__name__ if n_levels is None else f"{n_levels} level"
        raise ValueError(
            f"The '{name}' parameter of {function} must be a pandas.DataFrame whose index has two levels, the series "
            f"and the time point. Got {got} instead. make_windows takes a data frame of one series."
        )
    for level, what in enumerate(("series", "time point")):
        missing = frame.index.get_level_values(level).isna()
        if missing.any():
            raise ValueError(
                f"The '{name}' parameter of {function} must have an index without missing values. Got a missing {what} "
                f"in row {missing.argmax()} instead."
            )
    return list(frame.groupby(level=0, sort=False).indices.values())


def _check_sizes(sizes, of_X):
    """Raise a ValueError unless the series of `like` have the (n_channels, n_timepoints) of those of X."""
    rule = "The 'like' parameter of to_frame must hold as many series, channels and time points as 'X'."
    if len(sizes) != len(of_X):
        raise ValueError(f"{rule} Got {len(sizes)} series for {len(of_X)} of 'X'.")
    for i, (size, of_case) in enumerate(zip(sizes, of_X, strict=True)):
        if size != of_case:
            raise ValueError(f"{rule} Got the shape {size} of series {i} for {of_case} of 'X'.")
