"""Facts of data and of fitted estimators, as texts, for the report and for the HTML form of estimators."""

import platform
from importlib.metadata import version

import numpy as np

from ._parts import prior_of, tokenizer_of

_MAX_CLASSES = 10
_LIBRARIES = ("sktsvq", "torch", "scikit-learn", "numpy")


def data_facts(parts):
    """What there is to know of collections of series.

    Parameters
    ----------
    parts : dict of str to (array of shape (n_cases, n_channels, n_timepoints), array of shape (n_cases,) or None)
        The series and their labels, by the name of the part; the first is the train set.

    Returns
    -------
    facts : dict of str to str
    """
    train, labels = next(iter(parts.values()))
    channels, timepoints = train.shape[1:]
    facts = {f"{name} series": f"{len(X)}" for name, (X, _) in parts.items()}
    facts["Size of a series"] = f"{_count(channels, 'channel')}, {_count(timepoints, 'time point')}"
    mean, deviation = train.mean(), train.std()
    mean = _rounded(mean, deviation)
    facts["Values"] = f"{train.min():.3g} to {train.max():.3g}, mean {mean:.3g}, deviation {deviation:.3g}"
    facts["Repeated series"] = f"{len(train) - len(np.unique(train.reshape(len(train), -1), axis=0))} in the train set"
    if labels is None:
        return facts | {"Classes": "no labels"}
    classes, counts = np.unique(labels, return_counts=True)
    shares = [f"{label}: {n}" for label, n in zip(classes, counts, strict=True)]
    more = f" and {len(shares) - _MAX_CLASSES} more" if len(shares) > _MAX_CLASSES else ""
    return facts | {f"{_count(len(classes), 'class', 'classes')} in train": ", ".join(shares[:_MAX_CLASSES]) + more}


def model_facts(generator, X_test):
    """What there is to know of a fitted generator; X_test are series of the same sizes, for the reconstruction error.

    Returns
    -------
    facts : dict of str to str
    """
    subject = "The 'generator' parameter of report"
    tokenizer, prior = tokenizer_of(generator, subject), prior_of(generator, subject)
    facts = tokenizer_facts(tokenizer)
    if hasattr(tokenizer, "score") and hasattr(tokenizer, "vocabulary_"):
        facts["Reconstruction error"] = f"{-tokenizer.score(X_test) / np.var(X_test):.2%} of the variance, held out"
    for part in (tokenizer, prior):
        facts |= training_facts(part)
    facts["Computed with"] = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    facts["Python, machine"] = f"{platform.python_version()}, {platform.machine()}"
    return facts


def tokenizer_facts(tokenizer):
    """Tokens and codes of a fitted tokenizer; empty where it tells nothing of them."""
    if not hasattr(tokenizer, "codebook_usage_"):
        return {}
    used = int(np.sum(tokenizer.codebook_usage_ > 0))
    streams = f" in {tokenizer.vocabulary_.n_streams} streams" if tokenizer.vocabulary_.n_streams > 1 else ""
    return {
        "Tokens of a series": f"{tokenizer.n_tokens_}{streams}, {tokenizer.bits_per_series_:.0f} bits",
        "Codes in use": f"{used} of {tokenizer.codebook_size_}, perplexity {tokenizer.perplexity_:.1f}",
    }


def training_facts(estimator):
    """How the network of a fitted estimator was trained; empty where there is none."""
    history = list(getattr(estimator, "history_", []))
    if not history:
        return {}
    n_values = sum(parameter.numel() for parameter in estimator.module_.parameters())
    seconds = sum(epoch["dur"] for epoch in history)
    loss = history[-1]["train_loss"]
    training = f"{_count(len(history), 'epoch')}, {seconds:.1f} s, loss {loss:.3g}, {n_values:,} weights"
    return {type(estimator).__name__: training}


def _rounded(value, scale):
    """The value without the digits that are rounding errors of values of this scale."""
    return float(np.round(value / scale, 6) * scale) + 0.0 if scale else float(value)  # no minus before 0


def _count(n, one, many=None):
    return f"{n} {one if n == 1 else many or one + 's'}"
