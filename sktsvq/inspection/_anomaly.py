"""Where series surprise a generator."""

import numpy as np

from sktsvq._completion import tokenize
from sktsvq._gaps import pad_cases, spread

from ._collections import as_cases, take_cases
from ._display import Display
from ._parts import prior_of, tokenizer_of, vocabulary_of

_SURPRISE_COLORS = "Oranges"  # from light to dark, in grey too


class AnomalyDisplay(Display):
    """Series on a ground that is darker where a time point surprises more.

    The darkest colour stands for the most surprising hundredth of the time points.

    Use :meth:`from_estimator` for the oddest of some series under a fitted generator.

    Parameters
    ----------
    series : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The series.

    surprise : array-like of shape (n_cases, n_timepoints)
        Negative log-likelihood of each time point, in nats, as `score_timepoints` of a generator gives it.

    Attributes
    ----------
    totals_ : ndarray of shape (n_cases,)
        Negative log-likelihood of each series, in nats, as in the titles.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import AnomalyDisplay
    >>> X, _ = make_waves(n_cases=3, random_state=0)
    >>> AnomalyDisplay(X, np.abs(X[:, 0])).plot().axes_.shape
    (3,)
    """

    def __init__(self, series, surprise, *, case_numbers=None):
        self.series = series
        self.surprise = surprise
        self.case_numbers = case_numbers

    @classmethod
    def from_estimator(cls, generator, X, y=None, *, n_cases=4, channel=0, ax=None):
        """Score series by a fitted generator and plot the oddest ones, the oddest first.

        Parameters
        ----------
        generator : fitted VQGenerator or Pipeline
            Whose prior has `score_tokens`, and whose tokenizer tells the time points of its tokens.

        X : array-like
            The series.

        n_cases : int in [1, inf), default=4
            How many to show; all of them if X has fewer.
        """
        subject = cls._subject("generator")
        prior = prior_of(generator, subject, ("score_tokens",))
        tokenizer = tokenizer_of(generator, subject)
        spans = vocabulary_of(tokenizer, subject).token_spans
        scores = prior.score_tokens(tokenize(tokenizer, X), y)
        oddest = np.argsort(scores.sum(axis=1), kind="stable")[:n_cases]
        surprise = spread(-scores[oddest], spans, spans.max())
        shown = take_cases(X, oddest)
        if isinstance(shown, list):  # of any lengths: surprise goes on to that of the longest in fit
            n_timepoints = surprise.shape[1]
            shown = pad_cases([case[:, :n_timepoints] for case in as_cases(shown, "X", cls.__name__)], n_timepoints)
        return cls(shown, surprise, case_numbers=oddest).plot(ax=ax, channel=channel)

    def plot(self, ax=None, *, channel=0):
        """Plot one panel for each case, and a bar of the colours beside them in a new figure.

        Raises
        ------
        ValueError
            If `series` are none, or `surprise` has another shape.
        """
        series, surprise = self._cases("series", channel), np.asarray(self.surprise, dtype=float)
        if surprise.shape != series[:, 0].shape:
            raise ValueError(
                f"The 'surprise' parameter of {type(self).__name__} must have the shape {series[:, 0].shape}, a value "
                f"for each time point. Got {surprise.shape} instead."
            )
        self.totals_ = surprise.sum(axis=1)
        titles = self._case_titles(series, channel)
        top = np.quantile(surprise, 0.99)
        with self._panels(ax, (len(series),), n_cols=2, sharey=True, panel_size=(4.4, 1.8)) as panels:
            for case, panel in enumerate(panels):
                ground = _draw_ground(panel, surprise[case], top)
                panel.plot(series[case, channel], color="black", linewidth=1.2)
                panel.set_title(f"{titles[case]}: {self.totals_[case]:.1f} nats", fontsize="medium")
        if ax is None:
            bar = self.figure_.colorbar(
                ground, ax=list(panels), extend="max", shrink=min(1, 2.5 / self.figure_.get_figheight())
            )
            bar.set_label("nats per time point", fontsize="small")
            bar.ax.tick_params(labelsize="small")
        low, high = np.nanmin(series[:, channel]), np.nanmax(series[:, channel])
        margin = 0.05 * (high - low) or 1.0
        for panel in panels:
            panel.set_ylim(low - margin, high + margin)
        return self


def _draw_ground(panel, surprise, top):
    """The surprise of each time point as colours behind the line, over the whole height of the panel."""
    return panel.pcolormesh(
        np.arange(len(surprise) + 1) - 0.5,
        [0, 1],
        surprise[np.newaxis],
        cmap=_SURPRISE_COLORS,
        vmin=0,
        vmax=top,
        transform=panel.get_xaxis_transform(),
        alpha=0.7,  # the line stays readable on the darkest ground
        zorder=0,
    )
