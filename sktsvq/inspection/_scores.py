"""The table of `evaluate` as a picture."""

import numpy as np

from sktsvq._summary import number
from sktsvq.metrics import evaluate

from ._display import GENERATED_COLOR, NEUTRAL_COLOR, REAL_COLOR, Display

_COLUMNS = ("value", "low", "high", "floor", "ideal", "direction", "verdict")


class ScoreDisplay(Display):
    """Each score of a generator with its interval, beside what real series reach and what is best.

    Each score has a scale of its own. Use :meth:`from_estimator` to score a fitted generator.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`sktsvq.metrics.evaluate` returns.

    Attributes
    ----------
    scores_ : list of str
        The scores of the panels: those of the table that have a value.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsvq.inspection import ScoreDisplay
    >>> row = {"value": 0.4, "low": 0.3, "high": 0.5, "floor": 0.1, "ideal": 0, "direction": "lower"}
    >>> table = pd.DataFrame([row | {"verdict": "worse than real"}], index=["frechet_distance"])
    >>> ScoreDisplay(table).plot().scores_
    ['frechet_distance']
    """

    def __init__(self, table):
        self.table = table

    @classmethod
    def from_estimator(cls, generator, X_train, y_train, X_test, y_test, *, ax=None, **settings):
        """Score a fitted generator and plot the scores.

        Parameters
        ----------
        generator : fitted VQGenerator or Pipeline
            See :func:`sktsvq.metrics.evaluate`.

        X_train, y_train, X_test, y_test : array-like
            See :func:`sktsvq.metrics.evaluate`.

        **settings : dict
            Further parameters of :func:`sktsvq.metrics.evaluate`.

        Raises
        ------
        ValueError
            What `evaluate` raises.
        """
        return cls(evaluate(generator, X_train, y_train, X_test, y_test, **settings)).plot(ax=ax)

    def plot(self, ax=None):
        """Plot one panel for each score that has a value.

        Raises
        ------
        ValueError
            If `table` lacks a column or holds no value.
        """
        table = self._check_table()
        self.scores_ = list(table.index)
        with self._panels(
            ax, (len(table),), n_cols=3, xlabel="", ylabel="", sharex=False, panel_size=(3.3, 1.05)
        ) as panels:
            for panel, (name, row) in zip(panels, table.iterrows(), strict=True):
                _draw_score(panel, row)
                title = f"{name.replace('_', ' ')}: {number(row.value)}\n"
                panel.set_title(title + row.verdict, fontsize="small", loc="left")
        for panel in panels:
            panel.margins(x=0.08)
            panel.spines["left"].set_visible(False)
            panel.set(yticks=[], ylim=(-1, 1))
            panel.tick_params(labelbottom=True, labelsize="x-small")
        return self

    def _check_table(self):
        rule = f"The 'table' parameter of {type(self).__name__} must be a table of sktsvq.metrics.evaluate"
        missing = [column for column in _COLUMNS if column not in getattr(self.table, "columns", ())]
        if missing:
            raise ValueError(f"{rule}. Got one without {', '.join(missing)}.")
        table = self.table[self.table["value"].notna()]
        if table.empty:
            raise ValueError(f"{rule} with at least one value. Got none.")
        return table


def _draw_score(panel, row):
    """Interval and value, the floor as a line across, the ideal as a dotted one."""
    panel.plot([row.low, row.high], [0, 0], color=GENERATED_COLOR, linewidth=2.5)
    panel.plot(row.value, 0, "o", color=GENERATED_COLOR, markersize=6, label="generated, with its interval")
    if np.isfinite(row.floor):
        panel.plot(row.floor, 0, "|", color=REAL_COLOR, markersize=18, markeredgewidth=3, label="real (floor)")
    if np.isfinite(row.ideal):
        panel.axvline(row.ideal, color=NEUTRAL_COLOR, linewidth=1, linestyle=":", label="ideal")
    panel.locator_params(axis="x", nbins=4)
