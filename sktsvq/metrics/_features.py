"""The features that scores look through where the user gives no extractor."""

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA

from sktsvq._gaps import interpolate, interpolate_to_end, stretch
from sktsvq._parameters import Parameters, param
from sktsvq._series import SeriesMixin
from sktsvq._validation import AT_LEAST_ONE, check_is_fitted, check_params

__all__ = ["SeriesFeatures"]

# Enough to see a beat of an ECG; more averages or bands only add noise to the principal components.
_N_AVERAGES = 32
_N_BANDS = 16

# Power below this share of a channel's variance is rounding, not signal: 30 dB down.
_POWER_FLOOR = 1e-3

# A number that hardly varies, such as the start of series that all start at 0, is not blown up beyond this standard
# deviation; both groups are without unit.
_LEAST_SCALE = 0.1


class SeriesFeatures(SeriesMixin, Parameters, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Shape and spectrum of series in a few numbers, without labels and without training a network.

    The series are standardised per channel. Of each channel, at most 32 averages over equal stretches of time tell the
    shape, and the logarithms of the power in at most 16 bands of frequency, which widen as it grows, tell noise and
    smoothness. Each of the two groups is standardised and given the same total variance, 1; the leading principal
    components of both together are the features. They are few, so that one or two hundred series suffice for a
    covariance.

    Gaps are bridged by straight lines. Series of unequal length are stretched to the longest in `fit`, and their number
    of time points is one more channel.

    It is the default extractor of the scores. A fit learns means, variances and principal components only, from real
    series; it is deterministic and takes milliseconds.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel; the last is that of the lengths where these differ.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.metrics import SeriesFeatures
    >>> X, y = make_waves(n_cases=60, n_timepoints=64, random_state=0)
    >>> SeriesFeatures().fit_transform(X).shape
    (60, 10)
    """

    _takes_missing = _takes_lengths = True

    n_components: int = param(
        10, [AT_LEAST_ONE], "The most features there are; fewer where cases or values are fewer.", positional=True
    )

    def fit(self, X, y=None):
        """Learn scaling and principal components.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Real series, at least two. Missing values are NaN.
        y : None
            Ignored.

        Returns
        -------
        self : SeriesFeatures
            The fitted transformer.

        Raises
        ------
        ValueError
            If a channel of a series has no known value, X holds fewer than two series, or `n_components` is below 1.
        """
        check_params(self)
        series = self._complete(self._check_series(X, reset=True, min_cases=2))
        self._learn_scaling(series)
        groups = self._groups(series)
        self._group_scaling = [(group.mean(axis=0), np.maximum(group.std(axis=0), _LEAST_SCALE)) for group in groups]
        rows = self._standardise(groups)
        self._pca = PCA(min(self.n_components, *rows.shape), svd_solver="full").fit(rows)
        self._n_features_out = self._pca.n_components_
        return self

    def transform(self, X):
        """The features of each series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`; of any length, where `fit` saw unequal lengths.

        Returns
        -------
        features : ndarray of shape (n_cases, n_features)
            In X's dtype.
        """
        check_is_fitted(self)
        series = self._complete(self._check_series(X, allow_shorter=self.unequal_length_in_))
        return self._pca.transform(self._standardise(self._groups(series))).astype(series.dtype, copy=False)

    def _at_full_length(self, series):
        return series  # a series of any length is stretched

    def _complete(self, series):
        """Checked series without gaps and of one length."""
        if self.unequal_length_in_:
            return stretch(interpolate_to_end(series), self.n_timepoints_in_)
        return interpolate(series) if self._has_gaps(series) else series

    def _groups(self, series):
        scaled = (series.astype(np.float64) - self.mean_[:, np.newaxis]) / self.scale_[:, np.newaxis]
        n_timepoints = scaled.shape[2]
        power = np.abs(np.fft.rfft(scaled, axis=2)) ** 2 / n_timepoints  # (b, c, frequencies)
        averages = _mean_over(scaled, np.linspace(0, n_timepoints, min(n_timepoints, _N_AVERAGES) + 1))
        # Frequency 0 is the level, which the averages have; it is kept only where there is no other.
        edges = np.geomspace(1, power.shape[2], _N_BANDS + 1) if power.shape[2] > 1 else [0, 1]
        bands = _mean_over(power, edges)
        return [group.reshape(len(series), -1) for group in (averages, np.log(bands + _POWER_FLOOR))]

    def _standardise(self, groups):
        pairs = zip(groups, self._group_scaling, strict=True)
        return np.hstack([(group - mean) / (scale * np.sqrt(group.shape[1])) for group, (mean, scale) in pairs])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _mean_over(values, edges):
    """Means of the last axis between consecutive edges, rounded; stretches that rounding empties are left out."""
    edges = np.unique(np.rint(edges).astype(int))
    values = values[:, :, : edges[-1]]
    return np.add.reduceat(values, edges[:-1], axis=2) / np.diff(edges)
