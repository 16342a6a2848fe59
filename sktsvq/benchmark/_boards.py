"""The public multichannel sets of the board of generation, cut into windows."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.io import loadmat

from sktsvq.datasets import make_windows

__all__ = ["BOARDS", "SPLITS", "Windows", "load_board", "read_board"]

SPLITS = ("in_sample", "time", "validation")

# Series of the simulated set, and its channels.
_N_SINES, _SINES_CHANNELS = 10_000, 5
# Of a split in time, the part that comes first.
_SHARE = 0.8


class Windows(NamedTuple):
    """Windows to train on, and windows to compare with."""

    X_train: np.ndarray
    X_test: np.ndarray


def _table(name, **settings):
    """A reader of a text file, compressed or not, with a row for each time point: (n_channels, n_timepoints)."""
    return lambda folder: np.loadtxt(Path(folder, name), delimiter=",", ndmin=2, **settings).T


def _ett(name):
    return _table(name, skiprows=1, usecols=range(1, 8))  # the first column is the date


# Readers of one long series from a folder. Sines are no file: they are simulated.
BOARDS = {
    "Stocks": _table("stock_data.csv", skiprows=1),
    "ETTh1": _ett("ETTh1.csv"),
    "ETTh2": _ett("ETTh2.csv"),
    "Energy": _table("energy_data.csv.gz", skiprows=1),
    "fMRI": lambda folder: loadmat(Path(folder, "fmri_sim4.mat"))["ts"].T,
    "Exchange": _table("exchange_rate.txt.gz"),
    "Sines": None,
}


def load_board(name, *, length=24, split="in_sample", data_dir=None):
    """The windows of a set, with stride 1, in units in which each channel lies between 0 and 1.

    Parameters
    ----------
    name : str
        A key of `BOARDS`.
    length : int
        Time points of a window.
    split : {"in_sample", "time", "validation"}
        Which windows are trained on, and which are compared with: all are both, as published; those of the first 80 %
        of the time are trained on and those of the rest compared with, after a gap of one window; or the same within
        these 80 %, to choose settings by. Units are those of the part that is trained on.
    data_dir : str or path-like, optional
        Folder of the files under the names that their authors gave them.

    Returns
    -------
    windows : Windows

    Raises
    ------
    ValueError
        If name or split are unknown, or the file is not there.
    """
    if name not in BOARDS:
        raise ValueError(f"The 'datasets' parameter must hold names among {sorted(BOARDS)}. Got {name!r} instead.")
    if split not in SPLITS:
        raise ValueError(f"The 'split' parameter must hold names among {list(SPLITS)}. Got {split!r} instead.")
    if BOARDS[name] is None:
        parts = _split(_sines(length), 0, 0, split)
    else:
        parts = [make_windows(part, length) for part in _split(read_board(name, data_dir), 1, length, split)]
    low, high = (extreme(parts[0], axis=(0, 2), keepdims=True)[0] for extreme in (np.min, np.max))
    width = np.where(high > low, high - low, 1)
    return Windows(*((part - low) / width for part in parts))


def read_board(name, data_dir):
    """The long series of a set, (n_channels, n_timepoints); a ValueError where its file is not there."""
    if data_dir is None:
        raise ValueError(f"The 'data_dir' parameter must be a folder with the file of {name}. Got None instead.")
    try:
        return BOARDS[name](data_dir)
    except OSError as error:
        raise ValueError(f"The 'data_dir' parameter must be a folder with the file of {name}. {error}") from error


def _split(values, axis, gap, split):
    """The part of the values to train on, and that to compare with, `gap` behind it."""
    if split == "in_sample":
        return values, values
    n = values.shape[axis]
    for _ in range(2 if split == "validation" else 1):
        end, n = n, int(_SHARE * n)
    before = (slice(None),) * axis
    return values[(*before, slice(n))], values[(*before, slice(n + gap, end))]


def _sines(length):
    """sin(f t + p) with f and p uniform in [0, 0.1), of each channel its own, moved to [0, 1]."""
    rng = np.random.RandomState(0)
    frequency, phase = rng.uniform(0, 0.1, size=(2, _N_SINES, _SINES_CHANNELS, 1))
    return (np.sin(frequency * np.arange(length) + phase) + 1) / 2
