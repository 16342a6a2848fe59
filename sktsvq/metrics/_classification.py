"""The accuracy on real series of a classifier that has seen synthetic ones only."""

from sklearn.base import clone
from sklearn.metrics import accuracy_score

from sktsvq._validation import check_labels
from sktsvq.classifier import FCNClassifier
from sktsvq.metrics._layout import check_collection, layout_for

__all__ = ["classification_accuracy_score"]


def classification_accuracy_score(X_synthetic, y_synthetic, X_real, y_real, *, classifier=None, random_state=None):
    """Classification accuracy score (CAS): train on synthetic, test on real (TSTR).

    A fresh classifier is trained on the synthetic series; its accuracy on the real ones is the score. It falls where
    the synthetic series lack what tells the real classes apart, or show too little of it.

    The score is at most about what the same classifier reaches when it is trained on real series: report that beside
    it. It depends on the classifier, on n_synthetic and, with few real series, on chance.

    Parameters
    ----------
    X_synthetic : array-like of shape (n_synthetic, n_channels, n_timepoints) or (n_synthetic, n_timepoints)
        The series to train on.
    y_synthetic : array-like of shape (n_synthetic,)
        Their labels.
    X_real : array-like of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints)
        The series to test on, best none that the generator was trained on.
    y_real : array-like of shape (n_real,)
        Their labels.
    classifier : classifier, default=None
        A scikit-learn or aeon classifier; a clone of it is trained. One that takes no 3-D array gets the series
        flattened. None is an :class:`~sktsvq.classifier.FCNClassifier`.
    random_state : int, RandomState instance or None, default=None
        Of the default classifier; one that is given brings its own.

    Returns
    -------
    accuracy : float
        In [0, 1]; greater is better.

    Raises
    ------
    ValueError
        If series hold NaN or differ in their number of channels or time points, or labels are not one per series.

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
    X_synthetic = check_collection(X_synthetic, "X_synthetic")
    X_real = check_collection(X_real, "X_real")
    if X_synthetic.shape[1:] != X_real.shape[1:]:
        raise ValueError(
            "X_synthetic must have the same channels and time points as X_real, "
            f"{X_real.shape[1:]}. Got {X_synthetic.shape[1:]} instead."
        )
    y_synthetic = check_labels(X_synthetic, y_synthetic)
    y_real = check_labels(X_real, y_real)
    classifier = FCNClassifier(random_state=random_state) if classifier is None else clone(classifier)
    classifier.fit(layout_for(classifier, X_synthetic), y_synthetic)
    return float(accuracy_score(y_real, classifier.predict(layout_for(classifier, X_real))))
