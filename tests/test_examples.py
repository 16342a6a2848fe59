"""The gallery and the experiments of the documentation run to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SET = "ItalyPowerDemand"
# Experiments of the documentation, with small sizes.
EXPERIMENTS = {
    "anomalies": [SET],
    "gaps": [SET, "--n-cases", "20"],
    "probes": [SET],
    "quantizers": [SET, "--max-epochs", "5"],
    "sensitivity": [SET, "--n-series", "60", "--n-repeats", "2"],
    "verdicts": ["--n-runs", "1", "--sizes", "40", "--skip-coverage"],
}


def run(*command):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/plot_*.py")), ids=lambda path: path.name)
def test_example(path):
    run(path)


def test_watch_search():
    printed = run("examples/watch_search.py")
    assert "VQGenerator - tokenizer | VQVAETokenizer - fit" in printed
    assert "NaN" not in printed


def test_the_gallery_is_numbered():
    names = [path.name for path in sorted(ROOT.glob("examples/plot_*.py"))]
    assert [int(name.split("_")[1]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment(name):
    assert run("-m", f"sktsvq.benchmark.{name}", *EXPERIMENTS[name])


@pytest.mark.slow
def test_experiment_with_checkpoints(shared):
    assert run("-m", "sktsvq.benchmark.priors", SET, "--checkpoints", str(shared / "fcn"))
