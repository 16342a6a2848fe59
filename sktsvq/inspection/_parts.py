"""The parts of a fitted generator, whatever form it has: a VQGenerator, a Pipeline, or a part by itself."""

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sktsvq._completion import tokenize, unrolled
from sktsvq._validation import check_is_fitted

_TOKENIZER_METHODS = ("transform", "inverse_transform")


def tokenizer_of(estimator, subject):
    """The fitted part that turns series into tokens and back.

    Parameters
    ----------
    estimator : object
        What the user gave.
    subject : str
        What the user calls it, such as "The 'tokenizer' parameter of TokenDisplay.from_estimator".

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it has no such part.
    """
    part = pipeline = unrolled(estimator)
    if isinstance(pipeline, Pipeline) and hasattr(pipeline[-1], "sample"):
        part = pipeline[0] if len(pipeline) == 2 else pipeline[:-1]
    elif hasattr(estimator, "sample"):
        part = _fitted_part(estimator, "tokenizer_")
    check_methods(part, _TOKENIZER_METHODS, subject, "a fitted tokenizer, VQGenerator or Pipeline", estimator)
    _check_fitted(part)
    return part


def prior_of(estimator, subject, methods=("sample",)):
    """The fitted part that draws tokens, with these methods; `estimator` and `subject` as in `tokenizer_of`."""
    part = unrolled(estimator)[-1] if isinstance(estimator, Pipeline) else _fitted_part(estimator, "prior_")
    check_methods(part, methods, subject, "a fitted VQGenerator, or a Pipeline that ends in a prior,", estimator)
    _check_fitted(part)
    return part


def vocabulary_of(tokenizer, subject):
    """The vocabulary of a tokenizer with known time points.

    Raises
    ------
    TypeError
        If it has none: its tokens may stand for anything.
    """
    vocabulary = getattr(tokenizer, "vocabulary_", None)
    if getattr(vocabulary, "token_spans", None) is None:
        raise TypeError(
            f"{subject} must tell which time points its tokens stand for (vocabulary_.token_spans). "
            f"{type(tokenizer).__name__} does not."
        )
    return vocabulary


def decodes_by_class(tokenizer):
    """Whether its `inverse_transform` needs labels: a conditional VAE."""
    return getattr(tokenizer, "conditional", False)


def tokens_of(tokenizer, X, y=None):
    """Tokens of series, and what they decode to; the labels y are for a decoder that needs them."""
    tokens = tokenize(tokenizer, X)
    return tokens, tokenizer.inverse_transform(tokens, *([y] if decodes_by_class(tokenizer) else []))


def _fitted_part(estimator, name):
    """The part of a VQGenerator; the estimator itself where it has no parts."""
    if hasattr(estimator, name):
        return getattr(estimator, name)
    if hasattr(estimator, name.rstrip("_")):
        _check_fitted(estimator)
    return estimator


def _check_fitted(part):
    """Raise a NotFittedError where that can be told: a generator of another kind may have no fitted attributes."""
    if isinstance(part, BaseEstimator):
        check_is_fitted(part)


def check_methods(part, methods, subject, kind, estimator=None):
    """Raise a TypeError unless `part` of `estimator`, or the estimator itself, has the methods."""
    if not all(hasattr(part, method) for method in methods):
        got = type(part if estimator is None else estimator).__name__
        raise TypeError(f"{subject} must be {kind} with {', '.join(methods)}. Got {got} instead.")
