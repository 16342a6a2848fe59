"""Command line: ``python -m sktsvq demo`` walks from series to scores on one data set, ``benchmark speed`` measures."""

import argparse
import copy
import time
from pathlib import Path

import joblib
import numpy as np

from sktsvq import benchmark
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ReconstructionDisplay, SamplesDisplay
from sktsvq.metrics import classification_accuracy_score, frechet_distance, inception_score, probe_score
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


def demo(dataset="GunPoint", out="demo_output", max_epochs="auto", random_state=0):
    """Fit a generator on a UCR set, score its samples, write pictures and the generator to the folder `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    X_train, y_train = load_ucr(dataset, "train")
    X_test, y_test = load_ucr(dataset, "test")
    print(f"{dataset}: {len(X_train)} train and {len(X_test)} test series, shape {X_train.shape[1:]}", flush=True)

    start = time.perf_counter()
    tokenizer = VQVAETokenizer(max_epochs=max_epochs, verbose=1)
    prior = MaskGITPrior(max_epochs=max_epochs, verbose=1)
    generator = VQGenerator(tokenizer, prior, random_state=random_state).fit(X_train, y_train)
    fitted = time.perf_counter()
    samples = generator.sample(max(len(X_test), 256), random_state=random_state)
    drawn = time.perf_counter()
    rows = score(generator, samples, X_train, y_train, X_test, y_test, random_state)
    scored = time.perf_counter()

    tokenizer = generator.tokenizer_
    print(
        f"\n{tokenizer.n_tokens_} tokens a series, {tokenizer.codebook_size_} codes, perplexity "
        f"{tokenizer.perplexity_:.1f}, test reconstruction error {-tokenizer.score(X_test) / X_test.var():.2%} of the "
        "variance"
    )
    print(f"fit {fitted - start:.1f} s, {len(samples)} samples {drawn - fitted:.1f} s, scores {scored - drawn:.1f} s\n")
    print(f"{'score':<42}{'generated':>12}{'real':>12}  {'better':<8}what 'real' is")
    for name, value, real, better, meaning in rows:
        print(f"{name:<42}{value:>12.3f}{real:>12.3f}  {better:<8}{meaning}")

    pictures = {
        "samples.png": SamplesDisplay.from_estimator(generator, X_test, y_test, random_state=random_state),
        "reconstruction.png": ReconstructionDisplay.from_estimator(tokenizer, X_test, random_state=random_state),
    }
    for name, display in pictures.items():
        display.figure_.savefig(out / name, dpi=120)
    joblib.dump(generator, out / "generator.joblib")
    print(f"\nwrote samples.png, reconstruction.png and generator.joblib to {out}")


def score(generator, samples, X_train, y_train, X_test, y_test, random_state):
    """Rows (score, of generated series, of real series, better, meaning) under an FCN trained on the train set."""
    fcn = FCNClassifier(random_state=random_state, verbose=1).fit(X_train, y_train)
    n_copies = -(-1000 // len(y_train))  # classes as in the train set, about 1000 series
    y_new = np.repeat(y_train, n_copies)
    X_new = generator.sample(len(y_new), y=y_new, random_state=random_state)
    embed = copy.copy(generator.tokenizer_).set_params(output="embedding").transform
    features_test = fcn.transform(X_test)
    return [
        (
            "FID, Frechet distance to the test set",
            frechet_distance(features_test, fcn.transform(samples)),
            frechet_distance(features_test, fcn.transform(X_train)),
            "lower",
            "the train set against the test set",
        ),
        (
            "IS, inception score",
            inception_score(fcn.predict_proba(samples), random_state=random_state),
            inception_score(fcn.predict_proba(X_test), random_state=random_state),
            "higher",
            "the test set",
        ),
        (
            "CAS, accuracy of a classifier trained on it",
            classification_accuracy_score(X_new, y_new, X_test, y_test, random_state=random_state),
            fcn.score(X_test, y_test),
            "higher",
            "a classifier trained on the train set",
        ),
        (
            "Class-conditional accuracy",
            fcn.score(X_new, y_new),
            fcn.score(X_test, y_test),
            "higher",
            "the test set",
        ),
        (
            "Linear probe on the token embedding",
            probe_score(embed(X_train), y_train, embed(X_test), y_test),
            probe_score(X_train.reshape(len(X_train), -1), y_train, X_test.reshape(len(X_test), -1), y_test),
            "higher",
            "the same probe on the series themselves",
        ),
    ]


def run_benchmark(what, quick, **options):
    """Measure; `quick` takes small sizes wherever the command line names none."""
    if quick:
        small = {"n_timepoints": [24, 140], "n_cases": [64, 128], "repeats": 1}
        options |= {"n_cases_fixed": 64, **{name: options[name] or value for name, value in small.items()}}
    benchmark.speed(**{name: value for name, value in options.items() if value is not None})


def add_benchmark(commands):
    """The command ``benchmark speed``."""
    command = commands.add_parser("benchmark", help="series per second and memory of every operation")
    command.add_argument("what", choices=["speed"])
    command.add_argument("--quick", action="store_true", help="small sizes: a look in a minute")
    command.add_argument("--out", help="folder for speed.csv and speed.png")
    command.add_argument("--n-timepoints", type=int, nargs="+", help="lengths, each with 2048 series")
    command.add_argument("--n-cases", type=int, nargs="+", help="numbers of series of 140 time points")
    command.add_argument("--repeats", type=int, help="timings of which the median counts")
    command.add_argument("--device", help="a torch device, such as cuda")
    command.set_defaults(run=run_benchmark)


def main(arguments=None):
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="python -m sktsvq", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("demo", help="series to scores on one data set")
    command.add_argument("--dataset", default="GunPoint", help="a UCR set, bundled with aeon or in $SKTSVQ_DATA")
    command.add_argument("--out", default="demo_output", help="folder for pictures and the fitted generator")
    command.add_argument("--max-epochs", type=int, default="auto", help="of the tokenizer and of the prior")
    command.add_argument("--random-state", type=int, default=0)
    command.set_defaults(run=demo)
    add_benchmark(commands)
    options = vars(parser.parse_args(arguments))
    del options["command"]
    options.pop("run")(**options)


if __name__ == "__main__":
    main()
