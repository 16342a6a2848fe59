"""The rows of a benchmark as a table, a file and a picture."""

import csv

import torch

from sktsvq._devices import resolve_device, resolve_precision

# Time points while n_cases varies, and of the comparison with timevqvae.
TIMEPOINTS = 140

# Series per second of timevqvae 1.0.1 and, for "NC tokenizer fit", of the authors' NC-VQVAE code, at 140 time points
# on two CPU cores: beside runs on a machine that has no timevqvae.
REFERENCE = {
    "tokenizer fit": 233,
    "NC tokenizer fit": 76,
    "transform": 783,
    "inverse_transform": 783,
    "prior fit": 239,
    "sample": 30,
}

COLUMNS = [
    "package",
    "operation",
    "n_timepoints",
    "n_cases",
    "seconds",
    "series_per_second",
    "peak_memory_mb",
    "gflop_per_series",
    "share_of_float32_rate",
    "share_of_bfloat16_rate",
    "times_timevqvae",
]


def compare(rows):
    """Add the ratios to timevqvae at 140 time points to the rows."""
    reference = dict(REFERENCE)
    reference |= {row["operation"]: row["series_per_second"] for row in rows if row["package"] == "timevqvae"}
    for row in rows:
        if row["n_timepoints"] == TIMEPOINTS:
            row["times_timevqvae"] = row["series_per_second"] / reference[row["operation"]]


def write_csv(rows, path):
    """The rows in a file, a column for each of `COLUMNS`."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def plot(rows, n_cases_fixed):
    """A figure of the cost against n_timepoints and against n_cases."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    by_length, by_number = figure.subplots(1, 2)
    rows = [row for row in rows if row["package"] == "sktsvq"]
    for operation in dict.fromkeys(row["operation"] for row in rows):
        own = [row for row in rows if row["operation"] == operation]
        lengths = sorted((row["n_timepoints"], row["seconds"]) for row in own if row["n_cases"] == n_cases_fixed)
        numbers = sorted((row["n_cases"], row["seconds"]) for row in own if row["n_timepoints"] == TIMEPOINTS)
        by_length.loglog(*zip(*lengths, strict=True), marker="o", label=operation)
        by_number.loglog(*zip(*numbers, strict=True), marker="o", label=operation)
    by_length.set(xlabel="n_timepoints", ylabel=f"seconds for {n_cases_fixed} series")
    by_number.set(xlabel=f"n_cases, {TIMEPOINTS} time points each", ylabel="seconds")
    by_number.legend()
    return figure


def report(rows, device):
    """Print the rows as a table."""
    device, nan = resolve_device(device), float("nan")
    precision = str(resolve_precision("auto", device)).removeprefix("torch.")
    print(f"{device}, {torch.get_num_threads()} threads, training in {precision}")
    print("package   operation          n_timepoints  n_cases  series/s     MB  share  times")
    for row in rows:
        memory, share = row.get("peak_memory_mb", nan), row.get(f"share_of_{precision}_rate", nan)
        print(
            f"{row['package']:<10}{row['operation']:<19}{row['n_timepoints']:>12}{row['n_cases']:>9}"
            f"{row['series_per_second']:>10.0f}{memory:>7.0f}{share:>7.2f}{row.get('times_timevqvae', nan):>7.1f}"
        )
