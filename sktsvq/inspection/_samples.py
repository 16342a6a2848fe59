"""Real series beside generated ones."""

import numpy as np

from sktsvq._validation import AT_LEAST_ONE, validate_params

from ._figure import (
    GENERATED,
    REAL,
    as_padded,
    finish,
    get_axes,
    random_generator,
    take,
)


class SamplesDisplay:
    """Real series on the left, generated ones on the right, one row per class.

    Use :meth:`from_estimator` to sample from a fitted generator; the constructor takes series
    that are at hand.

    Parameters
    ----------
    real : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The real series, or a list of arrays of shape (n_channels, n_timepoints_i).

    real_labels : array-like of shape (n_cases,) or None
        Their classes. None, together with `sample_labels`, makes a single row.

    samples : array-like
        The generated series, shaped like `real` but for their number.

    sample_labels : array-like of shape (n_samples,) or None
        Their classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or None
        The classes of the rows, or None without labels.

    axes_ : ndarray of matplotlib Axes, of shape (n_classes or 1, 2)
        Real series in the first column, generated ones in the second.

    figure_ : matplotlib Figure
        The figure that holds the axes.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import SamplesDisplay
    >>> X, y = make_waves(n_classes=3, random_state=0)
    >>> X_other, y_other = make_waves(n_classes=3, noise=0.3, random_state=1)
    >>> display = SamplesDisplay(X, y, X_other, y_other).plot()
    >>> display.axes_.shape
    (3, 2)
    """

    def __init__(self, real, real_labels, samples, sample_labels):
        self.real = real
        self.real_labels = real_labels
        self.samples = samples
        self.sample_labels = sample_labels

    @classmethod
    @validate_params({"n_samples": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
    def from_estimator(
        cls,
        generator,
        X,
        y=None,
        *,
        n_samples=20,
        classes=None,
        channel=0,
        random_state=None,
        ax=None,
    ):
        """Sample from a fitted generator and plot the samples beside real series.

        Parameters
        ----------
        generator : fitted generator
            Has ``sample(n_samples, y=None, random_state=None)``.

        X : array-like
            The real series to choose from.

        y : array-like of shape (n_cases,), default=None
            Their classes. If given, the generator is asked for samples of these classes.

        n_samples : int, default=20
            Number of generated series in each row, and of real ones if X has as many.

        classes : array-like, default=None
            The classes to show. None shows the first eight in `y`.

        channel : int, default=0
            The channel to show.

        random_state : int, RandomState instance or None, default=None
            Determines which real series are drawn; handed on to ``generator.sample``.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : SamplesDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        TypeError, ValueError
            If `n_samples` is no int of at least 1; and what :meth:`plot` and `generator` raise.
        """
        rng = random_generator(random_state)
        if y is None:
            cases = rng.permutation(len(X))[:n_samples]
            samples = generator.sample(n_samples, random_state=random_state)
            display = cls(take(X, cases), None, samples, None)
        else:
            y = np.asarray(y)
            classes = np.unique(y)[:8] if classes is None else np.asarray(classes)
            cases = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:n_samples] for label in classes])
            labels = np.repeat(classes, n_samples)
            samples = generator.sample(len(labels), y=labels, random_state=random_state)
            display = cls(take(X, cases), y[cases], samples, labels)
        return display.plot(ax=ax, channel=channel)

    def plot(self, ax=None, *, channel=0):
        """Plot every series as a thin line and the mean of each panel as a thick one.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            Two for each row, row by row. None makes a new figure.

        channel : int, default=0
            The channel to show.

        Returns
        -------
        display : SamplesDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        ValueError
            If labels are given for one side only, the series lack `channel`, or `ax` holds too
            many or too few axes.
        """
        if (self.real_labels is None) != (self.sample_labels is None):
            raise ValueError(
                "The 'real_labels' and 'sample_labels' parameters of SamplesDisplay must both be "
                "given or both be None. Got one of them only."
            )
        sides = [
            ("real", as_padded(self.real), self.real_labels, REAL),
            ("generated", as_padded(self.samples), self.sample_labels, GENERATED),
        ]
        n_channels = min(series.shape[1] for _, series, _, _ in sides)
        if channel not in range(n_channels):
            raise ValueError(
                "The 'channel' parameter of SamplesDisplay.plot must be an int in the range "
                f"[0, {n_channels}). Got {channel!r} instead."
            )
        self.classes_ = None
        if self.real_labels is not None:
            self.classes_ = np.union1d(self.real_labels, self.sample_labels)
        n_rows = 1 if self.classes_ is None else len(self.classes_)
        self.figure_, axes = get_axes(ax, n_rows * 2, 2, owner="SamplesDisplay", sharey="row")
        self.axes_ = axes.reshape(n_rows, 2)
        for row, panels in enumerate(self.axes_):
            for panel, (kind, series, labels, color) in zip(panels, sides, strict=True):
                title = kind
                if labels is not None:
                    label = self.classes_[row]
                    series = series[np.asarray(labels) == label]
                    title = f"class {label}: {kind}"
                _draw_overlay(panel, series[:, channel], color)
                panel.set_title(f"{title} ({len(series)})", fontsize="medium")
        finish(self.figure_, axes, 2, own_figure=ax is None)
        return self


def _draw_overlay(panel, series, color):
    """Draw every series thinly and, on top, the mean over the series that last that long."""
    if len(series) == 0:
        return
    panel.plot(series.T, color=color, alpha=0.3, linewidth=0.6)
    mean = np.ma.masked_invalid(series).mean(axis=0)
    panel.plot(mean, color=color, linewidth=2.2, label="mean")
