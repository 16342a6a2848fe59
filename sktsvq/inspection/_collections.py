"""Collections of series in the forms that users have them in."""

import numpy as np

from sktsvq._validation import random_generator


def check_channel(channel, cases, owner):
    """Raise a ValueError unless all cases have this channel."""
    if channel >= len(cases[0]):
        raise ValueError(
            f"The 'channel' parameter of {owner} must be an int in the range [0, {len(cases[0])}). "
            f"Got {channel} instead."
        )


def draw_cases(X, n_cases, random_state):
    """The numbers of `n_cases` random cases in rising order, of all where X has fewer."""
    return np.sort(random_generator(random_state).permutation(len(X))[:n_cases])


def take_cases(X, cases):
    """Return the given cases of an array, a list of arrays or a data frame, in the same form."""
    if isinstance(X, list | tuple):
        return [X[case] for case in cases]
    return X.iloc[cases] if hasattr(X, "iloc") else np.asarray(X)[cases]


def as_cases(X, parameter, owner):
    """Return X as a list of float arrays (n_channels, n_timepoints_i), with the same channels in all of them.

    Raises
    ------
    ValueError
        If X is no such collection. The message names `parameter` of `owner`.
    """
    rule = (
        f"The {parameter!r} parameter of {owner} must be an array (n_cases, n_channels, n_timepoints) or (n_cases, "
        "n_timepoints), or a list of arrays (n_channels, n_timepoints_i)."
    )
    try:
        cases = [np.asarray(case, dtype=float) for case in (X if isinstance(X, list | tuple) else np.asarray(X))]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{rule} Got {type(X).__name__}: {error}") from error
    if not cases:
        raise ValueError(f"{rule} Got no case.")
    if not all(case.ndim in (1, 2) and case.size for case in cases):
        raise ValueError(
            f"{rule} Got a case of shape {next(c.shape for c in cases if c.ndim not in (1, 2) or not c.size)}."
        )
    cases = [np.atleast_2d(case) for case in cases]
    channels = sorted({len(case) for case in cases})
    if len(channels) > 1:
        raise ValueError(f"{rule} Got cases with {channels[0]} and with {channels[-1]} channels.")
    return cases
