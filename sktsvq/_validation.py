"""Checks at the door: the one file that touches scikit-learn's private names.

Every estimator checks its parameters with :func:`check_params`, its series with :func:`check_series`, its tokens with
:func:`check_tokens` and its labels with :func:`check_labels`, all before any work is done.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils._param_validation import (
    HasMethods,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_is_fitted, validate_data

from sktsvq._devices import resolve_device

__all__ = [
    "AT_LEAST_ONE",
    "COMMON_CONSTRAINTS",
    "HasMethods",
    "Integral",
    "Interval",
    "NOT_NEGATIVE",
    "NotFittedError",
    "POSITIVE",
    "Real",
    "StrOptions",
    "check_columns",
    "check_is_fitted",
    "check_labels",
    "check_params",
    "check_sample_size",
    "check_series",
    "check_tokens",
    "check_value",
    "describe_rules",
    "draw_seed",
    "encode_labels",
    "learn_scaling",
    "match_layout",
    "scale_series",
    "validate_params",
]


class Interval(_Interval):
    """scikit-learn's interval of numbers, to which True and False do not belong."""

    def is_satisfied_by(self, val):
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")


def describe_rules(rules):
    """What a parameter with these rules may be, in the words of a docstring."""
    words = [_describe_rule(rule) for rule in rules]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _describe_rule(rule):
    if isinstance(rule, StrOptions):
        return "{" + ", ".join(f'"{option}"' for option in sorted(rule.options)) + "}"
    if isinstance(rule, _Interval):
        start = "(" if rule.closed in ("right", "neither") or rule.left is None else "["
        end = ")" if rule.closed in ("left", "neither") or rule.right is None else "]"
        low, high = ("-inf" if rule.left is None else rule.left), ("inf" if rule.right is None else rule.right)
        return f"{'int' if rule.type is Integral else 'float'} in {start}{low}, {high}{end}"
    if isinstance(rule, HasMethods):
        return f"object with {', '.join(rule.methods)}"
    words = {
        "boolean": "bool",
        "verbose": "int",
        "random_state": "int, RandomState instance or None",
        callable: "callable",
    }
    return words.get(rule) or getattr(rule, "__name__", str(rule))


# What every estimator that trains a network takes, under the same name and with the same rule.
COMMON_CONSTRAINTS = {
    "max_epochs": [StrOptions({"auto"}), AT_LEAST_ONE],
    "batch_size": [AT_LEAST_ONE],
    "lr": [POSITIVE],
    "device": [str],
    "random_state": ["random_state"],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "net_params": [dict, None],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [AT_LEAST_ONE],
}


def check_params(estimator):
    """Raise a ValueError or TypeError that names the first parameter of `estimator` that breaks its rule.

    Rules about one parameter stand in `_parameter_constraints`, rules about several in a method `_check_combinations`;
    a `device` must also be there. Estimators that declare none are left to themselves.
    """
    if hasattr(estimator, "_parameter_constraints"):
        validate_parameter_constraints(
            estimator._parameter_constraints,
            estimator.get_params(deep=False),
            caller_name=type(estimator).__name__,
        )
    if hasattr(estimator, "_check_combinations"):
        estimator._check_combinations()
    if isinstance(getattr(estimator, "device", None), str):
        resolve_device(estimator.device)


def check_value(estimator, method, name, value, rules):
    """Raise unless `value`, the argument `name` of a method, obeys one of the `rules`."""
    validate_parameter_constraints({name: rules}, {name: value}, caller_name=f"{type(estimator).__name__}.{method}")


def check_sample_size(estimator, n_samples):
    """Raise unless `n_samples` is an integer of at least 1."""
    check_value(estimator, "sample", "n_samples", n_samples, [AT_LEAST_ONE])


def draw_seed(random_state):
    """One int that determines everything random that follows; None gives another one at each call.

    None draws from the operating system, not from numpy's global state, which stays where it is.
    """
    generator = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(generator.randint(np.iinfo(np.int32).max))


def check_series(estimator, X, *, reset=False, min_cases=1, allow_missing=False, allow_shorter=False):
    """Return X as a 3-D float array (n_cases, n_channels, n_timepoints).

    With `reset=True` its sizes, number of dimensions and dtype are stored in `estimator`; else they are compared,
    with `allow_shorter=True` but for the number of time points. A 2-D X is one channel. Integers become float64. With
    `allow_missing=True` values may be NaN, but each channel of each series must hold a known one.
    """
    name = type(estimator).__name__
    series = check_array(
        _stack(X),
        dtype=[np.float64, np.float32],
        allow_nd=True,
        ensure_all_finite="allow-nan" if allow_missing else True,
        ensure_min_samples=min_cases,
        input_name="X",
        estimator=estimator,
    )
    if series.ndim > 3:
        raise ValueError(
            f"X of {name} must be a 3-D array (n_cases, n_channels, n_timepoints), a 2-D array (n_cases, n_timepoints) "
            f"or a list of (n_channels, n_timepoints) arrays. Got {series.ndim} dimensions instead."
        )
    if min(series.shape[1:]) < 1:
        raise ValueError(f"X of {name} must have at least 1 channel and 1 time point. Got shape {series.shape}.")
    if series.ndim == 2 and not allow_shorter:
        check_columns(estimator, X, reset=reset)
    n_channels, n_timepoints = (1, series.shape[1]) if series.ndim == 2 else series.shape[1:]
    if reset:
        estimator.n_channels_in_, estimator.n_timepoints_in_ = int(n_channels), int(n_timepoints)
        estimator.n_features_in_ = int(n_channels * n_timepoints)
        estimator._ndim_in, estimator._dtype_in = series.ndim, series.dtype
    for axis, got in (("channels", n_channels), ("timepoints", n_timepoints)):
        expected = None if axis == "timepoints" and allow_shorter else getattr(estimator, f"n_{axis}_in_")
        if expected is not None and got != expected:
            raise ValueError(
                f"X has {got} {axis}, but {name} is expecting {expected} {axis} as input, the number seen in fit."
            )
    series = series.reshape(len(series), n_channels, n_timepoints)
    if allow_missing and (missing := np.isnan(series).all(axis=2)).any():
        case, channel = np.argwhere(missing)[0]
        raise ValueError(
            f"X of {name} must hold a known value in each channel of each series. Got channel {channel} of series "
            f"{case} with NaN alone."
        )
    return series


