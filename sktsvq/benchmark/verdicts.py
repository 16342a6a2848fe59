"""How often does `evaluate` find fault with a perfect generator, and how often does `score_interval` miss?

    python -m sktsvq.benchmark.verdicts --n-runs 100 --sizes 40 100 200

Fresh draws of `make_waves` are a perfect generator of it: every verdict but "as good as real" is wrong.
"""

import argparse
import warnings
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sktsvq.benchmark._arguments import at_least
from sktsvq.datasets import make_waves
from sktsvq.metrics import (
    SeriesFeatures,
    evaluate,
    frechet_distance,
    kernel_inception_distance,
    maximum_mean_discrepancy,
    precision_recall_density_coverage,
    score_interval,
)

SIZES = {"n_timepoints": 48, "n_classes": 2, "noise": 1.0}


class PerfectGenerator:
    """Draws fresh series from the distribution of the data, of given classes where asked."""

    def fit(self, X, y=None):
        return self

    def sample(self, n_samples=1, *, y=None, random_state=None):
        if y is None:
            return make_waves(n_cases=n_samples, random_state=random_state, **SIZES)[0]
        y = np.asarray(y)
        X, labels = make_waves(n_cases=2 * len(y) + 2, random_state=random_state, **SIZES)
        drawn = np.empty((len(y), *X.shape[1:]))
        for label in np.unique(y):
            drawn[y == label] = X[labels == label][: np.sum(y == label)]
        return drawn


def wrong_verdicts(n_cases, n_runs, classifier):
    """How many of the runs end in a wrong verdict, by score."""
    wrong = Counter()
    for seed in range(n_runs):
        starts = 3 * seed + 10_000, 3 * seed + 50_000
        train, test = (make_waves(n_cases=n_cases, random_state=start, **SIZES) for start in starts)
        table = evaluate(PerfectGenerator(), *train, *test, classifier=classifier, random_state=seed)
        decided = table.verdict[~table.verdict.str.startswith("undecided")]
        wrong.update(decided.index[decided != "as good as real"])
    return wrong


def coverage(score, draw, n_runs, n_draws=500):
    """The share of intervals that hold the expectation of the score."""
    rng = np.random.RandomState(0)
    expected = np.mean([score(*draw(rng)) for _ in range(n_draws)])
    intervals = [score_interval(score, *draw(rng), random_state=seed) for seed in range(n_runs)]
    return np.mean([low <= expected <= high for _, low, high in intervals])


def report_verdicts(sizes, n_runs):
    classifier = make_pipeline(SeriesFeatures(20), LogisticRegression())
    counts = {n_cases: wrong_verdicts(n_cases, n_runs, classifier) for n_cases in sizes}
    print(f"wrong verdicts in {n_runs} runs, by number of train and of held-out series: {sizes}")
    for score in sorted(set().union(*counts.values())):
        print(f"{score:36s}", *(f"{counts[n_cases][score]:4d}" for n_cases in sizes), flush=True)


def report_coverage(n_rows, n_runs):
    print(f"95 % intervals that hold the expected value, of {n_runs}; {n_rows} rows, 5 features")
    for shift in (0.0, 0.5):

        def draw(rng, shift=shift):
            return rng.normal(size=(n_rows, 5)), rng.normal(size=(n_rows, 5)) + shift * np.eye(5)[0]

        for score in (
            frechet_distance,
            kernel_inception_distance,
            maximum_mean_discrepancy,
            lambda real, generated: precision_recall_density_coverage(real, generated)["coverage"],
        ):
            name = "coverage" if score.__name__ == "<lambda>" else score.__name__
            print(f"{name:28s} shift {shift}: {coverage(score, draw, n_runs):.3f}", flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n-runs", type=at_least(1), default=100)
    parser.add_argument("--sizes", type=at_least(2), nargs="+", default=[40, 100, 200])
    parser.add_argument("--skip-coverage", action="store_true")
    parser.add_argument("--skip-verdicts", action="store_true")
    arguments = parser.parse_args(arguments)
    warnings.simplefilter("ignore", UserWarning)
    if not arguments.skip_verdicts:
        report_verdicts(arguments.sizes, arguments.n_runs)
    if not arguments.skip_coverage:
        report_coverage(100, arguments.n_runs)


if __name__ == "__main__":
    main()
