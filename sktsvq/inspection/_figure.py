"""What every Display shares: the shape of its data, its axes and its look."""

import numpy as np
from sklearn.utils import check_random_state

# Two colours of the Okabe-Ito palette, which stay apart for colour-blind readers.
REAL = "#0072B2"
GENERATED = "#D55E00"


def as_padded(X):
    """Return X as (n_cases, n_channels, n_timepoints); shorter series end in NaN."""
    cases = [np.atleast_2d(np.asarray(case, dtype=float)) for case in X]
    padded = np.full((len(cases), len(cases[0]), max(c.shape[1] for c in cases)), np.nan)
    for row, case in zip(padded, cases, strict=True):
        row[:, : case.shape[1]] = case
    return padded


def take(X, cases):
    """Return the given cases of an array or of a list of arrays."""
    return [X[i] for i in cases] if isinstance(X, list) else np.asarray(X)[cases]


def random_generator(random_state):
    """Like check_random_state, but None leaves numpy's global random state alone."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def get_axes(ax, n_panels, n_cols, *, owner, sharey):
    """Return a figure and the flat array of its first `n_panels` axes, or those in `ax`."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'{owner}.plot needs matplotlib: pip install "sktsvq[plot]"') from error

    if ax is not None:
        axes = np.array(ax, dtype=object).ravel()
        if len(axes) != n_panels:
            raise ValueError(
                f"The 'ax' parameter of {owner}.plot must be None or hold {n_panels} axes. Got {len(axes)} instead."
            )
        return axes[0].figure, axes

    n_rows = -(-n_panels // n_cols)
    figure, axes = plt.subplots(
        n_rows,
        n_cols,
        figsize=(max(3.2 * n_cols, 4), 1.7 * n_rows + 0.8),
        sharex=True,
        sharey=sharey,
        squeeze=False,
        layout="constrained",
    )
    for spare in axes.flat[n_panels:]:
        spare.remove()
    return figure, axes.ravel()[:n_panels]


def finish(figure, axes, n_cols, *, own_figure):
    """Take away what carries no data, label the outer axes of the grid and explain the lines."""
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize="small")
        panel.margins(x=0)
    for panel in axes[-n_cols:]:
        panel.tick_params(labelbottom=True)
        panel.set_xlabel("time point")
    for panel in axes[::n_cols]:
        panel.set_ylabel("value")
    # Only a figure of our own has room for a legend outside the panels, where it hides no line.
    place = figure if own_figure else axes[0]
    place.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside upper right" if own_figure else "best",
        ncols=2 if own_figure else 1,
        frameon=False,
        fontsize="small",
    )
