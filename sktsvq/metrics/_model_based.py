"""Scores that train a model: can it tell generated from real, and does it learn from the generated to predict?"""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils import gen_batches

from sktsvq._scaling import mean_and_scale
from sktsvq._validation import AT_LEAST_ONE, HasMethods, draw_seed, validate_params
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._layout import check_collections, layout_for, stretched
from sktsvq.metrics._registry import register_score
from sktsvq.metrics._uneven import UnevenSeries

__all__ = ["default_lags", "detections", "discriminative_score", "prediction_errors", "predictive_score"]

_N_FOLDS = 5
# Values of the predictor's rows that are in memory at a time.
_CHUNK_VALUES = 2**23


@register_score(
    "discriminative_score",
    needs="model",
    direction="lower",
    ideal=0,
    question="Can a model tell them apart?",
    value_range="[0, 0.5]",
    best="0",
    bias="upwards, 0.4/sqrt(n)",
)
@validate_params(
    {
        "classifier": [HasMethods(["fit", "predict"]), None],
        "cv": [HasMethods(["split"]), None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def discriminative_score(X_real, X_generated, *, classifier=None, cv=None, random_state=0):
    r"""How well a classifier tells generated series from real ones, beyond guessing.

    .. math:: \bigl| \text{accuracy} - \tfrac12 \bigr|

    of a classifier that is trained on as many real as generated series (the larger set is cut at random), each series
    being classified by one that has not seen it, in 5 folds.

    It is biased upwards by few series: guesses about n series are off by 0.4 / sqrt(n) on average. A value near 0 says
    that this classifier finds no difference, not that there is none; a classifier that sees tiny artefacts is near 0.5
    for every generator.

    TimeGAN trains a recurrent network (GRU) once, on a share of the series, and tests it on the rest. The default here,
    a logistic regression on the :class:`SeriesFeatures` of each series and their products, is trained in milliseconds
    and depends on no initial weights; all series are tested. One channel or many are treated alike. Gaps are bridged by
    straight lines; series of unequal length are stretched to the longest real one, and their length is one more
    channel.

    Parameters
    ----------
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        Real series, at least five.
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        Generated series, at least five.
    classifier : classifier, default=None
        A scikit-learn or aeon classifier; clones of it are trained. One that takes no 3-D array gets the series
        flattened.
    cv : splitter of scikit-learn, default=None
        Which series are trained on and which are tested; None are 5 folds. ``StratifiedShuffleSplit(1, test_size=0.2)``
        trains the classifier once, as TimeGAN does.
    random_state : int, RandomState instance or None, default=0
        Of the cut and the folds.

    Returns
    -------
    score : float
        In [0, 0.5]; 0 is best.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, or are
        fewer than five.

    References
    ----------
    Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks", NeurIPS 2019. See also Lopez-Paz
    and Oquab, "Revisiting classifier two-sample tests", arXiv 1610.06545.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import discriminative_score
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> discriminative_score(X[:30], X[30:] + 5) > 0.3
    True
    """
    if cv is None:
        accuracy = detections(X_real, X_generated, classifier=classifier, random_state=random_state).mean()
    else:
        classifier, both, is_generated, _ = _to_detect(X_real, X_generated, classifier, random_state)
        accuracy = cross_val_score(
            classifier, both, is_generated, cv=cv, scoring="accuracy", error_score="raise"
        ).mean()
    return abs(float(accuracy) - 0.5)


def detections(X_real, X_generated, *, classifier=None, random_state=0):
    """Whether each series was recognised: bool, first the real, then as many generated ones."""
    classifier, both, is_generated, rng = _to_detect(X_real, X_generated, classifier, random_state)
    folds = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=draw_seed(rng))
    return cross_val_predict(classifier, both, is_generated, cv=folds) == is_generated


def _to_detect(X_real, X_generated, classifier, random_state):
    """An unfitted classifier, as many real as generated series, which of them are generated, and random numbers."""
    real, generated = check_collections(X_real=X_real, X_generated=X_generated)
    n_cases = min(len(real), len(generated))
    if n_cases < _N_FOLDS:
        raise ValueError(
            f"discriminative_score needs at least {_N_FOLDS} real and as many generated series. "
            f"Got {len(real)} and {len(generated)} instead."
        )
    rng = np.random.RandomState(draw_seed(random_state))
    both = np.concatenate([stretched(X[rng.permutation(len(X))[:n_cases]]) for X in (real, generated)])
    is_generated = np.repeat([0, 1], n_cases)
    classifier = _default_classifier() if classifier is None else classifier
    return clone(classifier), layout_for(classifier, both), is_generated, rng


def _default_classifier():
    # Products, so that it sees spreads and correlations beside means.
    return make_pipeline(
        SeriesFeatures(),
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )


@register_score(
    "predictive_score",
    needs="model",
    direction="lower",
    ideal=np.nan,
    question="Does a predictor learn from them?",
    value_range="[0, inf)",
    best="that of real",
    bias="little",
)
@validate_params(
    {"model": [HasMethods(["fit", "predict"]), None], "n_lags": [AT_LEAST_ONE, None]},
    prefer_skip_nested_validation=True,
)
def predictive_score(X_generated, X_real, *, model=None, n_lags=None):
    r"""Error on real series of a one-step-ahead predictor that was trained on generated ones.

    .. math:: \frac{1}{n C (T - L)} \sum_{i,c,t} \frac{\bigl| x_{ict} - \hat x_{ict} \bigr|}{s_c}

    with the prediction from the L time points before t, of all channels, and s_c the standard deviation of channel c in
    the real series. "Train on synthetic, test on real" for data without labels.

    Gaps are bridged by straight lines. Series of unequal length are taken as they are; those of at most L time points
    are left out.

    Put beside it the value of a predictor trained on real series. It sees local dynamics only: series that are smooth
    in the same way do well, whatever their shape, and whole modes may be missing.

    TimeGAN trains a recurrent network (GRU) on the whole past, to predict the last channel from the others; that is not
    defined for one channel. Here every channel is predicted from its own past and that of the others, by default by a
    ridge regression, whose only solution is found in closed form.

    Parameters
    ----------
    X_generated : array of shape (n_generated, n_channels, n_timepoints) or (n_generated, n_timepoints), or list
        The series to train on.
    X_real : array of shape (n_real, n_channels, n_timepoints) or (n_real, n_timepoints), or list
        The series to test on, best none that the generator was trained on. At least two time points.
    model : regressor, default=None
        A scikit-learn regressor from (n_rows, n_channels * n_lags) to (n_rows, n_channels); a clone of it is trained.
        None is ``Ridge()`` on values divided by s_c.
    n_lags : int, default=None
        L, in [1, n_timepoints - 1]. None is 16, or half of the time points of the shortest real series where
        they are fewer than 32.

    Returns
    -------
    error : float
        In [0, inf), in standard deviations of the real series; lower is better. What is best depends on the data.

    Raises
    ------
    ValueError
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, have fewer
        than two, or `n_lags` is out of its range.

    References
    ----------
    Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.metrics import predictive_score
    >>> line = np.arange(20.0)[np.newaxis]
    >>> predictive_score(line, line) < 0.1
    True
    """
    return float(prediction_errors(X_generated, X_real, model=model, n_lags=n_lags).mean())


def prediction_errors(X_generated, X_real, *, model=None, n_lags=None):
    """The mean absolute error of each real series with more than `n_lags` time points: at most (n_real,)."""
    real, generated = check_collections(X_real=X_real, X_generated=X_generated)
    n_timepoints = int(np.max(getattr(real, "lengths", real.shape[2])))
    if n_timepoints < 2:
        raise ValueError("predictive_score needs series of at least 2 time points. Got 1 instead.")
    n_lags = default_lags(real) if n_lags is None else n_lags
    if n_lags >= n_timepoints:
        raise ValueError(
            "The 'n_lags' parameter of predictive_score must be an int in the range [1, n_timepoints - 1], here "
            f"[1, {n_timepoints - 1}]. Got {n_lags!r} instead."
        )
    mean, scale = mean_and_scale(getattr(real, "padded", real), axis=(0, 2))
    predict = _fit_predictor(model, _windows(generated, mean, scale, n_lags))
    if predict is None:
        raise ValueError(
            f"X_generated of predictive_score must hold a series of more than n_lags={n_lags} time points. "
            f"Got at most {generated.lengths.max()} instead."
        )
    errors = []
    for past, present, starts in _windows(real, mean, scale, n_lags):
        parts = np.split(np.abs(predict(past).reshape(present.shape) - present), starts[1:])
        errors += [part.mean() for part in parts]
    return np.array(errors)


def default_lags(real):
    """16, or half of the time points of the shortest series where they are fewer than 32."""
    n_timepoints = real.lengths.min() if isinstance(real, UnevenSeries) else real.shape[2]
    return int(max(1, min(16, n_timepoints // 2)))


def _fit_predictor(model, chunks):
    """The function from past to present that `model` learns, None where there is nothing to learn from."""
    if model is None:
        return _fit_ridge(chunks)
    rows = [(past, present) for past, present, _ in chunks]
    if not rows:
        return None
    past, present = map(np.concatenate, zip(*rows, strict=True))
    return clone(model).fit(past, present.ravel() if present.shape[1] == 1 else present).predict


def _fit_ridge(chunks):
    """That of scikit-learn's ``Ridge()``, whose memory does not grow with the number of rows."""
    gram, cross, origin = 0.0, 0.0, None
    for past, present, _ in chunks:
        origin = (past.mean(axis=0), present.mean(axis=0)) if origin is None else origin  # against cancellation
        rows = np.column_stack([np.ones(len(past)), past - origin[0]])
        gram, cross = gram + rows.T @ rows, cross + rows.T @ (present - origin[1])
    if origin is None:
        return None
    penalty = np.ones(len(gram))
    penalty[0] = 0  # of the intercept
    weights = np.linalg.solve(gram + np.diag(penalty), cross)
    return lambda past: (past - origin[0]) @ weights[1:] + weights[0] + origin[1]


def _windows(X, mean, scale, n_lags):
    """Each stretch of n_lags time points as a row, the values that follow it, and the first row of each series.

    They come in chunks of some series that have such a stretch.
    """
    padded = getattr(X, "padded", X)
    if padded.shape[2] <= n_lags:
        return
    for rows in gen_batches(len(padded), max(1, _CHUNK_VALUES // (padded[0].size * n_lags))):
        part = (padded[rows] - mean) / scale
        windows = np.lib.stride_tricks.sliding_window_view(part, n_lags + 1, axis=2)  # (b, c, windows, lags + 1)
        windows = windows.swapaxes(1, 2)
        is_whole = ~np.isnan(windows[:, :, 0, -1])  # (b, windows): NaN lies behind the end of a series
        n_whole = is_whole.sum(axis=1)
        windows = windows[is_whole]  # (rows, c, lags + 1)
        starts = (n_whole.cumsum() - n_whole)[n_whole > 0]
        if len(windows):
            yield windows[:, :, :-1].reshape(len(windows), -1), windows[:, :, -1], starts
