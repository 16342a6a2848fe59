"""How well odd series are found.

A generator is fitted on the train series of one class alone, the normal ones; how unlikely it finds the tokens of a
test series says how odd the series is, and `score_timepoints` where. Prints the area under the ROC curve, normal
against all other classes, beside scikit-learn's IsolationForest on the values::

    python -m sktsvq.benchmark.anomalies ECG5000 --normal 1 --data-dir FOLDER_OF_UCR_SETS
"""

import argparse

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("set", nargs="?", default="ItalyPowerDemand")
    parser.add_argument("--normal", default="1", help="label of the normal class")
    parser.add_argument("--data-dir")
    parser.add_argument("--random-state", type=int, default=0)
    options = parser.parse_args(arguments)

    X_train, y_train = load_ucr(options.set, "train", data_dir=options.data_dir)
    X_test, y_test = load_ucr(options.set, "test", data_dir=options.data_dir)
    normal, odd = X_train[y_train == options.normal], y_test != options.normal

    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=options.random_state).fit(normal)
    surprise = generator.score_timepoints(X_test)
    forest = IsolationForest(random_state=options.random_state).fit(normal.reshape(len(normal), -1))
    scores = {
        "log-likelihood of the tokens": surprise.sum(axis=1),
        "most surprising time point": surprise.max(axis=1),
        "IsolationForest": -forest.score_samples(X_test.reshape(len(X_test), -1)),
    }
    print(table_head(["score", "AUC"]))
    for name, values in scores.items():
        print(table_row([name, f"{roc_auc_score(odd, values):.3f}"]))
    rare = np.argmax(np.where(odd, surprise.sum(axis=1), -np.inf))
    print(f"The oddest series is number {rare}, most surprising at time point {surprise[rare].argmax()}.")


if __name__ == "__main__":
    main()
