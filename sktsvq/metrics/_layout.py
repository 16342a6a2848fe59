"""Bring collections of series into the layout that an estimator takes."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, get_tags

from sktsvq._gaps import lengths_of
from sktsvq._scaling import mean_and_scale
from sktsvq._series import stack

__all__ = ["check_collection", "check_collections", "flatten", "in_units_of", "layout_for"]


def check_collection(X, name="X"):
    """Return X as a 2-D or 3-D numeric array without NaN; raise a ValueError that names it otherwise."""
    X, is_unequal = stack(X)
    if is_unequal:
        lengths = lengths_of(X if X.ndim == 3 else X[:, np.newaxis])
        raise ValueError(
            f"{name} must hold series of one length, since scores compare whole series: resample them first. "
            f"Got lengths from {lengths.min()} to {lengths.max()}."
        )
    X = check_array(X, dtype="numeric", allow_nd=True, ensure_all_finite="allow-nan", input_name=name)
    gaps = np.isnan(X).any(axis=tuple(range(1, X.ndim))) if X.dtype.kind == "f" else np.False_
    if gaps.any():
        raise ValueError(
            f"{name} must hold no missing values, since scores compare whole series: fill them first, as "
            f"VQGenerator.impute does. Got NaN in {gaps.sum()} of {len(X)} series."
        )
    if X.ndim > 3:
        raise ValueError(
            f"{name} must be a 3-D array (n_cases, n_channels, n_timepoints) or a 2-D array (n_cases, n_timepoints). "
            f"Got {X.ndim} dimensions instead."
        )
    return X


def layout_for(estimator, X):
    """X as it is if `estimator` takes 3-D arrays, else with one row per case."""
    return X if X.ndim == 2 or _takes_3d(estimator) else X.reshape(len(X), -1)


def _takes_3d(estimator):
    if isinstance(estimator, Pipeline):
        return _takes_3d(estimator.steps[0][1])
    tags = get_tags(estimator)
    return tags.input_tags.three_d_array or tags.no_validation


def flatten(X):
    """The cases as rows."""
    X = np.asarray(X)
    return X.reshape(len(X), -1)


def check_collections(**collections):
    """The named collections as 3-D float64 arrays with the channels and time points of the first."""
    checked = {}
    for name, X in collections.items():
        X = check_collection(X, name).astype(np.float64, copy=False)
        checked[name] = X[:, np.newaxis] if X.ndim == 2 else X
    (first, reference), *others = checked.items()
    for name, X in others:
        if X.shape[1:] != reference.shape[1:]:
            raise ValueError(
                f"{name} must have the same channels and time points as {first}, {reference.shape[1:]}. "
                f"Got {X.shape[1:]} instead."
            )
    return list(checked.values())


def in_units_of(reference, *collections):
    """3-D collections as rows, each channel centred and divided by its standard deviation in `reference`."""
    mean, scale = mean_and_scale(reference, axis=(0, 2))
    return [flatten((X - mean) / scale) for X in collections]
