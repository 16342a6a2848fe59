"""How well single missing points of many channels are filled.

By the protocol of TimesNet (arXiv 2210.02186): a generator is fitted to windows of 96 hours of the first 12 months of
ETTh1 or ETTh2, standardised by these months; of windows of the months 17 to 20, single values are removed at random.
Prints squared and absolute errors at them, one row for each share of removed values, beside straight lines::

    python -m sktsvq.benchmark.points ETTh1 --data-dir FOLDER
"""

import argparse

import numpy as np

from sktsvq._gaps import interpolate
from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._boards import read_board
from sktsvq.benchmark._models import make_generator
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.benchmark.gaps import share_in_interval
from sktsvq.datasets import make_windows

COLUMNS = ["set", "share", "MSE", "MAE", "line MSE", "line MAE", "in 90 % interval"]
# Mean squared and absolute error over the four shares that TimesNet prints.
TIMESNET = {"ETTh1": (0.078, 0.187), "ETTh2": (0.049, 0.146)}

_LENGTH, _MONTH = 96, 30 * 24
_SHARES = (0.125, 0.25, 0.375, 0.5)
_N_DRAWS = 20


def load_windows(name, data_dir, n_cases, rng, stride=1):
    """Windows of the train months with this stride, and at most `n_cases` of the test months, scaled by the former."""
    series = read_board(name, data_dir)
    train = series[:, : 12 * _MONTH]
    mean, scale = train.mean(axis=1, keepdims=True), train.std(axis=1, keepdims=True)
    parts = ((part - mean) / scale for part in (train, series[:, 16 * _MONTH : 20 * _MONTH]))
    X_train, X_test = (make_windows(part, _LENGTH, step) for part, step in zip(parts, (stride, 1), strict=True))
    return X_train, X_test[rng.permutation(len(X_test))[:n_cases]]


def fill(generator, X, share, rng):
    """Values of the columns from MSE on, for one share of removed values."""
    missing = rng.uniform(size=X.shape) < share
    gaps = np.where(missing, np.nan, X)
    errors = [
        power(filled - X)[missing].mean()
        for filled in (generator.impute(gaps, random_state=0), interpolate(gaps))
        for power in (np.square, np.abs)
    ]
    draws = generator.impute(gaps, n_draws=_N_DRAWS, random_state=0)
    return [*errors, share_in_interval(draws, X, missing)]


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=["ETTh1"], help="ETTh1, ETTh2")
    parser.add_argument("--data-dir", required=True, help="a folder with ETTh1.csv and ETTh2.csv")
    parser.add_argument("--model", default="default", help="such as 'VQVAETokenizer(n_quantizers=4) + MarkovPrior'")
    parser.add_argument("--n-cases", type=at_least(1), default=200, help="test windows, at most")
    parser.add_argument("--stride", type=at_least(1), default=1, help="hours between the train windows")
    parser.add_argument("--random-state", type=int, default=0)
    options = parser.parse_args(arguments)
    print(table_head(COLUMNS))
    for name in options.sets:
        rng = np.random.default_rng(options.random_state)
        X_train, X_test = load_windows(name, options.data_dir, options.n_cases, rng, options.stride)
        generator = make_generator(options.model, options.random_state).fit(X_train)
        rows = [fill(generator, X_test, share, rng) for share in _SHARES]
        for share, row in zip([*_SHARES, "mean"], [*rows, np.mean(rows, axis=0)], strict=True):
            print(table_row([name, share, *(f"{value:.3f}" for value in row)]), flush=True)
        print(table_row([f"{name}, TimesNet", "mean", *TIMESNET[name], "", "", ""]), flush=True)


if __name__ == "__main__":
    main()
