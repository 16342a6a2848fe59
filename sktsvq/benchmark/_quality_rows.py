"""The table of a benchmark of quality on disk, and the table of published scores."""

import csv
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from sktsvq._files import write_atomically

__all__ = ["COLUMNS", "append_rows", "read_published", "read_rows", "versions"]

_TEXTS, _INTEGERS = ("set", "model", "score", "versions"), ("seed", "n_train")
COLUMNS = [
    "set",
    "model",
    "seed",
    "validation",
    "n_train",
    "score",
    "value",
    "floor",
    "ideal",
    "fit_seconds",
    "seconds",
    "peak_memory_mb",
    "versions",
]
_FILE = "quality.csv"


def append_rows(folder, rows):
    """Add the rows of a cell to the table in a folder: all or none."""
    rows = read_rows(folder) + rows
    with write_atomically(Path(folder, _FILE)) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def read_rows(folder):
    """The rows of the table in a folder, none if there is no table."""
    path = Path(folder, _FILE)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{name: _parse(name, text) for name, text in row.items()} for row in csv.DictReader(file)]


def _parse(name, text):
    if name in _TEXTS:
        return text
    if name == "validation":
        return text == "True"
    return int(text) if name in _INTEGERS else float(text)


def read_published(path):
    """Published scores as {(set, score): {model: (mean, sd or None)}}."""
    scores = {}
    if path is None:
        return scores
    with Path(path).open(newline="") as file:
        for row in csv.DictReader(file):
            known = scores.setdefault((row["dataset"], row["metric"]), {})
            known[row["model"]] = float(row["mean"]), float(row["sd"]) if row.get("sd") else None
    return scores


def versions():
    """What a score may depend on beside the code."""
    others = [f"{name} {version(name)}" for name in ("torch", "numpy", "scikit-learn", "aeon")]
    # A checkout that is not installed has no metadata.
    return ", ".join([f"sktsvq {sys.modules['sktsvq'].__version__}", f"Python {platform.python_version()}", *others])
