"""Real and generated series as points of a plane."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.utils import check_consistent_length

from sktsvq._validation import draw_seed, random_generator
from sktsvq.metrics import SeriesFeatures
from sktsvq.metrics._context import apply, draw, fitted_on
from sktsvq.metrics._layout import check_collections, flatten, in_units_of
from sktsvq.metrics._uneven import draws_uneven, gaps_of

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
    def from_estimator(cls, generator, X, y=None, *, n_samples=300, extractor=None, random_state=None, ax=None):
        """Sample from a fitted generator and plot the samples among real series.

        Parameters
        ----------
        y : array-like of shape (n_cases,), default=None
            Their classes. If given, as many samples of each class are drawn as real series are shown.

        n_samples : int in [1, inf), default=300
            How many real series, and how many samples; as many as X has if those are fewer.

        Raises
        ------
        ValueError
            If X and y differ in length; and what :meth:`from_series` raises.
        """
        prior_of(generator, cls._subject("generator"))
        rng = random_generator(random_state)
        cases = rng.permutation(len(X))[:n_samples]
        labels = None
        if y is not None:
            check_consistent_length(X, y)
            labels = np.asarray(y)[cases]
        real = take_cases(X, cases)
        gaps = gaps_of(real, uneven=draws_uneven(generator))
        samples = draw(generator, len(cases), like=real, y=labels, gaps=gaps, random_state=draw_seed(rng))
        return cls.from_series(real, samples, y=labels, extractor=extractor, random_state=draw_seed(rng), ax=ax)

    @classmethod
    def from_series(cls, real, samples, *, y=None, extractor=None, random_state=None, ax=None):
        """Plot generated series among real ones.

        Parameters
        ----------
        real, samples : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            The series, at least three real ones. Gaps are bridged by straight lines; series of unequal length are
            stretched to the longest real one, and their length is one more channel.

        y : array-like of shape (n_cases,), default=None
            Classes of the real series, for an extractor that learns from them.

        random_state : int, RandomState instance or None, default=None
            Of t-SNE.

        Raises
        ------
        ValueError
            If a channel of a series has no known value, series differ in channels or, as arrays, in time points, or
            there are fewer than three real ones.
        """
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
        """Plot one panel for each space and method, the generated points as crosses."""
        with self._panels(
            ax, (len(self.points),), n_cols=2, xlabel="", ylabel="", sharex=False, panel_size=(3.6, 2.9)
        ) as panels:
            for panel, ((space, method), (real, generated)) in zip(panels, self.points.items(), strict=True):
                look = {"s": 14, "linewidths": 0.9, "alpha": 0.7}
                circle = {"marker": "o", "facecolors": "none", "edgecolors": REAL_COLOR}
                cross = {"marker": "x", "color": GENERATED_COLOR}
                panel.scatter(*np.transpose(real), label=f"real ({len(real)})", **circle, **look)
                panel.scatter(*np.transpose(generated), label=f"generated ({len(generated)})", **cross, **look)
                panel.set_title(f"{space}: {method}", fontsize="medium")
                if method == "t-SNE":
                    panel.set(xticks=[], yticks=[])
        for panel, (_, method) in zip(panels, self.points, strict=True):
            panel.margins(0.05)
            if method == "PCA":
                panel.set_xlabel("component 1", fontsize="small")
                panel.set_ylabel("component 2", fontsize="small")
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
