"""The public multichannel board of generation: ``python -m sktsvq benchmark generation``."""

import time
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, ListOf, validate_params
from sktsvq.benchmark._boards import load_board
from sktsvq.benchmark._cells import cell_pool, raise_failed, run_cells
from sktsvq.benchmark._generation_scores import score_series
from sktsvq.benchmark._generation_table import COLUMNS, write_table
from sktsvq.benchmark._models import make_generator
from sktsvq.benchmark._rows import append_rows, read_rows, versions

__all__ = ["generation"]

_FILE = "generation.csv"
# The "model" of the rows with what real series score.
REAL = "real"


class Settings(NamedTuple):
    """What all cells of a run share."""

    length: int
    data_dir: str | None
    n_steps: int


class Cell(NamedTuple):
    """A set, how it is split, a model, and the random state of its fit."""

    set: str
    split: str
    model: str
    seed: int


@validate_params(
    {
        "datasets": [ListOf(str)],
        "models": [ListOf(str)],
        "seeds": [AT_LEAST_ONE],
        "length": [Interval(Integral, 2, None, closed="left")],
        "split": [ListOf(str)],
        "n_steps": [AT_LEAST_ONE],
        "n_jobs": [AT_LEAST_ONE],
    },
    prefer_skip_nested_validation=False,
)
def generation(
    datasets,
    models=("default",),
    seeds=3,
    *,
    length=24,
    split=("in_sample", "time"),
    out="generation_output",
    data_dir=None,
    n_steps=2000,
    n_jobs=1,
):
    """Fit models on windows of multichannel series and score what they draw, and their reconstructions.

    A cell is a set, a split, a model and a seed. Each is computed in a process of its own, and its rows are written
    once it is done: a run that is killed goes on by the same call. The files, in the folder `out`, are generation.csv,
    with a row for each score, and generation.md with the means over the seeds.

    Parameters
    ----------
    datasets : sequence of str
        Stocks, ETTh1, ETTh2, Energy, fMRI, Exchange, Sines.
    models : sequence of str
        What :func:`make_generator` takes.
    seeds : int
        Number of seeds, at least 1: each model is fitted with the random states 0, ..., `seeds` - 1.
    length : int
        Time points of a window, at least 2.
    split : sequence of str
        "in_sample": all windows are train set and reference, as published. "time": windows of the first 80 % of the
        time are the train set, those of the rest, behind a gap of one window, the reference. "validation": the same
        within the first 80 %, to choose settings by.
    out : str or path-like
        Folder, made if it is not there.
    data_dir : str or path-like, optional
        Folder of the sets' files; Sines needs none.
    n_steps : int
        Steps of the training of the network that tells real from generated series, at least 1.
    n_jobs : int
        Cells that are computed at a time, at least 1; they share torch's threads.

    Returns
    -------
    rows : list of dict
        With the columns of generation.csv as keys. Beside each value stands its floor, what real series score: train
        windows in the place of the generated ones, or, in sample, one half of the windows against the other. The
        reconstructions are those of the reference, and an exact copy would score the floor.

    Raises
    ------
    ValueError
        If a set is not found, a model is none or a number is too small, before any training.
    RuntimeError
        If cells failed; the others are written.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(length, None if data_dir is None else str(data_dir), n_steps)
    for model in models:
        make_generator(model)
    for name, kind in product(datasets, split):
        load_board(name, length=length, split=kind, data_dir=data_dir)
    known = {(row["length"], _cell_of(row)) for row in read_rows(out / _FILE, COLUMNS)}
    floors = [Cell(name, kind, REAL, 0) for name, kind in product(datasets, split)]
    cells = [Cell(name, kind, *rest) for name, kind, *rest in product(datasets, split, models, range(seeds))]
    cells = [cell for cell in [*floors, *cells] if (length, cell) not in known]

    def keep(cell, rows, i):
        append_rows(out / _FILE, rows, COLUMNS)
        _tell(cell, rows, f"{i}/{len(cells)}")

    with cell_pool(n_jobs) as (pool, n_threads):
        failed = run_cells(pool, cells, _compute, settings, n_threads, keep=keep)
    rows = write_table(read_rows(out / _FILE, COLUMNS), out, REAL)
    raise_failed(failed, cells)
    return rows


def _cell_of(row):
    return Cell(*(row[name] for name in Cell._fields))


def _compute(cell, settings, n_threads):
    """The rows of a cell."""
    torch.set_num_threads(n_threads)
    start = time.perf_counter()
    data = load_board(cell.set, length=settings.length, split=cell.split, data_dir=settings.data_dir)
    scores, fit_seconds = (_floors if cell.model == REAL else _scores)(cell, data, settings)
    cost = {"fit_seconds": fit_seconds, "seconds": time.perf_counter() - start, "versions": versions()}
    row = {**cell._asdict(), "length": settings.length, "n_train": len(data.X_train)}
    return [
        row | {"series": kind, "score": score, "value": value} | cost
        for kind, values in scores.items()
        for score, value in values.items()
    ]


def _floors(cell, data, settings):
    """What real series score."""
    in_sample = cell.split == "in_sample"
    halves = np.array_split(np.random.RandomState(0).permutation(len(data.X_test)), 2)
    real, other = (data.X_test[half] for half in halves) if in_sample else (data.X_test, data.X_train)
    return {"real": score_series(real, other, data.X_train, n_steps=settings.n_steps)}, np.nan


def _scores(cell, data, settings):
    """What generated series and reconstructions score, and the seconds of the fit."""
    start = time.perf_counter()
    generator = make_generator(cell.model, cell.seed).fit(data.X_train)
    seconds = time.perf_counter() - start
    common = {"n_steps": settings.n_steps, "random_state": cell.seed}
    held_out = None if cell.split == "in_sample" else data.X_test
    drawn = generator.sample(len(data.X_test), random_state=cell.seed)
    tokenizer = generator.tokenizer_
    copies = tokenizer.inverse_transform(tokenizer.tokenize(data.X_test))
    return {
        "samples": score_series(data.X_test, drawn, data.X_train, held_out=held_out, **common),
        "reconstructions": score_series(data.X_test, copies, data.X_train, **common),
    }, seconds


def _tell(cell, rows, count):
    shown = [f"{row['series']} {row['value']:.3f}" for row in rows if row["score"] == "discriminative_score"]
    print(f"{count} {' '.join(map(str, cell))}: {', '.join(shown)}, fit {rows[0]['fit_seconds']:.0f} s", flush=True)
