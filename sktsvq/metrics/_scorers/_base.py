"""What all scorers share."""

from sklearn.base import BaseEstimator

from sktsvq._parameters import Parameters, param
from sktsvq._validation import AT_LEAST_ONE, check_labels, check_params, known_labels
from sktsvq.metrics._context import ScoringContext
from sktsvq.metrics._layout import check_collection
from sktsvq.metrics._uneven import draws_uneven, gaps_of

__all__ = ["BaseScorer", "DrawingScorer", "context_of"]

# Series to draw at least, where `n_samples` is None: the protocol of the published scores (arXiv 2408.16613).
_MIN_SAMPLES = 256


class BaseScorer(Parameters, BaseEstimator):
    """Base of the scorers, which are called as ``scorer(estimator, X, y=None) -> float``.

    A subclass states its parameters by `param` and writes `_score(context)`, with the held-out series ``context.X``,
    their labels ``context.y`` (or None) and the fitted ``context.estimator``.
    """

    def __call__(self, estimator, X, y=None):
        """Score a fitted estimator on held-out series.

        Parameters
        ----------
        estimator : fitted estimator
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series that `estimator` was not fitted on. Missing values are NaN; generated series get the same gaps.
        y : array-like of shape (n_cases,), optional
            Their labels.

        Returns
        -------
        score : float
            Greater is better.
        """
        check_params(self)
        return float(self._score(context_of(estimator, X, y)))

    def _score(self, context):
        raise NotImplementedError

    def __sklearn_clone__(self):
        # A clone of a search clones its scorer; a fitted extractor or classifier in it must stay fitted.
        return type(self)(**self.get_params(deep=False))

    def _need_labels(self, context, hint=""):
        if context.y is None:
            raise ValueError(f"{type(self).__name__} needs the labels of X: pass y{hint}. Got y=None.")
        return context.y


class DrawingScorer(BaseScorer):
    """Base of the scorers that draw series from the estimator, by ``self._draw(context)``."""

    n_samples: int | None = param(
        None,
        [AT_LEAST_ONE, None],
        "How many series to generate. None is as many as there are held-out ones, but at least 256.",
    )
    random_state: object = param(
        0,
        ["random_state"],
        "Of the generated series. With an int the same estimator gets the same score, and the scorers of a MultiScorer "
        "share one draw.",
    )

    def _draw(self, context):
        """The generated series."""
        n_samples = self.n_samples or max(len(context.X), _MIN_SAMPLES)
        return context.samples(n_samples, self.random_state)


def context_of(estimator, X, y):
    """What scorers of one call share: the estimator, checked held-out series and their labels, or None."""
    uneven = draws_uneven(estimator)
    checked = check_collection(X, uneven=uneven)
    y = None if known_labels(y) is None else check_labels(checked, y)
    return ScoringContext(estimator, checked, y, gaps_of(X, uneven=uneven))
