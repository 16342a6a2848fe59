"""A classifier that tells the series of each class from all others and from those that a generator draws."""

from typing import NamedTuple, Self

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from sktsvq._kernel_features import KernelFeatures

__all__ = ["Discriminator"]

_PENALTIES = np.logspace(1, 6, 11)


class Discriminator(NamedTuple):
    """Ridge regression on the features of random kernels, with a column for each class.

    Attributes
    ----------
    n_timepoints, center, scale, weight, thresholds
        Of `KernelFeatures`.
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
        kernels = KernelFeatures.fit(real, n_timepoints=n_timepoints, seed=seed)
        features = np.concatenate([kernels.of(part) for part in (real, drawn)])
        target = np.zeros((len(features), n_classes))
        target[np.arange(len(real)), labels] = 1
        weights = np.repeat([1.0, len(real) / len(drawn)], [len(real), len(drawn)])
        scaler = StandardScaler().fit(features)
        ridge = RidgeCV(_PENALTIES).fit(scaler.transform(features), target, sample_weight=weights)
        coef = np.reshape(ridge.coef_, (n_classes, -1)).T / scaler.scale_[:, np.newaxis]
        return cls(*kernels, coef=coef, intercept=np.ravel(ridge.intercept_) - scaler.mean_ @ coef)

    def score(self, series, labels):
        """How much each series is like the real ones of its class, float (n_cases,); greater is more."""
        coef, kernels = torch.from_numpy(self.coef), KernelFeatures(*self[:-2])
        scores = kernels.map(lambda features: features.double() @ coef, series) + self.intercept
        return scores[np.arange(len(labels)), labels]
