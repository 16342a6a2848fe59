"""Gaps and futures of series, filled by a generator, with intervals."""

import numpy as np

from sktsvq._gaps import pad_cases

from ._collections import as_cases, draw_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display
from ._parts import check_methods

_BANDS = {0.9: 0.18, 0.5: 0.3}  # share of the draws: opacity


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
        """
        check_methods(generator, ("impute",), cls._subject("generator", "from_gaps"), "a fitted VQGenerator")
        cases, y, truth = _choose(X, y, truth, n_cases, random_state)
        known = take_cases(X, cases)
        draws = generator.impute(known, y=y, n_draws=n_draws, random_state=random_state)
        if isinstance(draws, list):  # of series of unequal length
            draws = np.stack([pad_cases(as_cases(draw, "X", cls.__name__)) for draw in draws])
        return cls(known, draws, truth=truth, case_numbers=cases).plot(ax=ax, channel=channel)

    @classmethod
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
        """
        check_methods(generator, ("forecast",), cls._subject("generator", "from_forecast"), "a fitted VQGenerator")
        cases, y, truth = _choose(X, y, truth, n_cases, random_state)
        past = take_cases(X, cases)
        known = pad_cases(as_cases(past, "X", cls.__name__))
        future = generator.forecast(past, n_timepoints, y=y, n_draws=n_draws, random_state=random_state)
        future = np.reshape(future, (n_draws, *known.shape[:2], n_timepoints))
        draws = np.concatenate([np.broadcast_to(known, (n_draws, *known.shape)), future], axis=3)
        known = np.pad(known, ((0, 0), (0, 0), (0, n_timepoints)), constant_values=np.nan)
        return cls(known, draws, truth=truth, case_numbers=cases).plot(ax=ax, channel=channel)

    def plot(self, ax=None, *, channel=0):
        """Plot one panel for each case.

        Raises
        ------
        ValueError
            If `known` are no series, or `draws` or `truth` differ from them in shape.
        """
        known = self._cases("known", channel)
        draws = self._like_known("draws", self.draws, known, n_more=1)
        truth = None if self.truth is None else self._like_known("truth", self.truth, known)
        titles = self._case_titles(known, channel)
        with self._panels(ax, (len(known),), n_cols=2, panel_size=(4.4, 1.8)) as panels:
            for case, panel in enumerate(panels):
                line = known[case, channel]
                unknown = _widened(np.isnan(line))
                panel.plot(line, color=REAL_COLOR, linewidth=1.4, label="known")
                if truth is not None:
                    hidden = np.where(unknown, truth[case, channel], np.nan)
                    panel.plot(hidden, color="black", linewidth=1.1, linestyle="--", label="truth")
                _draw_bands(panel, draws[:, case, channel], unknown)
                panel.set_title(titles[case], fontsize="medium")
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
