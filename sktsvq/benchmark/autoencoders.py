"""How far autoencoders go as generators.

An autoencoder, a VAE and a `VQGenerator` with their defaults, all without labels, in `evaluate` against the test set::

    python -m sktsvq.benchmark.autoencoders GunPoint ECG5000 --data-dir FOLDER_OF_UCR_SETS
"""

import argparse
import time
import warnings

from sktsvq.benchmark._table import table_head, table_row
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import evaluate
from sktsvq.representation import Autoencoder, VariationalAutoencoder

GENERATORS = (Autoencoder, VariationalAutoencoder, VQGenerator)
SCORES = (
    "frechet_distance",
    "kernel_inception_distance",
    "precision",
    "coverage",
    "discriminative_score",
    "predictive_score",
    "memorization_ratio",
)


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=["ItalyPowerDemand"])
    parser.add_argument("--data-dir")
    parser.add_argument("--max-epochs", type=int, help="of all networks of the models; their defaults if left out")
    options = parser.parse_args(arguments)
    print(table_head(["set", "generator", "fit s", *SCORES]))
    for name in options.sets:
        X_train, X_test = (load_ucr(name, split, data_dir=options.data_dir)[0] for split in ("train", "test"))
        for Generator in GENERATORS:
            generator = Generator(random_state=0)
            if options.max_epochs:
                networks = [key for key in generator.get_params() if key.endswith("max_epochs")]
                generator.set_params(**dict.fromkeys(networks, options.max_epochs))
            start = time.perf_counter()
            generator.fit(X_train)
            seconds = time.perf_counter() - start
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # few series make coarse scores: all rows alike
                table = evaluate(generator, X_train, None, X_test, None)
            values = [f"{table.value[score]:.3f}" for score in SCORES]
            print(table_row([name, Generator.__name__, f"{seconds:.0f}", *values]), flush=True)
        floors = [f"{table.floor[score]:.3f}" for score in SCORES]
        print(table_row([name, "real series", "", *floors]), flush=True)


if __name__ == "__main__":
    main()
