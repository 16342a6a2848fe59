"""Every score of the published protocol for sets, models and seeds; a run that is killed goes on where it was."""

import time
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch

from sktsvq._devices import resolve_device
from sktsvq._validation import AT_LEAST_ONE, ListOf, StrOptions, validate_params
from sktsvq.benchmark._cells import cell_pool, raise_failed, run_cells
from sktsvq.benchmark._measure import memory, peak_memory
from sktsvq.benchmark._models import make_generator
from sktsvq.benchmark._quality_rows import cell_of, put_rows, read_published, read_rows
from sktsvq.benchmark._quality_scores import score_generator
from sktsvq.benchmark._quality_summary import write_summary
from sktsvq.benchmark._rows import versions
from sktsvq.benchmark._sets import Judge, load_set

__all__ = ["quality"]


class Settings(NamedTuple):
    """What all cells of a run share."""

    out: Path
    data_dir: str | None
    fcn_dir: str | None
    validation: bool
    fcn_epochs: int | str
    with_cas: bool


@validate_params(
    {
        "datasets": [ListOf(str)],
        "models": [ListOf(str)],
        "seeds": [AT_LEAST_ONE],
        "fcn_epochs": [StrOptions({"auto"}), AT_LEAST_ONE],
        "n_jobs": [AT_LEAST_ONE],
    },
    prefer_skip_nested_validation=False,
)
def quality(
    datasets,
    models=("default",),
    seeds=3,
    *,
    out="quality_output",
    data_dir=None,
    fcn_dir=None,
    published=None,
    validation=False,
    with_cas=True,
    fcn_epochs="auto",
    n_jobs=1,
):
    """Fit models on sets and score them by the published protocol.

    A cell is a set, a model and a seed. Each is computed in a process of its own, and its rows are written once it is
    done, so that a run that is killed loses the cells in progress only: the same call goes on. A cell that was scored
    by another judge, or without the classification accuracy score when that is asked for, is computed again. The files,
    in the folder `out`, are quality.csv with a row for each score of each cell, quality.md and quality.png with the
    summary, and critical_difference.png where there are models or published ones to compare.

    Parameters
    ----------
    datasets : sequence of str
        Names of UCR sets.
    models : sequence of str
        What :func:`make_generator` takes.
    seeds : int
        Number of seeds, at least 1: each model is fitted with the random states 0, ..., `seeds` - 1.
    out : str or path-like
        Folder, made if it is not there.
    data_dir : str or path-like, optional
        Where :func:`~sktsvq.datasets.load_ucr` looks for the sets.
    fcn_dir : str or path-like, optional
        A folder with published checkpoints NAME.ckpt, through which series are scored. For a set without one an
        :class:`~sktsvq.classifier.FCNClassifier` is trained on the train series; the column "judge" says which it was.
    published : str or path-like, optional
        A CSV file of published scores with the columns dataset, model, metric, mean and sd.
    validation : bool
        Leave the test splits alone: a stratified third of the train split plays the test set, and an own network,
        trained on the rest, is the judge. This is what settings are chosen with.
    with_cas : bool
        Whether to compute the classification accuracy score, for which a network is trained in each cell.
    fcn_epochs : int or "auto"
        `max_epochs` of every network that is trained to classify.
    n_jobs : int
        Cells that are computed at a time, at least 1; they share torch's threads.

    Returns
    -------
    rows : list of dict
        With the columns of quality.csv as keys.

    Raises
    ------
    ValueError
        If a set or `fcn_dir` is not found, a model is none or a number is below 1, before any training.
    RuntimeError
        If cells failed; the others are written.
    """
    out = Path(out)
    (out / "judges").mkdir(parents=True, exist_ok=True)
    data_dir, fcn_dir = (None if folder is None else str(folder) for folder in (data_dir, fcn_dir))
    settings = Settings(out, data_dir, fcn_dir, validation, fcn_epochs, with_cas)
    if fcn_dir is not None and not Path(fcn_dir).is_dir():
        raise ValueError(f"The 'fcn_dir' parameter must be a folder. Got {fcn_dir!r} instead.")
    for model in models:
        make_generator(model)
    for name in datasets:
        load_set(name, data_dir, validation=validation)
    published = read_published(published)
    known = {}
    for row in read_rows(out):
        known.setdefault(cell_of(row), {})[row["score"]] = row
    cells = [
        cell
        for cell in product(datasets, models, range(seeds))
        if not _is_done(known.get((*cell, validation)), _judge_of(cell[0], settings), with_cas)
    ]

    def keep(cell, rows, i):
        put_rows(out, rows)
        _report(cell, rows, i, len(cells))

    with cell_pool(n_jobs) as (pool, n_threads):
        for name in dict.fromkeys(name for name, _, _ in cells):
            pool.submit(_prepare_judge, name, settings, n_threads).result()
        failed = run_cells(pool, cells, _compute, settings, n_threads, keep=keep)
    rows = [row for row in read_rows(out) if row["validation"] == validation]
    write_summary(rows, published, out)
    print(f"\n{(out / 'quality.md').read_text()}\n\nwrote quality.csv, quality.md and quality.png to {out}", flush=True)
    raise_failed(failed, cells)
    return rows


