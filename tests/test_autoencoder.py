"""The autoencoder, its bottlenecks, and modules that are rebuilt from plain values."""

import json

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.distributions import Normal, kl_divergence

from sktsvq.nn.architectures import ARCHITECTURES
from sktsvq.nn.autoencoder import Autoencoder
from sktsvq.nn.bottlenecks import GaussianBottleneck, kl_to_standard_normal, log_normal
from sktsvq.nn.causal import CausalTransformer
from sktsvq.nn.fcn import FCN
from sktsvq.nn.masked import MaskedAutoencoder
from sktsvq.nn.maskgit import MaskGIT
from sktsvq.nn.ncvqvae import NCVQVAE
from sktsvq.nn.siamese import Siamese
from sktsvq.nn.timevqvae import TimeVQVAE
from sktsvq.nn.vector import VectorAutoencoder, VectorVAE
from sktsvq.nn.wavenet import WaveNet

QUANTIZER = {"kind": "quantizer", "codebook_size": 8, "codebook_dim": 4}
SIZES = {"n_channels": 2, "n_timepoints": 21, "rate": 3, "width": 8, "n_blocks": 2, "spectral_weight": 0.3}
SERIES = {**SIZES, "bottleneck": QUANTIZER, "architecture": "patch"}
ENCODER = {"n_channels": 2, "n_timepoints": 21, "rate": 3, "width": 8, "n_blocks": 2, "dim": 4}
PATCHES = {"n_channels": 2, "n_timepoints": 21, "rate": 4, "width": 8}
TOKENS = {"codebook_size": 8, "n_tokens": 7, "n_classes": 2, "width": 8, "n_layers": 2, "dropout": 0.1}
STREAMS = [{"tokens": [0, 3], "codes": [0, 4]}, {"tokens": [3, 7], "codes": [4, 8]}]
OBJECTIVE = {"loss": "vibcreg", "weight": 1.0, "projector_dim": 8}
BRANCH = {"ssl_pooling": "mean", "augmentations": ["crop", "flip"], "augmented_reconstruction_weight": 0.2}
MODULES = [
    (Autoencoder, SERIES),
    (Autoencoder, {**SERIES, "bottleneck": {**QUANTIZER, "decay": None, "n_quantizers": 2}, "error": "absolute"}),
    (Autoencoder, {**SERIES, "bottleneck": {**QUANTIZER, "quantizer": "fsq"}, "architecture": "stft"}),
    (Autoencoder, {**SERIES, "bottleneck": {"kind": "identity", "dim": 4}}),
    (Autoencoder, {**SERIES, "bottleneck": {"kind": "gaussian", "dim": 4, "kl_weight": 0.1}}),
    (NCVQVAE, {**SIZES, "bottleneck": QUANTIZER, "objective": OBJECTIVE, **BRANCH}),
    (TimeVQVAE, {"low": SERIES, "high": {**SERIES, "error": "absolute"}, "n_fft": 8}),
    (VectorAutoencoder, {**SERIES, "bottleneck": {"kind": "identity", "dim": 4}, "n_positions": 7}),
    (VectorVAE, {**SERIES, "bottleneck": {"kind": "gaussian", "dim": 4}, "n_positions": 7, "n_classes": 0}),
    (Siamese, {**ENCODER, "objective": {"method": "byol", "projector_dim": 8}, "augmentations": ["crop"]}),
    (MaskedAutoencoder, {**PATCHES, "n_layers": 2, "n_heads": 2, "mask_ratio": 0.5, "masking": "channel"}),
    (FCN, {"n_channels": 2, "n_classes": 3}),
    (MaskGIT, {**TOKENS, "n_heads": 2, "label_dropout": 0.1, "streams": STREAMS, "codebook_dim": 3, "redraw": True}),
    (CausalTransformer, {**TOKENS, "n_heads": 2, "label_dropout": 0.1, "token_dropout": 0.1}),
    (WaveNet, {**TOKENS, "kernel_size": 2, "label_dropout": 0.1, "token_dropout": 0.1, "frozen_codebook": True}),
]
IDS = [f"{module.__name__}{i}" for i, (module, _) in enumerate(MODULES)]


