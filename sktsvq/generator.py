"""Tokenizer and prior in one estimator that writes series."""

import os
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_memory

from sktsvq._completion import CompletionMixin, prior_has, tokenize
from sktsvq._fitting import keeps_consistent
from sktsvq._parameters import Parameters, param
from sktsvq._persistence import SaveMixin
from sktsvq._refinement import draw_best, refine, resolve_n_candidates
from sktsvq._series import SeriesMixin
from sktsvq._summary import SummaryMixin
from sktsvq._two_stages import (
    FEW_CASES,
    check_sample_method,
    check_together,
    clone_parts,
    fit_part,
    fit_tokenizer,
    resolve_copies,
    told_of_tokens,
)
from sktsvq._validation import (
    AT_LEAST_ONE,
    HasMethods,
    Integral,
    Interval,
    RandomStateLike,
    StrOptions,
    check_is_fitted,
    check_labels,
    check_params,
    check_sample_size,
    no_labels,
    random_generator,
)
from sktsvq.tokenizers import VQVAETokenizer

__all__ = ["VQGenerator", "sample_series"]


def sample_series(
    estimator: Any,
    n_samples: int = 1,
    *,
    y: ArrayLike | None = None,
    random_state: RandomStateLike = None,
) -> np.ndarray:
    """Draw new series from a fitted generator, or from a plain Pipeline that ends in a prior.

    A prior in a Pipeline sees the tokens alone: it learns their streams, but its embeddings do not start from the
    codebook, and it learns no moved copies of few series, as in a `VQGenerator`. Nothing chooses among samples or
    adds noise to them.

    Parameters
    ----------
    estimator : object
        With `sample` (such as a VQGenerator), or a fitted Pipeline whose last step has `sample` and whose other steps
        have `inverse_transform`.
    n_samples : int, default=1
        How many to draw, at least 1.
    y : label or array-like of shape (n_samples,), optional
        Classes to draw from.
    random_state : int, RandomState or None, default=None
        An int makes the draws repeatable.

    Returns
    -------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        2-D where the estimator was fitted on 2-D series.

    Raises
    ------
    TypeError
        If the estimator cannot sample.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import sample_series
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> pipe = make_pipeline(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2)).fit(X, y)
    >>> sample_series(pipe, n_samples=3, random_state=0).shape
    (3, 1, 32)
    """
    prior = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(prior, "sample"):
        raise TypeError(
            "estimator must have a 'sample' method, or be a Pipeline whose last step has one. "
            f"Got {type(prior).__name__} instead."
        )
    drawn = prior.sample(n_samples, y=y, random_state=random_state)
    return estimator[:-1].inverse_transform(drawn) if isinstance(estimator, Pipeline) else drawn


