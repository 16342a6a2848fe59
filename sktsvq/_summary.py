"""What fitted estimators tell of themselves, as texts and as HTML."""

from html import escape

import numpy as np

__all__ = ["SummaryMixin", "count", "fitted_facts"]


class SummaryMixin:
    """Mixin of the estimators whose HTML form says, below scikit-learn's diagram, what `fit` has learnt."""

    def _fitted_parts(self):
        """The estimators whose facts are shown."""
        return (self,)

    def _html_repr(self):
        facts = fitted_facts(*self._fitted_parts())
        return super()._html_repr() + (_as_table(facts) if facts else "")


def fitted_facts(*estimators):
    """Tokens, use of the codes, and training of fitted estimators, as far as they have them.

    Returns
    -------
    facts : dict of str to str
    """
    facts = {}
    for estimator in estimators:
        facts |= _token_facts(estimator) | _training_facts(estimator)
    return facts


def _token_facts(tokenizer):
    """Tokens and codes of a fitted tokenizer; empty where it tells nothing of them."""
    if not hasattr(tokenizer, "codebook_usage_"):
        return {}
    used = int(np.sum(tokenizer.codebook_usage_ > 0))
    streams = f" in {tokenizer.vocabulary_.n_streams} streams" if tokenizer.vocabulary_.n_streams > 1 else ""
    return {
        "Tokens of a series": f"{tokenizer.n_tokens_}{streams}, {tokenizer.bits_per_series_:.0f} bits",
        "Codes in use": f"{used} of {tokenizer.codebook_size_}, perplexity {tokenizer.perplexity_:.1f}",
    }


def _training_facts(estimator):
    """How the network of a fitted estimator was trained; empty where there is none."""
    history = list(getattr(estimator, "history_", []))
    if not history:
        return {}
    n_values = sum(parameter.numel() for parameter in estimator.module_.parameters())
    seconds = sum(epoch["dur"] for epoch in history)
    loss = history[-1]["train_loss"]
    training = f"{count(len(history), 'epoch')}, {seconds:.1f} s, loss {loss:.3g}, {n_values:,} weights"
    return {type(estimator).__name__: training}


def _as_table(facts):
    cell = '<th style="text-align: left">'  # notebooks set it to the right
    rows = "".join(f"<tr>{cell}{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts.items())
    return f'<table class="sktsvq-summary"><caption>What fit has learnt</caption><tbody>{rows}</tbody></table>'


def number(value):
    """Three digits, in plain figures where these are not too long: 0.0123, 74,800."""
    return f"{float(f'{value:.3g}'):,.6g}"


def count(n, one, many=None):
    """A number and its noun, in the singular or the plural."""
    return f"{n} {one if n == 1 else many or one + 's'}"
