"""How new token sequences are beside those of a train set."""

import numpy as np
from scipy.spatial.distance import cdist


def vectors_to_compare(vocabulary):
    """The codebook by which sequences are compared; None where there is none, or end codes, which drown all others."""
    return None if vocabulary.has_ends else vocabulary.codebook


def mean_distance(tokens, train, *, codebook=None, nearest=1):
    """Distance of sequences to the `nearest` train sequence (1, 2, ...), on average.

    Parameters
    ----------
    tokens : int array of shape (n_cases, n_tokens)
    train : int array of shape (n_train, n_tokens)
        At least `nearest` sequences.
    codebook : array of shape (codebook_size, codebook_dim), optional
        The vector of each code; the distance is that of the vectors of all tokens, side by side. None gives the share
        of the tokens that differ.
    nearest : int, default=1
        2 leaves out the sequence itself, where `tokens` are train sequences.

    Returns
    -------
    distance : float
    """
    if codebook is None:
        distances = cdist(tokens, train, "hamming")
    else:
        distances = cdist(*(codebook[rows].reshape(len(rows), -1) for rows in (tokens, train)))
    return float(np.partition(distances, nearest - 1, axis=1)[:, nearest - 1].mean())


def mean_move(tokens, moved, *, codebook=None):
    """Distance of each sequence to the one in its place in `moved`, on average."""
    if codebook is None:
        return float(np.mean(tokens != moved))
    steps = (codebook[tokens] - codebook[moved]).reshape(len(tokens), -1)
    return float(np.linalg.norm(steps, axis=1).mean())
