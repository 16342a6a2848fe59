"""Every operation over lengths and numbers of series."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from sktsvq._devices import resolve_device
from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, ListOf, validate_params
from sktsvq.benchmark._measure import measure
from sktsvq.benchmark._report import TIMEPOINTS, compare, plot, report, write_csv
from sktsvq.benchmark._timevqvae import measure_timevqvae

N_TIMEPOINTS = (24, 140, 512, 2048)
N_CASES = (1_000, 10_000, 100_000)
# Cases while n_timepoints varies.
CASES = 2048

_AT_LEAST_TWO = Interval(Integral, 2, None, closed="left")


@validate_params(
    {
        "n_timepoints": [ListOf(AT_LEAST_ONE)],
        "n_cases": [ListOf(_AT_LEAST_TWO)],
        "n_cases_fixed": [_AT_LEAST_TWO],
        "repeats": [AT_LEAST_ONE],
    },
    prefer_skip_nested_validation=False,
)
def speed(
    out="speed_output", *, n_timepoints=N_TIMEPOINTS, n_cases=N_CASES, n_cases_fixed=CASES, repeats=3, device="auto"
):
    """Measure every operation over lengths and numbers of series; write speed.csv and speed.png to the folder `out`.

    Parameters
    ----------
    out : str or path-like
        Folder, made if it is not there.
    n_timepoints : sequence of int
        Lengths, each with `n_cases_fixed` series.
    n_cases : sequence of int
        Numbers of series of 140 time points.
    n_cases_fixed : int
        Series while the length varies.
    repeats : int
        Timings of which the median counts, after one that does not.
    device : str
        A torch device; "auto" is CUDA where there is one.

    Returns
    -------
    rows : list of dict
        With the columns of speed.csv as keys.

    Raises
    ------
    ValueError
        If a sequence is empty or a number is too small.
    """
    resolve_device(device)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    shapes = dict.fromkeys([(n_cases_fixed, length) for length in n_timepoints] + [(n, TIMEPOINTS) for n in n_cases])
    rows = []
    for cases, length in shapes:
        rows += _in_fresh_process(measure, cases, length, repeats, device)
        if find_spec("timevqvae") and (cases, length) == (n_cases_fixed, TIMEPOINTS):
            rows += _in_fresh_process(measure_timevqvae, length, repeats, device)
        compare(rows)
        write_csv(rows, out / "speed.csv")  # what is measured is kept, whatever happens to the rest
    plot(rows, n_cases_fixed).savefig(out / "speed.png", dpi=120)
    report(rows, device)
    return rows


def _in_fresh_process(function, *arguments):
    """The result of a call in a process of its own, so that no measurement finds the memory of another."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()
