"""The UCR/UEA archive."""

import contextlib
import os
import tempfile
from pathlib import Path

from sktsvq._validation import validate_params

from ._ts_file import read_ts_files


@validate_params(
    {"name": [str], "split": [str, None], "data_dir": [str, os.PathLike, None]},
    prefer_skip_nested_validation=True,
)
def load_ucr(name, split=None, *, data_dir=None):
    """Load one data set of the UCR/UEA time series classification archive.

    The set is looked up in `data_dir` (by default the folder that the environment variable ``SKTSVQ_DATA`` names),
    then among the sets bundled with aeon, then in aeon's own data folder (``AEON_DATA``, by default ``~/aeon_data``).
    If none of them has it, aeon downloads it into `data_dir`, or into its own folder if `data_dir` is None. If that
    folder is not writable, the set is loaded but not kept.

    Parameters
    ----------
    name : str
        Name of the set, such as "GunPoint", in any letter case.

    split : {"train", "test"} or None, default=None
        The part to load, in any letter case. None loads the train cases, then the test cases.

    data_dir : str or path-like, default=None
        An existing folder in aeon's layout: ``NAME/NAME_TRAIN.ts`` and ``NAME/NAME_TEST.ts``.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints), or list of ndarray
        The series as float64. A set of unequal length is a list of arrays of shape (n_channels, n_timepoints_i).
        Missing values are NaN.

    y : ndarray of shape (n_cases,)
        The class labels, as strings in lower case.

    Raises
    ------
    ValueError
        If a parameter is of the wrong type, `split` is none of the above, `data_dir` does not exist, or the set can be
        neither found nor downloaded. Also if one of its files cannot be read, is malformed, holds infinite values or
        time stamps, or has a case without one of the class labels that its header lists; the message names the file.

    Examples
    --------
    >>> from sktsvq.datasets import load_ucr
    >>> X, y = load_ucr("GunPoint", "train")
    >>> X.shape
    (50, 1, 150)
    >>> sorted(set(y.tolist()))
    ['1', '2']
    """
    if split is not None and split.lower() not in ("train", "test"):
        raise ValueError(
            f"The 'split' parameter of load_ucr must be a str among {{'test', 'train'}} or None. Got {split!r} instead."
        )
    own_folder = _find_data_dir(data_dir)
    aeon_folder = Path(os.environ.get("AEON_DATA", "~/aeon_data")).expanduser()
    folders = [_bundled_folder(), aeon_folder]
    if own_folder is not None:
        folders.insert(0, own_folder)

    for folder in folders:
        for found, prefix in _sets_in(folder).items():
            if found.lower() == name.lower():
                parts = ["TRAIN", "TEST"] if split is None else [split.upper()]
                return read_ts_files([f"{prefix}_{part}.ts" for part in parts])
    try:
        return _download(name, split, aeon_folder if data_dir is None else own_folder)
    except Exception as error:  # network, archive or disk: the user needs the same answer
        raise ValueError(
            "The 'name' parameter of load_ucr must be the name of a classification set that is available locally or "
            f"can be downloaded. Got {name!r} instead. Available locally: {_list_sets(folders)}. "
            f"The download failed with {type(error).__name__}: {error}"
        ) from error


def _find_data_dir(data_dir):
    """Return the user's own folder, or None if neither the argument nor the environment names one."""
    source = "'data_dir' parameter of load_ucr"
    if data_dir is None:
        source = "environment variable SKTSVQ_DATA"
        data_dir = os.environ.get("SKTSVQ_DATA") or None
        if data_dir is None:
            return None
    folder = Path(data_dir).expanduser()
    if not folder.is_dir():
        raise ValueError(f"The {source} must be the path of an existing folder. Got {data_dir!r} instead.")
    return folder


def _bundled_folder():
    import aeon.datasets

    return Path(aeon.datasets.__file__).parent / "data"


def _sets_in(folder):
    """Map the name of each complete set in `folder` to its path without ``_TRAIN.ts``."""
    prefixes = (str(path).removesuffix("_TRAIN.ts") for path in folder.glob("*/*_TRAIN.ts"))
    return {Path(prefix).name: prefix for prefix in prefixes if os.path.lexists(f"{prefix}_TEST.ts")}


def _list_sets(folders):
    from aeon.datasets.tser_datasets import tsr_zenodo as regression_sets

    available = {folder: sorted(set(_sets_in(folder)) - set(regression_sets)) for folder in folders}
    return "; ".join(f"{', '.join(names)} (in {folder})" for folder, names in available.items() if names)


def _download(name, split, folder):
    """Load a set that aeon downloads, and keep its files in `folder` if that is writable."""
    from aeon.datasets import load_classification
    from aeon.datasets.tsc_datasets import tsc_zenodo

    name = {known.lower(): known for known in tsc_zenodo}.get(name.lower(), name)
    # aeon leaves an empty or incomplete folder behind when a download fails, so it gets a scratch folder. That lies
    # inside `folder`, because a file is moved in one step only within one disk.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".")
    except OSError:
        scratch = tempfile.TemporaryDirectory()
    with scratch as path:
        X, y = load_classification(name, split, extract_path=path)
        with contextlib.suppress(OSError):  # the data is loaded, whether it can be kept or not
            for file in Path(path).glob("*/*.ts"):
                target = folder / file.parent.name / file.name
                target.parent.mkdir(exist_ok=True)
                file.replace(target)
    return X, y
