"""Synthetic series."""

import numpy as np

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, random_generator, validate_params


@validate_params(
    {
        "n_cases": [AT_LEAST_ONE],
        "n_channels": [AT_LEAST_ONE],
        "n_timepoints": [AT_LEAST_ONE],
        "n_classes": [AT_LEAST_ONE],
        "noise": [NOT_NEGATIVE],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_waves(
    n_cases=100,
    n_channels=1,
    n_timepoints=128,
    n_classes=2,
    *,
    noise=0.1,
    random_state=None,
):
    """Make a labelled collection of noisy waves.

    Class c is a wave form with ``2 + c`` cycles. The forms are sine, sawtooth, chirp and pulses; class 4 starts over
    with the sine, and each further channel takes the next form. Phase and amplitude are drawn for each case and shared
    by its channels.

    Parameters
    ----------
    n_cases : int, default=100
        Number of series.

    n_channels : int, default=1
        Number of channels of each series.

    n_timepoints : int, default=128
        Length of each series. A class is hard to recognise with fewer than about four time points per cycle.

    n_classes : int, default=2
        Number of classes. Their sizes differ by at most one case.

    noise : float, default=0.1
        Standard deviation of the Gaussian noise. The waves themselves lie between -1.5 and 1.5.

    random_state : int, RandomState instance or None, default=None
        An int gives the same collection at every call. None gives a new one and leaves numpy's global random state
        alone.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints)
        The series as float64.

    y : ndarray of shape (n_cases,)
        The classes 0 to ``n_classes - 1`` as int64, in random order.

    Raises
    ------
    ValueError
        If a parameter has the wrong type or lies outside its range.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> X, y = make_waves(n_cases=6, n_channels=2, n_classes=3, random_state=0)
    >>> X.shape
    (6, 2, 128)
    >>> sorted(y.tolist())
    [0, 0, 1, 1, 2, 2]
    """
    rng = random_generator(random_state)

    y = rng.permutation(np.arange(n_cases) % n_classes)
    cycles = (2 + y)[:, np.newaxis]
    phase = rng.uniform(size=(n_cases, 1))
    amplitude = rng.uniform(0.75, 1.5, size=(n_cases, 1, 1))
    time = np.arange(n_timepoints) / n_timepoints
    form = (y[:, np.newaxis] + np.arange(n_channels)) % len(_WAVE_FORMS)  # (n_cases, n_channels)

    X = np.empty((n_cases, n_channels, n_timepoints))
    for index, wave in enumerate(_WAVE_FORMS):
        case, channel = np.nonzero(form == index)
        X[case, channel] = wave(time, cycles[case], phase[case])
    X = amplitude * X + rng.normal(scale=noise, size=X.shape)
    return X, y.astype(np.int64)


def _sine(time, cycles, phase):
    return np.sin(2 * np.pi * (cycles * time + phase))


def _sawtooth(time, cycles, phase):
    return 2 * ((cycles * time + phase) % 1) - 1


def _chirp(time, cycles, phase):
    return _sine(time**2, cycles, phase)


def _pulses(time, cycles, phase):
    return 2 * np.exp(8 * (_sine(time, cycles, phase) - 1)) - 1


_WAVE_FORMS = (_sine, _sawtooth, _chirp, _pulses)
