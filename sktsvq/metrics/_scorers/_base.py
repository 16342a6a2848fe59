"""What all scorers share."""

from sklearn.base import BaseEstimator

from sktsvq._validation import check_labels, check_params
from sktsvq.metrics._layout import check_collection
from sktsvq.metrics._sharing import draw

__all__ = ["BaseScorer"]

# Series to draw at least, where `n_samples` is None: the protocol of the published scores (arXiv 2408.16613).
_MIN_SAMPLES = 256


class BaseScorer(BaseEstimator):
    """What all scorers share: checks, and the form ``scorer(estimator, X, y=None) -> float``."""

    def __call__(self, estimator, X, y=None):
        """Score a fitted estimator on held-out series.

        Parameters
        ----------
        estimator : fitted estimator
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
            Series that `estimator` was not fitted on.
        y : array-like of shape (n_cases,), optional
            Their labels.

        Returns
        -------
        score : float
            Greater is better.
        """
        check_params(self)
        X = check_collection(X)
        y = None if y is None else check_labels(X, y)
        return float(self._score(estimator, X, y))

    def __sklearn_clone__(self):
        # A clone of a search clones its scorer; a fitted extractor or classifier in it must stay fitted.
        return type(self)(**self.get_params(deep=False))

    def _need_labels(self, y, hint=""):
        if y is None:
            raise ValueError(f"{type(self).__name__} needs the labels of X: pass y{hint}. Got y=None.")

    def _draw(self, estimator, X):
        n_samples = self.n_samples or max(len(X), _MIN_SAMPLES)
        return draw(estimator, n_samples, random_state=self.random_state)
