"""What every estimator with a network over series does: train it on scaled series, apply it to them in chunks."""

import inspect

import numpy as np
import torch

from sktsvq._batches import PreparedRows, fixed_batch_size
from sktsvq._network import NetworkMixin

__all__ = ["SeriesNetworkMixin", "observed_rows"]

# How far decoded values may lie beyond the range of the train set, as a share of its extent.
_MARGIN = 0.25


class SeriesNetworkMixin(NetworkMixin):
    """A network over series, beside `SeriesMixin`. It sees gaps bridged by straight lines."""

    _takes_missing = True

    # Time points per forward pass outside training: few enough for the activations to stay in a processor's cache.
    _cached_values = 2**12

    def _training_inputs(self, series):
        """The arguments of the module's forward pass: `x`, and `observed` and `lengths` where there is need."""
        inputs = {"x": self._training_rows(series)}
        taken = inspect.signature(self._module_class.forward).parameters
        if self._has_gaps(series) and "observed" in taken:
            inputs["observed"] = _in_memory(observed_rows(series))
        return inputs | (self._training_lengths(series) if "lengths" in taken else {})

    def _training_lengths(self, series):
        """The lengths of the series as an argument of the module's forward pass, where they differ."""
        lengths = self._lengths(series)
        return {"lengths": torch.from_numpy(lengths[0])} if lengths else {}

    def _training_rows(self, series):
        """The scaled series as a tensor; those of a memory map as rows that are read batch by batch."""
        return _in_memory(self._rows(series))

    def _map_series(self, function, series, *rows):
        """`function` of chunks of scaled series, of further rows and, where they differ, of lengths, as one array."""
        lengths = map(torch.from_numpy, self._lengths(series))
        return self._map_rows(function, self._rows(series), *rows, *lengths, n_timepoints=series.shape[2])

    def _decode_rows(self, *rows):
        """The series in the units of X that the network decodes from chunks of the rows.

        They stay within the range of the train set, a little widened: what a network has never seen beside each other,
        such as tokens that are drawn, it may decode to any value.
        Integers and floats of at most 32 bits give float32, others float64, so that memory does not grow beyond X's.
        """
        dtype = torch.float32 if self._dtype_in.itemsize <= 4 else torch.float64
        low, high = self._bounds()

        def decode(*chunk):
            series = self._unscaled(self.module_.decode(*chunk).float().cpu().numpy())
            return torch.from_numpy(np.clip(series, low, high)).to(dtype)

        return self._map_rows(decode, *map(torch.from_numpy, rows), n_timepoints=self.n_timepoints_in_)

    def _bounds(self):
        """The least and the greatest value that each channel is decoded to, (n_channels, 1) each."""
        low, high = self._known_range()
        with np.errstate(over="ignore"):
            margin = _MARGIN * (high - low)
        return np.reshape(low - margin, (-1, 1)), np.reshape(high + margin, (-1, 1))

    def _rows(self, series):
        return PreparedRows(series, lambda chunk: torch.from_numpy(self._scaled(chunk)))

    def _map_rows(self, function, *rows, n_timepoints):
        return self._apply(function, *rows, batch_size=self._chunk_size(n_timepoints), pad=True).numpy()

    def _chunk_size(self, n_timepoints):
        """How many series pass through the network at once, so that memory does not grow with n_cases."""
        return fixed_batch_size(n_timepoints, n_values=self._cached_values, device=self._device)


def observed_rows(series):
    """Which values of series are known, as rows of bool."""
    return PreparedRows(series, lambda chunk: torch.from_numpy(~np.isnan(chunk)))


def _in_memory(rows):
    """A tensor of the rows, unless they lie in a memory map."""
    return rows if _is_memory_mapped(rows.array) else rows.prepare(rows.array)


def _is_memory_mapped(array):
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False
