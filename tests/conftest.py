"""The estimators that the tests of a whole family run over: a new one adds one line here."""

import os
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

from sktsvq import _network, _training
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import AutoregressivePrior, MarkovPrior, MaskGITPrior, WaveNetPrior
from sktsvq.representation import Autoencoder, MaskedAutoencoder, SiameseEncoder, VariationalAutoencoder
from sktsvq.tokenizers import NCVQVAETokenizer, TimeVQVAETokenizer, VQVAETokenizer

SMALL = {"codebook_size": 8, "codebook_dim": 4, "width": 8, "n_blocks": 1, "max_epochs": 2, "random_state": 0}
TOKENIZERS = [
    VQVAETokenizer(**SMALL),
    VQVAETokenizer(**SMALL, decay=None),
    VQVAETokenizer(**SMALL, n_quantizers=2, gradient="rotation"),
    VQVAETokenizer(**SMALL, quantizer="fsq", architecture="stft"),
    NCVQVAETokenizer(**SMALL, projector_dim=8),
    NCVQVAETokenizer(**SMALL, projector_dim=8, ssl_loss="vicreg", augmented_reconstruction_weight=0.2),
    NCVQVAETokenizer(**SMALL, projector_dim=8, ssl_loss="vibcreg", augmentations=["crop", "flip"]),
    TimeVQVAETokenizer(**{**SMALL, "codebook_size": 4}),
    TimeVQVAETokenizer(**{**SMALL, "codebook_size": 4}, architecture="stft", high_loss="absolute", n_fft=8),
]
PRIORS = [
    MaskGITPrior(width=8, n_layers=1, n_heads=2, group_size=2, n_steps=3, max_epochs=2, random_state=0),
    AutoregressivePrior(width=8, n_layers=1, n_heads=2, max_epochs=2, random_state=0),
    WaveNetPrior(width=8, n_layers=2, max_epochs=2, random_state=0),
    MarkovPrior(n_particles=4),
]
SMALL_ENCODER = {"width": 8, "n_blocks": 1, "max_epochs": 2, "random_state": 0}
SMALL_MASKED = {"width": 8, "n_layers": 1, "n_heads": 2, "max_epochs": 2, "random_state": 0}
ENCODERS = [
    Autoencoder(4, **SMALL_ENCODER),
    VariationalAutoencoder(4, **SMALL_ENCODER),
    VariationalAutoencoder(4, **SMALL_ENCODER, architecture="stft", spectral_weight=0.1),
    MaskedAutoencoder(**SMALL_MASKED),
    MaskedAutoencoder(**SMALL_MASKED, masking="block", patch_length=2),
    SiameseEncoder("barlow_twins", dim=4, projector_dim=8, **SMALL_ENCODER),
    SiameseEncoder("moco", dim=4, projector_dim=8, queue_size=16, augmentations="crop", **SMALL_ENCODER),
    SiameseEncoder("simsiam", dim=4, projector_dim=8, **SMALL_ENCODER),
]

# Of the trainings in tests with `few_steps`, at most, unless an epoch has more.
N_FEW_STEPS = 20

SHARED = Path(__file__).resolve().parents[2] / "shared"


class Density(KernelDensity):
    """A prior of another package."""

    def sample(self, n_samples=1, *, y=None, random_state=None):
        return np.clip(super().sample(n_samples, random_state=random_state).round(), 0, 3).astype(int)


def describe(estimator):
    """Test id of an estimator: its class and what differs from the family's first member."""
    family = next(family for family in (TOKENIZERS, PRIORS, ENCODERS) if estimator in family)
    first = family[0].get_params()
    changed = {key: value for key, value in estimator.get_params().items() if first.get(key, value) != value}
    return "-".join([type(estimator).__name__, *(f"{key}={value}" for key, value in changed.items())])


@pytest.fixture(params=TOKENIZERS, ids=describe)
def tokenizer(request):
    return request.param


@pytest.fixture(params=PRIORS, ids=describe)
def prior(request):
    return request.param


@pytest.fixture(params=ENCODERS, ids=describe)
def encoder(request):
    return request.param


@pytest.fixture(scope="session")
def waves():
    """Labelled two-channel series (30, 2, 21) with string labels."""
    X, y = make_waves(n_cases=30, n_channels=2, n_timepoints=21, n_classes=3, random_state=0)
    return X, np.array(["a", "b", "c"])[y]


def small_parts():
    """Tokenizer and prior for the tests of scores."""
    prior = MaskGITPrior(width=16, n_layers=1, n_heads=2, n_steps=4, max_epochs=2)
    return VQVAETokenizer(4, width=8, max_epochs=2), prior


def small_generator():
    return VQGenerator(*small_parts(), random_state=0)


@pytest.fixture(scope="session")
def train():
    """Labelled series (40, 1, 32) of two classes."""
    return make_waves(n_cases=40, n_timepoints=32, random_state=0)


@pytest.fixture(scope="session")
def held_out():
    """More such series (30, 1, 32)."""
    return make_waves(n_cases=30, n_timepoints=32, random_state=1)


@pytest.fixture(scope="session")
def generator(train):
    """A generator that has hardly learnt anything."""
    return small_generator().fit(*train)


@pytest.fixture(scope="session")
def shared():
    """The folder with the UCR sets and the published checkpoints, which is no part of the project."""
    folder = Path(os.environ.get("SKTSVQ_SHARED", SHARED))
    if not (folder / "ucr").is_dir():
        pytest.skip(f"needs the UCR sets and checkpoints in {folder}")
    return folder


@pytest.fixture(scope="module")
def cluster():
    """A client of a dask cluster of two worker processes."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def few_steps(monkeypatch):
    """Trainings end after a few steps: whether code runs does not depend on their number."""
    resolve = _training.resolve_epochs

    def few_epochs(params, n_cases, n_steps):
        few = N_FEW_STEPS // _training.n_batches(n_cases, params.batch_size)
        return min(resolve(params, n_cases, n_steps), max(1, few))

    monkeypatch.setattr(_network, "resolve_epochs", few_epochs)
    with joblib.parallel_config("threading"):  # other processes would train to the end
        yield


@pytest.fixture
def unmoved_random_state():
    """Fail a test that moves the global random state of numpy or torch."""
    np.random.seed(123)  # noqa: NPY002
    torch.manual_seed(123)
    before = np.random.get_state()[1].copy(), np.random.get_state()[2], torch.random.get_rng_state()  # noqa: NPY002
    yield
    after = np.random.get_state()[1], np.random.get_state()[2], torch.random.get_rng_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]
    assert torch.equal(before[2], after[2])
