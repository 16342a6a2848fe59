"""Fill up small classes of a train set by generated series."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone

from sktsvq._parameters import Parameters, param
from sktsvq._series import SeriesMixin, own_lengths
from sktsvq._validation import HasMethods, Interval, StrOptions, check_labels, check_params, draw_seed
from sktsvq.generator import VQGenerator

__all__ = ["VQOversampler"]

# Which classes a strategy fills up, by their counts: n is that of the class, "least" and "most" are the extremes.
_STRATEGIES = {
    "minority": lambda n, least, most: n == least,
    "not minority": lambda n, least, most: n != least,
    "not majority": lambda n, least, most: n != most,
    "all": lambda n, least, most: True,
    "auto": lambda n, least, most: n != most,
}


class VQOversampler(SeriesMixin, Parameters, MetaEstimatorMixin, BaseEstimator):
    """Oversampling by a generator: new series of the small classes, so that a classifier sees as many of each.

    It has the interface of imbalanced-learn's samplers and works in imbalanced-learn's Pipeline, which resamples in
    `fit` alone: test series stay as they are. Unlike those samplers it takes series of several channels.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many series of each class are generated.
    generator_ : estimator or None
        The generator, fitted on all series and labels; None where none is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.oversampling import VQOversampler
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    >>> X, y = X[5:], np.sort(y)[5:]
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior())
    >>> X_all, y_all = VQOversampler(generator, random_state=0).fit_resample(X, y)
    >>> X_all.shape, np.bincount(y_all)
    ((40, 1, 32), array([20, 20]))
    """

    _takes_missing = _takes_lengths = True

    generator: object = param(
        None,
        [HasMethods(["fit", "sample"]), None],
        "Learns the series with their labels, and draws from classes; it is cloned, not changed. None is "
        "`VQGenerator()`.",
        positional=True,
    )
    sampling_strategy: object = param(
        "auto",
        [StrOptions(set(_STRATEGIES)), Interval(Real, 0, 1, closed="right"), Mapping, callable],
        'Which classes are filled up to the size of the largest one: "minority" (the smallest), "not minority", "not '
        'majority" or "all"; "auto" is "not majority". A float is the ratio of the smaller to the larger of two '
        "classes that is aimed at. A dict says how many series each class has afterwards; a function makes such a dict "
        "of y.",
    )
    random_state: object = param(
        None, ["random_state"], "Determines the new series, and the fit of a generator whose own is None."
    )

    def fit(self, X, y):
        """Find out how many series each class lacks.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series. Missing values are NaN; series of unequal length are a list.
        y : array-like of shape (n_cases,)
            Their classes.

        Returns
        -------
        self : object
            The estimator itself.
        """
        self._check(X, y)
        return self

    def fit_resample(self, X, y):
        """Fit the generator and add new series of the classes that lack some.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series. Missing values are NaN; series of unequal length are a list.
        y : array-like of shape (n_cases,)
            Their classes.

        Returns
        -------
        X_resampled : ndarray of shape (n_cases_new, n_channels, n_timepoints) or (n_cases_new, n_timepoints), or list
            The given series, unchanged, and behind them the new ones, class by class; a list where X holds series of
            unequal length.
        y_resampled : ndarray of shape (n_cases_new,)
            Their classes.

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, `sampling_strategy` asks for fewer series than there are, for an unknown
            class, or for a ratio of other than two classes; and what the generator raises.
        """
        series, y = self._check(X, y)
        self.generator_ = None
        n_new = list(self.sampling_strategy_.values())
        given = self._as_given(series, own_lengths(X, series) if self.unequal_length_in_ else None)
        if not sum(n_new):
            return given, y
        rng = np.random.RandomState(draw_seed(self.random_state))
        labels = np.repeat(np.array(list(self.sampling_strategy_), dtype=y.dtype), n_new)
        generator = VQGenerator() if self.generator is None else clone(self.generator)
        seed = draw_seed(rng)
        if generator.get_params(deep=False).get("random_state", 0) is None:
            generator.set_params(random_state=seed)
        self.generator_ = generator.fit(given, y)
        new = self.generator_.sample(len(labels), y=labels, random_state=draw_seed(rng))
        y = np.concatenate([y, labels])
        if self.unequal_length_in_:
            return given + [case.astype(self._dtype_in, copy=False) for case in new], y
        return np.concatenate([given, new.astype(given.dtype, copy=False)]), y

    def _check(self, X, y):
        """Checked series and labels; sets `sampling_strategy_`."""
        check_params(self)
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        series = self._check_series(X, reset=True, min_cases=2)
        y = check_labels(series, y)
        classes, counts = np.unique(y, return_counts=True)
        self.sampling_strategy_ = self._n_new(dict(zip(classes.tolist(), counts.tolist(), strict=True)), y)
        return series, y

    def _n_new(self, counts, y):
        """How many series of each class are to be generated, from how many there are."""
        rule = f"The 'sampling_strategy' parameter of {type(self).__name__} must"
        strategy = self.sampling_strategy
        if callable(strategy):
            strategy = strategy(y)
            if not isinstance(strategy, Mapping):
                raise TypeError(f"{rule} give a dict if it is a function. Got {strategy!r} instead.")
        least, most = min(counts.values()), max(counts.values())
        if isinstance(strategy, str):
            fills = _STRATEGIES[strategy]
            return {label: most - n for label, n in counts.items() if fills(n, least, most)}
        if isinstance(strategy, Real):
            if len(counts) != 2:
                raise ValueError(f"{rule} be no ratio unless there are two classes. Got {len(counts)} classes.")
            smaller = min(counts, key=counts.get)
            strategy = {smaller: int(strategy * most)}
        n_new = {}
        for label, n_wanted in strategy.items():
            if label not in counts:
                raise ValueError(f"{rule} name classes of y, {list(counts)[:5]}. Got {label!r} instead.")
            if not isinstance(n_wanted, Integral):
                raise TypeError(f"{rule} say how many series each class has by an int. Got {n_wanted!r} instead.")
            if n_wanted < counts[label]:
                raise ValueError(
                    f"{rule} ask for at least as many series of class {label!r} as there are, {counts[label]}. "
                    f"Got {n_wanted} instead."
                )
            n_new[label] = n_wanted - counts[label]
        return n_new

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        return tags
