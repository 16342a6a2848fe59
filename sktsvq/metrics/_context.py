"""What scorers of one call share: the series that are drawn, features, and fitted helpers."""

from itertools import cycle

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from sktsvq._validation import NotFittedError, check_is_fitted
from sktsvq.generator import sample_series
from sktsvq.metrics._layout import check_collections, flatten, layout_for
from sktsvq.metrics._uneven import UnevenSeries, with_gaps

__all__ = ["ScoringContext", "apply", "draw", "fit_clone", "fitted_on", "read_only"]


class ScoringContext:
    """A fitted estimator and held-out series, and what is computed of them, once for all scorers of a call.

    Extractors and classifiers get copies of the series, so that none can change what another sees.

    Parameters
    ----------
    estimator : fitted estimator
        Anything that :func:`sktsvq.generator.sample_series` draws from, or what a scorer asks for.
    X : ndarray or UnevenSeries
        Held-out series, gaps bridged.
    y : ndarray or None
        Their labels.
    gaps : bool ndarray or None
        Where values were missing. Generated series get the same gaps, bridged alike.
    """

    def __init__(self, estimator, X, y=None, gaps=None):
        self.estimator, self.X, self.y = estimator, read_only(X), None if y is None else read_only(y)
        self._gaps, self._known = gaps, {}

    def samples(self, n_samples, random_state, *, y=None):
        """Series drawn from the estimator; with an int as `random_state` drawn once."""
        labels = None if y is None else tuple(np.asarray(y).tolist())
        return self._once(
            ("samples", n_samples, random_state, labels),
            lambda: read_only(
                draw(self.estimator, n_samples, like=self.X, y=y, gaps=self._gaps_of(y), random_state=random_state)
            ),
        )

    def _gaps_of(self, y):
        """Gaps of held-out series in turn, of the same labels where there are some."""
        if self._gaps is None or y is None or self.y is None:
            return self._gaps
        of_class = {label: cycle(np.flatnonzero(self.y == label)) for label in np.unique(self.y).tolist()}
        return self._gaps[[next(of_class[label]) for label in np.asarray(y).tolist()]]

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


def draw(estimator, n_samples, *, like, y=None, gaps=None, random_state=None):
    """Series drawn from the estimator; with the gaps of others, in turn, where those are given.

    They are checked and bridged where `like`, the series that they are compared with, had gaps or is of unequal length.
    """
    new = sample_series(estimator, n_samples, y=y, random_state=random_state)
    if gaps is not None:
        new = with_gaps(new, gaps[np.arange(n_samples) % len(gaps)])
    if gaps is None and not isinstance(like, UnevenSeries) and not isinstance(new, list):
        return new
    return check_collections(X=like, generated=new)[1]


def apply(method, X):
    """A method of a fitted extractor or classifier, of a copy of the series in the layout that it takes."""
    X = layout_for(method.__self__, X)
    return method(X if isinstance(X, list) else np.array(X))


def fit_clone(helper, X, y=None):
    """A clone of `helper`, fitted on a copy of the series in the layout that it takes."""
    unfitted = clone(helper)
    return unfitted.fit(np.array(layout_for(unfitted, X)), y)


def fitted_on(helper, X, y):
    """`helper` itself if it is fitted, else a clone fitted on (X, y)."""
    if _is_fitted(helper):
        return helper
    if y is None and get_tags(helper).target_tags.required:
        name = type(helper).__name__
        raise ValueError(f"The scorer needs labels to fit {name} on: pass y, or a {name} that is fitted. Got y=None.")
    return fit_clone(helper, X, y)


def read_only(array):
    """A view of an array, or of UnevenSeries, that cannot be written to."""
    if isinstance(array, UnevenSeries):
        return UnevenSeries(read_only(array.padded), array.n_timepoints)
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
