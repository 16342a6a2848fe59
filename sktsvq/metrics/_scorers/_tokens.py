"""Scorers of tokenizers, alone or within a Pipeline or a generator."""

import copy

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from sktsvq._validation import HasMethods, Integral, Interval, StrOptions
from sktsvq.metrics._discrete import codebook_perplexity, token_class_information
from sktsvq.metrics._layout import flatten
from sktsvq.metrics._probe import PROBES, probe_score
from sktsvq.metrics._scorers._base import BaseScorer

__all__ = ["PerplexityScorer", "ProbeScorer", "TokenInformationScorer"]


class ProbeScorer(BaseScorer):
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
        embedding = _encode(self, estimator, X, "embedding")
        n_splits = min(self.n_splits, int(counts.min()))
        folds = StratifiedKFold(n_splits, shuffle=True, random_state=self.random_state).split(embedding, y)
        return np.mean(
            [
                probe_score(embedding[train], y[train], embedding[test], y[test], probe=self.probe)
                for train, test in folds
            ]
        )


class PerplexityScorer(BaseScorer):
    """Perplexity of a tokenizer's tokens of held-out series.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the perplexity; greater means a fuller use of the
    codebook, at most its size. `estimator` is as in :class:`ProbeScorer`. See :func:`codebook_perplexity`.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import PerplexityScorer
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:40])
    >>> 1 <= PerplexityScorer()(tokenizer, X[40:]) <= tokenizer.codebook_size_
    True
    """

    _parameter_constraints = {}

    def _score(self, estimator, X, y):
        return codebook_perplexity(_encode(self, estimator, X, "tokens"))


class TokenInformationScorer(BaseScorer):
    """Information of a tokenizer's tokens of held-out series about their classes, in nats.

    Calls of an instance, ``scorer(estimator, X, y)``, give the information; greater is better, about 0 is none.
    `estimator` is as in :class:`ProbeScorer`. See :func:`token_class_information` for the definition.

    Parameters
    ----------
    n_permutations : int, default=20
        Of the labels, to correct the bias.
    random_state : int, RandomState instance or None, default=0
        Of the permutations.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import TokenInformationScorer
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X[:40])
    >>> TokenInformationScorer()(tokenizer, X[40:], y[40:]) < 0.7
    True
    """

    _parameter_constraints = {
        "n_permutations": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, n_permutations=20, *, random_state=0):
        self.n_permutations = n_permutations
        self.random_state = random_state

    def _score(self, estimator, X, y):
        self._need_labels(y)
        tokens = _encode(self, estimator, X, "tokens")
        return token_class_information(tokens, y, n_permutations=self.n_permutations, random_state=self.random_state)


def _encode(scorer, estimator, X, output):
    """What the tokenizer of `estimator` makes of X, one row a case."""
    tokenizer = (
        estimator.steps[0][1] if isinstance(estimator, Pipeline) else getattr(estimator, "tokenizer_", estimator)
    )
    if not hasattr(tokenizer, "get_params") or "output" not in tokenizer.get_params(deep=False):
        raise TypeError(
            f"{type(scorer).__name__} scores a tokenizer, a Pipeline whose first step is one, or a generator. "
            f"Got {type(estimator).__name__} instead."
        )
    # A shallow copy shares what was learnt and leaves the user's tokenizer as it is.
    return flatten(copy.copy(tokenizer).set_params(output=output).transform(X))
