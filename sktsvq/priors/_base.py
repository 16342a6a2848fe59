"""What every prior has in common: labels, tokens at the door, sampling, completing, scoring."""

from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator

from sktsvq._validation import (
    AT_LEAST_ONE,
    StrOptions,
    check_columns,
    check_is_fitted,
    check_labels,
    check_params,
    check_sample_size,
    check_tokens,
    draw_seed,
    encode_labels,
)


class BasePrior(BaseEstimator, ABC):
    """Base of the priors; of those that train a network, `NetworkPrior` is.

    A subclass names its parameters and writes `_fit(tokens, labels, codebook)`, `_complete(tokens, labels, seed)` and
    `_score(tokens, labels)` on int64 arrays. Labels are positions in `classes_`, or n_classes for "no label". Where
    `allowed_` is not None, only the codes that it allows at a position may be drawn there.
    """

    _parameter_constraints = {"codebook_size": [StrOptions({"auto"}), AT_LEAST_ONE]}

    @abstractmethod
    def _fit(self, tokens, labels, codebook):
        """Learn from tokens (n_cases, n_tokens), labels (n_cases,) and codes (codebook_size_, codebook_dim) or None."""

    @abstractmethod
    def _complete(self, tokens, labels, seed):
        """Fill the tokens that are -1."""

    @abstractmethod
    def _score(self, tokens, labels):
        """Log-likelihood of each token as the prior factorises it, so that rows sum to those of the sequences."""

    def fit(self, tokens, y=None, *, codebook=None, token_slices=None, codebook_slices=None):
        """Learn the distribution of the tokens, of each class where labels are given.

        Parameters
        ----------
        tokens : array-like of int, shape (n_cases, n_tokens)
            Tokens in [0, codebook_size), from `transform` of a tokenizer.
        y : array-like of shape (n_cases,), optional
            Class labels of any type. Without them the prior is unconditional.
        codebook : array of shape (codebook_size, codebook_dim), optional
            The tokenizer's codes; tells the number of codes where ``codebook_size="auto"``.
        token_slices : sequence of slice, optional
            The streams of a tokenizer that has several, side by side from the first position to the last, each with
            codes of its own (`token_slices_` of the tokenizer). A stream never draws a code of another.
        codebook_slices : sequence of slice, optional
            The codes of each stream (`codebook_slices_` of the tokenizer), side by side from 0 to codebook_size.
            Without them a stream may draw all codes that `tokens` shows in no other.

        Returns
        -------
        self : object
            Fitted prior.
        """
        check_params(self)
        warm = getattr(self, "warm_start", False) and hasattr(self, "n_tokens_")
        size = self.codebook_size_ if warm else self._given_codebook_size(codebook)
        tokens_checked = check_tokens(self, tokens, codebook_size=size)
        check_columns(self, tokens, reset=not warm)
        labels = None if y is None else check_labels(tokens_checked, y)
        if not warm:
            self.n_tokens_ = tokens_checked.shape[1]
            self.codebook_size_ = size or int(tokens_checked.max()) + 1
            self.classes_ = None if labels is None else np.unique(labels)
            self.token_slices_ = _check_slices("token_slices", token_slices, self.n_tokens_)
            if codebook_slices is not None:
                codebook_slices = _check_slices("codebook_slices", codebook_slices, self.codebook_size_)
            self.allowed_ = _allowed_codes(tokens_checked, self.token_slices_, codebook_slices, self.codebook_size_)
        encoded = self._encode_labels(labels, len(tokens_checked))
        if not warm and labels is not None:
            self.class_prior_ = np.bincount(encoded) / len(encoded)
        self._fit(tokens_checked, encoded, codebook)
        return self

    def sample(self, n_samples=1, *, y=None, random_state=None):
        """Draw new token sequences.

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
        tokens : ndarray of int64, shape (n_samples, n_tokens_)
        """
        check_is_fitted(self)
        check_sample_size(self, n_samples)
        rng = np.random.RandomState(draw_seed(random_state))
        if y is None and self.classes_ is not None:
            labels = rng.choice(len(self.classes_), size=n_samples, p=self.class_prior_)
        else:
            labels = self._encode_labels(y if y is None or np.ndim(y) else np.full(n_samples, y), n_samples)
        return self._complete(np.full((n_samples, self.n_tokens_), -1), labels, draw_seed(rng))

    def complete(self, tokens, *, y=None, random_state=None):
        """Fill the tokens that are -1; the known ones stay as they are.

        Parameters
        ----------
        tokens : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_), or -1 where they are to be filled.
        y : array-like of shape (n_cases,), optional
            The classes of the sequences, where they are known.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable.

        Returns
        -------
        tokens : ndarray of int64, shape (n_cases, n_tokens_)
        """
        check_is_fitted(self)
        tokens = self._check_tokens(tokens, allow_missing=True)
        return self._complete(tokens, self._encode_labels(y, len(tokens)), draw_seed(random_state))

    def score_samples(self, tokens, y=None):
        """Log-likelihood of token sequences, in nats, given their classes where `y` is given.

        Parameters
        ----------
        tokens : array-like of int, shape (n_cases, n_tokens_)
        y : array-like of shape (n_cases,), optional

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases,)
        """
        return self.score_tokens(tokens, y).sum(axis=1)

    def score_tokens(self, tokens, y=None):
        """Log-likelihood of each token given those that the prior puts before it; a row sums to `score_samples`.

        Parameters
        ----------
        tokens : array-like of int, shape (n_cases, n_tokens_)
        y : array-like of shape (n_cases,), optional

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases, n_tokens_)
            In nats.
        """
        check_is_fitted(self)
        tokens = self._check_tokens(tokens)
        return self._score(tokens, self._encode_labels(y, len(tokens)))

    def _check_tokens(self, tokens, **kwargs):
        checked = check_tokens(self, tokens, codebook_size=self.codebook_size_, **kwargs)
        check_columns(self, tokens, reset=False)
        return checked

    def _encode_labels(self, y, n_cases):
        if y is None:
            return np.full(n_cases, 0 if self.classes_ is None else len(self.classes_))
        return encode_labels(self, y, n_cases)

    def _given_codebook_size(self, codebook):
        if self.codebook_size != "auto":
            return self.codebook_size
        return None if codebook is None else len(codebook)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True  # whole numbers from 0
        tags.input_tags.positive_only = True
        tags.target_tags.one_d_labels = True
        return tags


