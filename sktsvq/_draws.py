"""Classes of samples that are told none."""

import numpy as np

__all__ = ["draw_classes"]


def draw_classes(class_prior, n_samples, rng):
    """Positions of random classes, as evenly as their number allows, in random order (systematic sampling).

    The chance of a class is its frequency for each sample, and it is drawn n_samples times that often, rounded up or
    down: scores of two draws then do not differ by how many of each class there are.

    Parameters
    ----------
    class_prior : ndarray of shape (n_classes,)
        Frequencies of the classes, which sum to 1.
    n_samples : int
    rng : RandomState

    Returns
    -------
    positions : ndarray of int, shape (n_samples,)
    """
    places = (np.arange(n_samples) + rng.uniform()) / n_samples
    ends = class_prior.cumsum()[:-1]  # without the last, which rounding may leave below 1
    return rng.permutation(ends.searchsorted(places, side="right"))
