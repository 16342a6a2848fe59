"""What every estimator that takes series does: check, scale and unscale them."""

import numpy as np
from sklearn.utils import check_array

from sktsvq._gaps import interpolate
from sktsvq._scaling import mean_and_scale
from sktsvq._validation import check_columns

__all__ = ["SeriesMixin"]


class SeriesMixin:
    """Series at the door of an estimator.

    Attributes
    ----------
    n_channels_in_, n_timepoints_in_ : int
        Size of the series seen in `fit`.
    n_features_in_ : int
        The product of these two.
    """

    # Whether values may be NaN; each channel of each series must hold a known one.
    _takes_missing = False

    def _check_series(self, X, *, reset=False, min_cases=1, allow_shorter=False):
        """X as a 3-D float array (n_cases, n_channels, n_timepoints), float32 or float64.

        Parameters
        ----------
        X : array-like
            3-D; or 2-D, which is one channel; or a list of series of one length.
        reset : bool
            Store the sizes, the number of dimensions and the dtype of X; else compare its sizes with those stored.
        min_cases : int
            Fewest series.
        allow_shorter : bool
            Whether X may have another number of time points than seen in `fit`.
        """
        name = type(self).__name__
        X = _stack(X)
        series = check_array(
            X,
            dtype=[np.float64, np.float32],
            allow_nd=True,
            ensure_all_finite="allow-nan" if self._takes_missing else True,
            ensure_min_samples=min_cases,
            input_name="X",
            estimator=self,
        )
        if series.ndim > 3:
            raise ValueError(
                f"X of {name} must be a 3-D array (n_cases, n_channels, n_timepoints), a 2-D array (n_cases, "
                f"n_timepoints) or a list of (n_channels, n_timepoints) arrays. Got {series.ndim} dimensions instead."
            )
        if min(series.shape[1:]) < 1:
            raise ValueError(f"X of {name} must have at least 1 channel and 1 time point. Got shape {series.shape}.")
        if series.ndim == 2 and not allow_shorter:
            check_columns(self, X, reset=reset)
        n_channels, n_timepoints = (1, series.shape[1]) if series.ndim == 2 else series.shape[1:]
        if reset:
            self.n_channels_in_, self.n_timepoints_in_ = int(n_channels), int(n_timepoints)
            self.n_features_in_ = int(n_channels * n_timepoints)
            own = getattr(X, "dtype", None)
            is_float = isinstance(own, np.dtype) and own.kind == "f"
            self._ndim_in, self._dtype_in = series.ndim, own if is_float else series.dtype
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

    def _as_given(self, series):
        """Give a 3-D array the number of dimensions and the dtype of the X seen in `fit`."""
        series = series.astype(self._dtype_in, copy=False)
        return series[:, 0] if self._ndim_in == 2 else series

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._takes_missing
        return tags


def _stack(X):
    """A list or 1-D object array of equally long series as one array; anything else as it is."""
    if isinstance(X, np.ma.MaskedArray):
        return X.astype(float).filled(np.nan)
    is_objects = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if not (is_objects or isinstance(X, (list, tuple))) or len(X) == 0:
        return X
    try:
        cases = [np.asarray(case) for case in X]
    except ValueError:  # a series whose channels differ in length
        return X
    if not all(case.ndim and case.dtype.kind in "fiub" for case in cases):
        return X
    shapes = {case.shape for case in cases}
    if len(shapes) > 1:
        raise ValueError(
            "X must hold series of equal shape (n_channels, n_timepoints); unequal lengths are not supported. "
            f"Got the shapes {sorted(shapes)[:5]} instead: pad, crop or resample them to one length first."
        )
    return np.stack(cases)
