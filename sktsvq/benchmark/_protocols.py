"""How good an embedding is: the protocols of the benchmark of representations, by name."""

from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from sktsvq.metrics import probe_score
from sktsvq.representation import FineTunedClassifier

__all__ = ["PROTOCOLS", "FittedModel", "rbf_svm_score"]

_COSTS = [*(10.0**power for power in range(-4, 5)), np.inf]
_SHARES = (1, 10, 100)  # per cent of the labels


class FittedModel(NamedTuple):
    """A model that was fitted on a train set without its labels, and what it makes of both sets."""

    model: object
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    Z_train: np.ndarray
    Z_test: np.ndarray
    seed: int


def rbf_svm_score(Z_train, y_train, Z_test, y_test):
    """Accuracy of a support vector machine with a Gaussian kernel, by the protocol of TS2Vec (arXiv 2106.10466).

    Embeddings are not scaled, the width of the kernel is scikit-learn's "scale", and C is 1e-4, 1e-3, ..., 1e4 or
    infinite by 5-fold cross-validation on the train set; infinite where there are fewer than 50 train series or 5 a
    class.

    Parameters
    ----------
    Z_train, Z_test : array-likes of shape (n_cases, n_features)
    y_train, y_test : array-likes of shape (n_cases,)

    Returns
    -------
    accuracy : float
    """
    Z_train, Z_test = (np.asarray(Z, dtype=np.float64) for Z in (Z_train, Z_test))
    y_train, y_test = np.asarray(y_train), np.asarray(y_test)
    cost = np.inf
    if len(y_train) >= 50 and len(y_train) // len(np.unique(y_train)) >= 5:
        parts = StratifiedKFold(5).split(Z_train, y_train)
        scores = [
            _svm_scores(Z_train[rows], y_train[rows], Z_train[others], y_train[others], _COSTS)
            for rows, others in parts
        ]
        cost = _COSTS[int(np.mean(scores, axis=0).argmax())]
    return _svm_scores(Z_train, y_train, Z_test, y_test, [cost])[0]


def _svm_scores(Z, y, Z_new, y_new, costs):
    """Accuracies at several C, for which the kernel is computed once."""
    gamma = 1 / max(Z.shape[1] * Z.var(), np.finfo(float).tiny)
    kernel, new = rbf_kernel(Z, gamma=gamma), rbf_kernel(Z_new, Z, gamma=gamma)
    models = (SVC(C=cost, kernel="precomputed", max_iter=10_000_000).fit(kernel, y) for cost in costs)
    return [model.score(new, y_new) for model in models]


def _embeddings(fitted):
    return fitted.Z_train, fitted.y_train, fitted.Z_test, fitted.y_test


def _kmeans(fitted):
    """Adjusted Rand index of clusters of the test set, as many as classes, with its classes."""
    clusters = KMeans(len(np.unique(fitted.y_test)), n_init=10, random_state=fitted.seed).fit_predict(fitted.Z_test)
    return adjusted_rand_score(fitted.y_test, clusters)


def _bag_of_codes(fitted):
    """Accuracy of a linear SVM on the frequencies of the codes; None for what is no tokenizer."""
    if not hasattr(fitted.model, "tokenize"):
        return None
    output = fitted.model.output
    model = fitted.model.set_params(output="histogram")
    histograms = model.transform(fitted.X_train), model.transform(fitted.X_test)
    model.set_params(output=output)
    return probe_score(histograms[0], fitted.y_train, histograms[1], fitted.y_test)


def share_of_labels(y, share, seed):
    """Rows of `share` per cent of each class, at least one, in random order."""
    rng = np.random.RandomState(seed)
    rows = []
    for label in np.unique(y):
        own = rng.permutation(np.flatnonzero(y == label))
        rows.append(own[: max(1, round(share / 100 * len(own)))])
    return rng.permutation(np.concatenate(rows))


def _tuned(share, from_scratch):
    """Accuracy after fine-tuning with a share of the labels; None for what has no network."""

    def protocol(fitted):
        if not hasattr(fitted.model, "module_"):
            return None
        rows = share_of_labels(fitted.y_train, share, fitted.seed)
        classifier = FineTunedClassifier(fitted.model, from_scratch=from_scratch, random_state=fitted.seed)
        classifier.fit(fitted.X_train[rows], fitted.y_train[rows])
        return classifier.score(fitted.X_test, fitted.y_test)

    return protocol


# Each takes a FittedModel, and gives a number or None where the protocol does not apply.
PROTOCOLS = {
    "linear_svm": lambda fitted: probe_score(*_embeddings(fitted)),
    "knn": lambda fitted: probe_score(*_embeddings(fitted), probe="knn"),
    "rbf_svm": lambda fitted: rbf_svm_score(*_embeddings(fitted)),
    "kmeans_ari": _kmeans,
    "bag_of_codes": _bag_of_codes,
    **{f"fine_tuned_{share}": _tuned(share, from_scratch=False) for share in _SHARES},
    **{f"from_scratch_{share}": _tuned(share, from_scratch=True) for share in _SHARES},
}