def _stack(X):
    """A list of equally long series as one array; anything else as it is."""
    if not isinstance(X, (list, tuple)) or not X or not all(isinstance(case, np.ndarray) for case in X):
        return X
    shapes = {case.shape for case in X}
    if len(shapes) > 1:
        raise ValueError(
            "X must hold series of equal shape (n_channels, n_timepoints); unequal lengths are not supported. "
            f"Got the shapes {sorted(shapes)[:5]} instead: pad, crop or resample them to one length first."
        )
    return np.stack(X)


def learn_scaling(estimator, series):
    """Store the mean and the standard deviation of each channel of a 3-D array; 1 where a channel is constant."""
    estimator.mean_ = series.mean(axis=(0, 2), dtype=np.float64)
    scale = series.std(axis=(0, 2), dtype=np.float64)
    estimator.scale_ = np.where(scale > 0, scale, 1.0)


def scale_series(estimator, series):
    """The series with the scaling that `estimator` learnt taken off, float32."""
    scaled = (series - estimator.mean_[:, np.newaxis]) / estimator.scale_[:, np.newaxis]
    return np.ascontiguousarray(scaled, dtype=np.float32)


def match_layout(estimator, series):
    """Give a 3-D float array the number of dimensions and the dtype of the X that `estimator` was fitted on."""
    series = series.astype(estimator._dtype_in, copy=False)
    return series[:, 0] if estimator._ndim_in == 2 else series


def check_columns(estimator, X, *, reset):
    """Store or compare the number of columns of a 2-D X, and their names where it is a data frame."""
    validate_data(estimator, X, reset=reset, skip_check_array=True)


def check_tokens(estimator, tokens, *, n_tokens=None, codebook_size=None, allow_missing=False):
    """Return tokens as an int64 array (n_cases, n_tokens) with values in [0, codebook_size).

    Whole numbers of another dtype are accepted. With `allow_missing=True` the value -1 stands for a token to fill in.
    """
    name = type(estimator).__name__
    tokens = check_array(tokens, input_name="tokens", estimator=estimator)
    broken = tokens[tokens != np.rint(tokens)]
    if broken.size:
        raise ValueError(f"tokens of {name} must be integers. Got {broken[0].item()!r} instead.")
    if n_tokens is not None and tokens.shape[1] != n_tokens:
        raise ValueError(f"tokens of {name} must have {n_tokens} columns. Got {tokens.shape[1]} instead.")
    lowest = -1 if allow_missing else 0
    upper = np.inf if codebook_size is None else codebook_size
    if tokens.min() < lowest or tokens.max() >= upper:
        below = tokens.min() < lowest
        worst = tokens.min() if below else tokens.max()
        raise ValueError(
            f"{'Negative values in data: ' if below else ''}tokens of {name} must lie in the range "
            f"[{lowest}, {upper}). Got {worst:g} instead."
        )
    return tokens.astype(np.int64, copy=False)


def check_labels(X, y):
    """Return y as a 1-D array of class labels of any type, one for each row of X."""
    y = column_or_1d(y, warn=True)
    if y.dtype.kind in "fO":
        assert_all_finite(y, input_name="y")
    check_consistent_length(X, y)
    check_classification_targets(y)
    return y


def encode_labels(estimator, y, n_cases):
    """The positions of the labels y in `estimator.classes_`, int64 (n_cases,)."""
    name = type(estimator).__name__
    if estimator.classes_ is None:
        raise ValueError(f"y must be None: this {name} was fitted without labels.")
    y = np.asarray(y)
    if y.shape != (n_cases,):
        raise ValueError(f"y must hold one label for each of the {n_cases} cases. Got shape {y.shape} instead.")
    positions = {label: position for position, label in enumerate(estimator.classes_.tolist())}
    try:
        return np.array([positions[label] for label in y.tolist()], dtype=np.int64)
    except KeyError as error:
        raise ValueError(
            f"y must hold labels that {name} saw in fit: {estimator.classes_.tolist()}. Got {error.args[0]!r} instead."
        ) from None
