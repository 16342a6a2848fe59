"""Where series surprise a generator."""

import numpy as np

from sktsvq._completion import tokenize
from sktsvq._gaps import spread
from sktsvq._validation import AT_LEAST_ONE, validate_params

from ._collections import CHANNEL, as_cases, check_case_numbers, check_channel, pad_cases, take_cases
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

    case_numbers : sequence of int, default=None
        The number of each case in its collection, for its title. None counts from 0.

    Attributes
    ----------
    totals_ : ndarray of shape (n_cases,)
        Negative log-likelihood of each series, in nats, as in the titles.

    axes_ : ndarray of matplotlib Axes, of shape (n_cases,)
        The panels.

    ax_ : matplotlib Axes
        The panel, if there is only one.

    figure_ : matplotlib Figure
        The figure that holds the panels.

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
    @validate_params(
        {"X": ["array-like"], "y": ["array-like", None], "n_cases": [AT_LEAST_ONE], "channel": CHANNEL},
        prefer_skip_nested_validation=False,
    )
    def from_estimator(cls, generator, X, y=None, *, n_cases=4, channel=0, ax=None):
        """Score series by a fitted generator and plot the oddest ones, the oddest first.

        Parameters
        ----------
        generator : fitted VQGenerator or Pipeline
            Whose prior has `score_tokens`.

        X : array-like
            The series.

        y : array-like of shape (n_cases,), default=None
            Their classes, where they are known.

        n_cases : int, default=4
            How many to show; all of them if X has fewer.

        channel : int, default=0
            The channel to show.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : AnomalyDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        NotFittedError, TypeError
            If `generator` is not fitted, does not score tokens, or does not tell the time points of its tokens.

        ValueError
            If a parameter lies outside its range; and what `generator` and :meth:`plot` raise.
        """
        cls._check_matplotlib()
        subject = f"The 'generator' parameter of {cls.__name__}.from_estimator"
        prior = prior_of(generator, subject, ("score_tokens",))
        tokenizer = tokenizer_of(generator, subject)
        spans = vocabulary_of(tokenizer, subject).token_spans
        scores = prior.score_tokens(tokenize(tokenizer, X), y)
        oddest = np.argsort(scores.sum(axis=1), kind="stable")[:n_cases]
        surprise = spread(-scores[oddest], spans, spans.max())
        return cls(take_cases(X, oddest), surprise, case_numbers=oddest).plot(ax=ax, channel=channel)

    @validate_params({"channel": CHANNEL}, prefer_skip_nested_validation=True)
    def plot(self, ax=None, *, channel=0):
        """Plot one panel for each case, and a bar of the colours beside them in a new figure.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each case. None makes a new figure.

        channel : int, default=0
            The channel to show.

        Returns
        -------
        display : AnomalyDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        TypeError
            If `ax` holds anything but matplotlib Axes.

        ValueError
            If `series` are none, `surprise` has another shape, `channel` is not one of the channels, or `ax` does not
            hold one axes for each case.
        """
        owner = type(self).__name__
        cases = as_cases(self.series, "series", owner)
        check_channel(channel, cases, f"{owner}.plot")
        series, surprise = pad_cases(cases), np.asarray(self.surprise, dtype=float)
        if surprise.shape != series[:, 0].shape:
            raise ValueError(
                f"The 'surprise' parameter of {owner} must have the shape {series[:, 0].shape}, a value for each time "
                f"point. Got {surprise.shape} instead."
            )
        numbers = check_case_numbers(self.case_numbers, len(cases), owner)
        self.totals_ = surprise.sum(axis=1)
        n_cols = min(2, len(cases))
        panels = self._make_axes(ax, (len(cases),), n_cols=n_cols, sharey=True, panel_size=(4.4, 1.8))
        edges, top = np.arange(series.shape[2] + 1) - 0.5, np.quantile(surprise, 0.99)
        for case, panel in enumerate(panels):
            # Behind the line, over the whole height of the panel.
            ground = panel.pcolormesh(
                edges,
                [0, 1],
                surprise[case : case + 1],
                cmap=_SURPRISE_COLORS,
                vmin=0,
                vmax=top,
                transform=panel.get_xaxis_transform(),
                alpha=0.7,  # the line stays readable on the darkest ground
                zorder=0,
            )
            panel.plot(series[case, channel], color="black", linewidth=1.2)
            which = f", channel {channel}" if len(cases[0]) > 1 else ""
            title = f"case {numbers[case]}{which}: {self.totals_[case]:.1f} nats"
            panel.set_title(title, fontsize="medium")
        self._finish_axes(n_cols=n_cols, own_figure=ax is None)
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
