"""Labelled collections of time series: the UCR/UEA archive and synthetic waves."""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np
from sklearn.utils import check_random_state

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, validate_params

__all__ = ["load_ucr", "make_waves"]


def load_ucr(name, split=None, *, data_dir=None):
    """Load one data set of the UCR/UEA time series classification archive.

    The set is looked for in `data_dir` (or, where that is None, in the folder named by the
    environment variable ``SKTSVQ_DATA``), then among the sets that come with aeon, then in
    aeon's own data folder (``AEON_DATA``, by default ``~/aeon_data``). If it is in none of them,
    aeon downloads it into `data_dir`, or into its own folder where `data_dir` is None. A set
    downloaded for a folder that cannot be written to is loaded but not kept.

    Parameters
    ----------
    name : str
        Name of the set, such as "GunPoint"; upper and lower case do not matter.

    split : {"train", "test"} or None, default=None
        The part to load, in any letter case. None loads the train cases followed by the test
        cases.

    data_dir : str or path-like, default=None
        An existing folder in aeon's layout: ``NAME/NAME_TRAIN.ts`` and ``NAME/NAME_TEST.ts``.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints), or list of ndarray
        The series as float64. A set of unequal length is a list of arrays of shape
        (n_channels, n_timepoints_i). Missing values are NaN and are left as they are.

    y : ndarray of shape (n_cases,)
        The class labels, as strings. aeon reads them in lower case.

    Raises
    ------
    TypeError
        If `name` or `split` is no string, or `data_dir` is no path.

    ValueError
        If `split` is none of the above, `data_dir` does not exist, or the set can neither be
        found nor downloaded, or has no class labels.

    Examples
    --------
    >>> from sktsvq.datasets import load_ucr
    >>> X, y = load_ucr("GunPoint", "train")
    >>> X.shape
    (50, 1, 150)
    >>> sorted(set(y.tolist()))
    ['1', '2']
    """
    if not isinstance(name, str):
        raise TypeError(f"The 'name' parameter of load_ucr must be a str. Got {name!r} instead.")
    splits = _check_split(split)
    own_folder = _check_data_dir(data_dir)
    aeon_folder = Path(os.environ.get("AEON_DATA", "~/aeon_data")).expanduser()
    folders = [_bundled_folder(), aeon_folder]
    if own_folder is not None:
        folders.insert(0, own_folder)

    for folder in folders:
        for found, prefix in _sets_in(folder).items():
            if found.lower() == name.lower():
                return _read(prefix, splits)
    try:
        return _download(name, split, aeon_folder if data_dir is None else own_folder)
    except Exception as error:  # network, archive or disk: the user needs the same answer
        raise ValueError(
            "The 'name' parameter of load_ucr must be the name of a classification set that is at "
            f"hand or can be downloaded. Got {name!r} instead. At hand are: {_list_sets(folders)}. "
            f"The download failed with {type(error).__name__}: {error}"
        ) from error


def _check_split(split):
    """Return the endings of the files to read."""
    rule = "The 'split' parameter of load_ucr must be a str among {'test', 'train'} or None."
    if split is None:
        return ["TRAIN", "TEST"]
    if not isinstance(split, str):
        raise TypeError(f"{rule} Got {split!r} instead.")
    if split.lower() not in ("train", "test"):
        raise ValueError(f"{rule} Got {split!r} instead.")
    return [split.upper()]


def _check_data_dir(data_dir):
    """Return the user's own folder, or None if neither argument nor environment names one."""
    source = "'data_dir' parameter of load_ucr"
    if data_dir is None:
        data_dir = os.environ.get("SKTSVQ_DATA") or None
        source = "environment variable SKTSVQ_DATA"
        if data_dir is None:
            return None
    rule = f"The {source} must be the path of an existing folder. Got {data_dir!r} instead."
    if not isinstance(data_dir, str | os.PathLike):
        raise TypeError(rule)
    folder = Path(data_dir).expanduser()
    if not folder.is_dir():
        raise ValueError(rule)
    return folder


def _bundled_folder():
    import aeon.datasets

    return Path(aeon.datasets.__file__).parent / "data"


def _sets_in(folder):
    """Map the name of each complete set in `folder` to its path without ``_TRAIN.ts``."""
    prefixes = (str(path).removesuffix("_TRAIN.ts") for path in folder.glob("*/*_TRAIN.ts"))
    return {Path(p).name: p for p in prefixes if os.path.isfile(f"{p}_TEST.ts")}


def _list_sets(folders):
    from aeon.datasets.tser_datasets import tsr_zenodo as regression_sets

    at_hand = {folder: sorted(set(_sets_in(folder)) - set(regression_sets)) for folder in folders}
    return "; ".join(f"{', '.join(names)} (in {at})" for at, names in at_hand.items() if names)


def _read(prefix, splits):
    from aeon.datasets import load_from_ts_file

    parts = []
    for path in (f"{prefix}_{split}.ts" for split in splits):
        X, y, meta = load_from_ts_file(path, return_meta_data=True)
        if not meta["classlabel"]:
            raise ValueError(f"load_ucr needs class labels, and {path} has none.")
        parts.append((X, y))
    collections, labels = zip(*parts, strict=True)
    if all(isinstance(X, np.ndarray) for X in collections):
        X = np.concatenate(collections)
    else:
        X = [case for part in collections for case in part]
    return X, np.concatenate(labels)


def _download(name, split, folder):
    """Load a set that aeon downloads, and keep its files in `folder` where possible."""
    from aeon.datasets import load_classification
    from aeon.datasets.tsc_datasets import tsc_zenodo

    name = {known.lower(): known for known in tsc_zenodo}.get(name.lower(), name)
    # aeon leaves an empty or half filled folder behind when a download fails, so it gets a
    # scratch folder; that lies inside `folder` because moving within one disk is all or nothing
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".")
    except OSError:
        scratch = tempfile.TemporaryDirectory()
    with scratch as path:
        X, y = load_classification(name, split, extract_path=path)
        with contextlib.suppress(OSError):  # `folder` is read-only, but the data is loaded
            for file in Path(path).glob("*/*.ts"):
                target = folder / file.parent.name / file.name
                target.parent.mkdir(exist_ok=True)
                file.replace(target)
    return X, y


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

    A class is a wave form (sine, sawtooth, chirp, pulses and again from the start) with its own
    number of cycles, ``2 + class``; each further channel shows the next wave form. Phase and
    amplitude are drawn for each case and shared by its channels.

    Parameters
    ----------
    n_cases : int, default=100
        Number of series.

    n_channels : int, default=1
        Number of channels of each series.

    n_timepoints : int, default=128
        Length of each series. Classes are hard to tell apart where it is less than about
        four times the number of cycles.

    n_classes : int, default=2
        Number of classes; their sizes differ by at most one case.

    noise : float, default=0.1
        Standard deviation of the Gaussian noise. The waves themselves lie within -1.5 and 1.5.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same collection at every call. None draws a new one from the
        operating system and leaves numpy's global random state alone.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints)
        The series as float64.

    y : ndarray of shape (n_cases,)
        The classes 0 to ``n_classes - 1`` as int64, in random order.

    Raises
    ------
    TypeError, ValueError
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
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)

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
