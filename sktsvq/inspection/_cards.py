"""Facts of data and of fitted generators, as texts, for the report."""

import platform
from importlib.metadata import version

import numpy as np

from sktsvq._summary import count, fitted_facts, number

from ._collections import as_cases
from ._parts import prior_of, tokenizer_of

_MAX_CLASSES = 10
_LIBRARIES = ("sktsvq", "torch", "scikit-learn", "numpy")


def data_facts(parts):
    """What there is to know of collections of series.

    Parameters
    ----------
    parts : dict of str to (list of arrays of shape (n_channels, n_timepoints_i), array of shape (n_cases,) or None)
        The series and their labels, by the name of the part; the first is the train set.

    Returns
    -------
    facts : dict of str to str
    """
    train, labels = next(iter(parts.values()))
    values = np.concatenate([case.ravel() for case in train])
    facts = {f"{name} series": f"{len(X)}" for name, (X, _) in parts.items()}
    facts["Size of a series"] = size_of(train)
    mean, deviation = values.mean(), values.std()
    mean = _rounded(mean, deviation)
    facts["Values"] = (
        f"{number(values.min())} to {number(values.max())}, mean {number(mean)}, deviation {number(deviation)}"
    )
    facts["Repeated series"] = f"{len(train) - len({case.tobytes() for case in train})} in the train set"
    if labels is None:
        return facts | {"Classes": "no labels"}
    classes, counts = np.unique(labels, return_counts=True)
    shares = [f"{label}: {n}" for label, n in zip(classes, counts, strict=True)]
    more = f" and {len(shares) - _MAX_CLASSES} more" if len(shares) > _MAX_CLASSES else ""
    return facts | {f"{count(len(classes), 'class', 'classes')} in train": ", ".join(shares[:_MAX_CLASSES]) + more}


def size_of(cases):
    """The channels and the time points of series (n_channels, n_timepoints_i), as a text."""
    lengths = sorted({np.shape(case)[1] for case in cases})
    timepoints = count(lengths[-1], "time point")
    if len(lengths) > 1:
        timepoints = f"{lengths[0]} to {timepoints}"
    return f"{count(len(cases[0]), 'channel')}, {timepoints}"


def error_of(tokenizer, X):
    """The reconstruction error of a tokenizer on series, as a text."""
    values = np.concatenate([case.ravel() for case in as_cases(X, "X", "report")])
    return f"{-tokenizer.score(X) / np.nanvar(values):.2%} of the variance"


def model_facts(generator, X_test):
    """What there is to know of a fitted generator; X_test are series of the same sizes, for the reconstruction error.

    Returns
    -------
    facts : dict of str to str
    """
    subject = "The 'generator' parameter of report"
    tokenizer, prior = tokenizer_of(generator, subject), prior_of(generator, subject)
    facts = fitted_facts(tokenizer, prior)
    if hasattr(tokenizer, "score") and hasattr(tokenizer, "vocabulary_"):
        facts["Reconstruction error"] = f"{error_of(tokenizer, X_test)}, held out"
    facts["Computed with"] = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    facts["Python, machine"] = f"{platform.python_version()}, {platform.machine()}"
    return facts


def _rounded(value, scale):
    """The value without the digits that are rounding errors of values of this scale."""
    return float(np.round(value / scale, 6) * scale) + 0.0 if scale else float(value)  # no minus before 0
