"""Checks at the door: the one file that touches scikit-learn's private names.

Every estimator checks its parameters with :func:`check_params`, its tokens with :func:`check_tokens`, its labels with
:func:`check_labels` and its series with the methods of :class:`sktsvq._series.SeriesMixin`, before any work is done.
"""

from collections.abc import Mapping, Set
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils._param_validation import (
    HasMethods,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, assert_all_finite, check_is_fitted, validate_data

__all__ = [
    "AT_LEAST_ONE",
    "HasMethods",
    "Integral",
    "Interval",
    "ListOf",
    "NOT_NEGATIVE",
    "NotFittedError",
    "POSITIVE",
    "RandomStateLike",
    "Real",
    "StrOptions",
    "check_columns",
    "check_is_fitted",
    "check_labels",
    "check_params",
    "check_sample_size",
    "check_targets",
    "check_tokens",
    "check_value",
    "describe_rules",
    "draw_seed",
    "encode_labels",
    "known_labels",
    "no_labels",
    "random_generator",
    "repeat_label",
    "validate_params",
]

# What a class label may be; those of one estimator are of one kind.
_LABEL_KINDS = (str, (bool, np.bool_), (int, float, np.integer, np.floating))
# What `random_state` may be.
RandomStateLike = np.random.RandomState | int | None


class Interval(_Interval):
    """Interval of numbers as in scikit-learn, without booleans and integers of more than 64 bits.

    Parameters
    ----------
    type : {numbers.Integral, numbers.Real, "real_not_int"}
        The numbers that belong to it.
    left, right : float, int or None
        Its ends; None is infinite.
    closed : {"left", "right", "both", "neither"}
        Which ends belong to it.

    Examples
    --------
    >>> from numbers import Integral
    >>> from sktsvq.base import Interval
    >>> at_least_two = Interval(Integral, 2, None, closed="left")
    >>> at_least_two.is_satisfied_by(1)
    False
    """

    def is_satisfied_by(self, val):
        """Tell whether a value belongs to the interval.

        Parameters
        ----------
        val : object
            Any value.

        Returns
        -------
        is_satisfied : bool
            False for anything that is no number.
        """
        is_too_large = isinstance(val, Integral) and not -(2**63) <= val < 2**63  # for torch and numpy
        return not (isinstance(val, (bool, np.bool_)) or is_too_large) and super().is_satisfied_by(val)


class ListOf(HasMethods):
    """A list or another sequence of at least one item, each of which obeys a rule."""

    def __init__(self, rule):
        super().__init__(["__len__", "__getitem__"])
        self.rule = make_constraint(rule)

    def is_satisfied_by(self, val):
        is_sequence = super().is_satisfied_by(val) and not isinstance(val, (str, bytes, Mapping))
        return is_sequence and len(val) > 0 and all(self.rule.is_satisfied_by(item) for item in val)

    def __str__(self):
        return f"a sequence of at least one item, each {self.rule}"


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


def check_params(estimator):
    """Raise a ValueError or TypeError that names the first parameter of `estimator` that breaks its rule.

    Rules about one parameter stand in `_parameter_constraints`, rules about several in a method `_check_combinations`.
    Estimators that declare none are left to themselves.
    """
    if hasattr(estimator, "_parameter_constraints"):
        validate_parameter_constraints(
            estimator._parameter_constraints,
            estimator.get_params(deep=False),
            caller_name=type(estimator).__name__,
        )
    if hasattr(estimator, "_check_combinations"):
        estimator._check_combinations()


def check_value(estimator, method, name, value, rules):
    """Raise unless `value`, the argument `name` of a method, obeys one of the `rules`."""
    validate_parameter_constraints({name: rules}, {name: value}, caller_name=f"{type(estimator).__name__}.{method}")


def check_sample_size(estimator, n_samples):
    """Raise unless `n_samples` is an integer of at least 1."""
    check_value(estimator, "sample", "n_samples", n_samples, [AT_LEAST_ONE])


def random_generator(random_state):
    """The RandomState of an int, of itself or of None, which draws from the operating system.

    Unlike scikit-learn's `check_random_state`, None does not move numpy's global state.
    """
    if random_state is None:
        return np.random.RandomState()
    try:
        return check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"random_state must be an int in [0, 2**32 - 1], a RandomState or None. Got {random_state!r} instead."
        ) from error


def draw_seed(random_state):
    """One int that determines everything random that follows; None gives another one at each call.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As of an estimator. numpy's global state is neither read nor moved.

    Returns
    -------
    seed : int
        In [0, 2 ** 31 - 1).

    Examples
    --------
    >>> from sktsvq.base import draw_seed
    >>> draw_seed(0) == draw_seed(0)
    True
    """
    return int(random_generator(random_state).randint(np.iinfo(np.int32).max))


def check_columns(estimator, X, *, reset):
    """Store or compare the number of columns of a 2-D X, and their names where it is a data frame."""
    validate_data(estimator, X, reset=reset, skip_check_array=True)


def check_tokens(estimator, tokens, *, n_tokens=None, codebook_size=None, allow_missing=False):
    """Return tokens as an int64 array (n_cases, n_tokens) with values in [0, codebook_size).

    Whole numbers of any numeric dtype are accepted. With `allow_missing=True`, -1 stands for a token to fill in.
    """
    name = type(estimator).__name__
    _check_is_table(tokens, name, "n_tokens" if n_tokens is None else n_tokens)
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
    return np.require(tokens, np.int64, "W")  # torch warns of arrays that cannot be written to


