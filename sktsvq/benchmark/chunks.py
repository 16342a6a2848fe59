"""More series than memory holds: tokens of very many series by the workers of a dask cluster on this machine.

The series are made chunk by chunk, tokenized by a fitted tokenizer, and their tokens written to a folder; no process
ever holds all of them. Prints seconds, series a second and the highest memory of each worker::

    python -m sktsvq.benchmark.chunks --n-cases 1000000
"""

import argparse
import resource
import tempfile
import time

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.dask import transform
from sktsvq.datasets import make_waves
from sktsvq.tokenizers import VQVAETokenizer


def lazy_waves(n_cases, n_timepoints, chunk_size):
    """Waves of float32, (n_cases, 1, n_timepoints), each chunk made where and when it is needed."""
    rows = da.arange(n_cases, chunks=chunk_size)
    shape = {"new_axis": [1, 2], "chunks": (rows.chunks[0], (1,), (n_timepoints,))}
    return rows.map_blocks(_waves, n_timepoints=n_timepoints, **shape, meta=np.empty((0, 1, 0), np.float32))


def _waves(rows, *, n_timepoints, block_id):
    X, _ = make_waves(n_cases=len(rows), n_timepoints=n_timepoints, random_state=block_id[0])
    return X.astype(np.float32)


def peak_memory():
    """Highest resident memory of this process so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def tokenize_all(tokenizer, n_cases, n_timepoints, chunk_size, n_workers, memory_limit, out):
    """Write the tokens of all series to the folder `out`; seconds, and the peak of each worker in bytes."""
    tokens = transform(tokenizer, lazy_waves(n_cases, n_timepoints, chunk_size))
    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, memory_limit=memory_limit, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        start = time.perf_counter()
        da.to_npy_stack(out, tokens)
        seconds = time.perf_counter() - start
        return seconds, list(client.run(peak_memory).values())


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-cases", type=at_least(1), default=1_000_000)
    parser.add_argument("--n-timepoints", type=at_least(1), default=64)
    parser.add_argument("--chunk-size", type=at_least(1), default=10_000)
    parser.add_argument("--n-workers", type=at_least(1), default=2)
    parser.add_argument("--memory-limit", default="2GB", help="of a worker")
    parser.add_argument("--max-epochs", default="auto", type=lambda text: text if text == "auto" else int(text))
    options = parser.parse_args(arguments)

    X, _ = make_waves(n_cases=1000, n_timepoints=options.n_timepoints, random_state=0)
    tokenizer = VQVAETokenizer(max_epochs=options.max_epochs, random_state=0).fit(X.astype(np.float32))
    sizes = options.n_cases, options.n_timepoints, options.chunk_size
    with tempfile.TemporaryDirectory() as folder:
        seconds, peaks = tokenize_all(tokenizer, *sizes, options.n_workers, options.memory_limit, folder)
        tokens = da.from_npy_stack(folder)
        usage = da.bincount(tokens.ravel(), minlength=tokenizer.codebook_size_).compute()
        first = lazy_waves(*sizes)[: options.chunk_size].compute()
        agree = np.array_equal(tokens[: options.chunk_size].compute(), tokenizer.transform(first))
    cells = {
        "series": f"{len(tokens):,}",
        "time points": options.n_timepoints,
        "tokens": f"{usage.sum():,}",
        "codes in use": f"{np.count_nonzero(usage)} of {len(usage)}",
        "equal in one process": "first chunk" if agree else "no",
        "seconds": f"{seconds:.0f}",
        "series/s": f"{len(tokens) / seconds:,.0f}",
        "GB a worker": ", ".join(f"{peak / 1e9:.2f}" for peak in peaks),
    }
    print(f"{table_head(cells)}\n{table_row(cells.values())}")


if __name__ == "__main__":
    main()
