"""Quality of several generators against how near they come to their train set."""

from itertools import cycle

import numpy as np

from ._display import NEUTRAL_COLOR, REAL_COLOR, Display

# Okabe-Ito colours, each with a marker of its own, so that they differ in grey too.
_STYLES = list(
    zip(
        ["#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#0072B2", "#8C6D1F"],
        ["o", "s", "^", "D", "v", "P", "X", "*"],
        strict=True,
    )
)
_RATIO = "memorization_ratio"


class TradeOffDisplay(Display):
    """A quality score of several generators against their memorisation ratio, both with intervals.

    A copy of the train set has a perfect quality and a ratio of 0; new series that are like the real ones have a ratio
    near 1. What is good lies near the lines of real series.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        What :func:`sktsvq.metrics.evaluate` returns for each generator, by its name.

    score : str, default="frechet_distance"
        The quality score, a row of the tables.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsvq.inspection import TradeOffDisplay
    >>> rows = {"frechet_distance": [0.4, 0.3, 0.5, 0.1, "lower"], "memorization_ratio": [0.9, 0.8, 1.0, 1.0, "target"]}
    >>> columns = ["value", "low", "high", "floor", "direction"]
    >>> table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    >>> TradeOffDisplay({"default": table}).plot().ax_.get_xlabel()
    'memorisation ratio (0: copies, 1: as far from the train set as real)'
    """

    def __init__(self, tables, *, score="frechet_distance"):
        self.tables = tables
        self.score = score

    def plot(self, ax=None):
        """Plot one point for each generator.

        Raises
        ------
        ValueError
            If there is no table, or one lacks a value of the score or of the memorisation ratio.
        """
        rows = self._check_rows()
        better = "lower" if next(iter(rows.values()))[1].direction == "lower" else "higher"
        with self._panels(
            ax,
            (1,),
            n_cols=1,
            xlabel="memorisation ratio (0: copies, 1: as far from the train set as real)",
            ylabel=f"{self.score.replace('_', ' ')} ({better} is better)",
            panel_size=(6, 3.6),
        ) as (panel,):
            for (name, (ratio, quality)), (color, marker) in zip(rows.items(), cycle(_STYLES)):  # noqa: B905
                errors = [np.abs(np.array([[row.low], [row.high]]) - row.value) for row in (ratio, quality)]
                style = {"capsize": 3, "elinewidth": 1, "markersize": 7}
                panel.errorbar(
                    ratio.value, quality.value, errors[1], errors[0], marker, color=color, label=name, **style
                )
            floor = np.mean([quality.floor for _, quality in rows.values()])
            panel.axvline(1, color=NEUTRAL_COLOR, linestyle=":", linewidth=1)
            panel.axhline(floor, color=REAL_COLOR, linestyle="--", linewidth=1.2, label="real series (floor)")
        panel.margins(0.08)
        panel.set_xlim(left=min(0, panel.get_xlim()[0]))
        return self

    def _check_rows(self):
        """For each generator its rows of the ratio and of the score."""
        owner = type(self).__name__
        if not self.tables:
            raise ValueError(f"The 'tables' parameter of {owner} must hold at least one table. Got none.")
        for name, table in self.tables.items():
            for score in (_RATIO, self.score):
                if score not in table.index or not np.isfinite(table.loc[score, "value"]):
                    raise ValueError(
                        f"The 'tables' parameter of {owner} must hold a value of {score!r} in each table. "
                        f"That of {name!r} has none."
                    )
        return {name: (table.loc[_RATIO], table.loc[self.score]) for name, table in self.tables.items()}
