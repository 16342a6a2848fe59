"""What every prior has in common: labels, tokens at the door, sampling, completing, scoring."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from sktsvq._devices import single_precision
from sktsvq._draws import draw_classes
from sktsvq._fitting import keeps_consistent
from sktsvq._parameters import Parameters, param
from sktsvq._persistence import SaveMixin
from sktsvq._summary import SummaryMixin
from sktsvq._validation import (
    AT_LEAST_ONE,
    RandomStateLike,
    StrOptions,
    check_columns,
    check_ids,
    check_is_fitted,
    check_labels,
    check_params,
    check_sample_size,
    check_tokens,
    draw_seed,
    encode_labels,
    known_labels,
    repeat_label,
)
from sktsvq._vocabulary import Vocabulary, VocabularyMixin


class PriorParams(Parameters):
    """What every prior takes."""

    codebook_size: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Number of codes; "auto" is that of the `vocabulary` given to `fit`, else the largest token seen plus 1.',
        positional=True,
    )


class BasePrior(SaveMixin, SummaryMixin, VocabularyMixin, PriorParams, BaseEstimator, ABC):
    """Base of the priors; of those that train a network, `NetworkPrior` is.

    A subclass states its parameters by `param` and writes `_fit`, `_complete` and `_score` on int64 arrays. Labels are
    positions in `classes_`, or n_classes for "no label". Where `vocabulary_.allowed` is not None, only the codes that
    it allows at a position may be drawn there. While it fits, `_firsts` are the positions of the series among them and
    their copies, or None where no copies are known.

    Attributes
    ----------
    n_features_in_ : int
        Length of the sequences, as `n_tokens_`.
    classes_ : ndarray or None
        Class labels, None where `fit` saw none.
    class_prior_ : ndarray of shape (n_classes,)
        Frequencies of the classes in the train set; only with labels.
    """

    @abstractmethod
    def _fit(self, tokens, labels, X, y):
        """Learn from checked tokens (n_cases, n_tokens) and labels (n_cases,); X and y are what `fit` was given."""

    @abstractmethod
    def _complete(self, tokens, labels, seed):
        """Fill the tokens that are -1."""

    @abstractmethod
    def _score(self, tokens, labels):
        """Log-likelihood of each token as the prior factorises it, so that rows sum to those of the sequences."""

    def _check_params(self):
        """All that can be known of the parameters before any work."""
        check_params(self)

    def _check_sizes(self, n_cases):
        """Raise where parameters contradict `vocabulary_`, `classes_` or the number of cases."""

    def _check_plan(self, vocabulary, n_cases, y):
        """Raise what a `fit` on tokens with this vocabulary would raise, before there are any tokens."""
        plan = clone(self)
        plan.vocabulary_ = plan._choose_vocabulary(vocabulary, None)
        plan.classes_ = None if y is None else np.unique(y)
        plan._check_sizes(n_cases)

    def _goes_on(self):
        """Whether `fit` keeps the sizes and the classes of the last one."""
        return False

    @keeps_consistent
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        vocabulary: Vocabulary | None = None,
        series_ids: ArrayLike | None = None,
    ) -> Self:
        """Learn the distribution of the tokens, of each class where labels are given.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens)
            Tokens in [0, codebook_size), from `transform` of a tokenizer.
        y : array-like of shape (n_cases,), optional
            Class labels of any type. Without them the prior is unconditional.
        vocabulary : Vocabulary, optional
            What the tokenizer says of its tokens (`vocabulary_`): their codes and streams. Without it, a new stream
            begins at each position from which on all tokens are greater than all tokens before it.
        series_ids : array-like of shape (n_cases,), optional
            Sequences with one id are one series, first as it is, then in changed copies. All are learnt alike, but a
            prior that ends its training by how new its samples are compares them with the series alone. Each has the
            label of its series.

        Returns
        -------
        self : object
            Fitted prior.

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, or X, y, `vocabulary` or `series_ids` is none of the above or contradicts
            another.
        KeyboardInterrupt
            After Ctrl-C; the epochs that were finished by then count.
        """
        self._check_params()
        goes_on = self._goes_on()
        tokens = check_tokens(self, X, codebook_size=None if self.codebook_size == "auto" else self.codebook_size)
        labels = None if y is None else check_labels(tokens, y)
        if goes_on:
            self._check_same(vocabulary)
        else:
            check_columns(self, X, reset=True)
            self.vocabulary_ = self._choose_vocabulary(vocabulary, tokens)
            self.classes_ = None if labels is None else np.unique(labels)
        self.vocabulary_.check_streams(self._check_known(X), type(self).__name__)
        encoded = self._encode_labels(labels, len(tokens))
        if not goes_on and labels is not None:
            self.class_prior_ = np.bincount(encoded) / len(encoded)
        self._check_sizes(len(tokens))
        self._firsts = None if series_ids is None else _firsts(check_ids(tokens, series_ids))
        try:
            self._fit(tokens, encoded, X, y)
        finally:
            del self._firsts
        return self

    def _choose_vocabulary(self, given, tokens):
        size = None if self.codebook_size == "auto" else self.codebook_size
        if given is None:
            return Vocabulary.from_tokens(tokens, size)
        _check_is_vocabulary(given, self)
        if tokens is not None and given.n_tokens != tokens.shape[1]:
            raise ValueError(
                f"vocabulary of {type(self).__name__} must be of sequences of {tokens.shape[1]} tokens, as X holds. "
                f"Got one of {given.n_tokens} instead."
            )
        if size not in (None, given.codebook_size):
            raise ValueError(
                f"The 'codebook_size' parameter of {type(self).__name__} must be 'auto' or that of the vocabulary, "
                f"{given.codebook_size}. Got {size} instead."
            )
        return given

    def _check_same(self, given):
        """Raise unless the vocabulary given to a `fit` that goes on is that of the last one."""
        if given is None:
            return
        _check_is_vocabulary(given, self)
        sizes = [(one.codebook_size, one.n_tokens, one.streams) for one in (self.vocabulary_, given)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"vocabulary of {type(self).__name__} must have the sizes and streams of the last fit with "
                f"warm_start=True, {sizes[0]}. Got {sizes[1]} instead."
            )

    def _check_known(self, tokens, allow_missing=False):
        """Tokens as an int64 array, of the length and with the codes of `vocabulary_`."""
        checked = check_tokens(self, tokens, codebook_size=self.codebook_size_, allow_missing=allow_missing)
        check_columns(self, tokens, reset=False)
        return checked

    def sample(
        self, n_samples: int = 1, *, y: ArrayLike | None = None, random_state: RandomStateLike = None
    ) -> np.ndarray:
        """Draw new token sequences.

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : label or array-like of shape (n_samples,), optional
            Classes to draw from. Without it each class is drawn as often as in the train set, up to rounding.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        tokens : ndarray of int64, shape (n_samples, n_tokens_)
            In [0, codebook_size_).
        """
        check_is_fitted(self)
        check_sample_size(self, n_samples)
        labels, seed = self._draw_labels(n_samples, y, random_state)
        with single_precision():
            return self._complete(np.full((n_samples, self.n_tokens_), -1), labels, seed)

    def _draw_labels(self, n_samples, y, random_state):
        """Positions of the given labels, or of random ones, and a seed for what follows."""
        rng = np.random.RandomState(draw_seed(random_state))
        if y is None and self.classes_ is not None:
            labels = draw_classes(self.class_prior_, n_samples, rng)
        else:
            labels = self._encode_labels(repeat_label(y, n_samples), n_samples)
        return labels, draw_seed(rng)

    def complete(self, X: ArrayLike, *, y: ArrayLike | None = None, random_state: RandomStateLike = None) -> np.ndarray:
        """Fill the tokens that are -1; the known ones stay as they are.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_), or -1 where they are to be filled.
        y : array-like of shape (n_cases,), optional
            The classes of the sequences, where they are known.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable.

        Returns
        -------
        tokens : ndarray of int64, shape (n_cases, n_tokens_)
            In [0, codebook_size_).
        """
        check_is_fitted(self)
        tokens = self._check_known(X, allow_missing=True).copy()
        labels, seed = self._encode_labels(y, len(tokens)), draw_seed(random_state)
        incomplete = (tokens < 0).any(axis=1)
        if incomplete.any():
            with single_precision():
                tokens[incomplete] = self._complete(tokens[incomplete], labels[incomplete], seed)
        return tokens

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Mean log-likelihood of token sequences, in nats, given their classes where `y` is given.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_).
        y : array-like of shape (n_cases,), optional
            The classes of the sequences, where they are known.

        Returns
        -------
        score : float
            Greater is better.
        """
        return float(self.score_samples(X, y).mean())

    def score_samples(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """Log-likelihood of token sequences, in nats, given their classes where `y` is given.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_).
        y : array-like of shape (n_cases,), optional
            The classes of the sequences, where they are known.

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases,)
            In nats; greater is more likely.
        """
        return self.score_tokens(X, y).sum(axis=1)

    def score_tokens(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """Log-likelihood of each token given those that the prior puts before it; a row sums to `score_samples`.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_).
        y : array-like of shape (n_cases,), optional
            The classes of the sequences, where they are known.

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases, n_tokens_)
            In nats; greater is more likely.
        """
        check_is_fitted(self)
        tokens = self._check_known(X)
        with single_precision():
            return self._score(tokens, self._encode_labels(y, len(tokens)))

    def _encode_labels(self, y, n_cases):
        """Positions of the labels in `classes_`; n_classes, which stands for no label, where y is None."""
        if known_labels(y) is None:
            return np.full(n_cases, 0 if self.classes_ is None else len(self.classes_))
        return encode_labels(self, y, n_cases)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True  # whole numbers from 0
        tags.input_tags.positive_only = True
        tags.target_tags.one_d_labels = True
        return tags


def _firsts(series_ids):
    """Positions of the first of each series, in order."""
    return np.sort(np.unique(series_ids, return_index=True)[1])


def _check_is_vocabulary(given, prior):
    if not isinstance(given, Vocabulary):
        raise TypeError(f"vocabulary of {type(prior).__name__} must be a Vocabulary or None. Got {given!r} instead.")