def _is_done(rows, judge, with_cas):
    """Whether the rows of a cell, a dict by score or None, are what this run would compute."""
    if not rows or (with_cas and "cas" not in rows):
        return False
    return (rows["fid"].get("judge") or judge) == judge  # the first tables do not say it


def _checkpoint(name, settings):
    """The published network of a set, None where there is none or the test split stays untouched."""
    path = Path(settings.fcn_dir or "", f"{name}.ckpt")
    return path if settings.fcn_dir and not settings.validation and path.exists() else None


def _judge_of(name, settings):
    """What the judge of a set is: the published network, or an own one and how long it is trained."""
    if _checkpoint(name, settings) is not None:
        return "published"
    return "own" if settings.fcn_epochs == "auto" else f"own, {settings.fcn_epochs} epochs"


def _judge(name, data, settings):
    kind = "validation" if settings.validation else "test"
    kept = f"{name}-{kind}-{_judge_of(name, settings)}"
    checkpoint, folder = _checkpoint(name, settings), settings.out / "judges"
    return Judge.prepare(kept, data, folder, checkpoint=checkpoint, max_epochs=settings.fcn_epochs)


def _prepare_judge(name, settings, n_threads):
    torch.set_num_threads(n_threads)
    _judge(name, load_set(name, settings.data_dir, validation=settings.validation), settings)


def _compute(cell, settings, n_threads):
    """The rows of a cell."""
    torch.set_num_threads(n_threads)
    start, (name, model, seed) = time.perf_counter(), cell
    data = load_set(name, settings.data_dir, validation=settings.validation)
    judge, generator = _judge(name, data, settings), make_generator(model, seed)
    device = resolve_device("auto")
    before, fitting = memory(device), time.perf_counter()
    peak = peak_memory(lambda: generator.fit(data.X_train, data.y_train), device)
    fit_seconds = time.perf_counter() - fitting
    cas_epochs = settings.fcn_epochs if settings.with_cas else None
    scores = score_generator(generator, data, judge, random_state=seed, cas_epochs=cas_epochs)
    cost = {"fit_seconds": fit_seconds, "seconds": time.perf_counter() - start, "peak_memory_mb": peak - before}
    row = {"set": name, "model": model, "seed": seed, "validation": settings.validation}
    row |= {"judge": _judge_of(name, settings), "n_train": len(data.X_train)}
    return [
        row | {"score": score, "value": value, "floor": floor, "ideal": ideal} | cost | {"versions": versions()}
        for score, (value, floor, ideal) in scores.items()
    ]


def _report(cell, rows, i, n_cells):
    values = {row["score"]: row["value"] for row in rows}
    shown = [
        f"{name} {values[name]:.3f}"
        for name in ("fid", "reconstruction_fid", "inception_score", "cas")
        if name in values
    ]
    print(
        f"{i}/{n_cells} {' '.join(map(str, cell))}: {', '.join(shown)}, fit {rows[0]['fit_seconds']:.0f} s", flush=True
    )
