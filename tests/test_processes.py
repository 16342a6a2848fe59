"""A fit by two processes that torchrun starts gives what one process gives."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from torch import distributed

from sktsvq._net import Net
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.priors import AutoregressivePrior, MaskGITPrior, WaveNetPrior
from sktsvq.representation import (
    Autoencoder,
    FineTunedClassifier,
    MaskedAutoencoder,
    SiameseEncoder,
    VariationalAutoencoder,
)
from sktsvq.tokenizers import NCVQVAETokenizer, TimeVQVAETokenizer, VQVAETokenizer

N_PROCESSES = 2
# bfloat16, the default of some processors, would round the gradient of each process.
TRAINING = {"max_epochs": 8, "precision": "float32", "random_state": 0}
NETWORK = {"width": 16, "n_blocks": 1, **TRAINING}
CODES = {"codebook_size": 16, "codebook_dim": 8, **NETWORK}
TWO_VIEWS = {**CODES, "projector_dim": 16}
SIAMESE = {**NETWORK, "dim": 8, "projector_dim": 16}
PRIOR = {"width": 16, "n_layers": 1, "dropout": 0.2, **TRAINING}
TOKENIZERS = {
    "VQ-VAE": VQVAETokenizer(**CODES),
    "codes by gradient": VQVAETokenizer(**CODES, decay=None, orthogonal_weight=0.1),
    "residual codes that die": VQVAETokenizer(**CODES, n_quantizers=2, dead_threshold=3.0, batch_size=33),
    "drawn codes": VQVAETokenizer(**CODES, code_temperature=0.5, quantizer="cosine", gradient="rotation"),
    "grid": VQVAETokenizer(**CODES, architecture="stft"),
    "early stopping": VQVAETokenizer(**CODES, early_stopping=True),
    "NC-VQVAE": NCVQVAETokenizer(**TWO_VIEWS),
    "NC-VQVAE, whitened": NCVQVAETokenizer(**TWO_VIEWS, ssl_loss="vibcreg", augmented_reconstruction_weight=0.1),
    # With the seed 0 a latent lies so near to the middle of two codes that rounding chooses.
    "TimeVQVAE": TimeVQVAETokenizer(**{**CODES, "random_state": 1}),
}
PRIORS = {
    "MaskGIT": MaskGITPrior(**PRIOR, n_heads=2),
    "autoregressive": AutoregressivePrior(**PRIOR, n_heads=2, label_dropout=0.3),
    "WaveNet": WaveNetPrior(**PRIOR),
}
ENCODERS = {
    "autoencoder": Autoencoder(4, **NETWORK),
    "masked": MaskedAutoencoder(width=16, n_layers=1, n_heads=2, **TRAINING),
    "VAE": VariationalAutoencoder(4, **NETWORK),
    **{f"Siamese, {name}": SiameseEncoder(name, **SIAMESE) for name in ("simclr", "moco", "vicreg", "byol")},
}
ESTIMATORS = {**TOKENIZERS, **PRIORS, **ENCODERS}


def train_set(name):
    """131 cases, so that neither the batches nor the shares are of equal size; tokens for priors."""
    X, y = make_waves(n_cases=131, n_channels=2, n_timepoints=40, random_state=0)
    if name in PRIORS:
        steps = np.random.default_rng(0).integers(1, 3, size=(131, 12))
        return steps.cumsum(axis=1) % 8, y
    if name in ("VQ-VAE", "VAE", "masked"):
        X[:40, 0, :30] = np.nan  # more in some shares than in others
    return X, y


def fit(name):
    """Losses, and what the fitted estimator makes of its train set."""
    estimator, (X, y) = clone(ESTIMATORS[name]), train_set(name)
    estimator.fit(X, y if name in PRIORS else None)
    return {
        "loss": estimator.history_[:, "train_loss"],
        "monitored": estimator.history_[:, "squared_error"] if name in TOKENIZERS else [],
        "out": estimator.transform(X),
        "weights": [value.numpy() for value in estimator.module_.state_dict().values()],
        "size": len(pickle.dumps(estimator)),
    }


def warm_after(n_epochs):
    """A tokenizer that goes on after so many epochs of its own process."""
    tokenizer = VQVAETokenizer(**CODES, warm_start=True).set_params(max_epochs=2).fit(train_set("grid")[0])
    del tokenizer.history_[n_epochs:]
    return tokenizer


def mistake(call):
    try:
        call()
    except ValueError as error:
        return str(error)


def mistakes(rank):
    """What the errors of fits that several processes cannot make together say."""
    X, y = train_set("grid")
    tokenizer = VQVAETokenizer(**CODES)
    return {
        "parts": mistake(lambda: tokenizer.fit(X[rank * 60 : (rank + 1) * 60])),
        "sizes": mistake(lambda: tokenizer.fit(X[rank:])),
        "batch": mistake(lambda: clone(tokenizer).set_params(batch_size=1).fit(X)),
        "epochs": mistake(lambda: warm_after(rank + 1).fit(X)),
        "fine-tuned": mistake(lambda: FineTunedClassifier(Autoencoder(4, **NETWORK), max_epochs=1).fit(X, y)),
        "classifier": mistake(lambda: FCNClassifier(max_epochs=1).fit(X, y)),
    }


def taken_up(folder):
    """Losses of a fit that is broken off in the seventh epoch and taken up from its checkpoint."""
    tokenizer, (X, _) = VQVAETokenizer(**CODES, checkpoint_dir=folder), train_set("VQ-VAE")

    def break_off(net, prefix, loss, n_steps):
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch, pytest.raises(InterruptedError):
        record = Net._record_loss
        patch.setattr(
            Net, "_record_loss", lambda net, *args: (record if len(net.history) < 7 else break_off)(net, *args)
        )
        tokenizer.fit(X)
    distributed.barrier()
    kept = len(list(Path(folder).iterdir()))
    distributed.barrier()
    tokenizer.fit(X)
    return kept, tokenizer.history_[:, "train_loss"], tokenizer.transform(X)


def without_seed():
    return VQVAETokenizer(**{**CODES, "random_state": None}).fit(train_set("grid")[0]).history_[:, "train_loss"]


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    """What each of two processes has found, in one start of them for all tests."""
    folder = tmp_path_factory.mktemp("processes")
    places = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={N_PROCESSES}"]
    run = subprocess.run(
        [*launch, __file__, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": places},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert run.returncode == 0, run.stderr
    return [pickle.loads((folder / f"{rank}.pickle").read_bytes()) for rank in range(N_PROCESSES)]


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_two_processes_fit_what_one_does(name, by_two, one_thread):
    one, (first, second) = fit(name), (part[name] for part in by_two)
    for own, other in zip(first["weights"], second["weights"], strict=True):
        assert_array_equal(own, other)
    assert first["loss"] == second["loss"]
    # Rounding grows in the training of BYOL.
    assert_allclose(first["loss"], one["loss"], rtol=1e-3 if "byol" in name else 1e-5)
    assert_allclose(first["monitored"], one["monitored"], rtol=1e-4)
    if name in TOKENIZERS:
        assert (first["out"] == one["out"]).mean() >= 0.99
    elif "Siamese" not in name:  # a BatchNorm takes out the level of its latents, which rounding then moves
        assert_allclose(first["out"], one["out"], atol=1e-4)
    assert first["size"] < 1.05 * one["size"], "nothing of the processes is kept"


def test_a_seed_that_is_not_given_is_agreed_on(by_two):
    assert by_two[0]["without seed"] == by_two[1]["without seed"]


def test_a_checkpoint_is_taken_up_by_all_processes(by_two):
    for part in by_two:
        n_files, losses, tokens = part["taken up"]
        assert n_files == 1
        assert losses == part["VQ-VAE"]["loss"]
        assert_array_equal(tokens, part["VQ-VAE"]["out"])


@pytest.mark.parametrize(
    "name, message",
    [
        ("parts", "fit of VQVAETokenizer must get the same X in all 2 processes, each of which takes its share of"),
        ("sizes", "Got from 130 to 131 cases, or other values, instead."),
        ("batch", "batches of VQVAETokenizer must have at least one case for each of the 2 processes. Got 1 instead."),
        (
            "epochs",
            "must go on after the same epoch: the folder of checkpoints must be one that all see. Got from 1 to 2",
        ),
        ("fine-tuned", "FineTunedClassifier cannot be fitted by several processes"),
        ("classifier", "FCNClassifier cannot be fitted by several processes"),
    ],
)
def test_mistakes_are_told_in_all_processes(name, message, by_two):
    assert all(message in part["mistakes"][name] for part in by_two)


def main(folder):
    """Fit everything in this process, one of several."""
    with pytest.warns(UserWarning, match="torchrun started several processes, each of which fits a VQVAETokenizer of"):
        VQVAETokenizer(**CODES).fit(train_set("grid")[0])
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    found = {name: fit(name) for name in ESTIMATORS}
    found |= {"without seed": without_seed(), "mistakes": mistakes(rank), "taken up": taken_up(Path(folder) / "kept")}
    (Path(folder) / f"{rank}.pickle").write_bytes(pickle.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
