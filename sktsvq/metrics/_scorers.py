"""Scorers: how good is a fitted generator, measured on series that it has not seen?"""

import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from sktsvq._validation import (
    AT_LEAST_ONE,
    HasMethods,
    Integral,
    Interval,
    StrOptions,
    check_labels,
    check_params,
)
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import sample_series
from sktsvq.metrics._classification import classification_accuracy_score
from sktsvq.metrics._fitting import fitted_on
from sktsvq.metrics._frechet import frechet_distance
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._layout import check_collection, flatten, layout_for
from sktsvq.metrics._probe import PROBES, probe_score

__all__ = ["CASScorer", "FrechetScorer", "InceptionScorer", "ProbeScorer"]

# Series to draw at least, where `n_samples` is None: the protocols of the published scores (arXiv 2408.16613).
_MIN_SAMPLES = 256
_MIN_SAMPLES_CAS = 1000


class _Scorer(BaseEstimator):
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
        return sample_series(estimator, n_samples, random_state=self.random_state)


class FrechetScorer(_Scorer):
    """Minus the squared Frechet distance of generated series from held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is best. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws from. See :func:`frechet_distance` for the definition and its bias; in
    short, compare only scores that were computed on equally many cases with the same extractor.

    Parameters
    ----------
    extractor : transformer, default=None
        Turns series into features: any scikit-learn or aeon object with ``transform``. A fitted one is used as it is,
        the clone of another is fitted once on each distinct held-out X and y. One that takes no 3-D array gets the
        series flattened. None is an :class:`~sktsvq.classifier.FCNClassifier` if y is given, else the leading
        principal components of the flattened series, a quarter as many as cases but at most 16. Either is fitted on
        the held-out series themselves, which serves to rank candidates; for a number to report give a fitted one.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import FrechetScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> FrechetScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    _parameter_constraints = {
        "extractor": [HasMethods("transform"), None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, extractor=None, *, n_samples=None, random_state=0):
        self.extractor = extractor
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        extractor = fitted_on(self._extractor_for(X, y), X, y)
        generated = self._draw(estimator, X)
        return -frechet_distance(_features(extractor, X), _features(extractor, generated))

    def _extractor_for(self, X, y):
        if self.extractor is not None:
            return self.extractor
        if y is not None:
            return FCNClassifier(random_state=0)
        n_components = min(16, max(1, len(X) // 4), X[0].size)
        return PCA(n_components, random_state=0)


class InceptionScorer(_Scorer):
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
    random_state : int, RandomState instance or None, default=0
        Of the generated series and the parts. With an int the same estimator gets the same score.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import InceptionScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> 1 <= InceptionScorer()(generator.fit(X[:40]), X[40:], y[40:]) <= 2
    True
    """

    _parameter_constraints = {
        "classifier": [HasMethods("predict_proba"), None],
        "n_samples": [AT_LEAST_ONE, None],
        "n_splits": [AT_LEAST_ONE],
        "random_state": ["random_state"],
    }

    def __init__(self, classifier=None, *, n_samples=None, n_splits=10, random_state=0):
        self.classifier = classifier
        self.n_samples = n_samples
        self.n_splits = n_splits
        self.random_state = random_state

    def _score(self, estimator, X, y):
        if self.classifier is None:
            self._need_labels(y, ", or give the scorer a fitted classifier")
        classifier = FCNClassifier(random_state=0) if self.classifier is None else self.classifier
        classifier = fitted_on(classifier, X, y)
        generated = self._draw(estimator, X)
        proba = classifier.predict_proba(layout_for(classifier, generated))
        return inception_score(proba, n_splits=self.n_splits, random_state=self.random_state)


class CASScorer(_Scorer):
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
        generated = sample_series(estimator, len(labels), y=labels, random_state=self.random_state)
        return classification_accuracy_score(
            generated, labels, X, y, classifier=self.classifier, random_state=self.random_state
        )


class ProbeScorer(_Scorer):
    """Cross-validated accuracy of a simple classifier on a tokenizer's embeddings of held-out series.

    Calls of an instance, ``scorer(estimator, X, y)``, give the accuracy. `estimator` is a fitted tokenizer, a fitted
    Pipeline whose first step is one, or a fitted generator, which has one in ``tokenizer_``. The probe is trained and
    tested on parts of X, since the scorer sees no other series. See :func:`probe_score` for the definition.

    Parameters
    ----------
    probe : {"linear_svm", "knn", "logistic"} or classifier, default="linear_svm"
        The simple classifier.
    n_splits : int, default=5
        Number of stratified folds of X, at least 2; no more than cases in the smallest class are used.
    random_state : int, RandomState instance or None, default=0
        Of the folds.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import ProbeScorer
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:40])
    >>> 0 <= ProbeScorer("knn")(tokenizer, X[40:], y[40:]) <= 1
    True
    """

    _parameter_constraints = {
        "probe": [StrOptions(set(PROBES)), HasMethods(["fit", "predict"])],
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, probe="linear_svm", *, n_splits=5, random_state=0):
        self.probe = probe
        self.n_splits = n_splits
        self.random_state = random_state

    def _score(self, estimator, X, y):
        self._need_labels(y)
        classes, counts = np.unique(y, return_counts=True)
        if len(classes) < 2 or counts.min() < 2:
            raise ValueError(
                "ProbeScorer needs at least two classes with at least two cases each. "
                f"Got the counts {dict(zip(classes.tolist(), counts.tolist(), strict=True))}."
            )
        embedding = _embed(estimator, X)
        n_splits = min(self.n_splits, int(counts.min()))
        folds = StratifiedKFold(n_splits, shuffle=True, random_state=self.random_state).split(embedding, y)
        return np.mean(
            [
                probe_score(embedding[train], y[train], embedding[test], y[test], probe=self.probe)
                for train, test in folds
            ]
        )


def _features(extractor, X):
    return flatten(extractor.transform(layout_for(extractor, X)))


def _embed(estimator, X):
    tokenizer = (
        estimator.steps[0][1] if isinstance(estimator, Pipeline) else getattr(estimator, "tokenizer_", estimator)
    )
    if not hasattr(tokenizer, "get_params") or "output" not in tokenizer.get_params(deep=False):
        raise TypeError(
            "ProbeScorer scores a tokenizer, a Pipeline whose first step is one, or a generator. "
            f"Got {type(estimator).__name__} instead."
        )
    # A shallow copy shares what was learnt and leaves the user's tokenizer as it is.
    return flatten(copy.copy(tokenizer).set_params(output="embedding").transform(X))
