"""What tokens know of classes.

Linear SVM and 5-nearest-neighbour probes on the mean-pooled quantised latents, as in the NC-VQVAE paper: the tokenizer
sees the train set without labels, the probe is trained on the train set and scored on the test set::

    python -m sktsvq.benchmark.probes TwoPatterns ECG5000 FordA --data-dir FOLDER_OF_UCR_SETS --seeds 3
"""

import argparse
import time

import numpy as np

from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.metrics import probe_score
from sktsvq.tokenizers import NCVQVAETokenizer, VQVAETokenizer


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--data-dir")
    parser.add_argument("--seeds", type=at_least(1), default=1, help="number of seeds")
    options = parser.parse_args(arguments)

    print(table_head(["set", "tokenizer", "fit s", "linear SVM", "5-NN", "reconstruction error"]))
    for name in options.sets:
        X_train, y_train = load_ucr(name, "train", data_dir=options.data_dir)
        X_test, y_test = load_ucr(name, "test", data_dir=options.data_dir)
        for Tokenizer in (VQVAETokenizer, NCVQVAETokenizer):
            rows = []
            for seed in range(options.seeds):
                start = time.perf_counter()
                tokenizer = Tokenizer(output="embedding", random_state=seed).fit(X_train)
                seconds = time.perf_counter() - start
                embedded = tokenizer.transform(X_train), y_train, tokenizer.transform(X_test), y_test
                scores = [probe_score(*embedded, probe=probe) for probe in ("linear_svm", "knn")]
                rows.append([seconds, *scores, -tokenizer.score(X_test) / X_test.var()])
            seconds, svm, knn, error = np.mean(rows, axis=0)
            scores = [f"{value:.3f}" for value in (svm, knn, error)]
            print(table_row([name, Tokenizer.__name__, f"{seconds:.0f}", *scores]), flush=True)


if __name__ == "__main__":
    main()
