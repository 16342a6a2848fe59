"""A classifier that tells the series of each class from all others and from those that a generator draws."""

from typing import NamedTuple, Self

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from sktsvq._batches import PreparedRows, map_batches
from sktsvq._devices import isolated_rng, single_precision
from sktsvq._gaps import interpolate, pad_cases
from sktsvq.nn.random_kernels import RandomKernels

__all__ = ["Discriminator"]

_N_KERNELS, _PENALTIES = 1000, np.logspace(1, 6, 11)
# Real and drawn series that it learns from, at most of each.
MOST_CASES = 1000
_CPU = torch.device("cpu")


class Discriminator(NamedTuple):
    """Ridge regression on shares of time of random kernels, with a column for each class.

    Attributes
    ----------
    n_timepoints : int
        Of the longest series.
    center, scale : float arrays of shape (n_channels, 1)
        Mean and standard deviation of the real series.
    weight, thresholds : arrays
        Of `RandomKernels`.
    coef, intercept : float arrays of shape (n_features, n_classes) and (n_classes,)
    """

    n_timepoints: int
    center: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    thresholds: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray

    @classmethod
    def fit(cls, real, labels, drawn, *, n_classes, n_timepoints, seed) -> Self:
        """Learn 1 for real series in the column of their class, 0 for all else.

        Parameters
        ----------
        real, drawn : arrays of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or lists of arrays
            What the tokenizer makes of tokens: of those of train series, and of those that the prior has drawn.
        labels : int array of shape (n_real,)
            In [0, n_classes).
        n_classes, n_timepoints : int
        seed : int
            Of the kernels.
        """
        series = _padded(real, n_timepoints)[0].astype(np.float64)  # squares of float32 overflow
        center, scale = (part(series, axis=(0, 2), keepdims=True)[0] for part in (np.mean, np.std))
        scale[scale == 0] = 1
        with isolated_rng(seed, _CPU), single_precision():
            kernels = RandomKernels(series.shape[1], n_timepoints, _N_KERNELS)
        state = kernels.weight.numpy(), kernels.thresholds.numpy()
        untrained = cls(n_timepoints, center, scale, *state, coef=np.empty(0), intercept=np.empty(0))
        features = np.concatenate([untrained._map(Tensor.double, part) for part in (real, drawn)])
        target = np.zeros((len(features), n_classes))
        target[np.arange(len(real)), labels] = 1
        weights = np.repeat([1.0, len(real) / len(drawn)], [len(real), len(drawn)])
        scaler = StandardScaler().fit(features)
        ridge = RidgeCV(_PENALTIES).fit(scaler.transform(features), target, sample_weight=weights)
        coef = np.reshape(ridge.coef_, (n_classes, -1)).T / scaler.scale_[:, np.newaxis]
        return untrained._replace(coef=coef, intercept=np.ravel(ridge.intercept_) - scaler.mean_ @ coef)

    def score(self, series, labels):
        """How much each series is like the real ones of its class, float (n_cases,); greater is more."""
        coef = torch.from_numpy(self.coef)
        scores = self._map(lambda features: features.double() @ coef, series) + self.intercept
        return scores[np.arange(len(labels)), labels]

    def _map(self, function, series):
        """`function` of the features of series, chunk by chunk."""
        with torch.device("meta"):
            kernels = RandomKernels(len(self.center), self.n_timepoints, _N_KERNELS)
        state = {"weight": torch.from_numpy(self.weight), "thresholds": torch.from_numpy(self.thresholds)}
        kernels.load_state_dict(state, assign=True)
        padded, *lengths = _padded(series, self.n_timepoints)
        rows = PreparedRows(padded, lambda chunk: torch.from_numpy((chunk - self.center) / self.scale).float())
        settings = {"batch_size": 32, "device": _CPU, "pad": True}
        with single_precision():
            return map_batches(lambda *chunk: function(kernels(*chunk)), rows, *lengths, **settings).numpy()


def _padded(series, n_timepoints):
    """Series as one array (n_cases, n_channels, n_timepoints), and their lengths where these may differ."""
    if isinstance(series, np.ndarray):
        return (series.reshape(len(series), -1, n_timepoints),)
    padded = interpolate(pad_cases([np.atleast_2d(case) for case in series], n_timepoints))
    return padded, torch.tensor([np.shape(case)[-1] for case in series])
