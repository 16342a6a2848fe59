"""What noise does to samples, of simulated series that are noise for the most part and of parts of train splits.

A default generator is fitted on a few simulated series, or on two thirds of the train split of a set; its samples are
compared with 300 new series, or with the other third. Prints the Frechet distance and the memorization ratio without
noise and with it, and whether the generator adds it by itself::

    python -m sktsvq.benchmark.noise shapes uniform events correlated
    python -m sktsvq.benchmark.noise TwoPatterns FordA --data-dir FOLDER_OF_UCR_SETS --fcn-dir FOLDER_OF_CHECKPOINTS
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from sktsvq._noise import fit_noise
from sktsvq.benchmark._sets import BenchmarkSet, Judge, load_set
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.metrics import frechet_distance, memorization_ratio
from sktsvq.metrics._layout import in_units_of

COLUMNS = ["set", "n", "adds noise", "FID", "FID with noise", "FID train", "memory", "memory with noise"]
_N_TEST, _N_JUDGE = 300, 1000


def _with_shapes(series, y, rng, height):
    """One of two shapes, a sixteenth as long as a series, at a random place of each."""
    length = series.shape[1] // 16
    ramp = np.linspace(-1, 1, length)
    shapes = height * np.stack([1 - np.abs(ramp), -np.sign(ramp)])
    starts = rng.randint(series.shape[1] - length, size=len(series))
    places = starts[:, np.newaxis] + np.arange(length)
    np.put_along_axis(series, places, shapes[y], axis=1)
    return series


def _shapes(y, rng):
    return _with_shapes(rng.standard_normal((len(y), 500)), y, rng, height=4)


def _uniform(y, rng):
    return _with_shapes(rng.uniform(-1.7, 1.7, (len(y), 500)), y, rng, height=2)


def _events(y, rng):
    rate = 1 + 0.6 * (y == 0)[:, np.newaxis] * np.sin(np.arange(512) / 20 + rng.uniform(0, 6, (len(y), 1)))
    return rate * rng.exponential(size=(len(y), 512)) * (rng.uniform(size=(len(y), 512)) < 0.3)


def _correlated(y, rng):
    noise = lfilter([0.7], [1, -0.7], rng.standard_normal((len(y), 306)))[:, 50:]
    speed, height = (np.choose(y, pair)[:, np.newaxis] for pair in ((1 / 15, 1 / 8), (1.5, 0.5)))
    return noise + height * np.sin(speed * np.arange(256) + rng.uniform(0, 6, (len(y), 1)))


# Series of two classes, and the size of the train set.
SIMULATED = {
    "shapes": (_shapes, 20),
    "uniform": (_uniform, 20),
    "events": (_events, 300),
    "correlated": (_correlated, 100),
}


def _simulate(name):
    """A set, and a network that has seen 1000 other series of its kind."""
    make, n_train = SIMULATED[name]
    rng = np.random.RandomState(0)
    y = rng.permutation(np.arange(n_train + _N_TEST + _N_JUDGE) % 2)
    X = make(y, rng)
    X = ((X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True))[:, np.newaxis]
    parts = np.split(np.arange(len(y)), [n_train, n_train + _N_TEST])
    (X_train, y_train), (X_test, y_test), (X_judge, y_judge) = ((X[rows], y[rows]) for rows in parts)
    return BenchmarkSet(X_train, y_train, X_test, y_test), FCNClassifier(random_state=0).fit(X_judge, y_judge)


def _load(name, data_dir, fcn_dir):
    data = load_set(name, data_dir, validation=True)
    checkpoint = None if fcn_dir is None else Path(fcn_dir, f"{name}.ckpt")
    if checkpoint is not None and not checkpoint.exists():
        raise ValueError(f"--fcn-dir must be a folder with a file {name}.ckpt. Got {fcn_dir!r} instead.")
    with tempfile.TemporaryDirectory() as folder:
        return data, Judge.prepare(name, data, folder, checkpoint=checkpoint).network


def score(name, data_dir, fcn_dir, random_state):
    """Values of the columns for one set."""
    data, network = _simulate(name) if name in SIMULATED else _load(name, data_dir, fcn_dir)
    generator = VQGenerator(random_state=random_state).fit(data.X_train, data.y_train)
    adds_noise = generator.noise_ is not None
    n_samples, rng = max(256, len(data.X_test)), np.random.RandomState(random_state)
    noise, generator.noise_ = generator.noise_, None
    plain = generator.sample(n_samples, random_state=random_state)
    if not adds_noise:
        noise = fit_noise(data.X_train, plain, n_timepoints=plain.shape[2], rng=rng, always=True)
    noisy = noise.add_to(plain, rng)
    real, train, *drawn = (network.transform(X) for X in (data.X_test, data.X_train, plain, noisy))
    distances = [frechet_distance(real, features) for features in (*drawn, train)]
    rows = in_units_of(data.X_train, data.X_train, data.X_test, plain, noisy)
    memory = [memorization_ratio(new, *rows[:2]) for new in rows[2:]]
    return [len(data.X_train), "yes" if adds_noise else "no", *(f"{value:.2f}" for value in (*distances, *memory))]


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=["shapes"], help=f"{', '.join(SIMULATED)}, or UCR sets")
    parser.add_argument("--data-dir")
    parser.add_argument("--fcn-dir")
    parser.add_argument("--random-state", type=int, default=0)
    options = parser.parse_args(arguments)
    print(table_head(COLUMNS))
    for name in options.sets:
        values = score(name, options.data_dir, options.fcn_dir, options.random_state)
        print(table_row([name, *values]), flush=True)


if __name__ == "__main__":
    main()
