"""The chunks of dask arrays: checks of their borders, and fitted estimators applied to one after the other."""

import dask
import dask.array as da
import numpy as np

from sktsvq._validation import check_is_fitted

__all__ = ["check_chunks", "check_one_length", "labels_beside", "map_rows", "sent_once"]


def check_chunks(name, X):
    """Raise unless X is a dask array that is divided along its first axis alone."""
    if not isinstance(X, da.Array):
        raise TypeError(f"{name} must be a dask array. Got {type(X).__name__} instead.")
    if X.ndim < 2:
        raise ValueError(f"{name} must have at least 2 dimensions. Got {X.ndim} instead.")
    if max(X.numblocks[1:]) > 1:
        whole = dict.fromkeys(range(1, X.ndim), -1)
        raise ValueError(
            f"{name} must be in one chunk along all axes but the first. Got {X.numblocks} chunks instead: call "
            f"{name}.rechunk({whole})."
        )


def sent_once(estimator):
    """A fitted estimator as one task of a graph, so that a worker gets it once and not with each chunk."""
    check_is_fitted(estimator)
    return dask.delayed(estimator, traverse=False)


def check_one_length(estimator, rows):
    """The rows that a fitted estimator gave; a ValueError where they are a list, of series of unequal length."""
    if isinstance(rows, list):
        raise ValueError(
            f"{type(estimator).__name__} must be fitted on series of one length, the only ones that a dask array can "
            "hold. Got series of several lengths instead."
        )
    return rows


def map_rows(estimator, method, X, *, example):
    """A method of a fitted estimator over the chunks of X; `example` is a row of X, which tells the result's shape."""
    result = check_one_length(estimator, getattr(estimator, method)(example))
    return X.map_blocks(
        _apply,
        sent_once(estimator),
        method,
        empty=result[:0],
        drop_axis=list(range(1, X.ndim)),
        new_axis=list(range(1, result.ndim)),
        chunks=(X.chunks[0], *((size,) for size in result.shape[1:])),
        meta=result[:0],
    )


def _apply(rows, estimator, method, *, empty):
    return getattr(estimator, method)(rows) if len(rows) else empty


def labels_beside(X, y):
    """The labels as a dask array in the chunks of the rows of X; None for None."""
    if y is None:
        return None
    if not isinstance(y, da.Array):
        y = da.from_array(np.asarray(y))
    n_rows = X.shape[0]
    has_known_sizes = not np.isnan([n_rows, *y.shape]).any()
    if y.ndim != 1 or (has_known_sizes and y.shape != (n_rows,)):
        raise ValueError(f"y must hold one label for each of the {n_rows} rows of X. Got shape {y.shape} instead.")
    if has_known_sizes:
        y = y.rechunk((X.chunks[0],))
    elif y.numblocks != X.numblocks[:1]:
        raise ValueError(f"y must be in {X.numblocks[0]} chunks, as X is. Got {y.numblocks[0]} instead.")
    return y
