"""Scorers that look through a classifier."""

from functools import partial

import numpy as np

from sktsvq._validation import AT_LEAST_ONE, HasMethods
from sktsvq.classifier import FCNClassifier
from sktsvq.metrics._classification import classification_accuracy_score
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._layout import layout_for
from sktsvq.metrics._sampling import extrapolated_score
from sktsvq.metrics._scorers._base import BaseScorer
from sktsvq.metrics._sharing import draw, fitted_on

__all__ = ["CASScorer", "InceptionScorer"]

# About how many series to train on at least: the protocol of the published scores (arXiv 2408.16613).
_MIN_SAMPLES_CAS = 1000


class InceptionScorer(BaseScorer):
    """Inception score of generated series.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score, from 1 to the number of classes. `estimator`
    is anything that :func:`sktsvq.generator.sample_series` draws from. See :func:`inception_score` for the definition
    and what it misses; the held-out series serve only to fit the classifier.

    Parameters
    ----------
    classifier : classifier, default=None
        Any scikit-learn or aeon object with ``predict_proba``. A fitted one is used as it is, and y is not needed; the
        clone of another is fitted once on each distinct held-out X and y. One that takes no 3-D array gets the series
        flattened. None is an :class:`~sktsvq.classifier.FCNClassifier`.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    n_splits : int, default=10
        Number of parts whose scores are averaged.
    extrapolate : bool, default=False
        Whether to extrapolate to infinitely many series, with :func:`extrapolated_score`; n_splits is 1 then.
    random_state : int, RandomState instance or None, default=0
        Of the generated series and the parts. With an int the same estimator gets the same score.

    Examples
    --------
    >>> from sktsvq.classifier import FCNClassifier
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import InceptionScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> scorer = InceptionScorer(FCNClassifier(max_epochs=2, random_state=0))
    >>> 1 <= scorer(generator.fit(X[:40]), X[40:], y[40:]) <= 2
    True
    """

    _parameter_constraints = {
        "classifier": [HasMethods("predict_proba"), None],
        "n_samples": [AT_LEAST_ONE, None],
        "n_splits": [AT_LEAST_ONE],
        "extrapolate": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, classifier=None, *, n_samples=None, n_splits=10, extrapolate=False, random_state=0):
        self.classifier = classifier
        self.n_samples = n_samples
        self.n_splits = n_splits
        self.extrapolate = extrapolate
        self.random_state = random_state

    def _score(self, estimator, X, y):
        if self.classifier is None:
            self._need_labels(y, ", or give the scorer a fitted classifier")
        classifier = FCNClassifier(random_state=0) if self.classifier is None else self.classifier
        classifier = fitted_on(classifier, X, y)
        generated = self._draw(estimator, X)
        proba = classifier.predict_proba(layout_for(classifier, generated))
        if self.extrapolate:
            return extrapolated_score(partial(inception_score, n_splits=1), proba, random_state=0)
        return inception_score(proba, n_splits=self.n_splits, random_state=self.random_state)


class CASScorer(BaseScorer):
    """Classification accuracy score: trained on generated series, tested on held-out ones.

    Calls of an instance, ``scorer(estimator, X, y)``, give the accuracy. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws class-conditional series from. See
    :func:`classification_accuracy_score` for the definition.

    Parameters
    ----------
    classifier : classifier, default=None
        Any scikit-learn or aeon classifier; a clone of it is trained at each call. One that takes no 3-D array gets the
        series flattened. None is an :class:`~sktsvq.classifier.FCNClassifier`.
    n_samples : int, default=None
        About how many series to generate, with the class frequencies of y, at least one per class. None is as many as
        there are held-out ones, but at least about 1000.
    random_state : int, RandomState instance or None, default=0
        Of the generated series and the default classifier. With an int the same estimator gets the same score.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import CASScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> 0 <= CASScorer(KNeighborsClassifier())(generator.fit(X[:40], y[:40]), X[40:], y[40:]) <= 1
    True
    """

    _parameter_constraints = {
        "classifier": [HasMethods(["fit", "predict"]), None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, classifier=None, *, n_samples=None, random_state=0):
        self.classifier = classifier
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        self._need_labels(y)
        n_samples = self.n_samples or max(len(y), _MIN_SAMPLES_CAS)
        classes, counts = np.unique(y, return_counts=True)
        counts = np.rint(counts * (n_samples / len(y))).astype(int)
        labels = np.repeat(classes, np.maximum(counts, 1))
        generated = draw(estimator, len(labels), y=labels, random_state=self.random_state)
        return classification_accuracy_score(
            generated, labels, X, y, classifier=self.classifier, random_state=self.random_state
        )
