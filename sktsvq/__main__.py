"""Command line of sktsvq: ``demo`` walks from series to scores, ``report`` judges, ``benchmark`` measures."""

import argparse
import time
from pathlib import Path

from sktsvq import benchmark, load
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ReconstructionDisplay, SamplesDisplay, report
from sktsvq.inspection._cards import error_of, size_of
from sktsvq.metrics import evaluate, probe_score
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


def demo(dataset="GunPoint", out="demo_output", max_epochs="auto", random_state=0):
    """Fit a generator on a UCR set, score its samples, write report, pictures and generator to the folder `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    X_train, y_train = load_ucr(dataset, "train")
    X_test, y_test = load_ucr(dataset, "test")
    print(f"{dataset}: {len(X_train)} train and {len(X_test)} test series, {size_of(X_train)}", flush=True)

    start = time.perf_counter()
    tokenizer = VQVAETokenizer(max_epochs=max_epochs, verbose=1)
    prior = MaskGITPrior(max_epochs=max_epochs, verbose=1)
    generator = VQGenerator(tokenizer, prior, random_state=random_state).fit(X_train, y_train)
    fitted = time.perf_counter()
    table = evaluate(generator, X_train, y_train, X_test, y_test, random_state=random_state)
    scored = time.perf_counter()

    tokenizer = generator.tokenizer_
    print(
        f"\n{tokenizer.n_tokens_} tokens a series, {tokenizer.codebook_size_} codes, perplexity "
        f"{tokenizer.perplexity_:.1f}, test reconstruction error {error_of(tokenizer, X_test)}"
    )
    embed = tokenizer.embed
    print(f"linear probe on the token embedding: {probe_score(embed(X_train), y_train, embed(X_test), y_test):.3f}")
    print(f"fit {fitted - start:.1f} s, samples and scores {scored - fitted:.1f} s\n")
    print(table.round(3).to_string())
    print(
        "\nfloor: what real series get in the place of generated ones, on as many series; a verdict compares with it on"
    )
    print("the same halves of the series: where the difference may be chance, samples are as good as real")

    pictures = {
        "samples.png": SamplesDisplay.from_estimator(generator, X_test, y_test, random_state=random_state),
        "reconstruction.png": ReconstructionDisplay.from_estimator(tokenizer, X_test, random_state=random_state),
    }
    for name, display in pictures.items():
        display.figure_.savefig(out / name, dpi=120)
    generator.save(out / "generator.sktsvq")
    sets = (X_train, y_train, X_test, y_test)
    title = f"{dataset}: how good are the generated series?"
    report(generator, *sets, out / "report.html", table=table, title=title, random_state=random_state)
    print(f"\nwrote report.html, samples.png, reconstruction.png and generator.sktsvq to {out}")


def write_report(generator, dataset, out, data_dir=None, random_state=0):
    """Load a generator that `save` wrote, and write a report on it and a UCR set."""
    sets = [part for split in ("train", "test") for part in load_ucr(dataset, split, data_dir=data_dir)]
    title = f"{dataset}: how good are the generated series?"
    print(f"wrote {report(load(generator), *sets, out, title=title, random_state=random_state)}")


def run_benchmark(quick, **options):
    """Measure speed; `quick` takes small sizes wherever the command line names none."""
    if quick:
        small = {"n_timepoints": [24, 140], "n_cases": [64, 128], "repeats": 1}
        options |= {"n_cases_fixed": 64, **{name: value for name, value in small.items() if options[name] is None}}
    benchmark.speed(**{name: value for name, value in options.items() if value is not None})


def add_report(commands):
    """The command ``report``."""
    command = commands.add_parser("report", help="a page with scores, verdicts and pictures of a saved generator")
    command.add_argument("generator", help="a file that the save of a generator has written")
    command.add_argument("--dataset", default="GunPoint", help="the UCR set that it was fitted on")
    command.add_argument("--data-dir", help="a folder of UCR sets")
    command.add_argument("--out", default="report.html", help="the page to write")
    command.add_argument("--random-state", type=int, default=0)
    command.set_defaults(run=write_report)


def add_benchmark(commands):
    """The commands ``benchmark speed``, ``representation``, ``quality`` and ``generation``."""
    kinds = commands.add_parser("benchmark", help="measurements").add_subparsers(dest="what", required=True)
    command = kinds.add_parser("speed", help="series per second and memory of every operation")
    command.add_argument("--quick", action="store_true", help="small sizes: a look in a minute")
    command.add_argument("--out", help="folder for speed.csv and speed.png")
    command.add_argument("--n-timepoints", type=int, nargs="+", help="lengths, each with 2048 series")
    command.add_argument("--n-cases", type=int, nargs="+", help="numbers of series of 140 time points")
    command.add_argument("--repeats", type=int, help="timings of which the median counts")
    command.add_argument("--device", help="a torch device, such as cuda")
    command.set_defaults(run=run_benchmark)
    command = kinds.add_parser("representation", help="what embeddings know of classes, of every encoder")
    command.add_argument("--datasets", nargs="+", default=["ItalyPowerDemand"], help="UCR sets")
    command.add_argument("--data-dir", help="a folder of UCR sets in aeon's layout")
    command.add_argument("--models", nargs="+", help="encoders, tokenizers and references; all if left out")
    command.add_argument("--protocols", nargs="+", help="probes; all if left out")
    command.add_argument("--seeds", type=int, nargs="+", default=[0], help="the seeds, such as 0 1 2")
    command.add_argument("--out", default="representation_output", help="folder of what is resumed and written")
    command.add_argument("--validation", action="store_true", help="a third of the train split plays the test set")
    command.set_defaults(run=benchmark.representation)
    add_quality(kinds)
    add_generation(kinds)


def add_generators(command):
    """The arguments of the benchmarks of generators."""
    command.add_argument(
        "--models",
        nargs="+",
        default=["default"],
        help="such as default or 'VQVAETokenizer(n_blocks=2) + WaveNetPrior'",
    )
    command.add_argument("--seeds", type=int, default=3, help="number of seeds: fits of a model on a set")
    command.add_argument("--n-jobs", type=int, default=1, help="cells at a time")


def add_generation(kinds):
    """The command ``benchmark generation``; the parameters are those of `sktsvq.benchmark.generation`."""
    command = kinds.add_parser("generation", help="generators on windows of the public multichannel sets")
    command.add_argument("--datasets", nargs="+", default=["Sines"], help="Stocks, ETTh1, ETTh2, Energy, fMRI, ...")
    add_generators(command)
    command.add_argument("--length", type=int, default=24, help="time points of a window")
    command.add_argument("--split", nargs="+", default=["in_sample", "time"], help="in_sample, time, validation")
    command.add_argument("--data-dir", help="a folder of the sets' files")
    command.add_argument("--n-steps", type=int, default=argparse.SUPPRESS, help="of the network that tells real series")
    command.add_argument("--out", default="generation_output", help="folder of what is resumed and written")
    command.set_defaults(run=benchmark.generation)


def add_quality(kinds):
    """The command ``benchmark quality``; the parameters are those of `sktsvq.benchmark.quality`."""
    command = kinds.add_parser("quality", help="generators by the published protocol, over sets, models and seeds")
    command.add_argument("--datasets", nargs="+", default=["GunPoint"], help="UCR sets")
    add_generators(command)
    command.add_argument("--data-dir", help="a folder of UCR sets in aeon's layout")
    command.add_argument("--fcn-dir", help="a folder of published checkpoints, NAME.ckpt; own networks if left out")
    command.add_argument("--published", help="a CSV file of published scores: dataset, model, metric, mean, sd")
    command.add_argument("--validation", action="store_true", help="a part of the train split plays the test set")
    command.add_argument("--no-cas", dest="with_cas", action="store_false", help="leave the slowest score out")
    command.add_argument("--fcn-epochs", type=int, default=argparse.SUPPRESS, help="of each network that classifies")
    command.add_argument("--out", default="quality_output", help="folder of what is resumed and written")
    command.set_defaults(run=benchmark.quality)


def main(arguments=None):
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="python -m sktsvq", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("demo", help="series to scores on one data set")
    command.add_argument("--dataset", default="GunPoint", help="a UCR set, bundled with aeon or in $SKTSVQ_DATA")
    command.add_argument(
        "--out", default="demo_output", help="folder for the report, the pictures and the fitted generator"
    )
    # Left out, it is the default of `demo`, which is no int.
    command.add_argument("--max-epochs", type=int, default=argparse.SUPPRESS, help="of the tokenizer and of the prior")
    command.add_argument("--random-state", type=int, default=0)
    command.set_defaults(run=demo)
    add_report(commands)
    add_benchmark(commands)
    options = vars(parser.parse_args(arguments))
    del options["command"]
    options.pop("what", None)
    options.pop("run")(**options)


if __name__ == "__main__":
    main()
