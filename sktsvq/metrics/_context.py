"""What scorers of one call share: the series that are drawn, features, and fitted helpers."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from sktsvq._validation import NotFittedError, check_is_fitted
from sktsvq.generator import sample_series
from sktsvq.metrics._layout import flatten, layout_for

__all__ = ["ScoringContext", "apply", "fitted_on", "read_only"]


class ScoringContext:
    """A fitted estimator and held-out series, and what is computed of them, once for all scorers of a call.

    Extractors and classifiers get copies of the series, so that none can change what another sees.

    Parameters
    ----------
    estimator : fitted estimator
        Anything that :func:`sktsvq.generator.sample_series` draws from, or what a scorer asks for.
    X : ndarray
        Held-out series.
    y : ndarray or None
        Their labels.
    """

    def __init__(self, estimator, X, y=None):
        self.estimator, self.X, self.y = estimator, read_only(X), None if y is None else read_only(y)
        self._known = {}

    def samples(self, n_samples, random_state, *, y=None):
        """Series drawn from the estimator; with an int as `random_state` drawn once."""
        labels = None if y is None else tuple(np.asarray(y).tolist())
        return self._once(
            ("samples", n_samples, random_state, labels),
            lambda: read_only(sample_series(self.estimator, n_samples, y=y, random_state=random_state)),
        )

    def fitted(self, helper):
        """`helper` itself if it is fitted, else a clone fitted on the held-out series."""
        return self._once(("fitted", id(helper)), lambda: fitted_on(helper, self.X.copy(), self.y))

    def features(self, extractor, X):
        """Features of series as rows, by a fitted extractor; computed once for series that this context gave."""
        return self._once(("features", id(extractor), id(X)), lambda: read_only(flatten(apply(extractor.transform, X))))

    def _once(self, key, compute):
        if key not in self._known:
            # The key holds ids: what they are of must live as long.
            self._known[key] = compute()
        return self._known[key]


def apply(method, X):
    """A method of a fitted extractor or classifier, of a copy of the series in the layout that it takes."""
    return method(np.array(layout_for(method.__self__, X)))


def fitted_on(helper, X, y):
    """`helper` itself if it is fitted, else a clone fitted on (X, y)."""
    if _is_fitted(helper):
        return helper
    if y is None and get_tags(helper).target_tags.required:
        name = type(helper).__name__
        raise ValueError(f"The scorer needs labels to fit {name} on: pass y, or a {name} that is fitted. Got y=None.")
    return clone(helper).fit(layout_for(helper, X), y)


def read_only(array):
    """A view of the array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _is_fitted(helper):
    if not hasattr(helper, "fit"):
        return True
    try:
        check_is_fitted(helper)
    except NotFittedError:
        return False
    return True
