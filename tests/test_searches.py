"""Searches of scikit-learn and Optuna over fits that run in other threads, other processes and on a cluster."""

import ast
import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from conftest import SMALL
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

TOKENIZER = VQVAETokenizer(**SMALL)


@pytest.fixture
def one_thread():
    """Torch computes with one thread, as the workers of loky and dask do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("backend", ["loky", "threading", "dask"])
def test_24_fits_side_by_side_equal_serial_ones(backend, waves, request, one_thread):
    if backend == "dask":
        request.getfixturevalue("cluster")
    grid = {"codebook_size": [2, 4, 6, 8], "beta": [0.1, 0.5, 1.0]}
    search = GridSearchCV(clone(TOKENIZER).set_params(max_epochs=1), grid, cv=2, error_score="raise")
    serial = clone(search).fit(waves[0])
    threads_of_workers = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with joblib.parallel_config(backend, n_jobs=2, **threads_of_workers):
        beside = clone(search).fit(waves[0])
    assert beside.best_params_ == serial.best_params_
    for split in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(beside.cv_results_[split], serial.cv_results_[split])
    np.testing.assert_array_equal(beside.best_estimator_.tokenize(waves[0]), serial.best_estimator_.tokenize(waves[0]))


REFITS = """
import sys
import joblib
from conftest import SMALL
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

def digest(X, y):
    prior = MaskGITPrior(width=8, n_layers=1, n_heads=2, max_epochs=2)
    generator = VQGenerator(VQVAETokenizer(**SMALL), prior, random_state=0).fit(X, y)
    weights = [part.module_.state_dict() for part in (generator.tokenizer_, generator.prior_)]
    return joblib.hash([{name: value.numpy() for name, value in state.items()} for state in weights])

def refits(backend):
    with joblib.parallel_config(backend, n_jobs=2):
        return joblib.Parallel()(joblib.delayed(digest)(X, y) for _ in range(2))

if __name__ == "__main__":
    X, y = make_waves(n_cases=60, n_timepoints=40, random_state=0)
    digests = {"serial": {digest(X, y)}}
    for backend in ("loky", "threading"):
        digests[backend] = set(refits(backend))
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        pass  # without the extra
    else:
        # dask gives its workers one thread each, unless told otherwise.
        threads = {name: int(sys.argv[1]) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        dask.config.set({"distributed.nanny.pre-spawn-environ": threads})
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
            digests["dask"] = set(refits("dask"))
    print({backend: found == digests["serial"] for backend, found in digests.items()})
"""


@pytest.mark.parametrize("n_threads", [1, 2])
def test_refits_are_equal_bit_for_bit(n_threads, tmp_path):
    """Fits elsewhere have the weights of a fit in the process itself."""
    script = tmp_path / "refits.py"
    script.write_text(REFITS)
    places = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
    environment = {**os.environ, "OMP_NUM_THREADS": str(n_threads), "PYTHONPATH": places}
    environment.pop("MKL_NUM_THREADS", None)  # clusters of dask leave it behind in the process that starts them
    run = subprocess.run(
        [sys.executable, script, str(n_threads)], env=environment, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    equal = ast.literal_eval(run.stdout.splitlines()[-1])
    assert {"serial", "loky", "threading"} <= set(equal) and all(equal.values()), equal


def test_halving_over_max_epochs(waves):
    search = HalvingGridSearchCV(
        clone(TOKENIZER), {"beta": [0.1, 0.25, 0.5, 1.0]}, resource="max_epochs", min_resources=1, max_resources=4,
        factor=2, cv=2, random_state=0, error_score="raise",
    ).fit(waves[0])  # fmt: skip
    assert search.n_resources_ == [1, 2, 4]
    assert search.n_candidates_ == [4, 2, 1]
    assert len(search.best_estimator_.history_) == 4


def test_optuna_searches_a_generator(waves):
    sklearn = pytest.importorskip("optuna_integration.sklearn", reason="needs the extra optuna")
    optuna = pytest.importorskip("optuna", reason="needs the extra optuna")
    spaces = {
        "tokenizer__beta": optuna.distributions.FloatDistribution(0.1, 1.0),
        "prior__max_order": optuna.distributions.IntDistribution(0, 2),
    }
    search = sklearn.OptunaSearchCV(
        VQGenerator(TOKENIZER, MarkovPrior(), random_state=0), spaces, cv=2, n_trials=3, n_jobs=1, random_state=0
    )
    first, second = (clone(search).fit(*waves) for _ in range(2))
    assert first.best_params_ == second.best_params_
    assert set(first.best_params_) == set(spaces)
    assert len(first.trials_) == 3
    assert first.best_estimator_.sample(2, random_state=0).shape == (2, *waves[0].shape[1:])


def test_fits_that_fail_get_the_error_score(waves):
    grid = {"codebook_size": [4, -1]}
    search = GridSearchCV(clone(TOKENIZER), grid, cv=2, error_score=-5.0)
    with pytest.warns(FitFailedWarning, match="The 'codebook_size' parameter of VQVAETokenizer must be"):
        search.fit(waves[0])
    assert search.cv_results_["mean_test_score"][1] == -5.0
    assert search.best_params_ == {"codebook_size": 4}
    with pytest.raises(ValueError, match="The 'codebook_size' parameter of VQVAETokenizer must be"):
        search.set_params(error_score="raise").fit(waves[0])


def test_a_frozen_tokenizer_is_searched_around(waves):
    tokenizer = clone(TOKENIZER).fit(waves[0])
    generator = VQGenerator(FrozenEstimator(tokenizer), MarkovPrior(), random_state=0)
    search = GridSearchCV(generator, {"prior__max_order": [0, 1]}, cv=2, n_jobs=2, error_score="raise").fit(*waves)
    np.testing.assert_array_equal(search.best_estimator_.tokenizer_.tokenize(waves[0]), tokenizer.tokenize(waves[0]))


def test_metadata_routing_leaves_a_search_as_it_is(waves):
    search = GridSearchCV(
        VQGenerator(TOKENIZER, MarkovPrior(), random_state=0), {"prior__max_order": [0, 1]}, cv=2, error_score="raise"
    )
    plain = clone(search).fit(*waves)
    with config_context(enable_metadata_routing=True):
        routed = clone(search).fit(*waves)
        with pytest.raises(TypeError, match="sample_weight"):
            clone(search).fit(*waves, sample_weight=np.ones(len(waves[0])))
    np.testing.assert_array_equal(routed.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