def _check_slices(name, slices, size):
    """The slices as a tuple; one slice over everything for None. ValueError unless they divide range(size)."""
    checked = (slice(0, size),) if slices is None else tuple(slices)
    checked = tuple(slice(part.start or 0, size if part.stop is None else part.stop) for part in checked)
    covered = [place for part in checked for place in range(part.start, part.stop)]
    if covered != list(range(size)):
        raise ValueError(f"{name} must lie side by side from 0 to {size}. Got {slices!r} instead.")
    return checked


def _allowed_codes(tokens, slices, codebook_slices, codebook_size):
    """Which codes may stand at each position, bool (n_tokens, codebook_size): those of the stream, else not of another.

    None where there is one stream, and all codes may stand everywhere.
    """
    if len(slices) == 1:
        return None
    if codebook_slices is None:
        seen = [np.unique(tokens[:, part]) for part in slices]
        codes = [
            np.setdiff1d(np.arange(codebook_size), np.concatenate(seen[:i] + seen[i + 1 :])) for i in range(len(slices))
        ]
    else:
        codes = [np.arange(codebook_size)[part] for part in codebook_slices]
    if len(codes) != len(slices):
        raise ValueError(
            f"codebook_slices must hold one slice for each of the {len(slices)} streams. Got {len(codes)} instead."
        )
    allowed = np.zeros((tokens.shape[1], codebook_size), dtype=bool)
    for part, of_stream in zip(slices, codes, strict=True):
        allowed[part, of_stream] = True
        if not np.isin(tokens[:, part], of_stream).all():
            raise ValueError(
                f"The streams of token_slices must have codes of their own. {part!r} shows codes of another."
            )
    return allowed
