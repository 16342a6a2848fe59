"""How well gaps are filled.

A gap of 30 % of the length is cut out of each test series at a random place and filled by a generator fitted on the
train series. Prints the mean absolute error in the gaps, one row per set, beside straight lines and aeon's mean::

    python -m sktsvq.benchmark.gaps ECG5000 TwoPatterns --data-dir FOLDER_OF_UCR_SETS
"""

import argparse

import numpy as np
from aeon.transformations.collection import SimpleImputer

from sktsvq._gaps import interpolate
from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

COLUMNS = ["set", "cases", "estimate", "one draw", "straight line", "mean", "in 90 % interval"]


def cut_gaps(X, share, rng):
    """X with one gap of this share of the time points in each series."""
    n_timepoints = X.shape[2]
    length = round(share * n_timepoints)
    start = rng.integers(n_timepoints - length + 1, size=(len(X), 1, 1))
    time = np.arange(n_timepoints)
    return np.where((start <= time) & (time < start + length), np.nan, X)


def share_in_interval(draws, X, missing):
    """The share of the missing values of X that lie in the 90 % interval of the draws."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return ((low <= X) & (high >= X))[missing].mean()


def score(name, data_dir, n_cases, random_state):
    """Values of the columns for one set."""
    X_train, y_train = load_ucr(name, "train", data_dir=data_dir)
    X_test, _ = load_ucr(name, "test", data_dir=data_dir)
    rng = np.random.default_rng(random_state)
    X = X_test[rng.permutation(len(X_test))[:n_cases]]
    gaps = cut_gaps(X, 0.3, rng)
    missing = np.isnan(gaps)

    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=random_state).fit(X_train, y_train)
    draws = generator.impute(gaps, n_draws=20, random_state=random_state)

    def error(filled):
        return np.abs(filled - X)[missing].mean()

    return [
        len(X),
        error(generator.impute(gaps, random_state=random_state)),
        error(draws[0]),
        error(interpolate(gaps)),
        error(SimpleImputer(strategy="mean").fit_transform(gaps)),
        share_in_interval(draws, X, missing),
    ]


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=["ItalyPowerDemand"])
    parser.add_argument("--data-dir")
    parser.add_argument("--n-cases", type=at_least(1), default=200, help="test series, at most")
    parser.add_argument("--random-state", type=int, default=0)
    options = parser.parse_args(arguments)
    print(table_head(COLUMNS))
    for name in options.sets:
        n_cases, *values = score(name, options.data_dir, options.n_cases, options.random_state)
        print(table_row([name, n_cases, *(f"{value:.3f}" for value in values)]), flush=True)


if __name__ == "__main__":
    main()
