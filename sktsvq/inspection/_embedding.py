"""Real and generated series as points of a plane."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.utils import check_consistent_length

from sktsvq._validation import AT_LEAST_ONE, HasMethods, draw_seed, random_generator, validate_params
from sktsvq.generator import sample_series
from sktsvq.metrics import SeriesFeatures
from sktsvq.metrics._context import apply, fitted_on
from sktsvq.metrics._layout import check_collections, flatten, in_units_of

from ._collections import take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display
from ._parts import prior_of


class EmbeddingDisplay(Display):
    """Real and generated series as points, by principal components and by t-SNE, of their values and of features.

    The principal components are those of the real series; t-SNE arranges both together. Distances between groups of
    points mean nothing under t-SNE: what counts is whether the two kinds of points mix.

    Use :meth:`from_series` or :meth:`from_estimator`; the constructor takes points that you already have.

    Parameters
    ----------
    points : dict of (str, str) to (array of shape (n_real, 2), array of shape (n_samples, 2))
        The real and the generated points of each panel, by its space and its method.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_panels,)
        The panels.

    ax_ : matplotlib Axes
        The panel, if there is only one.

    figure_ : matplotlib Figure
        The figure that holds the panels.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import EmbeddingDisplay
    >>> X, _ = make_waves(n_cases=20, random_state=0)
    >>> X_other, _ = make_waves(n_cases=20, noise=0.3, random_state=1)
    >>> list(EmbeddingDisplay.from_series(X, X_other, random_state=0).points)
    [('values', 'PCA'), ('values', 't-SNE'), ('features', 'PCA'), ('features', 't-SNE')]
    """

    def __init__(self, points):
        self.points = points

    @classmethod
    @validate_params(
        {
            "X": ["array-like"],
            "y": ["array-like", None],
            "n_samples": [AT_LEAST_ONE],
            "extractor": [HasMethods("transform"), None],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=False,
    )
    def from_estimator(cls, generator, X, y=None, *, n_samples=300, extractor=None, random_state=None, ax=None):
        """Sample from a fitted generator and plot the samples among real series.

        Parameters
        ----------
        generator : fitted VQGenerator or Pipeline
            Anything that :func:`sktsvq.generator.sample_series` draws from.

        X : array-like
            The real series to choose from.

        y : array-like of shape (n_cases,), default=None
            Their classes. If given, as many samples of each class are drawn as real series are shown.

        n_samples : int, default=300
            How many real series, and how many samples; as many as X has if those are fewer.

        extractor : transformer, default=None
            See :meth:`from_series`.

        random_state : int, RandomState instance or None, default=None
            Determines the samples and the points.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : EmbeddingDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        NotFittedError, TypeError
            If `generator` is not fitted or cannot sample.

        ValueError
            If a parameter lies outside its range, or X and y differ in length; and what `generator` and
            :meth:`from_series` raise.
        """
        cls._check_matplotlib()
        prior_of(generator, f"The 'generator' parameter of {cls.__name__}.from_estimator")
        rng = random_generator(random_state)
        cases = rng.permutation(len(X))[:n_samples]
        labels = None
        if y is not None:
            check_consistent_length(X, y)
            labels = np.asarray(y)[cases]
        samples = sample_series(generator, len(cases), y=labels, random_state=draw_seed(rng))
        real = take_cases(X, cases)
        return cls.from_series(real, samples, y=labels, extractor=extractor, random_state=draw_seed(rng), ax=ax)

    @classmethod
    @validate_params(
        {"extractor": [HasMethods("transform"), None], "random_state": ["random_state"]},
        prefer_skip_nested_validation=False,
    )
    def from_series(cls, real, samples, *, y=None, extractor=None, random_state=None, ax=None):
        """Plot generated series among real ones.

        Parameters
        ----------
        real, samples : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
            The series, at least three real ones.

        y : array-like of shape (n_cases,), default=None
            Classes of the real series, for an extractor that learns from them.

        extractor : transformer, default=None
            Turns series into features. A fitted one is used as it is, the clone of another is fitted on `real`. None is
            :class:`sktsvq.metrics.SeriesFeatures`.

        random_state : int, RandomState instance or None, default=None
            Of t-SNE.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : EmbeddingDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        ValueError
            If the series hold NaN or differ in channels or time points, or there are fewer than three real ones.
        """
        cls._check_matplotlib()
        series = check_collections(real=real, samples=samples)
        if len(series[0]) < 3:
            raise ValueError(f"{cls.__name__}.from_series needs at least 3 real series. Got {len(series[0])} instead.")
        extractor = fitted_on(SeriesFeatures() if extractor is None else extractor, series[0].copy(), y)
        spaces = {
            "values": in_units_of(series[0], *series),
            "features": [flatten(apply(extractor.transform, X)) for X in series],
        }
        seed = draw_seed(random_state)
        methods = {"PCA": _principal_components, "t-SNE": _neighbour_embedding}
        points = {(s, m): method(*rows, seed) for s, rows in spaces.items() for m, method in methods.items()}
        return cls(points).plot(ax=ax)

    def plot(self, ax=None):
        """Plot one panel for each space and method, the generated points as crosses.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each panel. None makes a new figure.

        Returns
        -------
        display : EmbeddingDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        TypeError
            If `ax` holds anything but matplotlib Axes.

        ValueError
            If `ax` does not hold one axes for each panel.
        """
        n_cols = min(2, len(self.points))
        panels = self._make_axes(ax, (len(self.points),), n_cols=n_cols, sharex=False, panel_size=(3.6, 2.9))
        for panel, ((space, method), (real, generated)) in zip(panels, self.points.items(), strict=True):
            kinds = [(real, REAL_COLOR, "o", "real"), (generated, GENERATED_COLOR, "x", "generated")]
            for points, color, marker, label in kinds:
                face = {"facecolors": "none", "edgecolors": color} if marker == "o" else {"color": color}
                label = f"{label} ({len(points)})"
                panel.scatter(
                    *np.transpose(points), s=14, marker=marker, linewidths=0.9, alpha=0.7, label=label, **face
                )
            panel.set_title(f"{space}: {method}", fontsize="medium")
            if method == "t-SNE":
                panel.set(xticks=[], yticks=[])
        self._finish_axes(n_cols=n_cols, own_figure=ax is None, xlabel="", ylabel="")
        for panel in panels:
            panel.margins(0.05)
        return self


def _principal_components(real, generated, seed):
    pca = PCA(min(2, real.shape[1]), random_state=seed).fit(real)
    points = [pca.transform(rows) for rows in (real, generated)]
    return tuple(np.pad(rows, ((0, 0), (0, 2 - rows.shape[1]))) for rows in points)


def _neighbour_embedding(real, generated, seed):
    rows = np.concatenate([real, generated])
    perplexity = min(30.0, (len(rows) - 1) / 3)
    init = "pca" if rows.shape[1] > 1 else "random"
    points = TSNE(2, perplexity=perplexity, init=init, random_state=seed).fit_transform(rows)
    return points[: len(real)], points[len(real) :]
