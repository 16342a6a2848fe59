"""Tidy tables of results on disk, which a run that was killed finds again."""

import csv
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from sktsvq._files import write_atomically

__all__ = ["append_rows", "read_rows", "versions", "write_rows"]


def append_rows(path, rows, columns):
    """Add rows to the table in a file: all or none.

    Parameters
    ----------
    path : str or path-like
    rows : list of dict
        With the keys of `columns`.
    columns : dict of str to callable
        The columns in their order, and what makes their values of a text.
    """
    write_rows(path, read_rows(path, columns) + rows, columns)


def write_rows(path, rows, columns):
    """Write these rows in the place of the table in a file; for the parameters see `append_rows`."""
    with write_atomically(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path, columns):
    """The rows of the table in a file, none if there is no file; for the parameters see `append_rows`."""
    path = Path(path)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{name: columns[name](text) for name, text in row.items()} for row in csv.DictReader(file)]


def versions():
    """What a score may depend on beside the code."""
    others = [f"{name} {version(name)}" for name in ("torch", "numpy", "scikit-learn", "aeon")]
    # A checkout that is not installed has no metadata.
    return ", ".join([f"sktsvq {sys.modules['sktsvq'].__version__}", f"Python {platform.python_version()}", *others])