def _check_is_table(tokens, name, n_tokens):
    """Raise a ValueError unless the tokens have two axes."""
    rule = f"tokens of {name} must be a 2-D array of shape (n_cases, {n_tokens})"
    try:
        shape = tuple(tokens.shape) if hasattr(tokens, "shape") else np.asarray(tokens).shape
    except ValueError:
        raise ValueError(f"{rule}. Got sequences of different lengths instead.") from None
    if not shape:
        raise ValueError(f"{rule}. Got {tokens!r} instead.")
    if len(shape) != 2:
        hint = " Reshape your data by reshape(1, -1) if it is a single sequence." if len(shape) == 1 else ""
        raise ValueError(f"{rule}. Got shape {shape} instead.{hint}")


def check_labels(X, y):
    """Return y as a 1-D array of class labels of any type, one for each row of X."""
    y = check_ids(X, y, name="y")
    check_classification_targets(y)
    return y


def check_ids(X, ids, name="series_ids"):
    """Return ids as a 1-D array of labels of any type, one for each row of X."""
    ids = column_or_1d(_label_array(X, ids, name), warn=name == "y")
    if ids.dtype.kind == "f":
        assert_all_finite(ids, input_name=name)
    return ids


def check_targets(X, y, name="y"):
    """Return y as an array with one label or target, of any kind, for each row of X."""
    n_cases = _num_samples(X)
    rule = f"{name} must hold one label for each of the {n_cases} cases"
    if y is None:
        raise ValueError(f"{rule}: the estimator requires y to be passed, but the target y is None.")
    if isinstance(y, (str, bytes, Mapping, Set)) or not (hasattr(y, "__len__") or hasattr(y, "__array__")):
        raise TypeError(f"{rule}, in an array, a Series or a list. Got {y!r} instead.")
    try:
        y = np.asarray(y)
    except ValueError:
        raise ValueError(f"{rule}. Got sequences of different lengths instead.") from None
    if y.shape[:1] != (n_cases,):
        raise ValueError(f"{rule}. Got shape {y.shape} instead.")
    return y


def _label_array(X, y, name="y"):
    """y as an array of shape (n_cases,) or (n_cases, 1) in which no label is missing."""
    given, y = y, check_targets(X, y, name)
    rule = f"{name} must hold one label for each of the {len(y)} cases"
    if y.shape not in ((len(y),), (len(y), 1)):
        raise ValueError(f"{rule}. Got shape {y.shape} instead.")
    if y.dtype.kind == "U" and isinstance(given, (list, tuple)):
        _plain_labels(np.array(given, dtype=object), rule)  # numbers beside strings have become strings
    return _plain_labels(y, rule) if y.dtype.kind in "OMm" else y


def _plain_labels(y, rule):
    """An object array of labels in the dtype of a list of them; strings stay objects."""
    first_of = {}
    for label in y.ravel():
        if _is_missing(label):
            raise ValueError(f"{rule}. Got a missing one, {label!r}, instead.")
        kind = next((kind for kind in _LABEL_KINDS if isinstance(label, kind)), None)
        if kind is None:
            raise TypeError(f"{rule}; a label is a string, a boolean or a number. Got {label!r} among them instead.")
        first_of.setdefault(kind, label)
    if len(first_of) > 1:
        one, other = list(first_of.values())[:2]
        raise TypeError(f"{rule}, all strings, all booleans or all numbers. Got {one!r} and {other!r} instead.")
    return y if str in first_of else np.array(y.tolist())


def no_labels(X):
    """Labels for scikit-learn's callbacks where there are none: they score nothing without."""
    return np.full(len(X) if hasattr(X, "__len__") else len(np.asarray(X)), None)


def known_labels(y):
    """The labels; None for none of them, also where they are those of `no_labels`."""
    labels = np.ravel(np.asarray(y, dtype=object if isinstance(y, (list, tuple)) else None))
    return None if y is None or (labels.size and all(label is None for label in labels)) else y


def _is_missing(label):
    """Whether an object is None, pandas' NA or NaT, or not a number."""
    is_nan = isinstance(label, Real) and label != label
    return label is None or type(label).__name__ in ("NAType", "NaTType") or is_nan


def repeat_label(y, n_samples):
    """The labels y, or a single label `n_samples` times."""
    is_single = not hasattr(y, "__iter__") or isinstance(y, (str, bytes)) or getattr(y, "ndim", 1) == 0
    return np.full(n_samples, y) if y is not None and is_single else y


def encode_labels(estimator, y, n_cases):
    """The positions of the labels y in `estimator.classes_`, int64 (n_cases,)."""
    name = type(estimator).__name__
    if estimator.classes_ is None:
        raise ValueError(f"y must be None: this {name} was fitted without labels.")
    y = _label_array(range(n_cases), y).ravel()
    positions = {label: position for position, label in enumerate(estimator.classes_.tolist())}
    try:
        return np.array([positions[label] for label in y.tolist()], dtype=np.int64)
    except KeyError as error:
        raise ValueError(
            f"y must hold labels that {name} saw in fit: {estimator.classes_.tolist()}. Got {error.args[0]!r} instead."
        ) from None