def inputs_of(module):
    rng = np.random.default_rng(0)
    if isinstance(module, (MaskGIT, CausalTransformer, WaveNet)):
        first, last = rng.integers(4, size=(6, 3)), 4 + rng.integers(4, size=(6, 4))
        return torch.from_numpy(np.concatenate([first, last], 1)), torch.from_numpy(rng.integers(2, size=6))
    return (torch.from_numpy(rng.normal(size=(6, 2, 21)).astype("f4")),)


@pytest.mark.parametrize("module_class, config", MODULES, ids=IDS)
def test_modules_are_rebuilt_from_plain_values(module_class, config):
    torch.manual_seed(0)
    module = module_class(**config)
    inputs = inputs_of(module)
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.01)
    output = module(*inputs)
    (output.loss if hasattr(output, "loss") else output.mean()).backward()
    optimizer.step()
    if hasattr(module, "after_step"):
        module.after_step()
    rebuilt = module_class(**json.loads(json.dumps(config)))
    rebuilt.load_state_dict(module.state_dict())
    outputs = []
    for one in (module.eval(), rebuilt.eval()):
        torch.manual_seed(1)
        outputs.append(one(*inputs))
    for first, second in zip(*outputs, strict=True):
        assert first is second is None or torch.equal(first, second)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_timepoints, rate", [(1, 1), (5, 2), (24, 3), (140, 4)])
def test_positions_are_those_of_the_encoder(architecture, n_timepoints, rate):
    sizes = {"n_timepoints": n_timepoints, "rate": rate, "width": 4, "n_blocks": 1, "dim": 3}
    encoder = ARCHITECTURES[architecture].encoder(2, **sizes).eval()
    n_positions = ARCHITECTURES[architecture].n_positions(n_timepoints, rate)
    assert encoder(torch.zeros(3, 2, n_timepoints)).shape == (3, n_positions, 3)
    assert len(encoder.token_spans) == n_positions


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("error", ["squared", "absolute"])
def test_what_is_not_observed_counts_in_no_loss(architecture, error):
    config = {**SERIES, "architecture": architecture, "error": error}
    torch.manual_seed(0)
    module = Autoencoder(**config).eval()
    (x,) = inputs_of(module)
    reconstruction = module(x).reconstruction.detach().requires_grad_()
    all_observed = torch.ones_like(x, dtype=torch.bool)
    plain = module.reconstruction_loss(reconstruction, x)
    assert torch.equal(plain, module.reconstruction_loss(reconstruction, x, all_observed))
    observed = all_observed.clone()
    observed[:, 0, 5:12] = False
    loss = module.reconstruction_loss(reconstruction, x, observed)
    wrong = x.clone()
    wrong[:, 0, 5:12] = 1e3
    assert torch.equal(loss, module.reconstruction_loss(reconstruction, wrong, observed))
    loss.backward()
    if architecture == "patch" and error == "squared":
        module.spectral_error = None
        in_time = module.reconstruction_loss(reconstruction, x, observed)
        assert_allclose(in_time.detach(), (reconstruction - x)[observed].square().mean().detach(), rtol=1e-5)


def test_divergence_and_density_are_those_of_torch():
    rng = np.random.default_rng(0)
    mean, scale, x = (torch.from_numpy(rng.normal(size=(4, 3, 2))) for _ in range(3))
    posterior, standard = Normal(mean, scale.exp()), Normal(torch.zeros(()), torch.ones(()))
    divergence = kl_divergence(posterior, standard).flatten(1).sum(1)
    assert_allclose(kl_to_standard_normal(mean, scale.exp()), divergence)
    assert_allclose(log_normal(x, mean, scale.exp()), posterior.log_prob(x).flatten(1).sum(1))


def test_gaussian_latents_follow_their_moments():
    torch.manual_seed(0)
    bottleneck = GaussianBottleneck(3, kl_weight=0.5)
    z = torch.randn(1, 2, 3).expand(20_000, 2, 3)
    mean, scale = (moment[0].detach() for moment in bottleneck.posterior(z))
    latents = bottleneck(z).latents.detach()
    assert_allclose(latents.mean(0), mean, atol=0.05)
    assert_allclose(latents.std(0), scale, rtol=0.05)
    assert_allclose(bottleneck(z).loss.detach(), 0.5 * kl_to_standard_normal(mean, scale).sum(), rtol=1e-4)
    assert torch.equal(bottleneck.eval()(z).latents[0], mean)
