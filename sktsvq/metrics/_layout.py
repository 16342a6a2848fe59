"""Bring collections of series into the layout that an estimator takes."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, get_tags

from sktsvq._gaps import interpolate, interpolate_to_end
from sktsvq._scaling import mean_and_scale
from sktsvq._series import stack
from sktsvq.metrics._uneven import UnevenSeries, is_uneven

__all__ = ["cases_of", "check_collection", "check_collections", "flatten", "in_units_of", "layout_for", "stretched"]


def check_collection(X, name="X", *, uneven=False):
    """Return X as a 2-D or 3-D numeric array, or as UnevenSeries; gaps are bridged by straight lines.

    A ValueError names it where it is no collection of series, or a channel of a series has no known value. With
    `uneven` NaN behind the last known value of a series in an array is its end, no gap.
    """
    if isinstance(X, UnevenSeries):
        return X
    X, is_list = stack(X)
    X = check_array(X, dtype="numeric", allow_nd=True, ensure_all_finite="allow-nan", input_name=name)
    if X.ndim > 3:
        raise ValueError(
            f"{name} must be a 3-D array (n_cases, n_channels, n_timepoints), a 2-D array (n_cases, n_timepoints) or a "
            f"list of (n_channels, n_timepoints) arrays. Got {X.ndim} dimensions instead."
        )
    uneven = uneven or is_list
    if not uneven and (X.dtype.kind != "f" or not np.isnan(X).any()):
        return X
    series = X[:, np.newaxis] if X.ndim == 2 else X
    series = series.astype(np.result_type(series.dtype, np.float32), copy=False)
    if (missing := np.isnan(series).all(axis=2)).any():
        case, channel = np.argwhere(missing)[0]
        raise ValueError(
            f"{name} must hold a known value in each channel of each series. Got channel {channel} of series {case} "
            "with NaN alone."
        )
    return UnevenSeries(interpolate_to_end(series)) if uneven else interpolate(series).reshape(X.shape)


def layout_for(estimator, X):
    """X as it is if `estimator` takes 3-D arrays, else with one row per case.

    Series of unequal length are a list for an estimator that was fitted on such series, and stretched for others.
    """
    if isinstance(X, UnevenSeries):
        if _knows_lengths(estimator):
            return cases_of(X)
        X = X.stretched()
    return X if X.ndim == 2 or _takes_3d(estimator) else X.reshape(len(X), -1)


def _takes_3d(estimator):
    if isinstance(estimator, Pipeline):
        return _takes_3d(estimator.steps[0][1])
    tags = get_tags(estimator)
    return tags.input_tags.three_d_array or tags.no_validation


def _knows_lengths(estimator):
    """Whether it was fitted on series of unequal length: one of sktsvq or of aeon, or a Pipeline that starts so."""
    if isinstance(estimator, Pipeline):
        return _knows_lengths(estimator.steps[0][1])
    of_aeon = getattr(estimator, "metadata_", None) or {}
    return getattr(estimator, "unequal_length_in_", False) or of_aeon.get("unequal_length", False)


def cases_of(X):
    """The checked series one by one."""
    return X.to_list() if isinstance(X, UnevenSeries) else X


def flatten(X):
    """The cases as rows."""
    X = np.asarray(X)
    return X.reshape(len(X), -1)


def stretched(X):
    """Checked series as an array: those of unequal length stretched to one, with the length as one more channel."""
    return X.stretched() if isinstance(X, UnevenSeries) else X


def check_collections(**collections):
    """The named collections as 3-D float64 arrays with the channels and time points of the first.

    All are UnevenSeries where one of them is of unequal length: they are stretched to the longest of the first.
    """
    uneven = any(is_uneven(X) for X in collections.values())
    checked = {}
    for name, X in collections.items():
        X = check_collection(X, name, uneven=uneven).astype(np.float64, copy=False)
        checked[name] = X[:, np.newaxis] if X.ndim == 2 else X
    if uneven:
        n_timepoints = next(iter(checked.values())).shape[2]
        checked = {name: UnevenSeries(X.padded, n_timepoints) for name, X in checked.items()}
    (first, reference), *others = checked.items()
    for name, X in others:
        if X.shape[1:] != reference.shape[1:]:
            raise ValueError(
                f"{name} must have the same channels and time points as {first}, {reference.shape[1:]}. "
                f"Got {X.shape[1:]} instead."
            )
    return list(checked.values())


def in_units_of(reference, *collections):
    """3-D collections as rows, each channel centred and divided by its standard deviation in `reference`.

    Series of unequal length are stretched, and their length is one more channel.
    """
    mean, scale = mean_and_scale(stretched(reference), axis=(0, 2))
    return [flatten((stretched(X) - mean) / scale) for X in collections]
