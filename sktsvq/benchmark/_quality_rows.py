"""The table of a benchmark of quality on disk, and the table of published scores."""

import csv
from pathlib import Path

from sktsvq.benchmark import _rows

__all__ = ["cell_of", "put_rows", "read_published", "read_rows"]

_COLUMNS = {
    "set": str,
    "model": str,
    "seed": int,
    "validation": lambda text: text == "True",
    "judge": str,
    "n_train": int,
    "score": str,
    "value": float,
    "floor": float,
    "ideal": float,
    "fit_seconds": float,
    "seconds": float,
    "peak_memory_mb": float,
    "versions": str,
}
_FILE = "quality.csv"


def cell_of(row):
    """The cell that a row belongs to."""
    return row["set"], row["model"], row["seed"], row["validation"]


def put_rows(folder, rows):
    """Write the rows of a cell to the table in a folder, all or none; in the place of those that the cell has."""
    others = [row for row in read_rows(folder) if cell_of(row) != cell_of(rows[0])]
    _rows.write_rows(Path(folder, _FILE), others + rows, _COLUMNS)


def read_rows(folder):
    """The rows of the table in a folder, none if there is no table."""
    return _rows.read_rows(Path(folder, _FILE), _COLUMNS)


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
