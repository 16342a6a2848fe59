"""Real and generated series."""

import numpy as np
from sklearn.utils import check_consistent_length

from sktsvq._validation import AT_LEAST_ONE, HasMethods, Integral, Interval, random_generator, validate_params

from ._collections import as_cases, pad_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display

_CHANNEL = [Interval(Integral, 0, None, closed="left")]


class SamplesDisplay(Display):
    """Real series on the left, generated ones on the right, one row per class.

    Use :meth:`from_estimator` to sample from a fitted generator. The constructor takes series that you already have.

    Parameters
    ----------
    real : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The real series, or a list of arrays of shape (n_channels, n_timepoints_i).

    real_labels : array-like of shape (n_cases,) or None
        Their classes. None, together with `sample_labels`, makes a single row.

    samples : array-like
        The generated series, in one of the forms of `real`.

    sample_labels : array-like of shape (n_samples,) or None
        Their classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or None
        The classes of the rows, or None without labels.

    axes_ : ndarray of matplotlib Axes, of shape (n_classes or 1, 2)
        Real series in the first column, generated ones in the second.

    figure_ : matplotlib Figure
        The figure that holds the panels.

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
    @validate_params(
        {
            "generator": [HasMethods(["sample"])],
            "X": ["array-like"],
            "y": ["array-like", None],
            "n_samples": [AT_LEAST_ONE],
            "classes": ["array-like", None],
            "channel": _CHANNEL,
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=False,
    )
    def from_estimator(cls, generator, X, y=None, *, n_samples=20, classes=None, channel=0, random_state=None, ax=None):
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
            Determines which real series are drawn, and is passed to ``generator.sample``.

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

        ValueError
            If a parameter has the wrong type or lies outside its range, or X and y differ in length; and what
            `generator` and :meth:`plot` raise.
        """
        cls._check_matplotlib()
        rng = random_generator(random_state)
        if y is None:
            cases, real_labels, sample_labels = rng.permutation(len(X))[:n_samples], None, None
        else:
            check_consistent_length(X, y)
            y = np.asarray(y)
            classes = np.unique(y)[:8] if classes is None else np.unique(classes)
            cases = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:n_samples] for label in classes])
            real_labels, sample_labels = y[cases], np.repeat(classes, n_samples)
            n_samples = len(sample_labels)
        real = take_cases(X, cases)
        owner = f"{cls.__name__}.from_estimator"
        _check_channel(channel, as_cases(real, "X", owner), owner)
        samples = generator.sample(n_samples, y=sample_labels, random_state=random_state)
        return cls(real, real_labels, samples, sample_labels).plot(ax=ax, channel=channel)

    @validate_params({"channel": _CHANNEL}, prefer_skip_nested_validation=True)
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

        TypeError
            If `ax` holds anything but matplotlib Axes.

        ValueError
            If `real` or `samples` are no series, labels are given for one of them only or are not as many, `channel` is
            not one of the channels, or `ax` does not hold two axes for each row.
        """
        sides = self._check_sides(channel)
        labels = [side_labels for _, _, side_labels, _ in sides]
        self.classes_ = None if labels[0] is None else np.union1d(*labels)
        n_rows = 1 if self.classes_ is None else len(self.classes_)
        for row, panels in enumerate(self._make_axes(ax, (n_rows, 2), n_cols=2, sharey="row")):
            for panel, (kind, series, side_labels, color) in zip(panels, sides, strict=True):
                title = kind
                if self.classes_ is not None:
                    series = series[side_labels == self.classes_[row]]
                    title = f"class {self.classes_[row]}: {kind}"
                _draw_overlay(panel, series[:, channel], color)
                panel.set_title(f"{title} ({len(series)})", fontsize="medium")
        self._finish_axes(n_cols=2, own_figure=ax is None)
        return self

    def _check_sides(self, channel):
        """Return the name, the padded series, the labels or None, and the colour of each column."""
        owner = type(self).__name__
        if (self.real_labels is None) != (self.sample_labels is None):
            raise ValueError(
                f"The 'real_labels' and 'sample_labels' parameters of {owner} must both be given or both be None. Got "
                "one of them only."
            )
        sides = []
        for kind, parameter, series, labels, color in [
            ("real", "real", self.real, self.real_labels, REAL_COLOR),
            ("generated", "samples", self.samples, self.sample_labels, GENERATED_COLOR),
        ]:
            cases = as_cases(series, parameter, owner)
            _check_channel(channel, cases, f"{owner}.plot")
            if labels is not None:
                check_consistent_length(cases, labels)
                labels = np.asarray(labels)
            sides.append((kind, pad_cases(cases), labels, color))
        return sides


def _check_channel(channel, cases, owner):
    """Raise unless all cases have this channel."""
    if channel >= len(cases[0]):
        raise ValueError(
            f"The 'channel' parameter of {owner} must be an int in the range [0, {len(cases[0])}). "
            f"Got {channel} instead."
        )


def _draw_overlay(panel, series, color):
    """Draw every series thinly and, on top, the mean over the series that are long enough."""
    if len(series) == 0:
        return
    panel.plot(series.T, color=color, alpha=0.3, linewidth=0.6)
    mean = np.ma.masked_invalid(series).mean(axis=0)
    panel.plot(mean, color=color, linewidth=2.2, label="mean")
