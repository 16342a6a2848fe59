"""The gallery and the experiments of the documentation run to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sktsvq import load

ROOT = Path(__file__).parents[1]
SET = "ItalyPowerDemand"
# Experiments of the documentation, with small sizes.
EXPERIMENTS = {
    "anomalies": [SET],
    "chunks": ["--n-cases", "2000", "--chunk-size", "500", "--max-epochs", "2"],
    "gaps": [SET, "--n-cases", "20"],
    "noise": ["shapes", SET],
    "probes": [SET],
    "quantizers": [SET, "--max-epochs", "5"],
    "sensitivity": [SET, "--n-series", "60", "--n-repeats", "2"],
    "verdicts": ["--n-runs", "1", "--sizes", "40", "--skip-coverage"],
}


def run(*command, folder=ROOT):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/plot_*.py")), ids=lambda path: path.name)
def test_example(path):
    run(path)


# `test_callbacks.py` watches smaller searches by two processes, and `test_processes.py` fits smaller models by two.
@pytest.mark.slow
def test_watch_search():
    printed = run("examples/watch_search.py")
    assert "VQGenerator - tokenizer | VQVAETokenizer - fit" in printed
    assert "NaN" not in printed


@pytest.mark.slow
def test_fit_by_processes(tmp_path):
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    printed = run(*launch, ROOT / "examples" / "fit_by_processes.py", folder=tmp_path)
    assert printed.count("squared error") == 1
    assert load(tmp_path / "waves.sktsvq").sample(3).shape == (3, 1, 64)


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
