"""What every estimator that takes series does: check, scale and unscale them."""

import warnings

import numpy as np
from sklearn.utils import check_array

from sktsvq._gaps import interpolate, lengths_of, pad_cases
from sktsvq._scaling import mean_and_scale
from sktsvq._validation import check_columns

__all__ = ["SeriesMixin", "float_dtype", "own_lengths", "stack"]


class SeriesMixin:
    """Series at the door of an estimator.

    Attributes
    ----------
    n_channels_in_, n_timepoints_in_ : int
        Size of the series seen in `fit`.
        Of series of unequal length, `n_timepoints_in_` is the greatest.
    n_features_in_ : int
        The product of these two.
    unequal_length_in_ : bool
        Whether `fit` saw series of unequal length. A series then ends at its last time point with a known value.
    """

    unequal_length_in_ = False

    # Whether values may be NaN; each channel of each series must hold a known one.
    _takes_missing = False
    # Whether series may be of unequal length; needs `_takes_missing`.
    _takes_lengths = False

    def _check_series(self, X, *, reset=False, min_cases=1, allow_shorter=False):
        """X as a 3-D float array (n_cases, n_channels, n_timepoints), float32 or float64.

        Parameters
        ----------
        X : array-like
            3-D; or 2-D, which is one channel; or a list of series. Those of unequal length are filled up with NaN.
        reset : bool
            Store the sizes, the number of dimensions and the dtype of X; else compare its sizes with those stored.
        min_cases : int
            Fewest series.
        allow_shorter : bool
            Whether X may have another number of time points than seen in `fit`.
        """
        name = type(self).__name__
        X, is_unequal = stack(X)
        if is_unequal and not (self._takes_lengths and (reset or self.unequal_length_in_)):
            self._refuse_lengths(X)
        self._check_dimensions(0 if X is None else getattr(X, "ndim", 2))
        series = check_array(
            X,
            dtype=[np.float64, np.float32],
            allow_nd=True,
            ensure_all_finite="allow-nan" if self._takes_missing else True,
            ensure_min_samples=min_cases,
            input_name="X",
            estimator=self,
        )
        self._check_dimensions(series.ndim)
        if min(series.shape[1:]) < 1:
            raise ValueError(f"X of {name} must have at least 1 channel and 1 time point. Got shape {series.shape}.")
        if self.unequal_length_in_ and not reset:
            series = X = self._at_full_length(series)
        if series.ndim == 2 and not allow_shorter:
            check_columns(self, X, reset=reset)
        n_channels, n_timepoints = (1, series.shape[1]) if series.ndim == 2 else series.shape[1:]
        if reset:
            self.n_channels_in_, self.n_timepoints_in_ = int(n_channels), int(n_timepoints)
            self.n_features_in_ = int(n_channels * n_timepoints)
            self._ndim_in, self._dtype_in = series.ndim, float_dtype(X, series)
            self.unequal_length_in_ = is_unequal
        for axis, got in (("channels", n_channels), ("timepoints", n_timepoints)):
            expected = None if axis == "timepoints" and allow_shorter else getattr(self, f"n_{axis}_in_")
            if expected is not None and got != expected:
                raise ValueError(
                    f"X has {got} {axis}, but {name} is expecting {expected} {axis} as input, the number seen in fit."
                )
        series = series.reshape(len(series), n_channels, n_timepoints)
        if self._takes_missing and self._has_gaps(series) and (missing := np.isnan(series).all(axis=2)).any():
            case, channel = np.argwhere(missing)[0]
            raise ValueError(
                f"X of {name} must hold a known value in each channel of each series. Got channel {channel} of series "
                f"{case} with NaN alone."
            )
        return series

    def _check_dimensions(self, n_dimensions):
        if n_dimensions not in (1, 2, 3):  # scikit-learn has advice for 1
            raise ValueError(
                f"X of {type(self).__name__} must be a 3-D array (n_cases, n_channels, n_timepoints), a 2-D array "
                f"(n_cases, n_timepoints) or a list of (n_channels, n_timepoints) arrays. Got {n_dimensions} "
                "dimensions instead."
            )

    def _refuse_lengths(self, padded):
        """Raise a ValueError that says which lengths are taken."""
        lengths = lengths_of(padded if padded.ndim == 3 else padded[:, np.newaxis])
        rule = "series of one length"
        if self._takes_lengths:
            rule = f"series of {self.n_timepoints_in_} time points, the one length seen in fit"
        raise ValueError(
            f"X of {type(self).__name__} must hold {rule}: pad, crop or resample them first. "
            f"Got lengths from {lengths.min()} to {lengths.max()} instead."
        )

    def _at_full_length(self, series):
        """The array with `n_timepoints_in_` time points: NaN behind shorter series; a warning where some are cut."""
        missing = self.n_timepoints_in_ - series.shape[-1]
        if missing >= 0:
            return np.pad(series, [(0, 0)] * (series.ndim - 1) + [(0, missing)], constant_values=np.nan)
        beyond = ~np.isnan(series[..., missing:]).reshape(len(series), -1).all(axis=1)
        if beyond.any():
            warnings.warn(
                f"{beyond.sum()} of {len(series)} series of X are longer than those that {type(self).__name__} saw in "
                f"fit: their values after time point {self.n_timepoints_in_} are left out.",
                UserWarning,
                stacklevel=4,
            )
        return np.ascontiguousarray(series[..., :missing])

    def _lengths(self, series):
        """A list of one array, the number of time points of each series; empty where all have one length."""
        return [lengths_of(series)] if self.unequal_length_in_ else []

    def _learn_scaling(self, series):
        """Store the mean and the standard deviation of each channel of a 3-D array; 1 where a channel is constant."""
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = mean_and_scale(series, axis=(0, 2))
        if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
            raise ValueError(
                f"X of {type(self).__name__} must have a variance below {np.finfo(np.float64).max:.3g}. Got values up "
                f"to {np.nanmax(np.abs(series)):.3g} instead."
            )
        self.mean_, self.scale_ = mean[0, :, 0], scale[0, :, 0]

    def _learn_range(self, series, *, widen):
        """Store the least and the greatest value of each channel of a 3-D array, or widen by them what is stored."""
        low, high = (end.reduce(series, axis=(0, 2)).astype(np.float64) for end in (np.fmin, np.fmax))
        if widen:
            known_low, known_high = self._known_range()
            low, high = np.fmin(low, known_low), np.fmax(high, known_high)
        self.low_, self.high_ = low, high

    def _known_range(self):
        """What `_learn_range` has stored; without bounds in a file of an earlier version."""
        return getattr(self, "low_", -np.inf), getattr(self, "high_", np.inf)

    def _scaled(self, series):
        """The series with zero mean and unit variance per channel, gaps bridged by straight lines, float32."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (series - self.mean_[:, np.newaxis]) / self.scale_[:, np.newaxis]
            scaled = np.ascontiguousarray(scaled, dtype=np.float32)
            is_regular = np.isfinite(scaled.sum())  # twice as fast as a look at every value
        if is_regular:
            return scaled
        if np.isinf(scaled).any():
            raise ValueError(
                f"X of {type(self).__name__} must lie within {np.finfo(np.float32).max:.3g} standard deviations of the "
                f"mean seen in fit. Got values up to {np.nanmax(np.abs(series)):.3g} instead."
            )
        gaps = np.isnan(scaled).any(axis=(1, 2))
        scaled[gaps] = interpolate(scaled[gaps])
        return scaled

    def _unscaled(self, series):
        """Undo the scaling of a float32 array, float64."""
        return series * self.scale_[:, np.newaxis] + self.mean_[:, np.newaxis]

    @staticmethod
    def _has_gaps(series):
        """Whether values of a float array are NaN."""
        return bool(np.isnan(series.min()))

    def _minus_error(self, series, reconstruction):
        """Minus the mean squared error over the known values."""
        return -float(np.nanmean(np.square(series - reconstruction, dtype=np.float64)))

    def _as_given(self, series, lengths=None):
        """Give a 3-D array the dimensions and the dtype of the X seen in `fit`; a list where lengths are given."""
        series = series.astype(self._dtype_in, copy=False)
        series = series[:, 0] if self._ndim_in == 2 else series
        if lengths is None:
            return series
        return [case[..., :length].copy() for case, length in zip(series, lengths, strict=True)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._takes_missing
        return tags


def stack(X):
    """A list or 1-D object array of series as one array, and whether their lengths differ; anything else as it is."""
    if isinstance(X, np.ma.MaskedArray):
        return X.astype(float).filled(np.nan), False
    if getattr(getattr(X, "index", None), "nlevels", 1) > 1:  # its rows are time points, not series
        raise ValueError("X must not be a data frame whose index has several levels: pass datasets.from_frame(X).")
    if not _is_list(X) or len(X) == 0:
        return X, False
    try:
        cases = [np.asarray(case) for case in X]
    except ValueError:  # a series whose channels differ in length
        return X, False
    if not all(case.ndim and case.dtype.kind in "fiub" for case in cases):
        return X, False
    shapes = {case.shape for case in cases}
    if len(shapes) == 1:
        return np.stack(cases), False
    if len({shape[:-1] for shape in shapes}) > 1 or any(case.ndim > 2 or case.size == 0 for case in cases):
        raise ValueError(
            "X must hold series (n_channels, n_timepoints_i) of as many channels each, with at least one time point. "
            f"Got the shapes {sorted(shapes)[:5]} instead."
        )
    return pad_cases(cases), True


def _is_list(X):
    is_objects = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    return is_objects or isinstance(X, (list, tuple))


def own_lengths(X, series):
    """The numbers of time points that a list X gives, gaps at the end among them; of an array, those before its ends.

    `series` are those of X as one padded 3-D array, which may be shorter than X.
    """
    if _is_list(X):
        return np.minimum([np.shape(case)[-1] for case in X], series.shape[2])
    return lengths_of(series)


def float_dtype(X, series):
    """The dtype of X where that is one of floats, else that of the checked `series`."""
    own = getattr(X, "dtype", None)
    return own if isinstance(own, np.dtype) and own.kind == "f" else series.dtype
