"""How new token sequences are beside those of a train set."""

import numpy as np
from scipy.spatial.distance import cdist


def mean_difference(tokens, train, *, nearest=1):
    """Share of the tokens in which sequences differ from the `nearest` train sequence (1, 2, ...), on average.

    Parameters
    ----------
    tokens : int array of shape (n_cases, n_tokens)
    train : int array of shape (n_train, n_tokens)
        At least `nearest` sequences.
    nearest : int, default=1
        2 leaves out the sequence itself, where `tokens` are train sequences.

    Returns
    -------
    difference : float
        In [0, 1].
    """
    differences = cdist(tokens, train, "hamming")
    return float(np.partition(differences, nearest - 1, axis=1)[:, nearest - 1].mean())
