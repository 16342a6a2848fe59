"""Tokenizer and prior in one estimator that writes series."""

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_memory

from sktsvq._validation import HasMethods, check_is_fitted, check_labels, check_params, draw_seed


def sample_series(estimator, n_samples=1, *, y=None, random_state=None):
    """Draw new series from a fitted generator, or from a plain Pipeline that ends in a prior.

    Parameters
    ----------
    estimator : object
        With `sample` (such as a VQGenerator), or a fitted Pipeline whose last step has `sample` and whose other steps
        have `inverse_transform`.
    n_samples : int, default=1
        How many to draw, at least 1.
    y : label or array-like of shape (n_samples,), optional
        Classes to draw from.
    random_state : int, RandomState or None, default=None
        An int makes the draws repeatable.

    Returns
    -------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        2-D where the estimator was fitted on 2-D series.

    Raises
    ------
    TypeError
        If the estimator cannot sample.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import sample_series
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> pipe = make_pipeline(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2)).fit(X, y)
    >>> sample_series(pipe, n_samples=3, random_state=0).shape
    (3, 1, 32)
    """
    prior = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(prior, "sample"):
        raise TypeError(
            "estimator must have a 'sample' method, or be a Pipeline whose last step has one. "
            f"Got {type(prior).__name__} instead."
        )
    drawn = prior.sample(n_samples, y=y, random_state=random_state)
    return estimator[:-1].inverse_transform(drawn) if isinstance(estimator, Pipeline) else drawn


def _prior_has(method):
    def check(self):
        return hasattr(getattr(self, "prior_", self.prior), method)

    return check


class VQGenerator(MetaEstimatorMixin, BaseEstimator):
    """Learn series in two stages, a tokenizer and a prior over its tokens, and write new ones.

    The tokens of the train set are computed once; the prior never sees the series. Both parts are searchable:
    ``GridSearchCV(generator, {"tokenizer__beta": ..., "prior__n_layers": ...})``.

    Parameters
    ----------
    tokenizer : estimator
        With `fit`, `transform` and `inverse_transform`, such as VQVAETokenizer. It is cloned, not changed.
    prior : estimator
        With `fit(tokens, y, codebook=)` and `sample`, such as MaskGITPrior. It is cloned, not changed.
    memory : str, joblib.Memory or None, default=None
        Where fitted tokenizers are kept, so that a search over the prior's parameters trains each of them once. The
        tokenizer then needs a fixed random state, here or its own.
    random_state : int, RandomState or None, default=None
        Determines the fits of those parts whose own `random_state` is None.

    Attributes
    ----------
    tokenizer_, prior_ : estimators
        The fitted parts.
    classes_ : ndarray or None
        Class labels, None where `fit` saw none.
    n_features_in_ : int
        Values per series, n_channels * n_timepoints.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> generator.fit(X, y).sample(4, y=[0, 0, 1, 1], random_state=0).shape
    (4, 1, 32)
    """

    _parameter_constraints = {
        "tokenizer": [HasMethods(["fit", "transform", "inverse_transform"])],
        "prior": [HasMethods(["fit", "sample"])],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    def __init__(self, tokenizer, prior, *, memory=None, random_state=None):
        self.tokenizer = tokenizer
        self.prior = prior
        self.memory = memory
        self.random_state = random_state

    def fit(self, X, y=None):
        """Fit the tokenizer on the series, then the prior on their tokens and labels.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series of equal length, without missing values.
        y : array-like of shape (n_cases,), optional
            Class labels of any type; with them `sample` can be told the class.

        Returns
        -------
        self : object
            Fitted generator.
        """
        check_params(self)
        tokenizer, prior = clone(self.tokenizer), clone(self.prior)
        _fix_random_states((tokenizer, prior), self.random_state)
        # A mistake in the prior or the labels must not come to light only after the tokenizer's training.
        check_params(prior)
        if y is not None:
            y = check_labels(X, y)
        fit_tokenizer = check_memory(self.memory).cache(_fit_tokenizer)
        self.tokenizer_, tokens = fit_tokenizer(tokenizer, X)
        token_slices = getattr(self.tokenizer_, "token_slices_", ())
        streams = {}
        if len(token_slices) > 1:
            streams = {"token_slices": token_slices, "codebook_slices": self.tokenizer_.codebook_slices_}
        self.prior_ = prior.fit(tokens, y, codebook=self.tokenizer_.codebook_, **streams)
        self.classes_ = self.prior_.classes_
        self.n_features_in_ = self.tokenizer_.n_features_in_
        return self

    def sample(self, n_samples=1, *, y=None, random_state=None):
        """Draw new series.

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : label or array-like of shape (n_samples,), optional
            Classes to draw from. Without it the classes are drawn with their frequencies in the train set.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            2-D where `fit` saw 2-D series; in the float dtype of the series seen in fit.
        """
        check_is_fitted(self)
        return self.tokenizer_.inverse_transform(self.prior_.sample(n_samples, y=y, random_state=random_state))

    @available_if(_prior_has("score_samples"))
    def score_samples(self, X, y=None):
        """Log-likelihood of the tokens of each series under the prior, in nats.

        Values of different tokenizers do not compare: each has its own tokens.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases,)
        """
        check_is_fitted(self)
        return self.prior_.score_samples(self.tokenizer_.transform(X), y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.one_d_labels = True
        return tags


def _fix_random_states(estimators, random_state):
    """Give each estimator whose `random_state` is None one of its own, drawn from `random_state`."""
    if random_state is None:
        return
    rng = np.random.RandomState(draw_seed(random_state))
    for estimator in estimators:
        seed = draw_seed(rng)
        if estimator.get_params(deep=False).get("random_state", 0) is None:
            estimator.set_params(random_state=seed)


def _fit_tokenizer(tokenizer, X):
    """The fitted tokenizer and the tokens of X; what `memory` keeps."""
    tokenizer.set_params(output="tokens").fit(X)
    return tokenizer, tokenizer.transform(X)
