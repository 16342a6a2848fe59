"""Series to tokens, embeddings and features and back, likelihoods and samples, chunk by chunk."""

import dask.array as da
import numpy as np

from sktsvq._validation import AT_LEAST_ONE, draw_seed, validate_params
from sktsvq.dask._chunks import check_chunks, check_one_length, labels_beside, map_rows, sent_once
from sktsvq.generator import sample_series

__all__ = ["inverse_transform", "sample", "score_samples", "transform"]


def transform(estimator, X):
    """What `transform` of a fitted estimator gives, chunk by chunk.

    Parameters
    ----------
    estimator : object
        Fitted, with `transform`: a tokenizer, an encoder, a feature extractor, a Pipeline.
    X : dask array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        Series, or other rows that the estimator takes, in one chunk along all axes but the first.

    Returns
    -------
    X_out : dask array of shape (n_cases, n_features)
        In chunks of as many rows.

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
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:20])
    >>> tokens = sktsvq.dask.transform(tokenizer, da.from_array(X, chunks=(20, -1, -1)))
    >>> tokens.chunks
    ((20, 20, 20), (32,))
    >>> bool((tokens.compute() == tokenizer.transform(X)).all())
    True
    """
    check_chunks("X", X)
    return map_rows(estimator, "transform", X, example=np.zeros((1, *X.shape[1:]), X.dtype))


def inverse_transform(tokenizer, X):
    """The series that tokens stand for, chunk by chunk.

    Parameters
    ----------
    tokenizer : object
        Fitted, with `inverse_transform`.
    X : dask array of int, shape (n_cases, n_tokens)
        Tokens, in one chunk along the second axis.

    Returns
    -------
    series : dask array
        As `inverse_transform` of the tokenizer gives them, in chunks of as many rows.

    Raises
    ------
    ValueError
        If X is divided along its second axis, has another number of columns than there are tokens, or the tokenizer
        was fitted on series of unequal length.
    TypeError
        If X is no dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> import sktsvq.dask
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:20])
    >>> tokens = sktsvq.dask.transform(tokenizer, da.from_array(X, chunks=(20, -1, -1)))
    >>> sktsvq.dask.inverse_transform(tokenizer, tokens).chunks
    ((20, 20, 20), (1,), (32,))
    """
    check_chunks("X", X)
    example = np.zeros((1, *X.shape[1:]), X.dtype)
    vocabulary = getattr(tokenizer, "vocabulary_", None)
    if vocabulary is not None and X.shape[1:] == (vocabulary.n_tokens,):
        for part, codes in zip(vocabulary.token_slices, vocabulary.codebook_slices, strict=True):
            example[:, part] = codes.start
    return map_rows(tokenizer, "inverse_transform", X, example=example)


def score_samples(estimator, X, y=None):
    """The log-likelihood of each row, chunk by chunk.

    Parameters
    ----------
    estimator : object
        Fitted, with `score_samples`: a generator, a prior (X are tokens then), a VariationalAutoencoder.
    X : dask array of shape (n_cases, ...)
        In one chunk along all axes but the first.
    y : dask array of shape (n_cases,), optional
        The classes of the rows, in the chunks of X.

    Returns
    -------
    log_likelihood : dask array of shape (n_cases,)
        In nats.

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
    >>> from sktsvq.priors import MarkovPrior
    >>> tokens = da.from_array([[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]], chunks=(2, -1))
    >>> prior = MarkovPrior().fit(tokens.compute())
    >>> sktsvq.dask.score_samples(prior, tokens).shape
    (4,)
    """
    check_chunks("X", X)
    y = labels_beside(X, y)
    columns = () if y is None else (y[(slice(None), *[np.newaxis] * (X.ndim - 1))],)
    return da.map_blocks(
        _score_chunk,
        X,
        *columns,
        estimator=sent_once(estimator),
        drop_axis=list(range(1, X.ndim)),
        meta=np.empty(0),
    )


def _score_chunk(rows, labels=None, *, estimator):
    if len(rows) == 0:
        return np.empty(0)
    return np.asarray(estimator.score_samples(rows, None if labels is None else labels.ravel()), dtype=np.float64)


@validate_params(
    {"n_samples": [AT_LEAST_ONE], "chunk_size": [AT_LEAST_ONE], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def sample(generator, n_samples, *, y=None, chunk_size=1024, random_state=None):
    """Draw new series, chunk by chunk.

    Each chunk has a seed of its own, drawn from `random_state` and the chunk's number: the series depend on
    `random_state` and `chunk_size`, not on the number of workers. They are not those of the generator's own `sample`.

    Parameters
    ----------
    generator : object
        What `sktsvq.generator.sample_series` takes: a fitted generator or prior, or a Pipeline that ends in one.
    n_samples : int
        How many to draw, at least 1.
    y : label or array-like of shape (n_samples,), optional
        Classes to draw from.
    chunk_size : int, default=1024
        Series of a chunk.
    random_state : int, RandomState or None, default=None
        An int makes the draws repeatable.

    Returns
    -------
    X : dask array of shape (n_samples, n_channels, n_timepoints)
        2-D where the generator gives 2-D arrays. With ``random_state=None`` a seed is drawn here, once: two
        computations of one array agree.

    Raises
    ------
    ValueError
        If there is not one label for each series, the generator does not know a label, or it was fitted on series of
        unequal length.

    Examples
    --------
    >>> import sktsvq.dask
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0).fit(X)
    >>> new = sktsvq.dask.sample(generator, 50, chunk_size=20, random_state=0)
    >>> new.chunks
    ((20, 20, 10), (1,), (32,))
    """
    y = None if y is None else np.asarray(y)
    if y is not None and y.ndim and y.shape != (n_samples,):
        raise ValueError(f"y must be one label, or hold {n_samples}. Got shape {y.shape} instead.")
    labels = None if y is None else np.broadcast_to(y, n_samples)
    seed = draw_seed(random_state)
    estimator = sent_once(generator)
    # A class that the generator does not know comes to light here.
    classes = None if labels is None else sorted(set(labels.tolist()), key=str)
    drawn = sample_series(generator, len(classes or [0]), y=classes, random_state=seed)
    example = check_one_length(generator, drawn)
    rows = da.arange(n_samples, chunks=min(chunk_size, n_samples))
    return da.map_blocks(
        _sample_chunk,
        rows,
        *(() if labels is None else [da.from_array(labels, chunks=rows.chunks)]),
        generator=estimator,
        seed=seed,
        new_axis=list(range(1, example.ndim)),
        chunks=(rows.chunks[0], *((size,) for size in example.shape[1:])),
        meta=example[:0],
    )


def _sample_chunk(rows, labels=None, *, generator, seed, block_id):
    """As many series as there are rows, from the seed of this chunk."""
    own_seed = np.random.SeedSequence([seed, block_id[0]]).generate_state(1)[0] >> 1  # scikit-learn's have 31 bits
    return sample_series(generator, len(rows), y=labels, random_state=int(own_seed))
