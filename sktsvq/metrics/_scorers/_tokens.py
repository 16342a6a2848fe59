"""Scorers of tokenizers, alone or within a Pipeline or a generator."""

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from sktsvq._completion import unrolled
from sktsvq._parameters import param
from sktsvq._validation import HasMethods, Integral, Interval, StrOptions
from sktsvq.metrics._discrete import codebook_perplexity, token_class_information
from sktsvq.metrics._layout import cases_of, flatten
from sktsvq.metrics._probe import PROBES, probe_score
from sktsvq.metrics._scorers._base import BaseScorer

__all__ = ["PerplexityScorer", "ProbeScorer", "TokenInformationScorer"]


class ProbeScorer(BaseScorer):
    """Cross-validated accuracy of a simple classifier on a tokenizer's embeddings of held-out series.

    `estimator` is a fitted tokenizer, a fitted generator with one in ``tokenizer_``, or a fitted Pipeline with one of
    them, alone or behind steps that transform series. The probe is trained and tested on parts of X, since the scorer
    sees no other series. See :func:`probe_score` for the definition.

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

    probe: object = param(
        "linear_svm",
        [StrOptions(set(PROBES)), HasMethods(["fit", "predict"])],
        "The simple classifier: a name or a scikit-learn classifier.",
        positional=True,
    )
    n_splits: int = param(
        5,
        [Interval(Integral, 2, None, closed="left")],
        "Number of stratified folds of X; no more than cases in the smallest class are used.",
    )
    random_state: object = param(0, ["random_state"], "Of the folds.")

    def _score(self, context):
        y = self._need_labels(context)
        classes, counts = np.unique(y, return_counts=True)
        if len(classes) < 2 or counts.min() < 2:
            raise ValueError(
                "ProbeScorer needs at least two classes with at least two cases each. "
                f"Got the counts {dict(zip(classes.tolist(), counts.tolist(), strict=True))}."
            )
        embedding = _encode(self, context, "embedding")
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

    Greater means a fuller use of the codebook, at most its size. `estimator` is as in :class:`ProbeScorer`. See
    :func:`codebook_perplexity`.

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

    def _score(self, context):
        return codebook_perplexity(_encode(self, context, "tokens"))


class TokenInformationScorer(BaseScorer):
    """Information of a tokenizer's tokens of held-out series about their classes, in nats.

    Greater is better, about 0 is none.
    `estimator` is as in :class:`ProbeScorer`. See :func:`token_class_information` for the definition.

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

    n_permutations: int = param(
        20, [Interval(Integral, 0, None, closed="left")], "Of the labels, to correct the bias.", positional=True
    )
    random_state: object = param(0, ["random_state"], "Of the permutations.")

    def _score(self, context):
        y = self._need_labels(context)
        tokens = _encode(self, context, "tokens")
        return token_class_information(tokens, y, n_permutations=self.n_permutations, random_state=self.random_state)


def _encode(scorer, context, output):
    """What the tokenizer of the estimator makes of X, one row a case."""
    method = {"tokens": "tokenize", "embedding": "embed"}[output]
    estimator, X = unrolled(context.estimator), cases_of(context.X.copy())
    if isinstance(estimator, Pipeline):
        parts = [part for part in estimator if not hasattr(part, "complete")]  # a prior embeds tokens, not series
    else:
        parts = [getattr(estimator, "tokenizer_", estimator)]
    place = next((i for i, part in enumerate(parts) if hasattr(part, method)), None)
    if place is None:
        raise TypeError(
            f"{type(scorer).__name__} scores a tokenizer, a generator, or a Pipeline with one of them. "
            f"Got {type(estimator).__name__} instead."
        )
    if place:
        X = estimator[:place].transform(X)
    return flatten(getattr(parts[place], method)(X))
