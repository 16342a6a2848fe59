"""Every prior on the same tokens.

Fit one default tokenizer per UCR set and each prior on its tokens, with labels. Prints one table per set: seconds to
fit, series drawn per second, log-likelihood per token of the test set given its labels (of MaskGIT that of a relative,
see its Notes), FID and IS of max(n_test, 256) samples under the published FCN checkpoints (supervised-FCN repository),
and CAS, the accuracy on the test set of a classifier trained on samples with the class counts of the train set, at
least about 1000 in all. The first row is the train set itself, to tokens and back: what a perfect copy would score::

    python -m sktsvq.benchmark.priors ECG5000 --checkpoints FOLDER_OF_CKPT_FILES --data-dir FOLDER_OF_UCR_SETS
"""

import argparse
import time
from pathlib import Path

import numpy as np

from sktsvq.benchmark._table import table_head, table_row
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.metrics import classification_accuracy_score, frechet_distance, inception_score
from sktsvq.priors import AutoregressivePrior, MarkovPrior, MaskGITPrior, WaveNetPrior
from sktsvq.tokenizers import VQVAETokenizer

PRIORS = {prior.__name__: prior for prior in (MarkovPrior, AutoregressivePrior, WaveNetPrior, MaskGITPrior)}
COLUMNS = ["prior", "fit s", "series/s", "log-likelihood", "FID", "IS", "CAS"]


def rows_of(name, priors, checkpoints, data_dir, random_state):
    """Values of the columns, one row after the other."""
    X_train, y_train = load_ucr(name, "train", data_dir=data_dir)
    X_test, y_test = load_ucr(name, "test", data_dir=data_dir)
    classes = sorted(np.unique(y_train), key=float)  # the order of the checkpoints' outputs
    fcn = FCNClassifier.from_checkpoint(
        Path(checkpoints) / f"{name}.ckpt", classes, mean=X_train.mean(), scale=X_train.std()
    )
    real = fcn.transform(X_test)

    def scores(series, of_class, labels):
        return [
            frechet_distance(real, fcn.transform(series)),
            inception_score(fcn.predict_proba(series), random_state=0),
            classification_accuracy_score(of_class, labels, X_test, y_test, random_state=random_state),
        ]

    tokenizer = VQVAETokenizer(random_state=random_state).fit(X_train)
    tokens, tokens_test = tokenizer.transform(X_train), tokenizer.transform(X_test)
    copied = tokenizer.inverse_transform(tokens)
    yield ["train set", np.nan, np.nan, np.nan, *scores(copied, copied, y_train)]
    labels = np.repeat(y_train, max(1, round(1000 / len(y_train))))
    for prior_name in priors:
        prior = PRIORS[prior_name]()
        if "random_state" in prior.get_params():
            prior.set_params(random_state=random_state)
        start = time.perf_counter()
        prior.fit(tokens, y_train, vocabulary=tokenizer.vocabulary_)
        fitted = time.perf_counter()
        drawn = prior.sample(max(len(X_test), 256), random_state=random_state)
        rate = len(drawn) / (time.perf_counter() - fitted)
        likelihood = prior.score_samples(tokens_test, y_test).mean() / tokens.shape[1]
        of_class = tokenizer.inverse_transform(prior.sample(len(labels), y=labels, random_state=random_state))
        series = tokenizer.inverse_transform(drawn)
        yield [prior_name, fitted - start, rate, likelihood, *scores(series, of_class, labels)]


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--checkpoints", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--priors", nargs="+", choices=PRIORS, default=list(PRIORS))
    parser.add_argument("--random-state", type=int, default=0)
    options = parser.parse_args(arguments)
    for name in options.sets:
        print(f"\n{name}\n\n{table_head(COLUMNS)}")
        for prior, *values in rows_of(
            name, options.priors, options.checkpoints, options.data_dir, options.random_state
        ):
            cells = [f"{value:.{digits}f}" for value, digits in zip(values, [1, 0, 3, 3, 3, 3], strict=True)]
            print(table_row([prior, *(cell.replace("nan", "") for cell in cells)]), flush=True)


if __name__ == "__main__":
    main()
