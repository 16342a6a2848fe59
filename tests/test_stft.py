"""The short-time Fourier transform and its inverse."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from sktsvq.nn.stft import istft, stft


@given(t=st.integers(1, 70), n_fft=st.integers(1, 40), data=st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_inverse_is_exact_for_every_length(t, n_fft, data):
    window = data.draw(st.sampled_from(["hann", "rectangular"]))
    hop = data.draw(st.one_of(st.none(), st.integers(1, max(1, n_fft // 2))))
    x = torch.randn(2, 3, t, dtype=torch.float64, generator=torch.Generator().manual_seed(t))
    u = stft(x, n_fft=n_fft, hop=hop, window=window)
    assert u.shape == (2, 6, n_fft // 2 + 1, t // (hop or max(1, n_fft // 4)) + 1)
    assert_close(istft(u, n_timepoints=t, n_fft=n_fft, hop=hop, window=window), x)


@pytest.mark.parametrize("window", ["hann", "rectangular"])
@pytest.mark.parametrize("t, n_fft, hop", [(50, 8, 2), (51, 8, 3), (33, 16, 8), (40, 7, 2)])
def test_equals_the_definition(window, t, n_fft, hop):
    x = np.random.RandomState(0).normal(size=(2, 3, t))
    taper = np.sin(np.pi * np.arange(n_fft) / n_fft) ** 2 if window == "hann" else np.ones(n_fft)
    padded = np.pad(x, ((0, 0), (0, 0), (n_fft // 2, n_fft)), mode="reflect")
    frames = np.stack([padded[..., k * hop : k * hop + n_fft] * taper for k in range(t // hop + 1)], axis=-2)
    spectrum = np.fft.rfft(frames).swapaxes(-1, -2)
    expected = np.concatenate([spectrum.real, spectrum.imag], axis=1)
    assert_close(stft(torch.from_numpy(x), n_fft=n_fft, hop=hop, window=window).numpy(), expected)


def test_equals_torch_where_torch_can():
    x = torch.randn(4, 37, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    window = torch.hann_window(8, dtype=torch.float64)
    expected = torch.stft(x, 8, hop_length=2, window=window, return_complex=True)
    u = stft(x.unsqueeze(1), n_fft=8)
    assert_close(torch.complex(u[:, 0], u[:, 1]), expected)
    noise = torch.randn(u.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    back = torch.istft(torch.complex(noise[:, 0], noise[:, 1]), 8, hop_length=2, window=window, length=37)
    assert_close(istft(noise, n_timepoints=37, n_fft=8)[:, 0], back)


def test_rows_of_the_grid_add_up_to_the_series():
    """The inverse is linear: what low and high rows stand for sums to the series."""
    x = torch.randn(2, 1, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    low = stft(x, n_fft=8, window="rectangular")
    high = low.clone()
    low[:, :, 1:], high[:, :, :1] = 0, 0
    parts = [istft(u, n_timepoints=30, n_fft=8, window="rectangular") for u in (low, high)]
    assert_close(sum(parts), x)


def test_half_precision_comes_out_single():
    x = torch.randn(2, 1, 30, dtype=torch.bfloat16)
    assert stft(x, n_fft=8).dtype == torch.float32


@pytest.mark.parametrize("params, message", [({"hop": 5}, r"\[1, 4\] .* Got 5"), ({"window": "flat"}, "Got 'flat'")])
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        stft(torch.zeros(1, 1, 9), n_fft=8, **params)
