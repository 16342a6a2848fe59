"""Features of series by random convolutions, for small linear models and comparisons."""

from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from sktsvq._batches import PreparedRows, map_batches
from sktsvq._devices import isolated_rng, single_precision
from sktsvq._gaps import interpolate, pad_cases
from sktsvq._scaling import mean_and_scale
from sktsvq.nn.random_kernels import RandomKernels

__all__ = ["KernelFeatures", "padded"]

_N_KERNELS = 1000
# Places in time that kernels look at, so many or up to twice as many of longer series.
_LEAST_PLACES = 512
# Series side by side, fewer if they have more values than these.
_MOST_ROWS, _MOST_VALUES = 32, 2**18
_CPU = torch.device("cpu")


class KernelFeatures(NamedTuple):
    """Shares of time of `RandomKernels`, of series centred and divided by their scale.

    Attributes
    ----------
    n_timepoints : int
        Of the longest series.
    center, scale : float arrays of shape (n_channels, 1)
    weight, thresholds : arrays
        Of `RandomKernels`.
    """

    n_timepoints: int
    center: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def fit(cls, series, *, n_timepoints, seed) -> Self:
        """Learn the scale of series, and draw the kernels.

        Parameters
        ----------
        series : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
        n_timepoints : int
        seed : int
            Of the kernels.
        """
        series = padded(series, n_timepoints)[0].astype(np.float64)  # squares of float32 overflow
        center, scale = (part[0] for part in mean_and_scale(series, axis=(0, 2)))
        with isolated_rng(seed, _CPU), single_precision():
            kernels = _make_kernels(series.shape[1], n_timepoints)
        return cls(n_timepoints, center, scale, kernels.weight.numpy(), kernels.thresholds.numpy())

    def map(self, function, series) -> np.ndarray:
        """`function` of the features of series, (n_cases, 2000), chunk by chunk."""
        with torch.device("meta"):
            kernels = _make_kernels(len(self.center), self.n_timepoints)
        state = {"weight": torch.from_numpy(self.weight), "thresholds": torch.from_numpy(self.thresholds)}
        kernels.load_state_dict(state, assign=True)
        values, *lengths = padded(series, self.n_timepoints)
        rows = PreparedRows(values, lambda chunk: torch.from_numpy(np.float32((chunk - self.center) / self.scale)))
        batch_size = max(1, min(_MOST_ROWS, _MOST_VALUES // values[0].size))
        settings = {"batch_size": batch_size, "device": _CPU, "pad": True}
        with single_precision():
            return map_batches(lambda *chunk: function(kernels(*chunk)), rows, *lengths, **settings).numpy()

    def of(self, series) -> np.ndarray:
        """The features of series, float64 (n_cases, 2000)."""
        return self.map(Tensor.double, series)


def _make_kernels(n_channels, n_timepoints):
    return RandomKernels(n_channels, n_timepoints, _N_KERNELS, stride=max(1, n_timepoints // _LEAST_PLACES))


def padded(series, n_timepoints):
    """Series as one array (n_cases, n_channels, n_timepoints), and their lengths where these may differ.

    Gaps are bridged by straight lines, and shorter series go on with their last value.
    """
    if isinstance(series, np.ndarray):
        series = series.reshape(len(series), -1, n_timepoints)
        return (interpolate(series) if np.isnan(series).any() else series,)
    values = interpolate(pad_cases([np.atleast_2d(case) for case in series], n_timepoints))
    return values, torch.tensor([np.shape(case)[-1] for case in series])
