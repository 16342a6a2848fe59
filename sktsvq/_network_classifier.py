"""What the classifiers of series that train a network have in common."""

from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin

from sktsvq._fitting import keeps_consistent
from sktsvq._persistence import SaveMixin
from sktsvq._series import SeriesMixin
from sktsvq._series_network import SeriesNetworkMixin
from sktsvq._summary import SummaryMixin
from sktsvq._validation import check_is_fitted, check_labels, draw_seed, encode_labels

__all__ = ["NetworkClassifier"]


class NetworkClassifier(SaveMixin, SummaryMixin, SeriesNetworkMixin, SeriesMixin, ClassifierMixin, BaseEstimator):
    """Base of the classifiers whose network gives a logit (b, n_classes) for each class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of :meth:`predict_proba`.
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel of the train set, removed before the network.
    """

    _criterion_settings: ClassVar[dict[str, Any]] = {"criterion": torch.nn.CrossEntropyLoss}

    def _prepare(self, X, y, series, seed):
        """Set what the network is built on: the scaling."""
        self._learn_scaling(series)

    @keeps_consistent
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            The series, at least two. Missing values are NaN; the network sees them bridged by straight lines.
        y : array-like of shape (n_cases,)
            Labels of any type.

        Returns
        -------
        self : object
            Fitted classifier.

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, a channel of a series has no known value, X holds fewer than two series, or
            y is no label for each of them.
        KeyboardInterrupt
            After Ctrl-C; the epochs that were finished by then count.
        """
        self._check_params()
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        goes_on = self._goes_on()
        series = self._check_series(X, reset=not goes_on, min_cases=2)
        labels = check_labels(series, y)
        seed = draw_seed(self.random_state)
        if not goes_on:
            self.classes_ = np.unique(labels)
            self._prepare(X, y, series, seed)
        target = torch.from_numpy(encode_labels(self, labels, len(series)))
        self._train(
            {"x": self._training_rows(series), **self._training_lengths(series)}, target, seed=seed, X=X, y=labels
        )
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Class probabilities of each series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        proba : ndarray of shape (n_cases, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        return self._map_series(self._proba, series).astype(series.dtype)

    def _proba(self, *rows):
        return self.module_(*rows).double().softmax(dim=1)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable label of each series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        y : ndarray of shape (n_cases,)
            Labels, of the type seen in `fit`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Share of the series whose label is predicted.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,)
            Their labels.
        sample_weight : array-like of shape (n_cases,), optional
            Weights of the series.

        Returns
        -------
        score : float
            Accuracy in [0, 1].
        """
        return super().score(X, check_labels(X, y), sample_weight)
