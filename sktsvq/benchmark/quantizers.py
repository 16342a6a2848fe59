"""What the quantiser options make of one set.

One tokenizer for each quantiser option, all else at its default but for a shorter training: squared reconstruction
error on the test set as a share of its variance, perplexity of the codes, bits per series, and the accuracy of a linear
SVM on mean-pooled quantised latents::

    python -m sktsvq.benchmark.quantizers GunPoint --seeds 3
"""

import argparse

import numpy as np

from sktsvq.benchmark._arguments import at_least
from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.metrics import probe_score
from sktsvq.tokenizers import VQVAETokenizer

OPTIONS = [
    {},
    {"decay": None},
    {"decay": None, "orthogonal_weight": 10.0},
    {"dead_threshold": 0.0},
    {"codebook_dim": 8},
    {"quantizer": "cosine"},
    {"quantizer": "cosine", "codebook_dim": 8},
    {"quantizer": "fsq"},
    {"gradient": "rotation"},
    {"code_temperature": 0.1},
    {"codebook_size": 8, "n_quantizers": 2},
    {"n_quantizers": 2},
]


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("set", nargs="?", default="GunPoint")
    parser.add_argument("--data-dir")
    parser.add_argument("--max-epochs", type=int, default=100)
    parser.add_argument("--seeds", type=at_least(1), default=1, help="number of seeds")
    options = parser.parse_args(arguments)

    X_train, y_train = load_ucr(options.set, "train", data_dir=options.data_dir)
    X_test, y_test = load_ucr(options.set, "test", data_dir=options.data_dir)
    print(table_head(["parameters", "error", "codes", "perplexity", "bits per series", "linear SVM"]))
    for params in OPTIONS:
        rows = []
        for seed in range(options.seeds):
            common = {
                "codebook_size": 32,
                "output": "embedding",
                "max_epochs": options.max_epochs,
                "random_state": seed,
            }
            tokenizer = VQVAETokenizer(**{**common, **params}).fit(X_train)
            accuracy = probe_score(tokenizer.transform(X_train), y_train, tokenizer.transform(X_test), y_test)
            error = -tokenizer.score(X_test) / X_test.var()
            rows.append([error, tokenizer.codebook_size_, tokenizer.perplexity_, tokenizer.bits_per_series_, accuracy])
        error, size, perplexity, bits, accuracy = np.mean(rows, axis=0)
        name = ", ".join(f"{key}={value!r}" for key, value in params.items()) or "default"
        cells = f"{error:.4f}", f"{size:.0f}", f"{perplexity:.1f}", f"{bits:.0f}", f"{accuracy:.3f}"
        print(table_row([name, *cells]), flush=True)


if __name__ == "__main__":
    main()
