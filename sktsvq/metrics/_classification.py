"""The accuracy on real series of a classifier that has seen synthetic ones only."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score

from sktsvq._validation import HasMethods, check_labels, validate_params
from sktsvq.classifier import FCNClassifier
from sktsvq.metrics._context import apply, fit_clone
from sktsvq.metrics._layout import check_collection, check_collections
from sktsvq.metrics._registry import register_score
from sktsvq.metrics._uneven import is_uneven

__all__ = ["classification_accuracy_score"]


class AccuracyDetails(NamedTuple):
    """A classification accuracy score in parts; what is about train-on-real is None without a real train set."""

    accuracy: float
    accuracy_per_class: dict
    predictions: np.ndarray
    train_on_real: float | None
    train_on_real_per_class: dict | None


@register_score(
    "classification_accuracy_score",
    needs="labels",
    direction="higher",
    ideal=1,
    question="Does a classifier learn from them? (CAS, TSTR)",
    value_range="[0, 1]",
    best="that of real",
    bias="downwards",
)
@validate_params(
    {
        "classifier": [HasMethods(["fit", "predict"]), None],
        "random_state": ["random_state"],
        "return_details": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def classification_accuracy_score(
    X_synthetic,
    y_synthetic,
    X_real,
    y_real,
    *,
    classifier=None,
    random_state=0,
    X_train=None,
    y_train=None,
    return_details=False,
):
    r"""Classification accuracy score (CAS): train on synthetic, test on real (TSTR).

    .. math:: \frac1n \sum_i \mathbb 1\bigl[ f_{\text{synthetic}}(x_i) = y_i \bigr]

    A fresh classifier is trained on the synthetic series; its accuracy on the real ones is the score. It falls where
    the synthetic series lack what tells the real classes apart, or show too little of it.

    Gaps are bridged by straight lines. The classifier sees series of unequal length stretched to the longest real one,
    with their length as one more channel.

    The score is at most about what the same classifier reaches when it is trained on real series: report that beside
    it, as the details do when they are given a real train set. It depends on the classifier, on n_synthetic and, with
    few real series, on chance; where classes are of unequal size, look at each.

    Parameters
    ----------
    X_synthetic : array of shape (n_synthetic, n_channels, n_timepoints) or (n_synthetic, n_timepoints), or list
        The series to train on.
    y_synthetic : array-like of shape (n_synthetic,)
        Their labels.
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        The series to test on, best none that the generator was trained on.
    y_real : array-like of shape (n_real,)
        Their labels.
    classifier : classifier, default=None
        A scikit-learn or aeon classifier; a clone of it is trained. One that takes no 3-D array gets the series
        flattened. None is an :class:`~sktsvq.classifier.FCNClassifier`.
    random_state : int, RandomState instance or None, default=0
        Of the default classifier; one that is given brings its own.
    X_train, y_train : array-likes, default=None
        Real series, and their labels, that the generator was trained on: the details then have the accuracy of the same
        classifier trained on them. `return_details` must be True.
    return_details : bool, default=False
        Whether to return more than the accuracy.

    Returns
    -------
    accuracy : float
        In [0, 1]; greater is better.
    details : AccuracyDetails
        In the place of `accuracy`, if `return_details` is True: a named tuple (accuracy, accuracy_per_class,
        predictions, train_on_real, train_on_real_per_class). The accuracies per class are dicts with the real labels as
        keys: the share of the series of a class that is recognised.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, or labels
        are not one per series; or if a real train set is given without labels or without asking for details.

    References
    ----------
    Ravuri and Vinyals, "Classification accuracy score for conditional generative models", arXiv 1905.10887.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import classification_accuracy_score
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> knn = KNeighborsClassifier(1)
    >>> 0 <= classification_accuracy_score(X[:40], y[:40], X[40:], y[40:], classifier=knn) <= 1
    True
    """
    if X_train is not None and not (return_details and y_train is not None):
        raise ValueError("X_train of classification_accuracy_score goes with y_train and return_details=True.")
    sets = {"X_real": X_real, "X_synthetic": X_synthetic} | ({} if X_train is None else {"X_train": X_train})
    if any(is_uneven(X) for X in sets.values()):
        X_real, X_synthetic, *others = check_collections(**sets)
        X_train = others[0] if others else None
    X_real = check_collection(X_real, "X_real")
    y_real = check_labels(X_real, y_real)
    classifier = FCNClassifier(random_state=random_state) if classifier is None else classifier
    predictions = _predict(classifier, X_synthetic, y_synthetic, X_real, "X_synthetic")
    accuracy = float(accuracy_score(y_real, predictions))
    if not return_details:
        return accuracy
    train_on_real = train_on_real_per_class = None
    if X_train is not None:
        of_real = _predict(classifier, X_train, y_train, X_real, "X_train")
        train_on_real, train_on_real_per_class = float(accuracy_score(y_real, of_real)), _per_class(y_real, of_real)
    return AccuracyDetails(
        accuracy, _per_class(y_real, predictions), predictions, train_on_real, train_on_real_per_class
    )


def _predict(classifier, X, y, X_real, name):
    """Labels of X_real by a clone of `classifier` trained on (X, y)."""
    X = check_collection(X, name)
    if X.shape[1:] != X_real.shape[1:]:
        raise ValueError(
            f"{name} must have the same channels and time points as X_real, {X_real.shape[1:]}. "
            f"Got {X.shape[1:]} instead."
        )
    y = check_labels(X, y)
    return apply(fit_clone(classifier, X, y).predict, X_real)


def _per_class(y, predictions):
    return {label: float(np.mean(predictions[y == label] == label)) for label in np.unique(y).tolist()}


# Of a classifier that has seen real series; `evaluate` computes it.
register_score(
    "conditional_accuracy",
    needs="labels",
    direction="higher",
    ideal=1,
    question="Are samples of the class that was asked for?",
    value_range="[0, 1]",
    best="that of real",
    bias="none",
)(None)
