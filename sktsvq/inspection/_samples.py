"""Real and generated series."""

import numpy as np
from sklearn.utils import check_consistent_length

from sktsvq._validation import random_generator
from sktsvq.generator import sample_series

from ._collections import take_cases
from ._display import GENERATED_COLOR, NEUTRAL_COLOR, REAL_COLOR, Display, value_label
from ._parts import prior_of

_BAND = (0.05, 0.95)

# Letters of a label for which there is room in a title.
_MAX_LABEL = 20


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
    def from_estimator(cls, generator, X, y=None, *, n_samples=20, classes=None, channel=0, random_state=None, ax=None):
        """Sample from a fitted generator and plot the samples beside real series.

        Parameters
        ----------
        y : array-like of shape (n_cases,), default=None
            Their classes. If given, the generator is asked for samples of these classes.

        n_samples : int in [1, inf), default=20
            Number of generated series in each row, and of real ones if X has as many.

        Raises
        ------
        ValueError
            If X and y differ in length.
        """
        prior_of(generator, cls._subject("generator"))
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
        samples = sample_series(generator, n_samples, y=sample_labels, random_state=random_state)
        return cls(real, real_labels, samples, sample_labels).plot(ax=ax, channel=channel)

    def plot(self, ax=None, *, channel=0):
        """Plot every series as a thin line, their mean as a thick one, and a band that holds nine tenths of them.

        The band of the real series is outlined over the generated ones, too. There are two panels for each row.

        Raises
        ------
        ValueError
            If `real` or `samples` are no series, or labels are given for one of them only or are not as many.
        """
        sides = self._check_sides(channel)
        labels = [side_labels for _, _, side_labels, _ in sides]
        self.classes_ = None if labels[0] is None else np.union1d(*labels)
        n_rows = 1 if self.classes_ is None else len(self.classes_)
        ylabel = value_label(sides[0][1], channel)
        with self._panels(ax, (n_rows, 2), n_cols=2, ylabel=ylabel, sharey="row") as grid:
            for row, panels in enumerate(grid):
                for panel, (kind, series, side_labels, color) in zip(panels, sides, strict=True):
                    title = kind
                    if self.classes_ is not None:
                        series = series[side_labels == self.classes_[row]]
                        title = f"class {_shortened(str(self.classes_[row]))}: {kind}"
                    _draw_overlay(panel, series[:, channel], color)
                    if kind == "real":
                        real = series[:, channel]
                    elif len(real):
                        _draw_outline(panel, real)
                    panel.set_title(f"{title} ({len(series)})", fontsize="medium")
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
        for kind, parameter, labels, color in [
            ("real", "real", self.real_labels, REAL_COLOR),
            ("generated", "samples", self.sample_labels, GENERATED_COLOR),
        ]:
            series = self._cases(parameter, channel)
            if labels is not None:
                check_consistent_length(series, labels)
                labels = np.asarray(labels)
            sides.append((kind, series, labels, color))
        return sides


def _shortened(label):
    return label if len(label) <= _MAX_LABEL else f"{label[: _MAX_LABEL - 3]}..."


def _draw_overlay(panel, series, color):
    """Draw every series thinly and, on top, the band and the mean over the series that are long enough."""
    if len(series) == 0:
        return
    panel.plot(series.T, color=color, alpha=0.3, linewidth=0.6)
    time, low, high = _band(series)
    panel.fill_between(time, low, high, color=color, alpha=0.18, linewidth=0, label="5 % to 95 %")
    mean = np.ma.masked_invalid(series).mean(axis=0)
    panel.plot(mean, color=color, linewidth=2.2, label="mean")


def _draw_outline(panel, series):
    """Outline the band of the real series."""
    time, *edges = _band(series)
    for edge in edges:
        panel.plot(time, edge, color=NEUTRAL_COLOR, linewidth=1, linestyle="--", label="5 % to 95 % of real")


def _band(series):
    """The time points at which there is a value, and the quantiles of the series there."""
    time = np.flatnonzero(np.isfinite(series).any(axis=0))
    return time, *np.nanquantile(series[:, time], _BAND, axis=0)
