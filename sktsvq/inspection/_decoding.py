"""A sample of a prior that decodes in parallel, step by step."""

import numpy as np

from ._display import GENERATED_COLOR, NEUTRAL_COLOR, Display, value_label
from ._parts import prior_of, tokenizer_of, vocabulary_of
from ._tokens import draw_tokens


class DecodingDisplay(Display):
    """How a sample comes about: what would be written after each step, and which tokens are kept.

    Empty cells are tokens that the next step draws anew. Use :meth:`from_estimator` to sample from a fitted generator.

    Parameters
    ----------
    drafts : array-like of int, shape (n_steps, n_tokens)
        All tokens as drawn in each step; -1 where there is none yet.

    masked : array-like of bool, shape (n_steps, n_tokens)
        Which of them are drawn anew in the next step.

    series : array-like of shape (n_steps, n_channels, n_timepoints) or (n_steps, n_timepoints)
        What the drafts decode to.

    vocabulary : Vocabulary
        What the tokens stand for, with `token_spans`.

    Attributes
    ----------
    steps_ : ndarray of int
        The steps shown, from 1.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.inspection import DecodingDisplay
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0).fit(X, y)
    >>> DecodingDisplay.from_estimator(generator, y=1, max_steps=4, random_state=0).steps_
    array([ 1,  6, 11, 16])
    """

    def __init__(self, drafts, masked, series, vocabulary):
        self.drafts = drafts
        self.masked = masked
        self.series = series
        self.vocabulary = vocabulary

    @classmethod
    def from_estimator(cls, generator, *, y=None, channel=0, max_steps=8, random_state=None, ax=None):
        """Draw one series from a fitted generator and plot how it comes about.

        Parameters
        ----------
        generator : fitted VQGenerator or Pipeline
            With a :class:`~sktsvq.priors.MaskGITPrior`, or another prior with `sample_steps`.

        y : label, default=None
            Class to draw from.
        """
        subject = cls._subject("generator")
        prior = prior_of(generator, subject, ("sample_steps",))
        tokenizer = tokenizer_of(generator, subject)
        vocabulary = vocabulary_of(tokenizer, subject)
        drafts, masked = prior.sample_steps(y=y, random_state=random_state)
        series = tokenizer.inverse_transform(_filled(drafts, vocabulary))
        return cls(drafts, masked, series, vocabulary).plot(ax=ax, channel=channel, max_steps=max_steps)

    def plot(self, ax=None, *, channel=0, max_steps=8):
        """Plot one panel for each step.

        Raises
        ------
        ValueError
            If `series` are none.
        """
        series = self._cases("series", channel)
        n_steps = len(series)
        last_ones = np.linspace(n_steps - 1, 0, min(max_steps, n_steps)) if max_steps > 1 else [n_steps - 1]
        self.steps_ = 1 + np.unique(np.rint(last_ones).astype(int))
        drafts, kept = np.asarray(self.drafts), ~np.asarray(self.masked)
        ylabel = value_label(series, channel)
        with self._panels(ax, self.steps_.shape, n_cols=2, ylabel=ylabel, sharey=True, panel_size=(4.6, 1.7)) as panels:
            for panel, step in zip(panels, self.steps_, strict=True):
                label, color = ("sample", GENERATED_COLOR) if step == n_steps else ("draft", NEUTRAL_COLOR)
                panel.plot(series[step - 1, channel], color=color, linewidth=1.4, label=label)
                kept_now = f"{kept[step - 1].sum()} of {kept.shape[1]} tokens kept"
                panel.set_title(f"step {step} of {n_steps}: {kept_now}", fontsize="medium")
        limits = panels[0].get_ylim()
        for panel, step in zip(panels, self.steps_, strict=True):
            panel.set_ylim(limits)
            draw_tokens(panel, drafts[step - 1], self.vocabulary, shown=kept[step - 1])
        return self


def _filled(drafts, vocabulary):
    """The drafts with the first code of its stream where there is none yet, so that they decode."""
    filled = drafts.copy()
    for part, codes in zip(vocabulary.token_slices, vocabulary.codebook_slices, strict=True):
        filled[:, part] = np.where(drafts[:, part] < 0, codes.start, drafts[:, part])
    return filled