class VQGenerator(
    SaveMixin,
    SummaryMixin,
    CompletionMixin,
    SeriesMixin,
    CallbackSupportMixin,
    Parameters,
    MetaEstimatorMixin,
    BaseEstimator,
):
    """Learn series in two stages, a tokenizer and a prior over its tokens, and write new ones.

    The tokens of the train set are computed once; the prior never sees the series. Both parts are searchable:
    ``GridSearchCV(generator, {"tokenizer__beta": ..., "prior__n_layers": ...})``.

    Attributes
    ----------
    tokenizer_, prior_ : estimators
        The fitted parts.
    n_candidates_ : int
        Series that are drawn for each sample.
    discriminator_ : object or None
        What chooses among them; None where there is one alone.
    noise_ : object or None
        What adds noise to samples; None where nothing does.
    classes_ : ndarray or None
        Class labels, None where `fit` saw none.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> generator.fit(X, y).sample(4, y=[0, 0, 1, 1], random_state=0).shape
    (4, 1, 32)
    """

    _takes_missing = True

    @property
    def _takes_lengths(self):
        return getattr(self.tokenizer or VQVAETokenizer, "_takes_lengths", False)

    tokenizer: object = param(
        None,
        [HasMethods(["fit", "transform", "inverse_transform"]), None],
        "Turns series into tokens and back; it is cloned, not changed. None is `VQVAETokenizer()`; to search over its "
        "parameters, give one. A "
        "``FrozenEstimator(tokenizer)`` is used as it is fitted.",
        positional=True,
    )
    prior: object = param(
        None,
        [HasMethods(["fit", "sample"]), None],
        "Learns the tokens, with ``fit(tokens, y)`` and ``sample(n_samples, *, y, random_state)``; it is cloned, not "
        "changed. None is `MaskGITPrior()` for at most 1000 series, `WaveNetPrior()` for more.",
        positional=True,
    )
    n_shifted: int | str = param(
        "auto",
        [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "Copies of each train series whose tokens the prior learns too. They are moved in time, as the tokenizer moves "
        "series in its own training (`VQVAETokenizer.tokenize_shifted`), so that the prior does not learn few series "
        'by heart. "auto" is 3 for at most 100 series, 1 for at most 400, else 0. It is also 0 if the tokenizer moves '
        "no series, if the prior stops early, since it would hold out copies of the series that it learns, or if "
        "series are so alike that copies are on average more than 1.2 times as far from their series as the nearest "
        "other one, by the vectors of the codes.",
    )
    n_candidates: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        "Series that are drawn for each one that `sample` gives: the one which a discriminator finds most like the "
        "train series of its class (after arXiv 1810.06758). This is a linear classifier on random convolutions; it "
        "also knows series that the prior draws, and learns to put them behind real ones. "
        "`fit` draws up to 1000 series for it. `score` does not see it: search by a scorer of `sktsvq.metrics`. "
        '"auto" is 2 for more than 100 series, else 1: of few series it would choose copies. Priors of other packages '
        "take 1.",
    )
    add_noise: bool | str = param(
        "auto",
        ["boolean", StrOptions({"auto"})],
        "Whether `sample` adds noise. Decoded tokens are means: where series are noise for the most part, they are too "
        "smooth. The noise has the power at each frequency that up to 200 drawn series lack beside train series, "
        "whatever their class and the place in time, and series with noise take on the values of train series by "
        'their rank. "auto" adds it if that brings the drawn series to less than half of their distance from train '
        "series, in the mean and the standard deviation of the features of random convolutions, and takes those of no "
        "class away; with priors of other packages it does not.",
    )
    memory: object = param(
        None,
        [str, HasMethods("__fspath__"), HasMethods("cache"), None],
        "A folder or a joblib.Memory that keeps fitted tokenizers, so that a search over the prior's parameters trains "
        "each of them once; damaged entries are computed again. The tokenizer then needs a fixed random state, here or "
        "its own.",
    )
    random_state: object = param(
        None, ["random_state"], "Determines the fits of those parts whose own `random_state` is None."
    )
    verbose: int = param(
        0, ["verbose"], "Above 0, a line of progress of each part on standard error, which ends as its result."
    )

    @keeps_consistent
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Fit the tokenizer on the series, then the prior on their tokens and labels.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series, as a list of unequal length where the tokenizer takes them. Missing values are NaN.
        y : array-like of shape (n_cases,), optional
            Class labels of any type; with them `sample` can be told the class.

        Returns
        -------
        self : object
            Fitted generator.
        """
        check_params(self)
        series = self._check_series(X, reset=True, min_cases=2)
        tokenizer, prior = clone_parts(self, len(series))
        # A mistake in a part or the labels must come to light before the tokenizer's training.
        for part in (tokenizer, prior):
            getattr(part, "_check_params", lambda part=part: check_params(part))()
        check_sample_method(self, prior)
        copies = resolve_copies(self, tokenizer, prior, len(series))
        n_candidates = resolve_n_candidates(self, prior, few=len(series) <= FEW_CASES)
        if y is not None:
            y = check_labels(series, y)
        check_together(tokenizer, prior, series, y, self.unequal_length_in_)
        told = {"estimator": self, "X": X, "y": no_labels(X) if y is None else y}
        root = self._init_callback_context(max_subtasks=2).call_on_fit_task_begin(**told)
        fit_first = check_memory(_as_text(self.memory)).cache(fit_tokenizer, ignore=["context", "owner"])
        context = root.subcontext("tokenizer")
        self.tokenizer_, tokens = fit_first(tokenizer, X, **copies, context=context, owner=self)
        labels = None if y is None else np.resize(y, len(tokens))
        settings = told_of_tokens(prior, self.tokenizer_, len(series), len(tokens))
        try:
            fit_part(prior, tokens, labels, context=root.subcontext("prior"), owner=self, **settings)
        except KeyboardInterrupt as interrupt:
            try:
                check_is_fitted(prior)
            except NotFittedError:
                raise interrupt from None
            self._interrupt = interrupt  # with what the prior has learnt so far, the generator is complete
        self.prior_ = prior
        self.classes_ = getattr(prior, "classes_", None)
        self.n_candidates_, self.discriminator_, self.noise_ = 1, None, None
        try:
            refine(self, series, tokens, labels, n_candidates)
        except KeyboardInterrupt as interrupt:
            self._interrupt = interrupt  # both parts are fitted; samples are then not chosen, or have no noise
        root.call_on_fit_task_end(
            **told,
            reconstruction_attributes=lambda: {name: value for name, value in vars(self).items() if name[-1] == "_"},
        )
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "prior_")

    def _fitted_parts(self):
        return (self.tokenizer_, self.prior_) if hasattr(self, "prior_") else ()

    def to(self, device: Any) -> Self:
        """Move the networks of both parts to a device, where they compute from then on.

        Parameters
        ----------
        device : str or torch.device
            Such as "cpu" or "cuda:0"; "auto" is CUDA where there is one.

        Returns
        -------
        self : object
            The estimator itself.
        """
        check_is_fitted(self)
        for part in (self.tokenizer_, self.prior_):
            if hasattr(part, "to"):
                part.to(device)
        return self

    def sample(
        self, n_samples: int = 1, *, y: ArrayLike | None = None, random_state: RandomStateLike = None
    ) -> np.ndarray:
        """Draw new series.

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : label or array-like of shape (n_samples,), optional
            Classes to draw from. Without it each class is drawn as often as in the train set, up to rounding.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        X : ndarray of shape (n_samples, n_channels, n_timepoints), or list of ndarray
            2-D where `fit` saw 2-D series, a list where it saw unequal lengths; in the float dtype of the series seen
            in fit.
        """
        check_is_fitted(self)
        noise = getattr(self, "noise_", None)  # the first files have none
        if noise is None:
            return self.tokenizer_.inverse_transform(self.sample_tokens(n_samples, y=y, random_state=random_state))
        rng = random_generator(random_state)
        tokens = self.sample_tokens(n_samples, y=y, random_state=rng)
        return noise.add_to(self.tokenizer_.inverse_transform(tokens), rng)

    def sample_tokens(
        self, n_samples: int = 1, *, y: ArrayLike | None = None, random_state: RandomStateLike = None
    ) -> np.ndarray:
        """Draw the tokens of new series, which `sample` turns into the series.

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : label or array-like of shape (n_samples,), optional
            Classes to draw from. Without it each class is drawn as often as in the train set, up to rounding.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        tokens : ndarray of int, shape (n_samples, n_tokens)
            As the tokenizer gives them.
        """
        check_is_fitted(self)
        check_sample_size(self, n_samples)
        if getattr(self, "discriminator_", None) is None:  # the first files have none
            return self.prior_.sample(n_samples, y=y, random_state=random_state)
        return draw_best(self, n_samples, y, random_state)

    @available_if(prior_has("score_samples"))
    def score_samples(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """Log-likelihood of the tokens of each series under the prior, in nats.

        Values of different tokenizers do not compare: each has its own tokens.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.

        Returns
        -------
        log_likelihood : ndarray of shape (n_cases,)
            In nats; greater is more likely.
        """
        check_is_fitted(self)
        return self.prior_.score_samples(tokenize(self.tokenizer_, X), y)

    @available_if(prior_has("score_samples"))
    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Mean log-likelihood of the tokens of the series under the prior, in nats.

        Values of different tokenizers do not compare: each has its own tokens. To search over tokenizers, use a scorer
        of `sktsvq.metrics`.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where they are known.

        Returns
        -------
        score : float
            Greater is better.
        """
        return float(np.mean(self.score_samples(X, y)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.one_d_labels = True
        return tags


def _as_text(memory):
    return os.fspath(memory) if hasattr(memory, "__fspath__") else memory
