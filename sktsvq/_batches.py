"""Cases as batches of tensors, for training as for applying a network: from tensors, arrays and memory maps."""

import math

import numpy as np
import torch
from torch.utils.data import Subset

__all__ = ["PreparedRows", "TensorBatches", "fixed_batch_size", "map_batches", "n_batches"]


class PreparedRows:
    """Rows of an array that become tensors when they are taken: no more than a batch of a memory map is read.

    Parameters
    ----------
    array : ndarray of shape (n_cases, ...)
    prepare : callable
        From a part of the array to a tensor of as many rows.
    """

    def __init__(self, array, prepare=torch.as_tensor):
        self.array, self.prepare = array, prepare
        self.device = torch.device("cpu")

    def __len__(self):
        return len(self.array)

    def to(self, device):
        """The same rows, as tensors on `device`."""
        moved = PreparedRows(self.array, self.prepare)
        moved.device = torch.device(device)
        return moved

    def index_select(self, axis, rows):
        """The tensor of these rows; `axis` is 0, as torch has it."""
        return self.prepare(self.array[np.asarray(rows.cpu())]).to(self.device)


def n_batches(n_cases, batch_size):
    """Batches of an epoch: as many as have at least `batch_size` cases, and at least one."""
    return max(1, n_cases // batch_size)


class TensorBatches:
    """Cut mini-batches from the tensors of a skorch dataset, without a copy per case.

    An epoch is n_cases // batch_size batches of nearly equal size, so none is smaller than `batch_size` where there are
    that many cases, and no case is dropped.
    """

    def __init__(self, dataset, batch_size, shuffle=False):
        self.indices = None
        if isinstance(dataset, Subset):
            self.indices = torch.as_tensor(dataset.indices)
            dataset = dataset.dataset
        self.X, self.y = dataset.X, dataset.y
        self.n_cases = len(dataset) if self.indices is None else len(self.indices)
        self.batch_size, self.shuffle = batch_size, shuffle

    def __len__(self):
        return n_batches(self.n_cases, self.batch_size)

    def __iter__(self):
        device = next(iter(self.X.values())).device
        indices = torch.arange(self.n_cases) if self.indices is None else self.indices
        order = indices[torch.randperm(self.n_cases)] if self.shuffle else indices
        for rows in order.to(device).tensor_split(len(self)):
            target = self.y.index_select(0, rows) if isinstance(self.y, torch.Tensor) else torch.zeros(())
            yield {name: tensor.index_select(0, rows) for name, tensor in self.X.items()}, target


def fixed_batch_size(n_timepoints, *, n_values, device):
    """How many series to pass through a network at once: about `n_values` time points, a power of two.

    A GPU takes 16 times as many, which hides the time of the transfers.
    """
    n_values = n_values if device.type == "cpu" else 16 * n_values
    return 2 ** max(0, round(math.log2(n_values / n_timepoints)))


def map_batches(function, *rows, batch_size=1024, device, pad=False):
    """Apply `function` to chunks of rows without gradients; concatenate its results on the CPU.

    Parameters
    ----------
    function : callable
        From tensors of at most `batch_size` rows on `device` to a tensor with a row for each.
    *rows : Tensor or PreparedRows, each (n_cases, ...)
    batch_size : int
        Rows of a chunk.
    pad : bool
        Fill a last chunk that is too short with copies of its last row. A matrix product adds up in an order that
        depends on its shape, so only with chunks of one shape a row's result does not depend on the rows beside it.
    """
    n_cases, results = len(rows[0]), None
    with torch.inference_mode():
        for start in range(0, n_cases, batch_size):
            stop = min(start + batch_size, n_cases)
            chunk = torch.arange(start, start + batch_size if pad else stop).clamp(max=n_cases - 1)
            result = function(*(part.index_select(0, chunk).to(device) for part in rows))[: stop - start]
            if results is None:
                results = torch.empty((n_cases, *result.shape[1:]), dtype=result.dtype)
            results[start:stop] = result
    return results
