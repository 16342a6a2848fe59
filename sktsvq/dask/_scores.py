"""Scores whose statistics add up over chunks."""

import dask
import dask.array as da
import numpy as np
from sklearn.utils import check_array

from sktsvq.dask._chunks import check_chunks, labels_beside, map_rows, sent_once
from sktsvq.metrics._checks import check_pair
from sktsvq.metrics._frechet import distance_with_warning, merge_moments, moments

__all__ = ["codebook_usage", "frechet_distance", "score"]


def score(estimator, X, y=None):
    """The score of an estimator on all chunks together, computed at once.

    It equals the estimator's own `score` of the whole array up to rounding: a tokenizer's minus mean squared error, the
    mean log-likelihood of a prior or a generator, the accuracy of a classifier.

    Parameters
    ----------
    estimator : object
        Fitted, with a `score` that is a mean over rows, or over the known values of X.
    X : dask array of shape (n_cases, ...)
        In one chunk along all axes but the first.
    y : dask array of shape (n_cases,), optional
        The classes of the rows, in the chunks of X.

    Returns
    -------
    score : float
        Greater is better.

    Raises
    ------
    ValueError
        If X is divided along another axis than the first, or y has other chunks.
    TypeError
        If X or y is no dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> import sktsvq.dask
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:20])
    >>> score = sktsvq.dask.score(tokenizer, da.from_array(X, chunks=(20, -1, -1)))
    >>> bool(abs(score - tokenizer.score(X)) < 1e-6)
    True
    """
    check_chunks("X", X)
    y = labels_beside(X, y)
    chunks = X.to_delayed().ravel()
    labels = [None] * len(chunks) if y is None else y.to_delayed()
    estimator, score_of = sent_once(estimator), dask.delayed(_weighted_score)
    parts = dask.compute(*(score_of(estimator, *pair) for pair in zip(chunks, labels, strict=True)))
    total, weight = np.sum(parts, axis=0)
    return float(total / weight)


def _weighted_score(estimator, rows, labels):
    """The score of a chunk times its weight, and the weight: the number of values that the score is a mean of."""
    if len(rows) == 0:
        return 0.0, 0
    is_of_rows = labels is not None or hasattr(estimator, "score_samples")
    weight = len(rows) if is_of_rows else np.count_nonzero(~np.isnan(rows))
    return estimator.score(rows, labels) * weight, weight


def codebook_usage(tokenizer, X):
    """How often each code stands in the tokens of all series, as `codebook_usage_` tells of the train set.

    Parameters
    ----------
    tokenizer : object
        Fitted tokenizer.
    X : dask array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        Series, in one chunk along all axes but the first.

    Returns
    -------
    usage : dask array of int, shape (codebook_size_,)
        Its sum is the number of tokens; ``numpy.exp(scipy.stats.entropy(usage))`` is their perplexity.

    Raises
    ------
    ValueError
        If X is divided along channels or time, or has other sizes than in `fit`.
    TypeError
        If X is no dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> import sktsvq.dask
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X)
    >>> usage = sktsvq.dask.codebook_usage(tokenizer, da.from_array(X, chunks=(20, -1, -1)))
    >>> bool((usage.compute() == tokenizer.codebook_usage_).all())
    True
    """
    check_chunks("X", X)
    tokens = map_rows(tokenizer, "tokenize", X, example=np.zeros((1, *X.shape[1:]), X.dtype))
    return da.bincount(tokens.ravel(), minlength=tokenizer.codebook_size_)


def frechet_distance(features_real, features_generated):
    """`sktsvq.metrics.frechet_distance` of features in chunks, computed at once.

    Each chunk gives its mean and a triangular root of its covariance, which are merged: no more than a chunk of
    features is in memory, and the distance equals that of the whole arrays up to rounding.

    Parameters
    ----------
    features_real, features_generated : dask arrays of shape (n_cases, n_features)
        Each in one chunk along the second axis; ``transform(SeriesFeatures().fit(X), ...)`` gives such.

    Returns
    -------
    distance : float
        In [0, inf), in squared units of the features.

    Raises
    ------
    ValueError
        If a set is divided along its second axis, holds NaN or fewer than two rows, or the two have not as many
        features.
    TypeError
        If a set is no dask array.

    Warns
    -----
    UserWarning
        If the rows are too few for the distance to mean much.

    Examples
    --------
    >>> import dask.array as da
    >>> from sktsvq.dask import frechet_distance
    >>> real, generated = (da.from_array([[low], [low + 2.0]], chunks=(1, 1)) for low in (0.0, 3.0))
    >>> round(frechet_distance(real, generated), 6)
    9.0
    """
    sets = {"features_real": features_real, "features_generated": features_generated}
    for name, features in sets.items():
        check_chunks(name, features)
        if features.ndim != 2:
            raise ValueError(f"{name} must be a 2-D array. Got {features.ndim} dimensions instead.")
    check_pair("frechet_distance", **{name: np.zeros((1, features.shape[1])) for name, features in sets.items()})
    merged = dask.compute(*(_merged_moments(name, features) for name, features in sets.items()))
    for name, part in zip(sets, merged, strict=True):
        if part.n_rows < 2:
            raise ValueError(f"{name} must hold at least 2 rows. Got {part.n_rows} instead.")
    return distance_with_warning(*merged)


def _merged_moments(name, features):
    """Delayed: the moments of all chunks of a 2-D array together, merged as a tree."""
    parts = [dask.delayed(_moments)(name, chunk) for chunk in features.to_delayed().ravel()]
    while len(parts) > 1:
        pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
        parts = [dask.delayed(merge_moments)(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]


def _moments(name, features):
    checked = check_array(
        features, dtype=np.float64, ensure_min_samples=0, input_name=name, estimator="frechet_distance"
    )
    return moments(checked)
