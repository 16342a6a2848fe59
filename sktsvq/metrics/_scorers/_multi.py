"""Several scores of one draw."""

from sklearn.base import BaseEstimator, clone

from sktsvq._parameters import Parameters, param
from sktsvq._validation import check_params
from sktsvq.metrics._scorers._base import BaseScorer, context_of

__all__ = ["MultiScorer"]


class MultiScorer(Parameters, BaseEstimator):
    """Several scorers in one, which share what they need: one draw of series, one pass of features.

    It is called as ``scorer(estimator, X, y=None)`` and returns a dict, scikit-learn's form of several metrics. Give it
    as ``scoring=`` to `cross_validate`, or to `GridSearchCV` together with ``refit="name"``. A dict of scorers
    works there too, but each of them draws for itself.

    Scorers share a draw if their `n_samples` and `random_state` are equal, and features if their extractor is the same
    object.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import KIDScorer, MultiScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> scorer = MultiScorer(["prdc_coverage", "neg_skewness_difference"])
    >>> sorted(scorer(generator.fit(X[:40]), X[40:]))
    ['neg_skewness_difference', 'prdc_coverage']
    >>> MultiScorer({"kid": KIDScorer()})(generator, X[40:])["kid"] < 1
    True
    """

    scorers: object = param(
        ("neg_kernel_inception_distance", "prdc_coverage"),
        ["array-like", tuple, dict],
        "Names as `get_scorer` knows them, or a dict from names of your choice to such names or scorers.",
        positional=True,
    )

    def __call__(self, estimator, X, y=None):
        """Score a fitted estimator on held-out series.

        Parameters
        ----------
        estimator : fitted estimator
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series that `estimator` was not fitted on. Missing values are NaN; generated series get the same gaps.
        y : array-like of shape (n_cases,), optional
            Their labels.

        Returns
        -------
        scores : dict of str to float
            Greater is better.
        """
        check_params(self)
        context = context_of(estimator, X, y)
        return {name: float(scorer._score(context)) for name, scorer in self._named().items()}

    def _named(self):
        from sktsvq.metrics._scorers import get_scorer

        given = self.scorers if isinstance(self.scorers, dict) else {name: name for name in self.scorers}
        named = {name: get_scorer(one) if isinstance(one, str) else one for name, one in given.items()}
        for name, scorer in named.items():
            if not isinstance(name, str) or not isinstance(scorer, BaseScorer):
                raise TypeError(
                    "The 'scorers' parameter of MultiScorer must be a list of names, or a dict from names of your "
                    f"choice to names or scorers of sktsvq.metrics. Got {scorer!r} instead."
                )
            check_params(scorer)
        if not named:
            raise ValueError("The 'scorers' parameter of MultiScorer must hold a scorer at least. Got none.")
        return named

    def __sklearn_clone__(self):
        scorers = self.scorers
        if isinstance(scorers, dict):
            scorers = {name: clone(scorer, safe=False) for name, scorer in scorers.items()}
        return type(self)(scorers)
