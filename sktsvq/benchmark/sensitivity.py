"""What scores see.

Spoil a perfect generator, real series that nobody has seen, step by step, and watch each score: noise is added, classes
are left out, only a few different series are drawn again and again, or train series are copied. Prints a table of the
means over random splits of the set into train, held-out and drawn series::

    python -m sktsvq.benchmark.sensitivity ECG5000 --data-dir FOLDER_OF_UCR_SETS
"""

import argparse
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sktsvq.metrics as metrics
from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.metrics import SeriesFeatures

# What is done to the drawn series, and how much of it.
STEPS = {
    "noise": [0, 0.1, 0.2, 0.4],  # standard deviation, in that of the series
    "classes dropped": [0, 1, 2, 3],  # the largest first
    "distinct series": [None, 30, 10, 3],
    "copies of train": [0, 0.3, 0.6, 1.0],  # share of the drawn series
}
BETTER = {  # lower, higher, or the distance from 1
    "frechet_distance": "lower",
    "kernel_inception_distance": "lower",
    "maximum_mean_discrepancy": "lower",
    "precision": "higher",
    "recall": "higher",
    "density": "higher",
    "coverage": "higher",
    "inception_score": "higher",
    "classification_accuracy_score": "higher",
    "discriminative_score": "lower",
    "predictive_score": "lower",
    "marginal_distribution_difference": "lower",
    "autocorrelation_difference": "lower",
    "skewness_difference": "lower",
    "kurtosis_difference": "lower",
    "memorization_ratio": "higher",
}


def spoil(step, amount, X, y, X_train, y_train, rng):
    """The drawn series and their labels after one step."""
    if step == "noise":
        return X + amount * X.std() * rng.normal(size=X.shape), y
    if step == "classes dropped":
        classes, counts = np.unique(y, return_counts=True)
        kept = ~np.isin(y, classes[np.argsort(-counts)[:amount]])
        rows = rng.choice(np.flatnonzero(kept), len(y))
    elif step == "distinct series":
        rows = np.arange(len(y)) if amount is None else rng.choice(rng.choice(len(y), amount, replace=False), len(y))
    else:
        X, y = X.copy(), y.copy()
        copied = rng.permutation(len(y))[: round(amount * len(y))]
        X[copied], y[copied] = X_train[copied], y_train[copied]
        return X, y
    return X[rows], y[rows]


def score(X, y, X_train, y_train, X_held_out, y_held_out):
    """All scores of drawn series, by name."""
    features = SeriesFeatures().fit(X_train)
    pair = features.transform(X_held_out), features.transform(X)
    classifier = make_pipeline(SeriesFeatures(30), StandardScaler(), LogisticRegression(max_iter=1000))
    proba = classifier.fit(X_train, y_train).predict_proba(X)
    accuracy = 0.0  # a classifier cannot be trained on one class
    if len(np.unique(y)) > 1:
        accuracy = metrics.classification_accuracy_score(X, y, X_held_out, y_held_out, classifier=classifier)
    return {
        "frechet_distance": metrics.frechet_distance(*pair),
        "kernel_inception_distance": metrics.kernel_inception_distance(*pair),
        "maximum_mean_discrepancy": metrics.maximum_mean_discrepancy(*pair),
        **metrics.precision_recall_density_coverage(*pair),
        "inception_score": metrics.inception_score(proba, n_splits=1),
        "classification_accuracy_score": accuracy,
        "discriminative_score": metrics.discriminative_score(X_held_out, X),
        "predictive_score": metrics.predictive_score(X, X_held_out),
        "marginal_distribution_difference": metrics.marginal_distribution_difference(X_held_out, X),
        "autocorrelation_difference": metrics.autocorrelation_difference(X_held_out, X),
        "skewness_difference": metrics.skewness_difference(X_held_out, X),
        "kurtosis_difference": metrics.kurtosis_difference(X_held_out, X),
        "memorization_ratio": metrics.memorization_ratio(*[Z.reshape(len(Z), -1) for Z in (X, X_train, X_held_out)]),
    }


def mark(values, better):
    """How the score took it, from values (n_repeats, n_amounts); sees* where it does not get worse at every step."""
    steps = np.diff(values.mean(axis=0)) * (1 if better == "lower" else -1)
    change = (values[:, -1] - values[:, 0]) * (1 if better == "lower" else -1)
    noise = 2 * change.std(ddof=1) / np.sqrt(len(change))
    if abs(change.mean()) <= noise:
        return "blind"
    return "fooled" if change.mean() < 0 else "sees" if np.all(steps > 0) else "sees*"


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("--data-dir")
    parser.add_argument("--n-series", type=at_least(2), default=500, help="in each of the three parts, at most")
    parser.add_argument("--n-repeats", type=at_least(2), default=8)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", UserWarning)  # few series, which is why there are repeats
    X, y = load_ucr(options.dataset, data_dir=options.data_dir)
    n_series = min(options.n_series, len(X) // 3)
    n_classes = len(np.unique(y))

    results = {}
    for seed in range(options.n_repeats):
        rng = np.random.RandomState(seed)
        parts = np.split(rng.permutation(len(X))[: 3 * n_series], 3)
        (X_train, y_train), held_out, drawn = [(X[part], y[part]) for part in parts]
        for step, amounts in STEPS.items():
            for amount in [a for a in amounts if step != "classes dropped" or a < n_classes]:
                spoilt = spoil(step, amount, *drawn, X_train, y_train, rng)
                for name, value in score(*spoilt, X_train, y_train, *held_out).items():
                    results.setdefault((name, step), {}).setdefault(amount, []).append(value)

    print(table_head(["score", "better", *STEPS]))
    for name, better in BETTER.items():
        cells = []
        for step in STEPS:
            values = np.array(list(results[name, step].values())).T
            cells.append(" ".join(f"{value:.3g}" for value in values.mean(axis=0)) + f" {mark(values, better)}")
        print(table_row([name, better, *cells]))


if __name__ == "__main__":
    main()
