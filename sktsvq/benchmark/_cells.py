"""Cells of a table, each computed in a process of its own and kept once it is done."""

import multiprocessing
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

import torch

__all__ = ["cell_pool", "raise_failed", "run_cells"]


@contextmanager
def cell_pool(n_jobs):
    """A pool that runs each call in a fresh process, and the number of threads that each of them has."""
    settings = {"mp_context": multiprocessing.get_context("spawn"), "max_tasks_per_child": 1}
    with ProcessPoolExecutor(n_jobs, **settings) as pool:
        yield pool, max(1, torch.get_num_threads() // n_jobs)


def run_cells(pool, cells, compute, *arguments, keep):
    """Compute cells and keep their rows as they come.

    Parameters
    ----------
    pool : ProcessPoolExecutor
    cells : sequence
    compute : callable
        Called as ``compute(cell, *arguments)`` in another process, it gives the rows of a cell.
    *arguments : objects
        What all cells share.
    keep : callable
        Called as ``keep(cell, rows, i)`` with the rows of the i-th cell that is done, from 1 on.

    Returns
    -------
    failed : list
        The cells that raised errors, which are printed.
    """
    failed, futures = [], {pool.submit(compute, cell, *arguments): cell for cell in cells}
    for i, future in enumerate(as_completed(futures), 1):
        cell = futures[future]
        if future.exception() is None:
            keep(cell, future.result(), i)
        else:
            failed.append(cell)
            print("".join(traceback.format_exception(future.exception())), file=sys.stderr)
    return failed


def raise_failed(failed, cells):
    """Raise a RuntimeError that names the cells that failed, if any did."""
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(cells)} cells failed, see the errors above: {failed}")
