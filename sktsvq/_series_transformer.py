"""What tokenizers and encoders have in common: they learn from series and give a row for each."""

from abc import ABC, abstractmethod
from typing import Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from sktsvq._fitting import keeps_consistent
from sktsvq._parameters import Parameters
from sktsvq._persistence import SaveMixin
from sktsvq._series import SeriesMixin
from sktsvq._summary import SummaryMixin
from sktsvq._validation import check_params, check_targets

__all__ = ["SeriesTransformer"]


class SeriesTransformer(
    SaveMixin,
    SummaryMixin,
    SeriesMixin,
    Parameters,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    ABC,
):
    """Base of the transformers of series.

    A subclass states its parameters by `param` and writes `_fit` on float arrays of shape (n_cases, n_channels,
    n_timepoints), `transform` and `_n_features_out`.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_channels_in_,)
        Mean and standard deviation of each channel over the train set.
    low_, high_ : ndarray of shape (n_channels_in_,)
        Least and greatest value of each channel in the train set. What a network decodes stays between them, or beyond
        by at most a quarter of the way from one to the other.
    """

    @abstractmethod
    def _fit(self, series, X, y):
        """Learn from checked `series`; X and y are what `fit` was given."""

    def _prepare(self, series, y):
        """Set what a network is built for beside the sizes: the scaling, and the classes where it is told them."""
        self._learn_scaling(series)

    def _summarize(self, series):
        """Set the fitted attributes that tell of the train set."""

    def _check_params(self):
        """All that can be known of the parameters before any work."""
        check_params(self)

    def _goes_on(self):
        """Whether `fit` keeps the sizes and the scaling of the last one."""
        return False

    @keeps_consistent
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn the scaling and what `transform` gives.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series. Estimators with a network take NaN for missing values, and most of them lists of unequal
            length.
        y : array-like of shape (n_cases,), optional
            Not used unless the estimator says so; its length is checked.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, X or y is none of the above, or a channel of a series has no known value.
        KeyboardInterrupt
            After Ctrl-C; the epochs that were finished by then count.
        """
        self._check_params()
        goes_on = self._goes_on()
        series = self._check_series(X, reset=not goes_on, min_cases=2)
        if y is not None:
            check_targets(series, y)
        if not goes_on:
            self._prepare(series, y)
        self._learn_range(series, widen=goes_on)
        self._fit(series, X, y)
        self._summarize(series)
        return self
