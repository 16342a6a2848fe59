"""The methods of Displays: their parameters, each stated once, their checks and their docstrings."""

import functools
import inspect
from typing import NamedTuple

from sktsvq._docs import complete_docstring
from sktsvq._validation import AT_LEAST_ONE, HasMethods, Integral, Interval, describe_rules, validate_params

__all__ = ["PARAMETERS", "describe", "finish_method"]


class _Parameter(NamedTuple):
    """The rules of a parameter, its text, and its type in words where the rules do not say it.

    Without rules the method checks it by itself.
    """

    rules: list | None
    text: str
    kind: str | None = None


PARAMETERS = {
    "X": _Parameter(["array-like"], "The series to choose from, in any form that the estimator takes."),
    "y": _Parameter(None, "Their classes, where they are known.", "array-like of shape (n_cases,)"),
    "ax": _Parameter(
        None, "One for each panel, row by row. None makes a new figure.", "matplotlib Axes or array of them"
    ),
    "case_numbers": _Parameter(
        None, "The number of each case in its collection, for its title. None counts from 0.", "sequence of int"
    ),
    "channel": _Parameter([Interval(Integral, 0, None, closed="left")], "The channel to show."),
    "classes": _Parameter(["array-like", None], "The classes to show. None shows the first eight."),
    "extractor": _Parameter(
        [HasMethods("transform"), None],
        "Turns series into features. A fitted one is used as it is, the clone of another is fitted on the real series. "
        "None is :class:`sktsvq.metrics.SeriesFeatures`.",
        "transformer",
    ),
    "generator": _Parameter(
        None, "Anything that :func:`sktsvq.generator.sample_series` draws from.", "fitted VQGenerator or Pipeline"
    ),
    "max_channels": _Parameter([AT_LEAST_ONE], "Show only the first `max_channels` channels."),
    "max_codes": _Parameter([AT_LEAST_ONE], "Show only the `max_codes` most used codes."),
    "max_steps": _Parameter([AT_LEAST_ONE], "Show at most this many steps, the last one among them."),
    "n_cases": _Parameter([AT_LEAST_ONE], "How many cases to draw from X; all of them if X has fewer."),
    "n_draws": _Parameter([AT_LEAST_ONE], "How often each unknown value is drawn."),
    "n_samples": _Parameter([AT_LEAST_ONE], "How many real series, and how many samples."),
    "n_timepoints": _Parameter([AT_LEAST_ONE], "How many time points to add."),
    "random_state": _Parameter(["random_state"], "Determines what is drawn."),
    "tokenizer": _Parameter(
        None,
        "With a `vocabulary_` that tells the time points of its tokens. Of a generator, its tokenizer is shown.",
        "fitted tokenizer, VQGenerator or Pipeline",
    ),
    "truth": _Parameter(["array-like", None], "The same series with the unknown values."),
}
_NO_MATPLOTLIB = {"ImportError": "If matplotlib is not installed."}
_RAISED_BY_PLOT = _NO_MATPLOTLIB | {
    "TypeError": "If `ax` holds anything but matplotlib Axes, or another parameter has the wrong type.",
    "ValueError": "If a parameter lies outside its range, or `ax` does not hold one axes for each panel.",
}
_RAISED_BY_FROM = _NO_MATPLOTLIB | {
    "NotFittedError": "If the estimator is not fitted.",
    "TypeError": "If the estimator lacks a method, or a parameter has the wrong type.",
    "ValueError": "If a parameter lies outside its range; and what the estimator and :meth:`plot` raise.",
}


def describe(function):
    """Type and text of those parameters of a function that stand in `PARAMETERS`."""
    described = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in PARAMETERS:
            rules, text, kind = PARAMETERS[name]
            kind = kind or describe_rules(rules)
            has_default = parameter.default is not inspect.Parameter.empty
            described[name] = (f"{kind}, default={parameter.default}" if has_default else kind, text)
    return described


def finish_method(cls, name, method):
    """The method with its checks before it, and a docstring that says what all Displays share.

    Parameters
    ----------
    cls : type
        The Display.
    name : str
        "plot", or a name that begins with "from_".
    method : function or classmethod
    """
    function = method.__func__ if isinstance(method, classmethod) else method
    names = inspect.signature(function).parameters
    rules = {name: PARAMETERS[name].rules for name in names if name in PARAMETERS and PARAMETERS[name].rules}
    checked = validate_params(rules, prefer_skip_nested_validation=name == "plot")(function)

    @functools.wraps(function)
    def finished(*args, **kwargs):
        cls._check_matplotlib()
        return checked(*args, **kwargs)

    finished.__doc__ = complete_docstring(
        function,
        describe(function),
        returns=f"display : {cls.__name__}\n    The plotted display.",
        raises=_RAISED_BY_PLOT if name == "plot" else _RAISED_BY_FROM,
    )
    return classmethod(finished) if isinstance(method, classmethod) else finished
