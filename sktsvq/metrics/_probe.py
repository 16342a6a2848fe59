"""The accuracy of a simple classifier on embeddings."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from sklearn.utils import check_array

from sktsvq._validation import HasMethods, StrOptions, check_labels, validate_params
from sktsvq.metrics._registry import register_score

__all__ = ["PROBES", "probe_score"]

PROBES = ("linear_svm", "knn", "logistic")


@register_score(
    "probe_score",
    needs="tokens",
    direction="higher",
    ideal=1,
    scorer_name="linear_svm_probe",
    question="What do embeddings know of classes?",
    value_range="[0, 1]",
    best="that of the series",
    bias="none",
)
@validate_params(
    {"probe": [StrOptions(set(PROBES)), HasMethods(["fit", "predict"])]}, prefer_skip_nested_validation=True
)
def probe_score(Z_train, y_train, Z_test, y_test, *, probe="linear_svm"):
    """Accuracy of a simple classifier, the probe, on embeddings: how much they tell of the classes.

    Each embedding is scaled to [-1, 1] by its range on the train set, the probe is trained on the train set, and its
    accuracy on the test set is the score. It says what such a probe can read, not all that the embedding holds; with
    few test cases it is coarse.

    Parameters
    ----------
    Z_train : array-like of shape (n_train, n_features)
        Embeddings to train on.
    y_train : array-like of shape (n_train,)
        Their labels.
    Z_test : array-like of shape (n_test, n_features)
        Embeddings to test on.
    y_test : array-like of shape (n_test,)
        Their labels.
    probe : {"linear_svm", "knn", "logistic"} or classifier, default="linear_svm"
        A linear support vector machine with C = 1, the 5 nearest neighbours (all, where there are fewer), logistic
        regression with C = 1, or a clone of the classifier given.

    Returns
    -------
    accuracy : float
        In [0, 1]; greater is better.

    Raises
    ------
    ValueError
        If embeddings are no 2-D arrays, hold NaN or differ in their number of features, labels are not one per
        embedding, or the probe is unknown.

    References
    ----------
    The protocol is that of "NC-VQVAE", arXiv 2408.16613.

    Examples
    --------
    >>> from sktsvq.metrics import probe_score
    >>> probe_score([[0.0], [1.0], [8.0], [9.0]], [0, 0, 1, 1], [[2.0], [7.0]], [0, 1])
    1.0
    """
    Z_train = check_array(Z_train, dtype=np.float64, input_name="Z_train", estimator="probe_score")
    Z_test = check_array(Z_test, dtype=np.float64, input_name="Z_test", estimator="probe_score")
    if Z_train.shape[1] != Z_test.shape[1]:
        raise ValueError(
            f"Z_test must have as many features as Z_train, {Z_train.shape[1]}. Got {Z_test.shape[1]} instead."
        )
    y_train = check_labels(Z_train, y_train)
    y_test = check_labels(Z_test, y_test)
    model = make_pipeline(MinMaxScaler((-1, 1)), _make_probe(probe, len(Z_train)))
    return float(accuracy_score(y_test, model.fit(Z_train, y_train).predict(Z_test)))


def _make_probe(probe, n_train):
    if not isinstance(probe, str) and hasattr(probe, "fit") and hasattr(probe, "predict"):
        return clone(probe)
    if probe == "linear_svm":
        return SVC(kernel="linear")
    if probe == "knn":
        return KNeighborsClassifier(n_neighbors=min(5, n_train))
    return LogisticRegression(max_iter=1000)
