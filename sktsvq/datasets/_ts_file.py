"""Files in the ``.ts`` format, read by aeon and checked."""

from pathlib import Path

import numpy as np


def read_ts_files(paths):
    """Return the series and the class labels of ``.ts`` files, those of one file after those of another.

    Parameters
    ----------
    paths : list of str or path-like
        Files with series of the same number of channels.

    Returns
    -------
    X : ndarray of shape (n_cases, n_channels, n_timepoints), or list of ndarray
        A list of arrays (n_channels, n_timepoints_i) if the lengths differ.
    y : ndarray of str, of shape (n_cases,)
        The labels in lower case.

    Raises
    ------
    ValueError
        If a file cannot be read, is malformed, lacks labels or holds infinite values. The message names the file.
    """
    collections, labels = zip(*map(_read, paths), strict=True)
    equal_length = all(isinstance(X, np.ndarray) for X in collections)
    # Series of unequal length may differ in time points, but not in channels.
    shapes = [X.shape[1:] if equal_length else X[0].shape[:1] for X in collections]
    for path, shape in zip(paths, shapes, strict=True):
        if shape != shapes[0]:
            what = "channels and time points" if equal_length else "channels"
            raise ValueError(
                f"{path} must hold series with as many {what} as {paths[0]}: {shapes[0]}. Got {shape} instead."
            )
    if equal_length:
        return np.concatenate(collections), np.concatenate(labels)
    return [case for X in collections for case in X], np.concatenate(labels)


def _read(path):
    from aeon.datasets import load_from_ts_file

    try:
        X, y, header = load_from_ts_file(str(path), return_meta_data=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file in UTF-8: {error.reason} at byte {error.start}.") from error
    except ValueError as error:
        raise ValueError(f"{path} holds a value that is not a number: {error}.") from error
    except IndexError as error:
        raise ValueError(f"{path} is malformed: a line of its header lacks the value.") from error
    _check_header(path, header, n_cases=len(X))
    # aeon writes missing values as "NaN" wherever it finds "nan", also in labels.
    y = np.char.strip(np.char.lower(y))
    _check_labels(path, y, header["class_values"])
    _check_values(path, X)
    return X, y


def _check_header(path, header, *, n_cases):
    """Raise unless the file has cases, class labels and no time stamps."""
    if n_cases == 0:
        # Without "@data" aeon takes the whole file for its header.
        lines = Path(path).read_text(encoding="utf-8").lower().split("\n")
        if not any(line.strip() for line in lines):
            reason = "is empty"
        elif "@data" not in map(str.strip, lines):
            reason = "is not a .ts file: it has no line '@data'"
        else:
            reason = "holds no series after '@data'"
        raise ValueError(f"{path} {reason}.")
    if not (header["classlabel"] and header["class_values"]):
        raise ValueError(f"{path} has no class labels: a line '@classLabel true' with their values is needed.")
    if header["timestamps"]:
        raise ValueError(f"{path} holds time stamps, which cannot be read. Only files with '@timeStamps false' can.")


def _check_labels(path, y, class_values):
    """Raise unless each case ends in one of the labels that the header lists."""
    unknown = np.flatnonzero(~np.isin(y, class_values))
    if unknown.size:
        case = unknown[0]
        raise ValueError(
            f"Each case of {path} must end in ':' and a label that '@classLabel' lists: {', '.join(class_values)}. "
            f"Case {case + 1} ends in {str(y[case])!r} instead."
        )


def _check_values(path, X):
    """Raise if a value is infinite; NaN stands for a missing one."""
    for case, series in enumerate(X, start=1):
        infinite = series[np.isinf(series)]
        if infinite.size:
            raise ValueError(
                f"The values of {path} must be finite or missing. Case {case} holds {infinite[0]} instead."
            )
