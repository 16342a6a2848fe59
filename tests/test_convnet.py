"""The parts of the tokenizers' network against torch's convolutions and numpy."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from sktsvq.nn.convnet import (
    Decoder,
    Encoder,
    RowLinear,
    channels_from_both_sides,
    delay,
    neighbours,
    patchify,
    unpatchify,
)
from sktsvq.nn.losses import SpectralLoss
from sktsvq.nn.quantizer import nearest


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("steps", [0, 1, 3, 5, 9, -1, -4, -9])
def test_delay_moves_zeros_in(steps):
    x = random(2, 5, 3)
    expected = np.zeros((2, 5, 3))
    for i in range(5):
        if 0 <= i - steps < 5:
            expected[:, i] = x[:, i - steps]
    assert_allclose(delay(x, steps), expected)


def test_product_with_neighbours_is_a_convolution():
    x, weight, bias = random(4, 7, 5), random(15, 6, seed=1), random(6, seed=2)
    layer = RowLinear(15, 6).double()
    layer.load_state_dict({"weight": weight, "bias": bias})
    kernel = weight.view(3, 5, 6).permute(2, 1, 0)
    expected = F.conv1d(x.transpose(1, 2), kernel, bias, padding=1).transpose(1, 2)
    assert_allclose(layer(neighbours(x.flatten(0, 1), 7)).unflatten(0, (4, 7)).detach(), expected)


@pytest.mark.parametrize("width", [1, 2, 7])
def test_channels_from_both_sides_keep_all_and_adds_half_from_each_side(width):
    x = random(3, 6, width)
    rows = channels_from_both_sides(x.flatten(0, 1), 6, 2).view(3, 6, 2 * width)
    before, after = x.tensor_split(2, 2)
    assert_allclose(rows, torch.cat([delay(before, 2), x, delay(after, -2)], 2))


@pytest.mark.parametrize("rate, n_channels, n_timepoints", [(1, 1, 5), (4, 2, 12), (4, 1, 15)])
def test_patches_and_shapes(rate, n_channels, n_timepoints):
    x = random(3, n_channels, n_timepoints).float()
    n_tokens = -(-n_timepoints // rate)
    sizes = {"n_timepoints": n_timepoints, "rate": rate, "width": 8, "n_blocks": 3, "dim": 6}
    encoder, decoder = Encoder(n_channels, **sizes), Decoder(n_channels, **sizes)
    z = encoder(x)
    assert z.shape == (3, n_tokens, 6)
    assert decoder(z).shape == x.shape
    assert len(encoder.token_spans) == n_tokens
    whole = x[..., : n_timepoints // rate * rate]
    patches = patchify(whole, rate)
    assert_allclose(patches[:, 1], whole[..., rate : 2 * rate].flatten(1))
    assert_allclose(unpatchify(patches, n_channels), whole)


def test_series_of_a_batch_do_not_touch():
    encoder = Encoder(1, n_timepoints=20, rate=2, width=8, n_blocks=4, dim=6)
    x = random(3, 1, 20).float()
    assert_allclose(encoder(x)[1:2].detach(), encoder(x[1:2]).detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("t, n_ffts", [(16, [16]), (45, [16, 32]), (140, [16, 32, 64]), (64, [64])])
def test_spectral_loss_is_the_mean_relative_difference_of_magnitudes(t, n_ffts):
    x, y = random(2, 3, t), random(2, 3, t, seed=1)
    longest = max(n_ffts)
    n_points = t // (longest // 2) * (longest // 2) + longest  # of all frames together

    def magnitudes(x, n_fft):  # (b, c, t) -> (b * frames, c, columns)
        padded = F.pad(x, (longest // 2, longest // 2), mode="reflect")[..., :n_points]
        inside = padded[..., (longest - n_fft) // 2 :].flatten(0, 1)
        window = torch.hann_window(n_fft, dtype=torch.float64)
        spectrum = torch.stft(inside, n_fft, n_fft // 2, window=window, center=False, return_complex=True)
        frames = spectrum.abs().unflatten(-1, (-1, longest // n_fft))  # short windows within a frame of the longest
        return frames.unflatten(0, (2, 3)).permute(0, 3, 1, 2, 4).flatten(3).flatten(0, 1) / n_fft**0.5

    of_x, of_y = (torch.cat([magnitudes(z, n_fft) for n_fft in n_ffts], 2) for z in (x, y))
    scale = of_y.mean(0)
    expected = (of_x - of_y).abs().mean(0) / (scale + 0.01 * scale.amax(1, keepdim=True))
    assert_allclose(SpectralLoss(n_ffts)(x.float(), y.float()), expected.mean(), rtol=1e-3)


def test_spectral_loss_sees_small_detail_as_well_as_coarse_shape():
    time = torch.arange(128) / 128
    coarse, fine = (2 * torch.pi * 2 * time).sin(), 0.03 * (2 * torch.pi * 32 * time).sin()
    x = (coarse + fine).expand(4, 1, -1)
    loss = SpectralLoss([16, 32, 64])
    # An amplitude of 3 % has a third of the loss.
    assert loss(x - 0.9 * fine, x) > loss(x + 0.9 * coarse, x) / 4
    assert loss(x, x) == 0
    assert loss(torch.zeros_like(x), torch.zeros_like(x)) == 0


@pytest.mark.parametrize("k", [1, 7, 32, 64, 256])
def test_nearest_is_argmin(k):
    distances = random(3, 50, k)
    assert_allclose(nearest(distances), distances.argmin(-1))
    tied = distances.round()
    assert_allclose(tied.gather(2, nearest(tied).unsqueeze(2)).squeeze(2), tied.amin(-1))
