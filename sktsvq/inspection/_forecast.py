"""Gaps and futures of series, filled by a generator, with intervals."""

import numpy as np

from sktsvq._validation import AT_LEAST_ONE, HasMethods, validate_params

from ._collections import CHANNEL, as_cases, check_case_numbers, check_channel, draw_cases, pad_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display

_BANDS = {0.9: 0.18, 0.5: 0.3}  # share of the draws: opacity
_SHARED_RULES = {
    "X": ["array-like"],
    "truth": ["array-like", None],
    "y": ["array-like", None],
    "n_cases": [AT_LEAST_ONE],
    "n_draws": [AT_LEAST_ONE],
    "channel": CHANNEL,
    "random_state": ["random_state"],
}


class ForecastDisplay(Display):
    """The known part of series, and what a generator makes of the rest: median and bands of many draws.

    Use :meth:`from_gaps` or :meth:`from_forecast` to draw from a fitted generator.

    Parameters
    ----------
    known : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The series, NaN where they are not known.

    draws : array-like of shape (n_draws, n_cases, n_channels, n_timepoints) or (n_draws, n_cases, n_timepoints)
        Plausible series.

    truth : array-like, default=None
        The whole series, shaped like `known`, where they are known after all.

    case_numbers : sequence of int, default=None
        The number of each case in its collection, for its title. None counts from 0.

    Attributes
    ----------
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
    >>> from sktsvq.inspection import ForecastDisplay
    >>> X, _ = make_waves(n_cases=2, random_state=0)
    >>> known = np.where(np.arange(128) < 100, X, np.nan)
    >>> draws = [X + level for level in (-0.1, 0.0, 0.1)]
    >>> ForecastDisplay(known, draws, truth=X).plot().axes_.shape
    (2,)
    """

    def __init__(self, known, draws, *, truth=None, case_numbers=None):
        self.known = known
        self.draws = draws
        self.truth = truth
        self.case_numbers = case_numbers

    @classmethod
    @validate_params({"generator": [HasMethods("impute")], **_SHARED_RULES}, prefer_skip_nested_validation=False)
    def from_gaps(
        cls, generator, X, *, truth=None, y=None, n_cases=4, n_draws=50, channel=0, random_state=None, ax=None
    ):
        """Fill the missing values (NaN) of series by draws of a fitted generator, and plot them.

        Parameters
        ----------
        generator : fitted VQGenerator
            With `impute`.

        X : array-like
            The series to choose from, with gaps.

        truth : array-like, default=None
            The same series without gaps.

        y : array-like of shape (n_cases,), default=None
            Their classes, where they are known.

        n_cases : int, default=4
            How many cases to draw from X; all of them if X has fewer.

        n_draws : int, default=50
            How often each gap is filled.

        channel : int, default=0
            The channel to show.

        random_state : int, RandomState instance or None, default=None
            Determines the cases and the draws.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        ValueError
            If a parameter has the wrong type or lies outside its range; and what `generator` and :meth:`plot` raise.
        """
        cls._check_matplotlib()
        cases, y, truth = _choose(X, y, truth, n_cases, random_state)
        known = take_cases(X, cases)
        draws = generator.impute(known, y=y, n_draws=n_draws, random_state=random_state)
        return cls(known, draws, truth=truth, case_numbers=cases).plot(ax=ax, channel=channel)

    @classmethod
    @validate_params(
        {"generator": [HasMethods("forecast")], "n_timepoints": [AT_LEAST_ONE], **_SHARED_RULES},
        prefer_skip_nested_validation=False,
    )
    def from_forecast(
        cls,
        generator,
        X,
        n_timepoints,
        *,
        truth=None,
        y=None,
        n_cases=4,
        n_draws=50,
        channel=0,
        random_state=None,
        ax=None,
    ):
        """Continue series by draws of a fitted generator, and plot them.

        Parameters
        ----------
        generator : fitted VQGenerator
            With `forecast`.

        X : array-like
            The series to choose from, as far as they are known.

        n_timepoints : int
            How many time points to continue them.

        truth : array-like, default=None
            The same series with these time points.

        y, n_cases, n_draws, channel, random_state, ax
            As of :meth:`from_gaps`.

        Returns
        -------
        display : ForecastDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        ValueError
            If a parameter has the wrong type or lies outside its range; and what `generator` and :meth:`plot` raise.
        """
        cls._check_matplotlib()
        cases, y, truth = _choose(X, y, truth, n_cases, random_state)
        known = pad_cases(as_cases(take_cases(X, cases), "X", cls.__name__))
        past = take_cases(X, cases)
        future = generator.forecast(past, n_timepoints, y=y, n_draws=n_draws, random_state=random_state)
        future = np.reshape(future, (n_draws, *known.shape[:2], n_timepoints))
        draws = np.concatenate([np.broadcast_to(known, (n_draws, *known.shape)), future], axis=3)
        known = np.pad(known, ((0, 0), (0, 0), (0, n_timepoints)), constant_values=np.nan)
        return cls(known, draws, truth=truth, case_numbers=cases).plot(ax=ax, channel=channel)

    @validate_params({"channel": CHANNEL}, prefer_skip_nested_validation=True)
    def plot(self, ax=None, *, channel=0):
        """Plot one panel for each case.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each case. None makes a new figure.

        channel : int, default=0
            The channel to show.

        Returns
        -------
        display : ForecastDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        TypeError
            If `ax` holds anything but matplotlib Axes.

        ValueError
            If `known` are no series, `draws` or `truth` differ from them in shape, `channel` is not one of the
            channels, or `ax` does not hold one axes for each case.
        """
        owner = type(self).__name__
        known = pad_cases(as_cases(self.known, "known", owner))
        check_channel(channel, known, f"{owner}.plot")
        numbers = check_case_numbers(self.case_numbers, len(known), owner)
        draws = self._like_known("draws", self.draws, known, n_more=1)
        truth = None if self.truth is None else self._like_known("truth", self.truth, known)
        n_cols = min(2, len(known))
        panels = self._make_axes(ax, (len(known),), n_cols=n_cols, panel_size=(4.4, 1.8))
        for case, panel in enumerate(panels):
            line = known[case, channel]
            panel.plot(line, color=REAL_COLOR, linewidth=1.4, label="known")
            if truth is not None:
                hidden = np.where(_widened(np.isnan(line)), truth[case, channel], np.nan)
                panel.plot(hidden, color="black", linewidth=1.1, linestyle="--", label="truth")
            _draw_bands(panel, draws[:, case, channel], _widened(np.isnan(line)))
            which = f", channel {channel}" if known.shape[1] > 1 else ""
            panel.set_title(f"case {numbers[case]}{which}", fontsize="medium")
        self._finish_axes(n_cols=n_cols, own_figure=ax is None)
        return self

    def _like_known(self, name, values, known, *, n_more=0):
        """The values in the shape of `known`, behind further axes."""
        values = np.asarray(values, dtype=float)
        if known.shape[1] == 1 and values.ndim == 2 + n_more:
            values = values[..., np.newaxis, :]
        if values.shape[n_more:] != known.shape:
            raise ValueError(
                f"The {name!r} parameter of {type(self).__name__} must have the shape of 'known', {known.shape}"
                f"{' behind the number of draws' * n_more}. Got {values.shape} instead."
            )
        return values


def _choose(X, y, truth, n_cases, random_state):
    """The chosen cases, their labels and their whole series."""
    cases = draw_cases(X, n_cases, random_state)
    y = None if y is None else np.asarray(y)[cases]
    return cases, y, None if truth is None else take_cases(truth, cases)


def _widened(missing):
    """The missing time points and the known ones beside them, so that lines meet."""
    widened = missing.copy()
    widened[1:] |= missing[:-1]
    widened[:-1] |= missing[1:]
    return widened


def _draw_bands(panel, draws, where):
    """Median and bands of the draws (n_draws, n_timepoints) at the time points where they are asked for."""
    time = np.arange(draws.shape[1])
    for share, alpha in _BANDS.items():
        low, high = np.quantile(draws, ((1 - share) / 2, (1 + share) / 2), axis=0)
        label = f"{100 * share:.0f} % of draws"
        panel.fill_between(time, low, high, where=where, color=GENERATED_COLOR, alpha=alpha, linewidth=0, label=label)
    median = np.where(where, np.median(draws, axis=0), np.nan)
    panel.plot(median, color=GENERATED_COLOR, linewidth=1.6, label="median")
