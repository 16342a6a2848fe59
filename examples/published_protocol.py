"""
The published protocol
======================

Fit the default generator on UCR sets and score it as the papers do: FID and IS of max(n_test, 256) samples under the
published FCN checkpoints (supervised-FCN repository), against the test set alone. Prints one row per set::

    python examples/published_protocol.py ECG5000 --checkpoints FOLDER_OF_CKPT_FILES --data-dir FOLDER_OF_UCR_SETS
"""

import argparse
import time
from pathlib import Path

import numpy as np

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import frechet_distance, inception_score
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

COLUMNS = ["set", "fit s", "sample s", "FID", "FID train", "FID reconstruction", "IS", "IS test", "accuracy by class"]


def score(name, checkpoints, data_dir, random_state):
    """Values of the columns for one set."""
    X_train, y_train = load_ucr(name, "train", data_dir=data_dir)
    X_test, y_test = load_ucr(name, "test", data_dir=data_dir)
    classes = sorted(np.unique(y_train), key=float)  # the order of the checkpoints' outputs
    fcn = FCNClassifier.from_checkpoint(
        Path(checkpoints) / f"{name}.ckpt", classes, mean=X_train.mean(), scale=X_train.std()
    )
    real = fcn.transform(X_test)

    start = time.perf_counter()
    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=random_state).fit(X_train, y_train)
    fitted = time.perf_counter()
    samples = generator.sample(max(len(X_test), 256), random_state=random_state)
    drawn = time.perf_counter()

    labels = np.random.RandomState(random_state).permutation(y_test)
    of_class = generator.sample(len(labels), y=labels, random_state=random_state)
    reconstructed = generator.tokenizer_.inverse_transform(generator.tokenizer_.transform(X_test))
    return [
        fitted - start,
        drawn - fitted,
        frechet_distance(real, fcn.transform(samples)),
        frechet_distance(real, fcn.transform(X_train)),
        frechet_distance(real, fcn.transform(reconstructed)),
        inception_score(fcn.predict_proba(samples), random_state=0),
        inception_score(fcn.predict_proba(X_test), random_state=0),
        fcn.score(of_class, labels),
    ]


parser = argparse.ArgumentParser()
parser.add_argument("sets", nargs="+")
parser.add_argument("--checkpoints", required=True)
parser.add_argument("--data-dir")
parser.add_argument("--random-state", type=int, default=0)
options = parser.parse_args()
print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
for name in options.sets:
    values = score(name, options.checkpoints, options.data_dir, options.random_state)
    cells = [f"{value:.0f}" for value in values[:2]] + [f"{value:.3f}" for value in values[2:]]
    print("| " + " | ".join([name, *cells]) + " |", flush=True)
