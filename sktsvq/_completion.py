"""What a generator makes of the known parts of series: gaps filled, series continued, odd stretches found."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from sktsvq._gaps import (
    interpolate,
    interpolate_to_end,
    long_gaps,
    pad_cases,
    spread,
    touched_tokens,
)
from sktsvq._residuals import fill_gaps, fit_residuals, hide
from sktsvq._series import float_dtype, own_lengths
from sktsvq._validation import AT_LEAST_ONE, RandomStateLike, check_is_fitted, check_value, draw_seed, encode_labels
from sktsvq.priors import BasePrior

__all__ = ["CompletionMixin", "prior_has", "tokenize", "unrolled"]

# The median of this many draws fills a gap; more of them hardly change it.
_POINT_DRAWS = 16
# Tokens are drawn anew where at least this share of the channels is missing: others know more than the prior.
_MISSING_SHARE = 0.5


def prior_has(method):
    """Whether the prior of a generator has a method: a check for `available_if`."""

    def check(self):
        return hasattr(getattr(self, "prior_", self.prior or BasePrior), method)

    return check


class CompletionMixin:
    """Mixin of a generator with `tokenizer_` and `prior_`."""

    tokenizer_: Any
    prior_: Any
    n_timepoints_in_: int
    unequal_length_in_: bool
    _as_given: Callable
    _check_series: Callable

    @available_if(prior_has("complete"))
    def impute(
        self,
        X: ArrayLike,
        *,
        y: ArrayLike | None = None,
        n_draws: int | None = None,
        random_state: RandomStateLike = None,
    ) -> np.ndarray | list[Any]:
        """Fill missing values (NaN) by what the prior makes of the known ones, which stay exactly as they are.

        Tokens that touch a gap as long as a token, or one at the start or the end, in at least half of the channels are
        drawn anew by the prior given all others. What tokens leave of a series, the residual, goes on into gaps as an
        AR(1) process that is fitted to the known values of each series. Near known values the result is blended with
        the straight line between these, by the share that fits hidden known values of the series best.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in fit, each channel of each with at least one known value.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.
        n_draws : int, optional
            How many plausible series to draw for each, say for intervals; their residuals are drawn too. None gives
            one estimate, the median at every point of 16 draws with expected residuals: closest on average, but
            smoother than a series.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable.

        Returns
        -------
        X_filled : ndarray, or list of ndarray
            Of the shape and float dtype of X; with `n_draws` of shape (n_draws, *X.shape). Where `fit` saw
            unequal lengths, a list of series, or one such list for each draw.

        Raises
        ------
        ValueError
            If a channel of a series has no known value, or X has other sizes than in fit.
        """
        check_is_fitted(self)
        check_value(self, "impute", "n_draws", n_draws, [AT_LEAST_ONE, None])
        series = self._check_series(X)
        lengths = own_lengths(X, series) if self.unequal_length_in_ else None
        filled = self._complete(series, y, n_draws, random_state, lengths=lengths)
        if lengths is None:
            return filled.reshape(_draws_shape(n_draws, np.shape(X))).astype(float_dtype(X, series), copy=False)
        if n_draws is None:
            return self._as_given(filled, lengths)
        return [self._as_given(draw, lengths) for draw in filled]

    @available_if(prior_has("complete"))
    def forecast(
        self,
        X: ArrayLike,
        n_timepoints: int,
        *,
        y: ArrayLike | None = None,
        n_draws: int | None = None,
        random_state: RandomStateLike = None,
    ) -> np.ndarray:
        """Continue series of which only the first time points are known.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_known) or (n_cases, n_known), or list of arrays
            The series so far, from their first time point on. Missing values are NaN.
        n_timepoints : int
            How many time points to continue them; n_known + n_timepoints is at most the length seen in fit.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.
        n_draws : int, optional
            How many continuations to draw for each series. None gives one estimate, as in `impute`.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable.

        Returns
        -------
        X_next : ndarray
            Of the shape and float dtype of X, with n_timepoints in place of n_known; with `n_draws` of shape
            (n_draws, *X_next.shape).

        Raises
        ------
        ValueError
            If a channel of a series has no known value, or the forecast goes beyond the length seen in fit.
        """
        check_is_fitted(self)
        check_value(self, "forecast", "n_draws", n_draws, [AT_LEAST_ONE, None])
        check_value(self, "forecast", "n_timepoints", n_timepoints, [AT_LEAST_ONE])
        if self.unequal_length_in_:
            raise ValueError(f"{type(self).__name__} must be fitted on series of one length to forecast. Got several.")
        series = self._check_series(X, allow_shorter=True)
        n_known = series.shape[2]
        end, longest = n_known + n_timepoints, self.n_timepoints_in_
        if end > longest:
            raise ValueError(
                f"The known part and the forecast of {type(self).__name__} must have at most {longest} timepoints "
                f"together, the length of the series seen in fit. Got {n_known} + {n_timepoints} instead."
            )
        series = np.pad(series, ((0, 0), (0, 0), (0, longest - n_known)), constant_values=np.nan)
        future = self._complete(series, y, n_draws, random_state)[..., n_known:end]
        future = future.reshape(_draws_shape(n_draws, (*np.shape(X)[:-1], n_timepoints)))
        return future.astype(float_dtype(X, series), copy=False)

    def _complete(self, series, y, n_draws, random_state, *, lengths=None):
        """The 3-D `series` with NaN filled, (n_draws, *series.shape), or without the first axis for None.

        Of series of unequal length `lengths` say how far gaps reach.
        """
        if y is not None:
            encode_labels(self, y, len(series))  # so that an error speaks of the cases, not of their draws
        rng = np.random.RandomState(draw_seed(random_state))
        spans, shape = self.tokenizer_.token_spans_, series.shape
        length = np.diff(spans).mean()
        missing = long_gaps(np.isnan(series), length).mean(axis=1) >= _MISSING_SHARE  # (n_cases, n_timepoints)
        if lengths is not None:
            missing &= np.arange(shape[2]) < lengths[:, np.newaxis]
        redrawn = touched_tokens(missing, spans)
        known_tokens = np.where(redrawn, -1, self._tokens_of(series))
        copies = n_draws or _POINT_DRAWS
        y = None if y is None else np.tile(y, copies)
        tokens = self.prior_.complete(np.tile(known_tokens, (copies, 1)), y=y, random_state=rng)
        hidden = hide(series, rng)
        blind = np.where(redrawn, tokens[: len(series)], self._tokens_of(np.where(hidden, np.nan, series)))
        model = fit_residuals(self._decode(blind, shape, series.dtype), series, hidden, length=length)
        decoded = self._decode(tokens, (copies, *shape), series.dtype)
        if n_draws is None:
            return np.median(fill_gaps(decoded, series, model, length=length), axis=0)
        return fill_gaps(decoded, series, model, length=length, rng=rng)

    def _tokens_of(self, series):
        """Tokens of series with their gaps bridged by straight lines."""
        bridge = interpolate_to_end if self.unequal_length_in_ else interpolate
        return tokenize(self.tokenizer_, bridge(series))

    def _decode(self, tokens, shape, dtype):
        """Series of the padded `shape`; behind its end a series stays at its last value."""
        decoded = self.tokenizer_.inverse_transform(tokens)
        if self.unequal_length_in_:
            decoded = interpolate(pad_cases(decoded, shape[-1]))
        return decoded.reshape(shape).astype(dtype, copy=False)

    @available_if(prior_has("score_tokens"))
    def score_timepoints(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """How surprising each time point is: the negative log-likelihood of the tokens, spread over their time points.

        The values of a series sum to minus its `score_samples`.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.

        Returns
        -------
        surprise : ndarray of shape (n_cases, n_timepoints)
            In nats per time point; the higher, the more anomalous.
        """
        check_is_fitted(self)
        scores = self.prior_.score_tokens(tokenize(self.tokenizer_, X), y)
        return spread(-scores, self.tokenizer_.token_spans_, self.n_timepoints_in_)


def _draws_shape(n_draws, shape):
    """`shape`, behind an axis of the draws where their number is given."""
    return shape if n_draws is None else (n_draws, *shape)


def tokenize(tokenizer, X: ArrayLike) -> np.ndarray:
    """Tokens of the series, whatever the `output` of the tokenizer is."""
    return getattr(tokenizer, "tokenize", tokenizer.transform)(X)


def unrolled(estimator: Any) -> Any:
    """A Pipeline that ends in a fitted generator, as one that ends in its tokenizer and prior; else the estimator."""
    generator = estimator[-1] if isinstance(estimator, Pipeline) else None
    names = ("tokenizer_", "prior_")
    if not all(hasattr(generator, name) for name in names):
        return estimator
    return Pipeline([*estimator.steps[:-1], *((name, getattr(generator, name)) for name in names)])
