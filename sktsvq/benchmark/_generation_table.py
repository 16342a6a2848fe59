"""The summary of the board of generation in Markdown."""

from pathlib import Path

import numpy as np

from sktsvq._files import write_atomically
from sktsvq.benchmark._table import table_head, table_row

__all__ = ["COLUMNS", "write_table"]

# The columns of the file, and what makes their values of a text.
COLUMNS = {
    "set": str,
    "split": str,
    "model": str,
    "seed": int,
    "length": int,
    "n_train": int,
    "series": str,
    "score": str,
    "value": float,
    "fit_seconds": float,
    "seconds": float,
    "versions": str,
}
# Scores and their headings.
_SHOWN = {
    "discriminative_score": "discriminative",
    "predictive_score": "predictive",
    "frechet_distance": "Frechet",
    "correlational_score": "correlational",
    "memorization_ratio": "memorization",
}


def write_table(rows, folder, real):
    """Write generation.md, and give the rows of models with their floors.

    Parameters
    ----------
    rows : list of dict
        As in generation.csv.
    folder : str or path-like
    real : str
        The "model" of the rows with what real series score.

    Returns
    -------
    rows : list of dict
        Those of models, each with its floor.
    """
    floors = {_where(row): row["value"] for row in rows if row["model"] == real}
    rows = [row | {"floor": floors.get(_where(row), np.nan)} for row in rows if row["model"] != real]
    heads = ["set", "length", "split", "model", "series", "seeds", "fit s"]
    lines = [table_head([*heads, *(text for name in _SHOWN.values() for text in (name, "real"))])]
    groups = {}
    for row in rows:
        key = tuple(row[name] for name in ("set", "length", "split", "model", "series"))
        groups.setdefault(key, []).append(row)
    for key, group in groups.items():
        n_seeds = len({row["seed"] for row in group})
        lines.append(
            table_row([*key, n_seeds, f"{np.mean([row['fit_seconds'] for row in group]):.0f}", *_cells(group)])
        )
    with write_atomically(Path(folder, "generation.md")) as partial:
        partial.write_text("\n".join(lines) + "\n")
    return rows


def _where(row):
    return tuple(row[name] for name in ("set", "length", "split", "score"))


def _cells(rows):
    """Means of the scores, with deviations where there are several seeds, each followed by its floor."""
    for score in _SHOWN:
        values = [row["value"] for row in rows if row["score"] == score]
        floors = [row["floor"] for row in rows if row["score"] == score]
        spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
        yield f"{np.mean(values):.3f}{spread}" if values else ""
        yield f"{floors[0]:.3f}" if values and np.isfinite(floors[0]) else ""
